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
from generator.ideas.told import FAILURES, Told, read_told

Measure = Literal["proposed", "valid", "admitted", "front"]
MEASURES: tuple[Measure, ...] = ("proposed", "valid", "admitted", "front")
"""What is counted: all candidates, the valid, the admitted, those on the Pareto front."""

_REPAIRS = {
    "debug": "the model was shown its mistake and wrote anew",
    "downscale": "the network was made smaller to fit the budget",
}
_WRONG_VERDICT = "wrong-verdict"
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
            f"evenness over {len(self.categories)} categories ({len(self.subcategories)} sub-categories): "
            f"{figures}."
        )


class Trouble(Record):
    """What kept coming up on the way from idea to network: a failure, a wrong verdict, or a repair.

    Attributes:
        name: As the notes of an idea name it: `shape`, `debug`.
        meaning: What that is.
        candidates: On the way to how many candidates.
        times: How often in all.
    """

    name: str
    meaning: str
    candidates: int
    times: int


class Coverage(NamedTuple):
    """The ideas of one or several runs.

    Attributes:
        told: Candidates by the ideas that they came of, None where none came of any.
        seen: Candidates by what their programs name, None where the template has no marks.
        followed: Of the valid candidates whose sub-category has marks, the share whose program shows it.
        model: The share of the ideas that a model carried out, of those that anybody did.
        edits: Candidates that came of an edit that goes by no idea.
        troubles: All failures by name, then wrong verdicts, then repairs; none where there were none.
    """

    told: Spread | None
    seen: Spread | None
    followed: Rate
    model: Rate
    edits: int
    troubles: tuple[Trouble, ...]

    @property
    def sentence(self) -> str:
        """Who carried ideas out, and whether programs show them, in words."""
        model, followed = self.model, self.followed
        said = f"Of {model.total} ideas that were carried out, {model.value:.0%} were by a model"
        said += f"; {self.edits} candidates came of edits that go by none." if self.edits else "."
        if followed.total:
            said += (
                f" Of {followed.total} valid programs whose sub-category has marks, "
                f"{followed.value:.0%} [{followed.low:.0%}, {followed.high:.0%}] show one of them."
            )
        return said


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
    by = [each.notes["by"] for each in stories if each.path is not None and "by" in each.notes]
    shown = [
        row.told.path in _shown(row, marked)
        for row in rows
        if row.told is not None and row.told.path in marked and "valid" in row.counts
    ]
    return Coverage(
        told=_spread(template, rows, _of_idea) if any(each.path for each in stories) else None,
        seen=_spread(marked, rows, lambda row: _shown(row, marked)) if marked else None,
        followed=wilson(sum(shown), len(shown)),
        model=wilson(by.count("model"), len(by)),
        edits=sum(each.path is None for each in stories),
        troubles=_troubles(stories),
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
    return frozenset() if row.told is None or row.told.path is None else frozenset({row.told.path})


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
                categories=evenness(counts[measure], categories),
                subcategories=evenness(counts[measure], template),
            )
            for measure in MEASURES
        ),
    )


def _troubles(stories: Sequence[Told]) -> tuple[Trouble, ...]:
    def trouble(name: str, meaning: str, times: Iterable[int]) -> Trouble:
        counts = list(filter(None, times))
        return Trouble(name=name, meaning=meaning, candidates=len(counts), times=sum(counts))

    opinions = [each.notes["opinion"] == _WRONG_VERDICT for each in stories if "opinion" in each.notes]
    found = [
        *(
            trouble(name, said, (each.failed.count(name) for each in stories))
            for name, said in FAILURES.items()
        ),
        trouble(
            _WRONG_VERDICT,
            f"a model thinks otherwise of the structure than the check, of {len(opinions)} asked",
            opinions,
        ),
        *(trouble(name, said, (_rounds(each, name) for each in stories)) for name, said in _REPAIRS.items()),
    ]
    return tuple(found) if any(each.candidates for each in found) else ()


def _rounds(story: Told, name: str) -> int:
    said = story.notes.get(name, "")
    return int(said) if said.isdecimal() else 0


def _written(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
