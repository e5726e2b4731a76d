"""The blocks of a completion: what stands between fences, tags, chat markers and here-documents.

A completion is cut at every mark, wherever it stands: nesting does not matter, so a fence inside tags, tags
inside a fence and a fence that nobody closed need no rules of their own. Each block says where it stood:
under which fence, inside the tags of a program, or apart from the answer.

This module does *not* parse Python, and it does not choose among blocks: `extraction` does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from generator.prompts.code_lines import SURE_START, ends_in_code

MOST_MARKS = 1_000
"""Marks beyond these, which no answer has, stay in the text of the last block."""

MOST_HEREDOCS = 8
"""Here-documents beyond these are no marks."""

CHAT_MARKER = re.compile(
    r"<\|[^|<>\n]{1,40}\|>|<\uff5c[^\uff5c<>\n]{1,40}\uff5c>|</?s>|\[/?INST\]"
    r"|<(?:start|end)_of_turn>(?:model|user)?"
)
_DRAFT_TAGS = {"think", "thinking", "thought", "reasoning", "scratchpad"}
_ASIDE_TAGS = {"hp", "tr"}  # hyper-parameters and a transform, in the form that nn-gpt's prompts ask for
_PROGRAM_TAGS = {"nn", "code", "pre", "answer", "python", "program"}
_PROGRAM_TAG = rf"(?i:{'|'.join(sorted(_PROGRAM_TAGS))})"
_TAG = rf"(?i:{'|'.join(sorted(_DRAFT_TAGS | _ASIDE_TAGS | _PROGRAM_TAGS))})"
_ROLE = "user|human|assistant|model|system|analysis|final"
_SPEAKER = "User|Human|Instruction|Question|Assistant|Response|Answer"
_ANY_TAG = r"</?[A-Za-z][\w:-]{0,40}+(?:[ \t][^<>\n]{0,200}+)?>"
_MARK = re.compile(
    rf"""
      ^[ \t]*+(?P<ticks>`{{3,}}+|~{{3,}}+)[ \t]*+\{{?(?P<label>[\w+\#.-]*+)(?P<info>[^\n`]*+)$
    | (?<!`)`{{3,}}+[ \t]*+(?P<late>[\w+\#-]{{0,20}}+)[ \t]*+$            # a fence behind text
    | (?:^[ \t]*+|(?<=>))<(?P<tag>/?{_TAG})(?:[ \t][^<>\n]{{0,200}}+)?>
    | <(?P<last>/?{_TAG})>(?=(?:</?\w{{1,20}}+>){{0,3}}[ \t]*+(?:$|import\b|from\b|\#|\"\"\"))  # behind text
    | <(?P<program_ends>/{_PROGRAM_TAG})>
    | ^[ \t]*+(?:{_ANY_TAG}[ \t]*+)++$
    | (?P<marker>{CHAT_MARKER.pattern})(?:[ \t]*+(?P<role>{_ROLE})\b)?
    | ^(?:\#{{1,4}}[ ]?|\*\*)?(?P<speaker>{_SPEAKER})(?:\*\*)?:(?:\*\*)?
    """,
    re.MULTILINE | re.VERBOSE,
)
_HEREDOC = re.compile(
    r"^[ \t]*+(?:\$[ \t]*+)?(?:cat|tee|python3?)[ \t][^\n]*?"
    r"<<-?[ \t]*+['\"]?(?P<word>[A-Za-z_]\w{0,39}+)[^\n]*$",
    re.MULTILINE,
)
_TRIPLE_QUOTED = re.compile(
    r'\#[^\n]*+|"""(?:[^"\\]++|\\.|"(?!""))*+(?P<end>"""|\Z)|'
    r"'''(?:[^'\\]++|\\.|'(?!''))*+(?P<other_end>'''|\Z)|"
    r'"(?:[^"\\\n]++|\\[^\n])*+"?|' + r"'(?:[^'\\\n]++|\\[^\n])*+'?",
    re.DOTALL,
)
_USERS = {"user", "human", "instruction", "question", "system"}


@dataclass(frozen=True)
class Block:
    """A stretch of a completion without marks.

    Attributes:
        text: The characters, layout untouched.
        label: What the fence says about its language, lower case and maybe empty; None outside of fences.
        margin: The columns that its fence is indented by.
        in_program_tags: Whether it stands in `<nn>` or another tag that announces the program.
        apart: Whether it is no part of the answer: a draft in `<think>`, the content of `<hp>` or `<tr>`,
            somebody else's turn, or what follows the end of the answer's turn.
    """

    text: str
    label: str | None = None
    margin: int = 0
    in_program_tags: bool = False
    apart: bool = False


@dataclass(frozen=True)
class _Mark:
    start: int
    end: int
    kind: str
    name: str = ""
    margin: int = 0


def read_blocks(text: str, *, heed_strings: bool) -> list[Block]:
    """Return the blocks of `text` in their order, without blank ones.

    Args:
        text: The completion, its line ends plain.
        heed_strings: Whether marks inside triple-quoted strings are none. That is right for a fence in a
            docstring, and wrong after a block that was cut off inside of one.
    """
    reader = _Reader()
    end = 0
    for mark in _marks(text, heed_strings):
        reader.add(text[end : mark.start])
        reader.heed(mark)
        end = mark.end
    reader.add(text[end:])
    return reader.finished()


def glued(blocks: Sequence[Block]) -> list[Block]:
    """Return the texts that run on over several fences: what starts indented belongs to what was before."""
    runs: list[list[Block]] = []
    for block in blocks:
        if block.label is None:
            continue
        first = block.text.lstrip("\n")
        if runs and len(first) - len(first.lstrip(" \t")) > block.margin:
            runs[-1].append(block)
        else:
            runs.append([block])
    return [replace(run[0], text="\n".join(part.text for part in run)) for run in runs if len(run) > 1]


def triple_quoted(text: str) -> list[tuple[int, int]]:
    """Return where the closed triple-quoted strings of `text` begin and end, in one pass."""
    return [
        match.span()
        for match in _TRIPLE_QUOTED.finditer(text)
        if match["end"] == '"""' or match["other_end"] == "'''"
    ]


class _Reader:
    """Walks over a completion and remembers in what it stands."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self._label: str | None = None
        self._margin = 0
        self._tag = ""
        self._draft_begins: int | None = None
        self._drafts_end = 0
        self._foreign = False
        self._answered = False
        self._over = False

    def add(self, text: str) -> None:
        """Take what stands before the next mark."""
        if not text.strip():
            return
        apart = self._draft_begins is not None or self._foreign or self._over or self._tag in _ASIDE_TAGS
        self._answered |= not apart and SURE_START.search(text) is not None
        in_program_tags = self._tag in _PROGRAM_TAGS
        self.blocks.append(Block(text, self._label, self._margin, in_program_tags, apart))

    def heed(self, mark: _Mark) -> None:
        """Change what the next text stands in."""
        match mark.kind:
            case "fence":
                closes = self._label is not None and not mark.name
                self._label, self._margin = (None, 0) if closes else (mark.name, mark.margin)
            case "heredoc":
                self._label, self._margin = mark.name, 0
            case "tag":
                self._heed_tag(mark.name)
            case "turn":
                self._heed_turn(mark.name)

    def _heed_tag(self, name: str) -> None:
        closes, tag = name.startswith("/"), name.lstrip("/")
        if tag not in _DRAFT_TAGS:
            self._tag = "" if closes else tag
            self._label = None if closes else self._label
            return
        if closes and self._draft_begins is None:  # opened by the prompt: all that came before is the draft
            drafts = self.blocks[self._drafts_end :]
            self.blocks[self._drafts_end :] = [replace(block, apart=True) for block in drafts]
            self._answered = False
        if closes:
            self._drafts_end = len(self.blocks)
        self._draft_begins = None if closes else len(self.blocks)
        self._label = None

    def _heed_turn(self, name: str) -> None:
        self._label, self._tag = None, ""
        if name == "analysis":
            self._draft_begins = len(self.blocks)
        elif name == "end":
            self._over |= self._answered
        elif name in _USERS:
            self._over |= self._answered
            self._foreign = True
        elif name:
            self._foreign, self._draft_begins = False, None

    def finished(self) -> list[Block]:
        """Return the blocks; of a draft that was never closed only an end in code may be the answer."""
        if self._draft_begins is None:
            return self.blocks
        drafts = self.blocks[self._draft_begins :]
        answer = [block for block in drafts[-1:] if ends_in_code(block.text)]
        return self.blocks[: self._draft_begins] + answer


def _marks(text: str, heed_strings: bool) -> Iterator[_Mark]:
    found = sorted([*_inline_marks(text), *_heredoc_marks(text)], key=lambda mark: mark.start)
    strings = triple_quoted(text) if heed_strings and found else []
    passed, end = 0, 0
    for mark in found:
        while passed < len(strings) and strings[passed][1] <= mark.start:
            passed += 1
        if mark.start >= end and not (passed < len(strings) and strings[passed][0] < mark.start):
            end = mark.end
            yield mark


def _inline_marks(text: str) -> Iterator[_Mark]:
    for match in islice(_MARK.finditer(text), MOST_MARKS):
        span = match.span()
        if match["ticks"]:
            margin = match.start("ticks") - match.start()
            # Behind the language may stand a title, or already the first line of code.
            code = match["info"].lstrip()
            end = match.end() - len(code) if SURE_START.match(code) else match.end()
            yield _Mark(match.start(), end, "fence", match["label"].lower(), margin)
        elif match["late"] is not None:
            yield _Mark(*span, "fence", match["late"].lower())
        elif tag := match["tag"] or match["last"] or match["program_ends"]:
            yield _Mark(*span, "tag", tag.lower())
        elif match["marker"] or match["speaker"]:
            who = _speaker(match["marker"] or "", match["role"] or match["speaker"] or "")
            yield _Mark(*span, "turn", who)
        else:
            yield _Mark(*span, "other")


def _speaker(marker: str, role: str) -> str:
    """Return who speaks after a marker, `end` at the end of a turn, or nothing where it says neither."""
    name = (role or marker.strip("<>|\uff5c")).lower()
    if name.endswith(("user", "human")) or name == "[inst]":
        return "user"
    if name.endswith(("assistant", "model")) or name == "[/inst]":
        return "assistant"
    if not role and (name in ("/s", "eot_id") or name.startswith("end") or name.endswith("end")):
        return "end" if "header" not in name else ""
    return name if role else ""


def _heredoc_marks(text: str) -> Iterator[_Mark]:
    for match in islice(_HEREDOC.finditer(text), MOST_HEREDOCS):
        yield _Mark(*match.span(), "heredoc", "python")
        closing = re.compile(rf"^[ \t]*+{match['word']}[ \t]*+$", re.MULTILINE).search(text, match.end())
        if closing:
            yield _Mark(*closing.span(), "heredoc", "sh")
