"""The record of a mined module: one `torch.nn.Module` subclass, as its text shows it.

Mining reads text and imports nothing, so all of this is known before any of it has run. This module does
*not* mine.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from corpus.records.base import Record
from corpus.records.exchange import NO_LICENCE


class ModuleArgument(Record):
    """One argument of a module's constructor, `self` aside.

    Attributes:
        name: Its name.
        annotation: Its annotation as written, None where there is none.
        default: Its default as written, None where it must be given.
        keyword_only: Whether it can be given by name alone.
    """

    name: str
    annotation: str | None = None
    default: str | None = None
    keyword_only: bool = False

    @property
    def required(self) -> bool:
        """Whether it must be given."""
        return self.default is None


class MinedModule(Record):
    """One class that was found, with all that it needs.

    Attributes:
        id: Content address of its name, its text and its `module`.
        name: Name of the class.
        origin: What it was found in: `torch 2.13.0`, `timm 1.0.22`, `run main-job`, a folder's name.
        location: File within the origin, and the qualified name: `layers/conv.py:ConvNormAct`.
        licence: SPDX expression or words of the licence, `NOASSERTION` where nothing says.
        arguments: The arguments of its constructor, in their order.
        inputs: How many arguments `forward` must be given, and how many it may be given at most (None for any
            number), `self` aside; `(0, 0)` where it has none.
        module: The module that it is imported from where programs may import it (`torch.nn`), None where its
            text has to be carried.
        text: A self-contained module of Python: imports, the helpers that the class needs, the class. It is
            the class alone where `module` is given, and with its imports alone where it has a flaw. Without
            annotations and docstrings. Empty for a class that is longer than any text.
        tokens_id: Content address of its canonical tokens: equal for classes that differ in names,
            comments and layout alone.
        flaw: Why it cannot be built on its own, None where nothing in its text says so.
    """

    id: str
    name: Annotated[str, Field(max_length=200)]
    origin: str
    location: str
    licence: str = NO_LICENCE
    arguments: tuple[ModuleArgument, ...] = ()
    inputs: tuple[int, int | None] = (1, 1)
    module: str | None = None
    text: str = Field(repr=False)
    tokens_id: str
    flaw: str | None = None

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the arguments that must be given."""
        return tuple(argument.name for argument in self.arguments if argument.required)
