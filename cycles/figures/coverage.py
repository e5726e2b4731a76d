"""How a search by design ideas covers their template, and what went wrong on the way.

All of it is read from the rows. What a candidate's `idea` says (`generator.ideas.told`) places it once, on
the sub-category of its idea; what its program names (`generator.ideas.marks`) places it as often as it shows
something, whichever strategy it came of. Both are kept apart: a search may ask evenly and be answered with
the same few layers. The front is each run's own, over accuracy and parameters.

Evenness is that of `generator.ideas.sampling`, over all of the template; by marks over what has any. This
module does *not* say whether an even search finds better networks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

from corpus.objectives import Caps, front, named_objectives
from corpus.records.base import Record
from corpus.records.search.ideas import SubCategory, category_of
from corpus.records.search.trials import Trial
from cycles.figures.records import Rate
from cycles.figures.statistics import wilson
from generator.ideas.marks import paths_shown
from generator.ideas.pool import IdeaPool
from generator.ideas.sampling import evenness
from generator.ideas.told import Told, read_told

Measure = Literal["proposed", "valid", "admitted", "front"]
MEASURES: tuple[Measure, ...] = ("proposed", "valid", "admitted", "front")
"""What is counted: all candidates, the valid, the admitted, those on the Pareto front."""

FAILURES = ("truncated", "hallucinated", "shape", "budget", "structure", "wrong-verdict")
"""Ways to fail that are always told of, as the notes of an idea name them; the paper's and ours."""

REPAIRS = ("debug", "downscale")
"""Rounds of repair: of a typed error that was handed back, and of a network that was too large."""

_FRONT = named_objectives("accuracy,parameters")


class Place(Record):
    """One category or sub-category of the template.

    Attributes:
        path: Its path.
        says: What belongs there; empty for a category.
        proposed: Candidates that belong there.
        valid: Those of them that are valid.
        admitted: That were admitted.
        front: That lie on the Pareto front of their run.
    """

    path: str
    says: str
    proposed: int
    valid: int
    admitted: int
    front: int


class Evenness(Record):
    """How evenly one count lies over the template, in [0, 1]; None where nothing was counted."""

    measure: Measure
    categories: float | None
    subcategories: float | None


class Spread(Record):
    """Candidates over the template.

    Attributes:
        placed: How many candidates have a place.
        of: How many there are.
        categories: The categories, in the template's order.
        subcategories: Likewise.
        even: The evenness of each count.
    """

    placed: int
    of: int
    categories: tuple[Place, ...]
    subcategories: tuple[Place, ...]
    even: tuple[Evenness, ...]

    def of_measure(self, measure: Measure) -> Evenness:
        """Return the evenness of one count."""
        return next(each for each in self.even if each.measure == measure)

    @property
    def sentence(self) -> str:
        """The evenness in words."""
        figures = ", ".join(
            f"{each.measure} {_written(each.categories)} ({_written(each.subcategories)})"
            for each in self.even
        )
        return (
            f"Evenness over {len(self.categories)} categories ({len(self.subcategories)} sub-categories): "
            f"{figures}; 1 where all have as many, 0 where one has all."
        )


class Trouble(Record):
    """What kept coming up: a way to fail, or a repair.

    Attributes:
        name: As the notes of an idea name it: `shape`, `debug`.
        candidates: In how many candidates.
        by_model: In how many of those that a model carried out.
        rounds: How often in all, for repairs; None for ways to fail.
    """

    name: str
    candidates: int
    by_model: int
    rounds: int | None = None


class Coverage(NamedTuple):
    """The ideas of one or several runs.

    Attributes:
        told: Candidates by the ideas that they came of, None where none came of any.
        seen: Candidates by what their programs name, None where the template has no marks.
        followed: Of the valid candidates whose sub-category has marks, the share whose program shows it.
        carried: How often ideas were carried out by what: `model`, `codemod`, `edit`.
        model: The share that a model carried out.
        troubles: Ways to fail, then repairs.
    """

    told: Spread | None
    seen: Spread | None
    followed: Rate
    carried: Mapping[str, int]
    model: Rate
    troubles: tuple[Trouble, ...]

    @property
    def sentence(self) -> str:
        """Who carried ideas out, and whether programs show them, in words."""
        others = ", ".join(f"{name} {count}" for name, count in self.carried.items())
        carried = (
            f"A model carried out {self.model.value:.0%} of {self.model.total} ideas ({others})."
            if self.model.total
            else "It is not noted who carried the ideas out."
        )
        if not self.followed.total:
            return carried
        return (
            f"{carried} Of {self.followed.total} valid programs whose idea has a name to look for, "
            f"{self.followed.value:.0%} [{self.followed.low:.0%}, {self.followed.high:.0%}] show it."
        )


class _Row(NamedTuple):
    trial: Trial
    told: Told | None
    counts: frozenset[Measure]


def coverage(runs: Iterable[tuple[IdeaPool | None, Sequence[Trial]]]) -> Coverage | None:
    """Return how runs of one arm cover the template of their ideas, None where they went by no ideas.

    Args:
        runs: The ideas of each run, and its judged candidates; runs without ideas are left out.
    """
    known = [(pool, trials) for pool, trials in runs if pool is not None]
    template = {path: leaf for pool, _ in known for path, leaf in pool.template.items()}
    rows = [row for _, trials in known for row in _rows(trials)]
    if not template or not rows:
        return None
    marked = {path: leaf for path, leaf in template.items() if leaf.marks}
    stories = [row.told for row in rows if row.told is not None]
    carried = Counter(each.notes["by"] for each in stories if "by" in each.notes)
    shown = [
        row.told.path in _shown(row, marked)
        for row in rows
        if row.told is not None and row.told.path in marked and "valid" in row.counts
    ]
    return Coverage(
        told=_spread(template, rows, _of_idea) if stories else None,
        seen=_spread(marked, rows, lambda row: _shown(row, marked)) if marked else None,
        followed=wilson(sum(shown), len(shown)),
        carried=dict(carried.most_common()),
        model=wilson(carried["model"], carried.total()),
        troubles=tuple(_troubles(stories)),
    )


def _rows(trials: Sequence[Trial]) -> Iterator[_Row]:
    """Yield the candidates of one run with what each counts as."""
    best = set(front([trial.evaluation for trial in trials], _FRONT, Caps()))
    for place, trial in enumerate(trials):
        counts: dict[Measure, bool] = {
            "proposed": True,
            "valid": trial.evaluation.valid,
            "admitted": trial.admission.admitted,
            "front": place in best,
        }
        held = frozenset(measure for measure, holds in counts.items() if holds)
        yield _Row(trial, read_told(trial.candidate.idea or ""), held)


def _of_idea(row: _Row) -> frozenset[str]:
    return frozenset() if row.told is None else frozenset({row.told.path})


def _shown(row: _Row, template: Mapping[str, SubCategory]) -> frozenset[str]:
    return paths_shown(row.trial.candidate.source or "", template.values())


def _spread(
    template: Mapping[str, SubCategory], rows: Sequence[_Row], places: Callable[[_Row], frozenset[str]]
) -> Spread:
    counts: dict[Measure, Counter[str]] = {measure: Counter() for measure in MEASURES}
    placed = 0
    for row in rows:
        leaves = places(row) & template.keys()
        placed += bool(leaves)
        for measure in row.counts:
            counts[measure].update([*leaves, *{category_of(leaf) for leaf in leaves}])
    categories = list(dict.fromkeys(map(category_of, template)))

    def place(path: str, says: str) -> Place:
        return Place(path=path, says=says, **{measure: counts[measure][path] for measure in MEASURES})

    return Spread(
        placed=placed,
        of=len(rows),
        categories=tuple(place(path, "") for path in categories),
        subcategories=tuple(place(path, leaf.says) for path, leaf in template.items()),
        even=tuple(
            Evenness(
                measure=measure,
                categories=_even(counts[measure], categories),
                subcategories=_even(counts[measure], list(template)),
            )
            for measure in MEASURES
        ),
    )


def _even(counts: Mapping[str, int], names: Sequence[str]) -> float | None:
    """Return the evenness, None also for a template of one name, over which all is even and nothing said."""
    return evenness(counts, names) if len(names) > 1 else None


def _troubles(stories: Sequence[Told]) -> Iterator[Trouble]:
    failed: dict[str, list[Told]] = {name: [] for name in FAILURES}
    for each in stories:
        if (name := each.notes.get("failed")) is not None:
            failed.setdefault(name, []).append(each)
    for name, found in failed.items():
        yield Trouble(name=name, candidates=len(found), by_model=_by_model(found))
    for name in REPAIRS:
        rounds = [(each, int(each.notes[name])) for each in stories if each.notes.get(name, "").isdecimal()]
        yield Trouble(
            name=name,
            candidates=len(rounds),
            by_model=_by_model(each for each, _ in rounds),
            rounds=sum(count for _, count in rounds),
        )


def _by_model(stories: Iterable[Told]) -> int:
    return sum(each.notes.get("by") == "model" for each in stories)


def _written(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
