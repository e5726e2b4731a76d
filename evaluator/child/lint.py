"""Static checks of a program before it runs: syntax, contract, and a short list of things no network needs.

The list is hygiene and early feedback, *not* the boundary: whoever wants to get around it will. The boundary
is the process that a program runs in. For the same reason lint runs inside that process: parsing hostile text
in the supervisor would put the supervisor at the mercy of the parser.

What is certainly never run is not looked at: the branch under `if __name__ == "__main__"`,
`if TYPE_CHECKING`, `if False`. A function that nobody calls *is* looked at: the text does not show who does.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from corpus.programs.contract import Breach, breaches, syntax_breach
from corpus.programs.parsing import TooLong, only_syntax_errors, parse
from corpus.records.evaluations import EvaluationStatus

FORBIDDEN_MODULES = frozenset(
    {
        *(
            "asyncio",
            "builtins",
            "concurrent",
            "ctypes",
            "fcntl",
            "importlib",
            "mmap",
            "multiprocessing",
        ),
        *(
            "pickle",
            "posix",
            "posixsubprocess",
            "pty",
            "resource",
            "runpy",
            "shutil",
            "signal",
            "socket",
            "subprocess",
            "tempfile",
        ),
        *("aiohttp", "ftplib", "http", "httpx", "requests", "smtplib", "urllib", "urllib3"),
        # Data sets, and with them labels, come from the evaluator alone.
        *("datasets", "sklearn", "torchvision.datasets", "tensorflow_datasets", "kagglehub"),
        *("torch.distributed", "torch.hub", "torch.multiprocessing", "torch.utils.cpp_extension"),
        *("corpus", "cycles", "evaluator", "finetune", "generator"),
    }
)
"""With all that is below them, and with the underscore that the C part of some of them begins with."""

FORBIDDEN_CALLS = frozenset({"__import__", "breakpoint", "compile", "eval", "exec", "input", "open"})
FORBIDDEN_MEMBERS = {
    "os": (
        *("abort", "exec", "_exit", "fork", "kill", "open", "popen", "posix_spawn", "remove", "rename"),
        *("rmdir", "setsid", "spawn", "system", "unlink", "write"),
    ),
    "sys": ("_getframe", "modules", "settrace", "setrecursionlimit"),
    "torch": ("distributed", "hub", "load", "multiprocessing", "ops.load_library", "save"),
    "np": ("load", "fromfile", "memmap", "save"),
    "numpy": ("load", "fromfile", "memmap", "save"),
}
"""For each module, beginnings of the members that no network needs."""

_NEVER_TRUE = frozenset({"TYPE_CHECKING", "typing.TYPE_CHECKING"})

_LONGEST_CHAIN = 3
"""Names in the longest dotted name above; looking no further keeps the walk linear in a program's length."""


def lint(source: str, *, hygiene: bool = True) -> Breach | None:
    """Return what keeps `source` from being run, with its line; None if it may run.

    A syntax error is reported before a breach of the contract, that before a forbidden use; of several
    forbidden uses the first in the text.

    Args:
        source: The program.
        hygiene: Whether to look for forbidden uses. Syntax, contract and length are checked in any case.
    """
    try:
        tree = parse(source)
        with only_syntax_errors():
            # The compiler finds what the parser lets pass, such as a `return` outside a function.
            compile(tree, "<program>", "exec", dont_inherit=True)
    except TooLong as error:
        return Breach(EvaluationStatus.CONTRACT_ERROR, str(error))
    except SyntaxError as error:
        return syntax_breach(error)
    breach = next(breaches(tree), None)
    if breach is None and hygiene:
        breach = min(_forbidden(tree), key=_line, default=None)
    return breach


def _line(breach: Breach) -> int:
    return breach.line or 0


def _forbidden(tree: ast.Module) -> Iterator[Breach]:
    for node in _live_nodes(tree):
        for name in _forbidden_names(node):
            line = getattr(node, "lineno", None)
            yield Breach(EvaluationStatus.FORBIDDEN, f"no program may use {name}", line)


def _live_nodes(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield every node but those of branches that are never taken."""
    stored = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and _is_store(node)}
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.If) and _is_never_true(node.test, stored):
            waiting += node.orelse
        else:
            waiting += ast.iter_child_nodes(node)


def _is_store(name: ast.Name) -> bool:
    return isinstance(name.ctx, ast.Store)


def _is_never_true(test: ast.expr, stored: set[str]) -> bool:
    """Return whether a condition is certainly false; `stored` are the names that the program gives values."""
    match test:
        case ast.Constant(value=value):
            return not value
        case ast.Compare(left=left, ops=[ast.Eq()], comparators=[right]):
            sides = (left, right)
            named = any(isinstance(side, ast.Name) and side.id == "__name__" for side in sides)
            main = any(isinstance(side, ast.Constant) and side.value == "__main__" for side in sides)
            return named and main and "__name__" not in stored
        case ast.Name() | ast.Attribute():
            return _dotted(test) in _NEVER_TRUE and "TYPE_CHECKING" not in stored
    return False


def _forbidden_names(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names if _is_forbidden_module(alias.name))
    elif isinstance(node, ast.ImportFrom):
        module = node.module or ""
        names = [f"{module}.{alias.name}" for alias in node.names]
        yield from (
            name for name in names if node.level or _is_forbidden_module(name) or _is_forbidden_member(name)
        )
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        if node.func.id in FORBIDDEN_CALLS:
            yield f"{node.func.id}()"
    elif isinstance(node, ast.Attribute):
        name = _dotted(node)
        if _is_forbidden_member(name):
            yield name


def _is_forbidden_module(name: str) -> bool:
    parts = name.removeprefix("_").split(".")
    return any(".".join(parts[:count]) in FORBIDDEN_MODULES for count in range(1, len(parts) + 1))


def _is_forbidden_member(name: str) -> bool:
    module, _, member = name.partition(".")
    return bool(member) and any(member.startswith(start) for start in FORBIDDEN_MEMBERS.get(module, ()))


def _dotted(node: ast.expr) -> str:
    """Return `a.b.c` for a plain and short chain of attributes, an empty string for anything else."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute) and len(parts) < _LONGEST_CHAIN:
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""
