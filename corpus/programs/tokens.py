"""The canonical tokens of a program: what is left once everything is gone that a rewrite may change for free.

Gone are comments, docstrings, layout, redundant parentheses, type annotations and the import statements.
What the program names itself, it may rename: its variables, attributes, functions and parameters all become
`ID`, and its classes `CLASS0`, `CLASS1`, ... in the order of their declaration. What it takes from outside
keeps its name, however it was imported: `nn.Conv2d`, `torch.nn.Conv2d` and `from torch.nn import Conv2d as C`
are all `torch$nn$Conv2d`, and builtins, tensor methods, dunder methods, `forward` and the keywords of outside
calls stay as they are. Strings become `STR`. Numbers keep their value, or become `NUM` on request.

Text that Python cannot parse is split into words and signs, names as they stand: every text has tokens. So is
one whose canonical form is many times as long as itself. Of a text too long to be parsed only the beginning
is looked at; the rest counts as one token. The time is in proportion to the text.

This module does *not* run the program, resolve types or follow data flow. One known leak stays: a program
whose own attribute is called like a tensor method (`self.mean`) hides that method as well.
"""

from __future__ import annotations

import ast
import re
from functools import lru_cache

from corpus.programs.parsing import MAX_CHARACTERS, parse_or_none
from corpus.records.base import content_id

_LEXEME = re.compile(
    r"""(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?\w*   # numbers
      | [^\W\d][\w$]*                                          # names, also the joined ones
      | \*\*=?|//=?|<<|>>|[<>=!+\-*/%@&|^:]=|->                # signs of more than one character
      | \S""",
    re.VERBOSE,
)
_NUMBER = re.compile(r"\.?\d")
_COMMENT = re.compile(r"#[^\n]*")
_LONGEST_NAME = 255
"""Of a module or what is imported from it, in characters: the longest file name."""

_INDENTATION = 4
_MAX_GROWTH = 8 * MAX_CHARACTERS
"""Most characters that indentation and spelt-out names may add to a text."""

_REGISTERING = {"register_buffer", "register_parameter", "add_module", "register_module", "setattr"}
_KEPT_METHODS = {"forward"}


def canonical_tokens(source: str, *, mask_numbers: bool = False) -> tuple[str, ...]:
    """Return the canonical tokens of `source`; no text raises, and a text of comments alone has none."""
    tokens = _LEXEME.findall(_canonical_text(source))
    if mask_numbers:
        tokens = ["NUM" if _NUMBER.match(token) else token for token in tokens]
    return tuple(tokens)


# A memo of a pure function: reports and the novelty index ask for the same programs again and again.
@lru_cache(maxsize=4096)
def _canonical_text(source: str) -> str:
    tree = parse_or_none(source)
    if tree is not None:
        try:
            return ast.unparse(_Canonical(tree).visit(tree))
        except (RecursionError, ValueError):  # nested too deeply, or a number too long to print
            pass
    rest = source[MAX_CHARACTERS:]
    return _COMMENT.sub("", source[:MAX_CHARACTERS]) + (f"\nREST{content_id(rest)}" if rest else "")


def imported_names(tree: ast.AST) -> dict[str, str]:
    """Return what each imported name stands for: `{"nn": "torch.nn", "C": "torch.nn.Conv2d"}`.

    A name longer than any module's stands for itself.
    """
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                names[alias.asname or top] = alias.name if alias.asname else top
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return {name: full for name, full in names.items() if len(full) <= _LONGEST_NAME}


def outside_name(node: ast.AST, imports: dict[str, str]) -> str | None:
    """Return the full dotted name of an expression that starts at an import, `torch.nn.Conv2d`; else None."""
    attributes: list[str] = []
    while isinstance(node, ast.Attribute) and len(attributes) < 16:
        attributes.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name) or node.id not in imports:
        return None
    return ".".join([imports[node.id], *reversed(attributes)])


class _Bindings:
    """The names that a program gives itself."""

    def __init__(self, tree: ast.Module) -> None:
        self.imports = imported_names(tree)
        self.names: set[str] = set()
        self.attributes: set[str] = set()
        declared: list[ast.ClassDef] = []
        for node in ast.walk(tree):
            self._bind(node)
            if isinstance(node, ast.ClassDef):
                declared.append(node)
                self.attributes.update(_bound_in_class(node))
        declared.sort(key=lambda node: (node.lineno, node.col_offset))
        order = dict.fromkeys(node.name for node in declared)
        self.classes = {name: f"CLASS{index}" for index, name in enumerate(order)}
        # An import that the program shadows is the program's own name from there on.
        self.imports = {
            k: v for k, v in self.imports.items() if k not in self.names and k not in self.classes
        }

    def _bind(self, node: ast.AST) -> None:
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()) | ast.arg(arg=name):
                self.names.add(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                self.names.add(name)
            case ast.Attribute(attr=name, ctx=ast.Store() | ast.Del()):
                self.attributes.add(name)
            case (
                ast.ExceptHandler(name=str(name))
                | ast.MatchAs(name=str(name))
                | ast.MatchStar(name=str(name))
            ):
                self.names.add(name)
            case ast.Call(func=ast.Attribute(attr=called) | ast.Name(id=called)) if called in _REGISTERING:
                self.attributes.update(
                    argument.value
                    for argument in node.args[:2]
                    if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
                )

    def name(self, name: str) -> str:
        if name in self.classes:
            return self.classes[name]
        if name in self.names:
            return "ID"
        return self.imports.get(name, name).replace(".", "$")

    def attribute(self, name: str) -> str:
        return "ID" if name in self.attributes and not _is_kept(name) else name


def _is_kept(name: str) -> bool:
    """Whether a method's name has its meaning from outside: Python's protocols and `nn.Module`'s."""
    return name in _KEPT_METHODS or (name.startswith("__") and name.endswith("__"))


def _bound_in_class(node: ast.ClassDef) -> set[str]:
    names: set[str] = set()
    for statement in node.body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            names.add(statement.name)
        elif isinstance(statement, ast.Assign | ast.AnnAssign):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            names.update(target.id for target in targets if isinstance(target, ast.Name))
    return names


def _name(text: str) -> ast.Name:
    return ast.Name(id=text, ctx=ast.Load())


class _GrowsTooMuchError(ValueError):
    """A canonical form that is many times as long as its program."""


class _Canonical(ast.NodeTransformer):
    """Rewrites a tree in place into its canonical form.

    Raises:
        _GrowsTooMuchError: While visiting, of a tree whose text would be too much longer than the program's.
    """

    def __init__(self, tree: ast.Module) -> None:
        self._bindings = _Bindings(tree)
        self._depth = 0
        self._growth = 0

    def visit_Import(self, _node: ast.Import) -> None:
        """Drop it: its names are resolved where they are used."""

    def visit_ImportFrom(self, _node: ast.ImportFrom) -> None:
        """Drop it, too."""

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        """Drop bare constants: docstrings, and strings used as comments."""
        return None if isinstance(node.value, ast.Constant) else self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        """Turn `x: int = 3` into `x = 3`, and drop `x: int`."""
        if node.value is None:
            return None
        plain = ast.Assign(targets=[node.target], value=node.value)
        return self.generic_visit(ast.fix_missing_locations(ast.copy_location(plain, node)))

    def visit_arg(self, _node: ast.arg) -> ast.AST:
        """Rename a parameter and drop its annotation."""
        return ast.arg(arg="ID")

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """Rename a function unless others call it by its name."""
        node.returns = None
        node.name = node.name if _is_kept(node.name) else "ID"
        return self.generic_visit(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        """Rename a coroutine."""
        node.returns = None
        node.name = "ID"
        return self.generic_visit(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        """Number a class."""
        node.name = self._bindings.name(node.name)
        return self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        """Rename what the program named; spell out what it imported."""
        node.id = self._bindings.name(node.id)
        self._grow(len(node.id))
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        """Join a chain that starts at an import into one name; rename the program's own attributes."""
        full = outside_name(node, self._bindings.imports)
        if full is not None:
            self._grow(len(full))
            return _name(full.replace(".", "$"))
        node.attr = self._bindings.attribute(node.attr)
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """Rename keywords, unless the function called comes from outside."""
        if not self._is_outside(node.func):
            for keyword in node.keywords:
                keyword.arg = keyword.arg and "ID"
        return self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        """Mask strings."""
        return _name("STR") if isinstance(node.value, str | bytes) else node

    def visit_JoinedStr(self, _node: ast.JoinedStr) -> ast.AST:
        """Mask formatted strings whole."""
        return _name("STR")

    def generic_visit(self, node: ast.AST) -> ast.AST:
        """Visit the children; a block that lost all its statements gets a `pass`."""
        inside = isinstance(node, ast.stmt)
        self._grow(_INDENTATION * self._depth if inside else 0)
        self._depth += inside
        super().generic_visit(node)
        self._depth -= inside
        if isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            node.name = "ID"
        if isinstance(node, ast.stmt | ast.ExceptHandler) and getattr(node, "body", None) == []:
            node.body = [ast.Pass()]  # type: ignore[union-attr]
        return node

    def _grow(self, characters: int) -> None:
        self._growth += characters
        if self._growth > _MAX_GROWTH:
            raise _GrowsTooMuchError

    def _is_outside(self, function: ast.expr) -> bool:
        if outside_name(function, self._bindings.imports) is not None:
            return True
        match function:
            case ast.Name(id=name):
                return self._bindings.name(name) == name
            case ast.Attribute(attr=name):
                return name not in self._bindings.attributes
        return False
