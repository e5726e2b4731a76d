"""FairNAD as a conversation: rounds, who is changed how, which ideas come, and the ablations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from statistics import median
from typing import Any

import pytest
from pydantic import ValidationError

from corpus.records.evaluations import EvaluationStatus
from corpus.records.search.calls import Answer, AnswerPath
from corpus.records.search.ideas import category_of
from corpus.records.search.probes import Probe, Stage
from corpus.records.search.proposals import DecidedBy, Proposal
from corpus.records.search.trials import Trial
from evaluator.supervisor.sandbox import SandboxedEvaluator
from generator.ideas.pool import IdeaPool
from generator.ideas.sampling import Sampling, evenness
from generator.spaces.catalogue import build_space
from generator.strategies.catalogue import StrategyError, build_strategy, listed
from generator.strategies.fairnad.settings import Settings
from generator.strategies.fairnad.strategy import build
from tests.generator.strategies.fairnad.building import (
    CAP,
    FULL,
    POOL,
    SHAPE,
    SMALL,
    SPACE,
    BuildingBench,
    hashed,
    searched,
    told,
)  # fmt: skip

QUICK: Any = {"start": (SMALL, FULL)}


class Blind(BuildingBench):
    """A bench whose sandbox lets everything pass and records no graph: for what many children show."""

    def __init__(self, **known: Any) -> None:
        super().__init__(None, **known)  # type: ignore[arg-type] - nothing is built

    def probe(self, role: str, sources: Sequence[str]) -> list[Probe]:
        self.built.append(list(sources))
        probes = [
            Probe(failure=None, stage=Stage.DONE, parameters=len(each), flops=1, output_shape=(1, 10))
            for each in sources
        ]
        self.probed.update(zip(sources, probes, strict=True))
        return probes


@pytest.fixture(scope="module")
def two_rounds(sandbox: SandboxedEvaluator) -> Iterator[tuple[BuildingBench, list[list[Proposal]]]]:
    bench = BuildingBench(sandbox)
    said = searched(bench, Settings(), 7)
    bench.judge(said[-1], [hashed(each) for each in said[-1]])
    yield bench, said


Search = tuple[BuildingBench, list[list[Proposal]]]


def test_a_round_is_fair_and_pareto_then_similar_then_opposite(two_rounds: Search) -> None:
    starts, *batches = two_rounds[1]
    assert [each.operator for each in starts] == ["start"] * len(SPACE.starts())
    kinds = [Counter(told(each).mutation for each in batch) for batch in batches]
    for first, second, third in (kinds[:3], kinds[3:]):
        assert first["fair"] == 8 and first["scale-up"] + first["tune"] == 8
        assert (second.total(), third.total()) == (2, 2)
        assert set(second) <= {"similar", "fair"} and set(third) <= {"opposite", "fair"}
    assert sum(kinds, Counter())["similar"] and sum(kinds, Counter())["opposite"]


def test_every_child_is_new_built_within_the_cap_and_a_child_of_its_parent(two_rounds: Search) -> None:
    bench, said = two_rounds
    programs = [each for batch in said[1:] for each in batch if each.program is not None]
    assert len(programs) > 30 and len({each.key for each in programs}) == len(programs)
    known = {each.candidate.id for each in bench.heard}
    for proposal in programs:
        probe = bench.probed[str(proposal.program)]
        assert probe.passed and (probe.parameters or 0) <= CAP and set(proposal.parents) <= known
        assert SPACE.decode(SPACE.encode(SPACE.starts()[0])) is not None


def test_who_is_below_the_median_is_scaled_up_and_the_others_are_tuned(two_rounds: Search) -> None:
    bench, said = two_rounds
    sizes = {each.candidate.id: each.evaluation.parameters or 0 for each in bench.heard}
    heard, seen = list(bench.heard), 0
    for batch in said[1:]:
        seen = seen or len(said[0])
        middle = median(sizes[each.candidate.id] for each in heard[:seen] if each.evaluation.valid)
        for each in batch:
            if told(each).mutation in ("scale-up", "tune"):
                small = sizes[each.parents[0]] < middle
                assert (told(each).mutation == "scale-up") is small
        seen += len(batch)


def test_what_was_decided_and_by_whom_stands_in_every_row(two_rounds: Search) -> None:
    for proposal in (each for batch in two_rounds[1][1:] for each in batch):
        by = {each.what: each.by for each in proposal.decisions}
        assert by["parent"] is DecidedBy.RULE
        fair = told(proposal).mutation == "fair"
        if told(proposal).path is not None:
            assert by["idea"] is (DecidedBy.CHANCE if fair else DecidedBy.RULE)


def test_without_a_model_it_is_asked_once_and_every_idea_has_a_codemod(two_rounds: Search) -> None:
    bench, said = two_rounds
    assert len(bench.asked) == 1
    assert {told(each).notes["by"] for batch in said[1:] for each in batch} == {"codemod", "edit"}


def smooth(proposal: Proposal) -> float | None:
    return 0.1 + 0.5 * ("tanh-once" in (proposal.idea or ""))


def test_similar_and_opposite_ideas_go_by_what_gained_most() -> None:
    said = searched(Blind(), Settings(**QUICK, fair=40, pareto=0, iterative=8, top_ideas=1), 4, smooth)
    similar, opposite = (Counter(told(each).idea for each in batch) for batch in said[2:])
    assert all(POOL.ideas[name].category == "operator/activation" for name in similar)
    assert similar.total() == opposite.total() == 4
    assert all(POOL.ideas[name].category == "operator/activation" for name in opposite)
    assert "tanh-once" not in opposite


def test_a_named_opposite_comes_first() -> None:
    def rather(proposal: Proposal) -> float | None:
        return 0.1 + 0.5 * ("gelu-everywhere" in (proposal.idea or ""))

    said = searched(Blind(), Settings(**QUICK, fair=60, pareto=0, iterative=4, top_ideas=1), 4, rather)
    assert "leaky-everywhere" in {told(each).idea for each in said[3]}


def test_a_model_chooses_the_similar_idea() -> None:
    class Choosing(Blind):
        def choose(self, role: str, messages: Any, options: Sequence[str]) -> Any:
            self.asked.append((role, messages[-1].content))
            return "k0", Answer(value=options[-1], path=AnswerPath.GUIDED, model="scripted")

        def generate(self, role: str, messages: Any) -> Any:
            return "k0", Answer(value="", path=AnswerPath.FREE, model="scripted")

    bench = Choosing()
    said = searched(bench, Settings(**QUICK, fair=30, pareto=0, top_ideas=1), 4, smooth)
    liked = [each for batch in said[2:] for each in batch if told(each).mutation != "fair"]
    asked = [text for role, text in bench.asked if role == "idea"]
    assert liked and asked and "This idea helped: " in asked[0]
    assert DecidedBy.MODEL in {each.by for one in liked for each in one.decisions if each.what == "idea"}


@pytest.mark.parametrize(("sampling", "low", "high"), [("fair", 0.95, 1.0), ("uniform", 0.0, 0.8)])
def test_fair_sampling_covers_the_categories_and_uniform_does_not(
    sampling: Sampling, low: float, high: float
) -> None:
    crowded = [each for each in POOL.ideas.values() if each.codemod is not None]
    many = [
        each.model_copy(update={"id": f"{each.id}-{number}", "opposite": None})
        for each in crowded
        if each.category == "operator/activation"
        for number in range(10)
    ]
    pool = IdeaPool(POOL.template.values(), [*POOL.where(crowded).ideas.values(), *many])
    settings = Settings(**QUICK, fair=20, pareto=0, iterative=0, sampling=sampling)
    said = searched(Blind(pool=pool), settings, 11)
    paths = [told(each).path for batch in said[1:] for each in batch]
    counts = Counter(category_of(path) for path in paths if path is not None)
    found = evenness(counts, pool.categories)
    assert found is not None and low <= found <= high


@pytest.mark.parametrize(
    ("settings", "sizes", "kinds"),
    [
        ({"iterative": 0}, [16, 16], {"fair", "scale-up", "tune"}),
        ({"pareto": 0, "iterative": 0}, [8, 8], {"fair"}),
        ({"fair": 0, "iterative": 0}, [8, 8], {"scale-up", "tune"}),
        ({"iterative": 3}, [16, 2, 1], {"fair", "scale-up", "tune", "similar", "opposite"}),
    ],
)
def test_what_a_round_has_is_a_setting(settings: Any, sizes: list[int], kinds: set[str]) -> None:
    said = searched(Blind(), Settings(**QUICK, **settings), len(sizes) + 1)
    assert [len(batch) for batch in said[1:]] == sizes
    assert {told(each).mutation for batch in said[1:] for each in batch} <= kinds


def test_random_parents_are_any_and_pareto_parents_the_fittest() -> None:
    def parents(who: Any) -> tuple[Counter[str], list[Trial]]:
        bench = Blind()
        settings = Settings(
            **QUICK, pareto=0, iterative=0, fair=30, parents=who, population=3, objective="accuracy"
        )
        said = searched(bench, settings, 3)
        return Counter(each.parents[0] for each in said[2]), bench.heard

    drawn, heard = parents("pareto")
    best = sorted(heard, key=lambda trial: -(trial.accuracy or 0.0))[:3]
    assert set(drawn) <= {each.candidate.id for each in best}
    assert drawn[best[0].candidate.id] == max(drawn.values())
    assert len(parents("random")[0]) > 8


def test_invalid_children_are_no_parents() -> None:
    def broken(proposal: Proposal) -> float | None:
        return None if proposal.parents else 0.5

    bench = Blind()
    said = searched(bench, Settings(**QUICK, parents="random"), 5, broken)
    assert {trial.evaluation.status for trial in bench.heard[len(said[0]) :]} == {
        EvaluationStatus.SHAPE_ERROR
    }
    starts = {trial.candidate.id for trial in bench.heard[: len(said[0])]}
    assert all(set(each.parents) <= starts for batch in said[1:] for each in batch)


def test_two_searches_of_one_seed_say_the_same() -> None:
    one, two, other = (searched(Blind(seed=seed), Settings(**QUICK), 6) for seed in (0, 0, 1))
    assert one == two != other


def test_it_starts_from_the_trees_that_the_settings_name_or_encode() -> None:
    said = searched(Blind(), Settings(start=("resnet", SMALL)), 1)
    resnet = SPACE.start("resnet")
    assert resnet is not None
    assert [each.key for each in said[0]] == [
        SPACE.key(point) for point in (resnet, SPACE.decode(SMALL)) if point
    ]
    with pytest.raises(StrategyError, match=r"start: 'broken' is no network of the space 'trees'"):
        build(Settings(start=("broken",)), SPACE)


def test_a_run_without_ideas_or_with_none_that_anybody_can_carry_out_is_refused() -> None:
    with pytest.raises(StrategyError, match="goes by design ideas, and this run has none"):
        searched(Blind(pool=None), Settings(), 1)
    words = POOL.where([POOL.ideas["in-words"]])
    with pytest.raises(StrategyError, match="none of the ideas has a codemod"):
        searched(Blind(pool=words), Settings(), 2)


def test_it_searches_trees_alone_and_always_goes_by_ideas() -> None:
    cells = build_space("cells", SHAPE, 500_000)
    with pytest.raises(StrategyError, match=r"set strategy\.space to 'trees'"):
        build_strategy("fairnad", {}, cells)
    assert listed("fairnad").ideas == "always" and listed("fairnad").asks_model
    with pytest.raises(ValidationError, match="let a round have children"):
        Settings(fair=0, pareto=0, iterative=0)
