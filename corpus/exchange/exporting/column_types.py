"""How a column is stated: a field of a pydantic model, with its type and its meaning.

`features` turns a model into the explicit features of `datasets`. This module does *not* know the columns of
any table, and it does *not* import `datasets` by itself.
"""

from __future__ import annotations

from types import NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field

from corpus.records.exchange import Split

if TYPE_CHECKING:
    from datasets import Features


class ColumnType(NamedTuple):
    """Annotates a field whose column is narrower than its Python type; `dtype` is a name that Arrow knows."""

    dtype: str


UInt32 = Annotated[int, Field(ge=0, lt=2**32), ColumnType("uint32")]


class Row(BaseModel):
    """Base of the row models: immutable, strict about types, and open to columns of later versions."""

    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)

    split: Split
    """train, validation, test, or excluded; near-duplicates never lie in two of the first three."""


def features(model: type[BaseModel]) -> Features:
    """Return the explicit features of `datasets` for the rows of `model`."""
    from datasets import Features

    return Features({name: _feature(field.annotation) for name, field in model.model_fields.items()})


def plain_type(annotation: Any) -> Any:
    """Return `annotation` without `| None` and without constraints."""
    if get_origin(annotation) is Annotated:
        return plain_type(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        (inner,) = (part for part in get_args(annotation) if part is not NoneType)
        return plain_type(inner)
    return annotation


def _feature(annotation: Any) -> Any:
    from datasets import List, Value

    for narrower in get_args(annotation)[1:] if get_origin(annotation) is Annotated else ():
        if isinstance(narrower, ColumnType):
            return Value(narrower.dtype)
    kind = plain_type(annotation)
    if get_origin(kind) is tuple:
        return List(_feature(get_args(kind)[0]))
    if get_origin(kind) is Literal:
        return Value("string")
    if issubclass(kind, BaseModel):
        return {name: _feature(field.annotation) for name, field in kind.model_fields.items()}
    for python, dtype in ((str, "string"), (bool, "bool"), (int, "int64"), (float, "float64")):
        if issubclass(kind, python):
            return Value(dtype)
    raise TypeError(f"no column type for {annotation}")
