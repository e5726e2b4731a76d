"""The program inside a completion.

A code model wraps its answer in fences, prose and chat markers, in any combination, and may be cut off in the
middle. `extract_program` finds the text that is most likely meant as the program.

This module does *not* repair code, and it does not judge it: whatever looks like a program is handed on, the
evaluator says what it is worth.
"""

from __future__ import annotations

import ast
import re
import warnings

_FENCE = re.compile(r"^[ \t]*(?P<ticks>`{3,}|~{3,})[ \t]*(?P<language>[\w+#.-]*)[^\n`]*$", re.MULTILINE)
_PYTHON = {"", "py", "python", "python3", "pytorch"}
_CHAT_MARKER = re.compile(
    r"<\|[^|<>\n]{1,40}\|>|<\uff5c[^\uff5c<>\n]{1,40}\uff5c>|</?s>|\[/?INST\]|<(?:start|end)_of_turn>(?:model|user)?"
)
_NET = re.compile(r"^class\s+Net\b", re.MULTILINE)
_STATEMENT = re.compile(
    # A header that holds its own line breaks as a literal backslash and n is text about code, not code.
    r"^(?!.*\\n)(?:import\s+[\w., ]+(?:#.*)?$|from\s+[\w.]+\s+import\s+[\w.,*( )]+(?:#.*)?$"
    r"|class\s+\w+\s*[(:].*$|(?:async\s+)?def\s+\w+\s*\()",
    re.MULTILINE,
)
_FIRST_LINE = re.compile(_STATEMENT.pattern + r'|^@\w[\w.]*(?:\(.*\))?$|^"""', re.MULTILINE)
_TOP_LEVEL_CODE = re.compile(
    r"^(?:import\b|from\s+[\w.]+\s+import\b|class\s|def\s|async\s+def\s|@|if\s.*:|else\s*:|elif\s.*:|for\s.*:|while\s.*:"
    r"|try\s*:|except\b|finally\s*:|with\s.*:|return\b|raise\b|pass$|assert\b|del\s|#|\"\"\"|'''|[)\]}]"
    r"|[A-Za-z_][\w.\[\]'\"]*\s*(?::\s*[\w.\[\], |]+)?\s*(?:[-+*/%@&|^]|//|\*\*)?=|[A-Za-z_][\w.]*\()"
)


def extract_program(text: str) -> str | None:
    """Return the program in `text`, ending in one newline, or None if nothing looks like code.

    Of several fenced blocks the last one that defines `class Net` counts, then the last Python block that
    looks like code, since models put their final answer last. An unterminated fence runs to the end of the
    text. Without a fence, the lines from the first to the last that look like code at top level are taken.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    blocks = _fenced_blocks(text)
    if blocks:
        chosen = _choose(blocks)
        if chosen is not None:
            return chosen
    return _plain_program(text)


def _fenced_blocks(text: str) -> list[tuple[str, str]]:
    """Return (language, content) of each fenced block; the last may be unterminated."""
    blocks: list[tuple[str, str]] = []
    opening: re.Match[str] | None = None
    for fence in _FENCE.finditer(text):
        if opening is None:
            opening = fence
        elif fence["ticks"].startswith(opening["ticks"]) and not fence["language"]:
            blocks.append((opening["language"].lower(), text[opening.end() + 1 : fence.start()]))
            opening = None
        elif fence["language"]:
            # A second opening before any closing: the first block was never closed.
            blocks.append((opening["language"].lower(), text[opening.end() + 1 : fence.start()]))
            opening = fence
    if opening is not None:
        blocks.append((opening["language"].lower(), text[opening.end() + 1 :]))
    return blocks


def _choose(blocks: list[tuple[str, str]]) -> str | None:
    cleaned = [(language, _clean(content)) for language, content in blocks]
    with_net = [code for _, code in cleaned if _NET.search(code)]
    if with_net:
        return with_net[-1]
    python = [code for language, code in cleaned if language in _PYTHON and _STATEMENT.search(code)]
    return python[-1] if python else None


def _plain_program(text: str) -> str | None:
    """Return the stretch of `text` that reads as code, prose before and after it removed."""
    text = _clean(_FENCE.sub("", text))
    first = _FIRST_LINE.search(text)
    if first is None or not _STATEMENT.search(text):
        return None
    if _parses(text):
        return text
    lines = text[first.start() :].split("\n")
    while lines and not (lines[-1].startswith((" ", "\t")) or _TOP_LEVEL_CODE.match(lines[-1])):
        lines.pop()
    return _clean("\n".join(lines))


def _parses(text: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _clean(code: str) -> str:
    """Return `code` without chat markers and common indentation, with one newline at its end."""
    lines = [line.rstrip() for line in _CHAT_MARKER.sub("", code).split("\n")]
    margins = [len(line) - len(line.lstrip()) for line in lines if line]
    margin = min(margins, default=0)
    return "\n".join(line[margin:] for line in lines).strip("\n") + "\n"
