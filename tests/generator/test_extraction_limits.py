"""Extraction from hostile text: it does not raise, and its time grows with the text and has a bound."""

import time
from collections.abc import Callable

import pytest

from generator.prompts.extraction import MAX_CHARACTERS, extract_program
from tests.generator.completions import PLAIN, fenced


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5000 + "\nimport os\n",
        "import os\n\0\n",
        "```" * 3000,
        "`" * 9000,
        "def f(" * 2000,
        f"class Net(a{'.a' * 5000}):\n    pass\n",
        f"import a\nx = {'-' * 50_000}1\n",
        "import os\n\ud800\n",
    ],
)
def test_hostile_text_neither_raises_nor_hangs(text):
    extract_program(text)


def test_what_stands_beyond_the_cap_is_ignored():
    assert extract_program("word " * (MAX_CHARACTERS // 5) + f"\n{fenced(PLAIN)}") is None


def repeated(unit: str, before: str = "", after: str = "") -> Callable[[int], str]:
    """Return a function that gives `unit` as often as it fits into a number of characters."""
    return lambda size: before + unit * ((size - len(before) - len(after)) // len(unit)) + after


HOSTILE = {
    "an annotation of blanks": repeated(" ", "import a\nx:", "!"),
    "a network, then blanks": repeated(" ", "class Net:\nx:", "!"),
    "an import of blanks": repeated(" ", "import", "!"),
    "an import of names": repeated("a,", "import ", "!"),
    "a module of dots": repeated(".", "from "),
    "imports without names": repeated("import" + "\n" * 9),
    "open classes": repeated("class A(\n"),
    "brackets behind a class": repeated(") ", "class A("),
    "blank lines": repeated("\n"),
    "lines of blanks": repeated(" " * 99 + "!\n", "import a\n"),
    "short statements": repeated("x\n", "import a\n"),
    "short statements with a fault": repeated("x\n", "class Net:\n", "!"),
    "a long word": repeated("X"),
    "sentences": repeated("import a\n\nThis is some prose.\n"),
    "words": repeated("import a\n\n" + "a b c d " * 45 + "\n\n"),
    "comments": repeated("# a\n" * 100 + "import a\n\nHere is some prose.\n"),
    "fences": repeated("```\n"),
    "blocks": repeated("```python\nimport a\n"),
    "indented blocks": repeated("```\n  import a\n```\n"),
    "backticks": repeated("``` a "),
    "tildes": repeated("~", after="`"),
    "quotes": repeated('"', after="a"),
    "escaped quotes": repeated('\\"""'),
    "quotes of both kinds": repeated("'''" + '"""'),
    "tags": repeated("<nn>\nimport a\n</nn>\n"),
    "tags without a line": repeated("<nn>"),
    "ends of drafts": repeated("import a\n</think>\n"),
    "open tags": repeated("<a "),
    "chat markers": repeated("<|"),
    "turns": repeated("User:\nimport a\nAssistant:\n"),
    "here-documents": repeated("<<", "cat "),
    "ends of here-documents": repeated("cat x << EOF\n"),
    "quote marks": repeated("> import a\n"),
    "added lines": repeated("+import a\n"),
    "no-break spaces": repeated("\u00a0import a\n"),
    "programs": repeated(fenced(PLAIN) + "\n"),
    "broken programs": repeated(fenced(PLAIN + "!\n") + "\n"),
    "broken programs in every dress": repeated(f"> +{fenced(PLAIN)}\u00a0!\n"),
    "small networks": repeated("```\nclass Net:pass\n```\n\u00a0\n> a\n"),
}


def seconds(text: str) -> float:
    """Return the processor time of an extraction."""
    start = time.process_time()
    extract_program(text)
    return time.process_time() - start


def pace() -> float:
    """Return the processor time of some plain Python: a tenth of a second or so, more where all is slower."""
    start = time.process_time()
    sum(number % 7 for number in range(2_000_000))
    return time.process_time() - start


def grows_gently(family: Callable[[int], str]) -> bool:
    """Whether twice the text takes at most 2.5 times as long, over three doublings, and the longest no more
    than ten paces.
    """
    part, whole, unit = seconds(family(MAX_CHARACTERS // 8)), seconds(family(MAX_CHARACTERS)), pace()
    # Below a pace or so the clock says little.
    return whole <= 10 * unit and whole <= max(2.5**3 * part, 1.5 * unit)


@pytest.mark.parametrize("family", HOSTILE.values(), ids=HOSTILE)
def test_the_time_grows_no_faster_than_the_text(family: Callable[[int], str]):
    # Whoever shares the machine can only slow a run down, so one good run of three is proof.
    assert any(grows_gently(family) for _ in range(3))
