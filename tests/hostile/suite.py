"""Reads the hostile programs beside this file and makes whole programs of them.

A file holds one trick. The comments at its top say what it tries and what must become of it:

    # with lint: STATUS|STATUS at STAGE        the evaluation, where lint catches it; else as below
    # without lint: STATUS|STATUS at STAGE     the evaluation when only the sandbox stands in its way
    # error: PATTERN                           of the error's class and message, without lint
    # needs: BARRIER|BARRIER, BARRIER          what must be there to contain it; it does not run elsewhere
    # with: PART                               one of the files in `parts` to put before it
    # task: NAME                               which task of `tests.tasks_by_hand` it is for, if not digits

Before it come an honest network to spoil and the places of the canaries; it raises `Escaped` when its trick
works.

This module does *not* run anything.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from corpus.records.evaluations import Evaluation, EvaluationStatus, Stage

_HOME = Path(__file__).parent
_PARTS = _HOME / "parts"
_OF_ANY_KIND = _HOME.parent / "benign" / "any_kind_cnn.py"
_ESCAPED = "class Escaped(Exception):\n    pass\n"
_FIELD = re.compile(r"# (with lint|without lint|error|needs|with|task): (.+)")


@dataclass(frozen=True)
class Expectation:
    """What an evaluation may be.

    Attributes:
        statuses: One of these.
        stages: One of these; empty for any.
        error: Pattern that is found in the error's class and message.
    """

    statuses: frozenset[EvaluationStatus]
    stages: frozenset[Stage]
    error: str = ""

    @classmethod
    def parse(cls, text: str, error: str = "") -> Expectation:
        """Return the expectation written as `STATUS|STATUS at STAGE|STAGE`."""
        statuses, _, stages = text.partition(" at ")
        return cls(
            frozenset(EvaluationStatus(each) for each in statuses.split("|")),
            frozenset(Stage(each) for each in stages.split("|") if each),
            error,
        )

    def objection(self, result: Evaluation) -> str | None:
        """Return what is wrong with `result`, None if nothing."""
        said = f"{result.error_type}: {result.error}"
        if result.status not in self.statuses:
            return f"{result.status} is none of {sorted(self.statuses)}"
        if self.stages and result.stage not in self.stages:
            return f"stage {result.stage} is none of {sorted(self.stages)}"
        if not re.search(self.error, said, re.DOTALL):
            return f"'{said}' is not like '{self.error}'"
        return None


@dataclass(frozen=True)
class HostileProgram:
    """One trick.

    Attributes:
        name: Path of its file below this folder, without the suffix.
        text: The trick.
        parts: Names of the parts before it.
        linted: What must become of it with lint.
        jailed: What must become of it without.
        needs: Sets of barriers; one of each set must be there.
        whole: Whether the text is a program as it is, with nothing to put before it.
        task: Name of the task made by hand that it is for, such as `signal-regression`; None for digits.
    """

    name: str
    text: str
    parts: tuple[str, ...]
    linted: Expectation
    jailed: Expectation
    needs: tuple[frozenset[str], ...]
    whole: bool = False
    task: str | None = None

    def expected(self, *, lint: bool) -> Expectation:
        """Return what must become of it."""
        return self.linted if lint else self.jailed

    def missing(self, barriers: frozenset[str]) -> str | None:
        """Return which of the barriers it needs are not among `barriers`, None if none."""
        lacking = [" or ".join(sorted(each)) for each in self.needs if not each & barriers]
        return ", ".join(lacking) or None

    def source(self, canaries: dict[str, object]) -> str:
        """Return the whole program.

        Args:
            canaries: Attributes of the class `Canary` that the trick may use.
        """
        if self.whole:
            return self.text
        known = canaries | {"program": self.name.encode()}
        places = "".join(f"    {name} = {value!r}\n" for name, value in known.items())
        honest = (_PARTS / "honest.py").read_text() if self.task is None else _honest_of_any_kind()
        parts = [honest, *((_PARTS / f"{part}.py").read_text() for part in self.parts)]
        own = re.search(r"^class Net\b", self.text, re.MULTILINE)
        ending = [] if own else ["class Net(Honest):\n    pass\n"]
        return "\n\n".join([*parts, f"class Canary:\n{places}", self.text, *ending])


def hostile_programs() -> list[HostileProgram]:
    """Return all that are for the task of digits, by name."""
    return [each for each in _all() if each.task is None]


def hostile_programs_of_kinds() -> list[HostileProgram]:
    """Return all that are for another task, by name."""
    return [each for each in _all() if each.task is not None]


def _honest_of_any_kind() -> str:
    """Return a benign network for a task of any kind, to be spoilt."""
    return f"{_OF_ANY_KIND.read_text().replace('class Net(', 'class Honest(')}\n\n{_ESCAPED}"


def _all() -> list[HostileProgram]:
    files = [path for path in sorted(_HOME.glob("*/*.py")) if path.parent != _PARTS]
    return [_read(path) for path in files]


def _read(path: Path) -> HostileProgram:
    text = path.read_text()
    fields = dict(found.groups() for line in text.splitlines() if (found := _FIELD.fullmatch(line)))
    jailed = Expectation.parse(fields["without lint"], fields.get("error", ""))
    return HostileProgram(
        name=path.relative_to(_HOME).with_suffix("").as_posix(),
        text=text,
        parts=tuple(fields["with"].split(", ")) if "with" in fields else (),
        linted=Expectation.parse(fields["with lint"]) if "with lint" in fields else jailed,
        jailed=jailed,
        needs=tuple(frozenset(each.split("|")) for each in fields.get("needs", "").split(", ") if each),
        task=fields.get("task"),
    )
