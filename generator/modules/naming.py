"""A carried text under names of its own, so that texts of several modules can stand in one program.

Two texts may both define `ConvBlock` and mean different things. So all that a text defines at its top level
gets the ending of its module's id: `ConvBlock_1a2b3c4d`. What functions and classes bind themselves is their
own, as in Python, and stays. This module does *not* judge a text, and one that reaches its names by other
ways, as strings, is not helped.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable

from corpus.mining.names import Use, bound_names, replaced
from corpus.programs.parsing import only_syntax_errors, parse
from corpus.records.modules.mined import MinedModule
from generator.modules.settings import CLASS, IN, OUT, QUARTER, Setting

_ENDING = 8
_DECLARATIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def own_name(module: MinedModule) -> str:
    """Return what a program calls the class: `nn.SiLU`, or `ConvBlock_1a2b3c4d` where its text is carried."""
    if module.module is not None:
        return f"{'nn' if module.module == 'torch.nn' else module.module}.{module.name}"
    return f"{module.name}_{module.id[:_ENDING]}"


def own_text(module: MinedModule) -> str:
    """Return the text that a program carries, with names of its own; empty where the class is imported.

    Raises:
        SyntaxError: The text cannot be parsed.
    """
    if module.module is not None:
        return ""
    tree = parse(module.text)
    with only_syntax_errors():
        names = {name: f"{name}_{module.id[:_ENDING]}" for name in _defined(tree)}

        def replace(use: Use, _is_hidden: Callable[[str], bool]) -> tuple[str, int] | None:
            return (names[use[0]], 0) if use[0] in names else None

        body = [replaced(statement, replace) for statement in tree.body]
        for node in ast.walk(tree):
            if isinstance(node, ast.Global):
                node.names = [names.get(name, name) for name in node.names]
        return re.sub(r"\n{4,}", "\n\n\n", "".join(map(_written, body))).lstrip("\n")


def call_of(
    module: MinedModule,
    setting: Setting,
    entering: str,
    leaving: str,
    quarter: str,
    called: str | None = None,
) -> str:
    """Return the expression that builds a module under a setting, arguments in the constructor's order.

    Args:
        module: The module.
        setting: Its arguments by name.
        entering: What to write for the channels that enter; `leaving` and `quarter` likewise.
        leaving: For those that shall leave.
        quarter: For a quarter of those that enter.
        called: What is called, None for the module's own name.
    """
    filled = {IN: entering, OUT: leaving, QUARTER: quarter}
    values = {
        name: filled.get(value, value.removeprefix("$") if value.startswith(CLASS) else repr(value))
        if isinstance(value, str)
        else repr(value)
        for name, value in ordered(module, setting).items()
    }
    return f"{called or own_name(module)}({', '.join(f'{name}={value}' for name, value in values.items())})"


def ordered(module: MinedModule, setting: Setting) -> Setting:
    """Return a setting with its arguments in the order of the module's constructor."""
    names = [argument.name for argument in module.arguments if argument.name in setting]
    return {name: setting[name] for name in (*names, *sorted(setting.keys() - set(names)))}


def _defined(tree: ast.Module) -> set[str]:
    """Return the names that a text's top level defines; one that it may import as well stays as it is."""
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    found = set(bound_names(tree.body)) - set(bound_names(imports))
    return {name for name in found if not name.startswith("__")}


def _written(statement: ast.stmt) -> str:
    space = "\n\n" if isinstance(statement, _DECLARATIONS) else ""
    return f"{space}{ast.unparse(statement)}\n{space}"
