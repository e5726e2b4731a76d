"""AgentNAS as a conversation: its budgets, the seed, the gate before phase 3, and what evolution is worth."""

from __future__ import annotations

import ast
import json
import random
import statistics
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from pydantic import ValidationError

from corpus.records.evaluations import Evaluation, EvaluationStatus, Stage
from corpus.records.search.probes import Probe
from corpus.records.search.proposals import DecidedBy, Proposal
from corpus.records.search.transcripts import ScriptEnding, Transcript
from corpus.records.search.trials import Trial
from generator.slots.contract import Alternative, Slot, Slotted
from generator.slots.space import Choice, SlotSpace
from generator.spaces.cells import CellSpace
from generator.spaces.trees import TreeSpace
from generator.strategies.agentnas.evolving import Evolving
from generator.strategies.agentnas.seeds import beside_seed, seed_ids
from generator.strategies.agentnas.settings import Settings
from generator.strategies.agentnas.strategy import build
from generator.strategies.catalogue import StrategyError
from generator.strategies.contract import Conversation
from tests.generator.strategies.benches import REQUEST, PlainBench

SEED = (
    "conv(4) batch_norm relu | conv(4) batch_norm relu | conv(8, stride=2) batch_norm relu | mean classifier"
)
SPACE = TreeSpace(REQUEST.shape, max_parameters=REQUEST.max_parameters)


class ProbingBench(PlainBench):
    """A bench whose sandbox says of a program what a test wants."""

    def __init__(self, runs: Callable[[str], bool] = lambda _: True, **more: Any) -> None:
        super().__init__(**more)
        self.runs, self.probed = runs, list[tuple[str, list[str]]]()

    def probe(self, role: str, sources: Sequence[str]) -> list[Probe]:
        self.probed.append((role, list(sources)))
        passed = Probe(failure=None, stage=Stage.DONE, parameters=1, output_shape=(10,))
        failed = Probe(failure=EvaluationStatus.SHAPE_ERROR, stage=Stage.FORWARD)
        return [passed if self.runs(source) else failed for source in sources]


def heard(
    bench: PlainBench,
    conversation: Conversation,
    judge: Callable[[Proposal], float | None],
    most: int = 10_000,
) -> list[Trial]:
    """Return the trials of a whole search."""
    trials: list[Trial] = []
    batch = next(conversation, None)
    while batch is not None and len(trials) < most:
        told = bench.judge(batch, [judge(each) for each in batch])
        trials += told
        try:
            batch = conversation.send(told)
        except StopIteration:
            break
    return trials


def size(proposal: Proposal) -> float:
    return min(1.0, len(str(proposal.program)) / 20_000)


def test_a_named_seed_is_cut_and_its_choices_are_evolved() -> None:
    bench = ProbingBench()
    settings = Settings(seed=SEED, generations=2)
    trials = heard(bench, build(settings, SPACE).search(bench), size)
    assert len(trials) == 16 * (1 + 2)
    operators = Counter(trial.candidate.operator for trial in trials[:16])
    assert operators == {"seed": 1, "one slot": 5, "two slots": 5, "random choice": 5}
    assert {trial.candidate.operator for trial in trials[16:]} <= {"one slot", "two slots"}
    assert len({trial.candidate.key for trial in trials}) == len(trials)
    known = {trial.candidate.id for trial in trials}
    assert all(set(trial.candidate.parents) <= known and trial.candidate.parents for trial in trials[16:])


def test_every_proposal_says_that_rules_built_the_space_and_what_differs_from_the_seed() -> None:
    bench = ProbingBench()
    trials = heard(bench, build(Settings(seed=SEED, generations=1), SPACE).search(bench), size)
    for trial in trials:
        decided = {each.what: each.by for each in trial.candidate.decisions}
        assert decided["space"] is DecidedBy.RULE
        assert (trial.candidate.idea is None) == (trial.candidate.operator == "seed")
    assert any("learning rate: x" in str(trial.candidate.idea) for trial in trials)


def test_phase_1_ends_with_its_attempts_or_its_patience_and_its_best_becomes_the_seed() -> None:
    def stages(proposal: Proposal) -> float:
        return min(1.0, str(proposal.program).count("nn.Conv2d") / 40)

    bench = ProbingBench()
    trials = heard(bench, build(Settings(scale=0.25, generations=4), SPACE).search(bench), stages)
    first = next(place for place, each in enumerate(trials) if each.candidate.generator == SlotSpace.author)
    assert 16 < first <= 40 and len(trials) == first + 31, "the seed is not judged twice"
    best = max(trials[:first], key=lambda trial: trial.accuracy or 0.0)
    assert all(each.candidate.parents == (best.candidate.id,) for each in trials[first : first + 15])
    assert seed_ids(trials) == {best.candidate.id}
    fails = ProbingBench()
    with pytest.raises(StrategyError, match="no seed"):
        heard(fails, build(Settings(scale=0.1), SPACE).search(fails), lambda _: None)
    assert fails.place == 16, "failures cost attempts, not patience"


def test_an_alternative_that_does_not_run_is_left_out_and_a_space_that_does_not_run_is_made_anew() -> None:
    bench = ProbingBench(lambda source: "GELU" not in source and "Gate" not in source)
    trials = heard(bench, build(Settings(seed=SEED, generations=1), SPACE).search(bench), size)
    assert not any("GELU" in str(trial.candidate.source) for trial in trials)
    broken = ProbingBench(lambda source: source.count("class SLOT") < 0)
    with pytest.raises(StrategyError, match="no seed"):
        next(build(Settings(seed=SEED, replans=2), SPACE).search(broken))
    assert [role for role, _ in broken.probed] == ["alternatives"] * 3

    def single(source: str) -> bool:  # what differs from the seed in one place runs, nothing else does
        return calls["assemblies"] == 0

    calls = Counter[str]()

    class Gated(ProbingBench):
        def probe(self, role: str, sources: Sequence[str]) -> list[Probe]:
            calls[role] += role == "assemblies"
            found = super().probe(role, sources)
            calls["assemblies"] = 0 if role == "assemblies" else calls["assemblies"]
            return found

    gated = Gated(single)
    with pytest.raises(StrategyError, match="no seed"):
        next(build(Settings(seed=SEED, replans=1), SPACE).search(gated))
    assert [role for role, _ in gated.probed] == ["alternatives", "assemblies"] * 2


def planted(slots: int = 10, alternatives: int = 5) -> SlotSpace:
    def slot(number: int) -> Slot:
        text = f"class SLOT_s{number}:\n    pass\n"
        others = [
            Alternative(name=f"a{each}", origin="seed" if each == 0 else "rule", text=f"{text}# {each}\n")
            for each in range(alternatives)
        ]
        return Slot(name=f"s{number}", entering=(1,), leaving=(1,), alternatives=tuple(others))

    scaffold = "class Net:\n    def train_setup(self, prm):\n        pass\n"
    return SlotSpace(Slotted(scaffold=scaffold, slots=tuple(map(slot, range(slots)))))


def best_found(seed: int, **settings: Any) -> float:
    """Return the best of a planted table: each slot has one alternative that helps, and noise is added."""
    space, rng = planted(), random.Random(seed)
    good = [rng.randrange(5) for _ in space.slotted.slots]

    def judge(proposal: Proposal) -> float:
        point = space.decode(str(proposal.key))
        assert isinstance(point, Choice)
        hits = sum(chosen == wanted for chosen, wanted in zip(point.alternatives, good, strict=True))
        return min(1.0, max(0.0, 0.2 + 0.07 * hits + random.Random(f"{seed} {proposal.key}").gauss(0, 0.02)))

    bench = ProbingBench(seed=seed)
    trials = heard(
        bench, Evolving(bench, space, Settings(**settings), REQUEST.shape).search(), judge, most=64
    )
    return max(trial.accuracy or 0.0 for trial in trials)


def test_evolution_in_slots_beats_random_choices_on_a_planted_table() -> None:
    pairs = [(best_found(seed), best_found(seed, search="random")) for seed in range(20)]
    differences = [evolved - drawn for evolved, drawn in pairs]
    mean = statistics.mean(differences)
    error = statistics.stdev(differences) / len(differences) ** 0.5
    assert mean - 2.1 * error > 0.02


class SharingBench(ProbingBench):
    """A bench whose sandbox answers with logits: of each slot the last alternative is the likeliest."""

    def __init__(self, ending: ScriptEnding = ScriptEnding.FINISHED, **more: Any) -> None:
        super().__init__(**more)
        self.ending, self.scripts = ending, list[tuple[str, str]]()

    def execute(self, role: str, code: str) -> Transcript:
        self.scripts.append((role, code))
        (slots,) = (line for line in code.splitlines() if line.startswith("SLOTS = "))
        (said,) = (line for line in code.splitlines() if line.startswith('print("logits'))
        rows = [[float(each) for each in range(len(texts))] for _, texts in ast.literal_eval(slots[8:])]
        output = said.split('"')[1] + json.dumps(rows)
        return Transcript(ending=self.ending, output=output, error="20 s of processor time")


def test_gdas_is_charged_and_has_the_likeliest_choices_judged() -> None:
    bench = SharingBench()
    chosen = Settings(seed=SEED, generations=2, search="gdas", shared_cost=10, shared_epochs=5)
    trials = heard(bench, build(chosen, SPACE).search(bench), size)
    assert [role for role, _ in bench.scripts] == ["sharer"] and "EPOCHS, RATE" in bench.scripts[0][1]
    assert len(trials) == 16 * (1 + 2), "as many evaluations as other searches of the slots have"
    seed, charged, likely = trials[0], trials[1:11], trials[11:]
    assert seed.candidate.operator == "seed" and seed_ids(trials) == {seed.candidate.id}
    assert {(each.candidate.source, each.candidate.operator) for each in charged} == {
        (None, "shared weights")
    }
    assert charged[0].candidate.idea == "5 passes over the training split"
    for each in likely:
        decided = {what.what: what.by for what in each.candidate.decisions}
        assert each.candidate.operator == "likely choice" and decided["slots"] is DecidedBy.RULE
        assert "learning rate" not in str(each.candidate.idea) and str(each.candidate.key).endswith("x1")
    numbers = [[int(each) for each in str(trial.candidate.key).split()[:-1]] for trial in likely]
    assert [sum(each) for each in numbers] == sorted(map(sum, numbers), reverse=True)
    assert len({trial.candidate.key for trial in likely}) == len(likely) == 37


def test_gdas_that_learns_nothing_is_charged_and_choices_are_drawn() -> None:
    bench = SharingBench(ScriptEnding.LIMIT_EXCEEDED)
    trials = heard(bench, build(Settings(seed=SEED, generations=1, search="gdas"), SPACE).search(bench), size)
    assert Counter(each.candidate.operator for each in trials) == {
        "seed": 1, "shared weights": 20, "random choice": 11
    }  # fmt: skip
    said = "came to nothing, so choices are drawn: limit exceeded: 20 s of processor time"
    assert str(trials[1].candidate.idea).endswith(said)
    decided = {each.what: each.by for each in trials[-1].candidate.decisions}
    assert decided["slots"] is DecidedBy.CHANCE and str(trials[-1].candidate.key).endswith("x1")


def test_a_seed_that_was_judged_is_not_judged_again_unless_the_cut_one_is_another() -> None:
    bench = ProbingBench()
    (judged,) = bench.judge([Proposal(program="# seed", author="trees-1", operator="sample")], [0.9])
    for search in ("evolution", "random"):
        settings = Settings(population=4, tournament=4, generations=1, search=search)
        same = heard(
            bench, Evolving(bench, planted(), settings, REQUEST.shape, judged).search(), lambda _: 0.1
        )
        assert len(same) == 7 and "seed" not in {each.candidate.operator for each in same}
        assert seed_ids([judged, *same]) == {judged.candidate.id}
        if search == "evolution":
            parents = {each.candidate.parents for each in same if each.candidate.operator != "random choice"}
            assert parents == {(judged.candidate.id,)}, "it is the best, and so the parent of all"
    other = Evolving(bench, planted(), settings, REQUEST.shape, judged, differs="another").search()
    cut = heard(bench, other, lambda _: 0.1)[0]
    assert cut.candidate.operator == "seed" and cut.candidate.idea == "not quite the seed: another"
    assert seed_ids([judged, cut]) == {judged.candidate.id, cut.candidate.id}


def test_the_best_beside_the_seed_is_named() -> None:
    bench = ProbingBench()
    trials = heard(bench, build(Settings(seed=SEED, generations=1), SPACE).search(bench), lambda _: 0.5)
    found = beside_seed([trials[0], *(each._replace(evaluation=_scored(each, 0.4)) for each in trials[1:])])
    assert found is not None and found.seed is trials[0]
    assert found.best is not None and found.best.candidate.id == trials[1].candidate.id
    alone = beside_seed(trials[:1])
    assert alone is not None and alone.best is None
    (plain,) = bench.judge([Proposal(program="# other", author="trees-1", operator="sample")], [0.9])
    assert beside_seed([plain]) is None


def _scored(trial: Trial, accuracy: float) -> Evaluation:
    return trial.evaluation.model_copy(update={"accuracy": accuracy})


def test_what_cannot_be_is_refused() -> None:
    cells = CellSpace(REQUEST.shape, max_parameters=REQUEST.max_parameters)
    for space in (cells, None):
        with pytest.raises(StrategyError, match=r"set strategy.space to 'trees'"):
            build(Settings(), space)
    with pytest.raises(StrategyError, match="'nonsense' is no network"):
        build(Settings(seed="nonsense"), SPACE)
    with pytest.raises(ValidationError, match="tournament"):
        Settings(tournament=17)
