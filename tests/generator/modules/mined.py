"""Mined modules written by hand, and programs that use them."""

from __future__ import annotations

import ast
from textwrap import dedent

from corpus.records.base import content_id
from corpus.records.modules.mined import MinedModule, ModuleArgument


def mined(text: str, *, inputs: tuple[int, int | None] = (1, 1), flaw: str | None = None) -> MinedModule:
    """Return the record of the last class of a text."""
    text = dedent(text)
    node = [each for each in ast.parse(text).body if isinstance(each, ast.ClassDef)][-1]
    inits = [each for each in node.body if isinstance(each, ast.FunctionDef) and each.name == "__init__"]
    arguments: list[ModuleArgument] = []
    for init in inits:
        names = init.args.args[1:]
        defaults = [None] * (len(names) - len(init.args.defaults)) + init.args.defaults
        arguments += [
            ModuleArgument(name=each.arg, default=None if default is None else ast.unparse(default))
            for each, default in zip(names, defaults, strict=True)
        ]
    return MinedModule(
        id=content_id(text),
        name=node.name,
        origin="by hand",
        location=f"text:{node.name}",
        arguments=tuple(arguments),
        inputs=inputs,
        text=text,
        tokens_id=content_id(text),
        flaw=flaw,
    )


def of_torch(name: str, *arguments: tuple[str, str | None]) -> MinedModule:
    """Return the record of a class of `torch.nn`; arguments are names and defaults."""
    return MinedModule(
        id=content_id(f"torch.nn:{name}"),
        name=name,
        origin="torch",
        location=f"torch/nn:{name}",
        arguments=tuple(ModuleArgument(name=each, default=default) for each, default in arguments),
        module="torch.nn",
        text="",
        tokens_id=content_id(name),
    )


CONV2D = of_torch(
    "Conv2d",
    ("in_channels", None),
    ("out_channels", None),
    ("kernel_size", None),
    ("stride", "1"),
    ("padding", "0"),
)
RELU = of_torch("ReLU", ("inplace", "False"))
