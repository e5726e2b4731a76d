"""Edits of programs: carried out where they belong, or refused by name; never guessed."""

from __future__ import annotations

import time

import pytest

from generator.edits.applying import apply_answer
from generator.edits.failures import EditFailure

PROGRAM = """import torch.nn as nn


class Net(nn.Module):
    def __init__(self):
        self.a = nn.Linear(8, 16)
        self.act = nn.ReLU()
        self.b = nn.Linear(16, 10)
        self.act = nn.ReLU()

    def forward(self, x):
        return self.b(self.act(self.a(x)))
"""
WANTED = PROGRAM.replace("Linear(8, 16)", "Linear(8, 12)").replace("Linear(16, 10)", "Linear(12, 10)")

BLOCKS = """<<<<<<< SEARCH
        self.a = nn.Linear(8, 16)
=======
        self.a = nn.Linear(8, 12)
>>>>>>> REPLACE
<<<<<<< SEARCH
        self.b = nn.Linear(16, 10)
=======
        self.b = nn.Linear(12, 10)
>>>>>>> REPLACE
"""
DIFF = """@@ -6,4 +6,4 @@
-        self.a = nn.Linear(8, 16)
+        self.a = nn.Linear(8, 12)
         self.act = nn.ReLU()
-        self.b = nn.Linear(16, 10)
+        self.b = nn.Linear(12, 10)
"""
FORMS = {
    "blocks": BLOCKS,
    "blocks in a fence": f"Here is the edit:\n\n```python\n{BLOCKS}```\nIt keeps the sizes together.",
    "fences within blocks": BLOCKS.replace("SEARCH\n", "SEARCH\n```python\n")
    .replace("\n=======\n", "\n```\n=======\n```\n")
    .replace("\n>>>>>>>", "\n```\n>>>>>>>"),
    "short marks": BLOCKS.replace("<<<<<<< SEARCH", "<<<")
    .replace("=======", "===")
    .replace(">>>>>>> REPLACE", ">>>"),
    "in the other order": BLOCKS[BLOCKS.index("<<<", 9) :] + BLOCKS[: BLOCKS.index("<<<", 9)],
    "windows line ends": BLOCKS.replace("\n", "\r\n"),
    "blanks at the ends of lines": BLOCKS.replace(")\n", ")   \n"),
    "blank lines around": BLOCKS.replace("SEARCH\n", "SEARCH\n\n").replace("=======\n", "\n=======\n\n"),
    "without indentation": BLOCKS.replace("        self", "self"),
    "with more indentation": BLOCKS.replace("        self", "            self"),
    "after a thought": f"<think>\n{BLOCKS.replace('12', '99')}</think>\n{BLOCKS}",
    "a diff": DIFF,
    "a diff with headers": f"--- a/net.py\n+++ b/net.py\n{DIFF}",
    "a diff in a fence": f"Sure.\n```diff\n{DIFF}```\nDone.",
    "a diff without hunk headers": f"```diff\n{DIFF.partition(chr(10))[2]}```",
    "a diff with wrong line numbers": DIFF.replace("-6,4 +6,4", "-60,2 +61,9"),
    "a diff in two hunks": DIFF.replace("         self.act = nn.ReLU()\n", "@@ ... @@\n"),
    "a diff that ends in a blank line": f"{DIFF}\n",
}


@pytest.mark.parametrize("form", FORMS)
def test_an_edit_in_any_form_is_carried_out(form: str) -> None:
    assert apply_answer(PROGRAM, FORMS[form]) == (WANTED, None)


def test_lines_are_put_in_and_taken_out() -> None:
    answer = "@@\n         self.a = nn.Linear(8, 16)\n+        self.c = nn.Dropout(0.5)\n"
    more = apply_answer(PROGRAM, answer).text
    assert more == PROGRAM.replace("16)\n", "16)\n        self.c = nn.Dropout(0.5)\n", 1)
    less = "<<<\n        self.c = nn.Dropout(0.5)\n===\n>>>"
    assert apply_answer(more, less) == (PROGRAM, None)


FAILURES = {
    "prose": ("I cannot.", EditFailure.NO_EDIT),
    "a whole program": (f"```python\n{WANTED}```", EditFailure.NO_EDIT),
    "cut off in the middle": (BLOCKS[: BLOCKS.index(">>>")], EditFailure.NO_EDIT),
    "a diff that only shows": ("@@\n         self.act = nn.ReLU()\n", EditFailure.NO_EDIT),
    "lines that are not there": (
        BLOCKS.replace("Linear(8, 16)", "Linear(8, 17)"),
        EditFailure.DOES_NOT_APPLY,
    ),
    "lines that are there twice": (
        "<<<\n        self.act = nn.ReLU()\n===\n        self.act = nn.GELU()\n>>>",
        EditFailure.AMBIGUOUS,
    ),
    "lines that are there twice but for indentation": (
        "<<<\nself.act = nn.ReLU()\n===\nself.act = nn.GELU()\n>>>",
        EditFailure.AMBIGUOUS,
    ),
    "nothing to look for": ("<<<\n\n===\nx = 1\n>>>", EditFailure.AMBIGUOUS),
    "the same lines twice": (BLOCKS + BLOCKS, EditFailure.AMBIGUOUS),
    "nothing new": (
        "<<<\n        self.a = nn.Linear(8, 16)\n===\n        self.a = nn.Linear(8, 16)\n>>>",
        EditFailure.NO_CHANGE,
    ),
}


@pytest.mark.parametrize("name", FAILURES)
def test_what_is_no_edit_of_the_program_is_refused_by_name(name: str) -> None:
    answer, failure = FAILURES[name]
    assert apply_answer(PROGRAM, answer) == (None, failure)


def test_a_result_that_does_not_parse_is_there_and_named() -> None:
    answer = "<<<\n        self.a = nn.Linear(8, 16)\n===\n        self.a = nn.Linear(8, 16\n>>>"
    edited = apply_answer(PROGRAM, answer)
    assert edited.failure is EditFailure.UNPARSABLE
    assert edited.text == PROGRAM.replace("(8, 16)", "(8, 16")


HARD = {
    "one line again and again": ("x = 1\n" * 16_000, "<<<\n" + "x = 1\n" * 8_000 + "x = 2\n===\ny\n>>>\n"),
    "many blocks": ("x = 1\n" * 16_000, "<<<\nx = 2\n===\nx = 3\n>>>\n" * 10_000),
    "many openings": (PROGRAM, "<<<\n" * 60_000),
    "many hunks": (PROGRAM, "@@\n-a\n+b\n" * 25_000),
    "blanks": (" " * 99_000 + "x\n", "<<<\n" + " " * 99_000 + "\n===\n" + " " * 99_000 + "\n>>>"),
    "signs": (PROGRAM, "<" * 100_000 + ">" * 100_000),
    "blank lines first": ("\n" * 99_000, "<<<\n" + "\n" * 99_000 + "x\n===\n" + "\n" * 99_000 + ">>>"),
    "blank lines": ("\n" * 99_000, "<<<\nx\n" + "\n" * 99_000 + "===\n" + "\n" * 99_000 + ">>>"),
    "a thought": (PROGRAM, "<think>" * 15_000 + "</think>" * 15_000),
}


@pytest.mark.parametrize("name", HARD)
def test_a_hard_answer_takes_no_more_than_a_moment(name: str) -> None:
    program, answer = HARD[name]
    started = time.process_time()
    apply_answer(program, answer)
    assert time.process_time() - started < 2.0
