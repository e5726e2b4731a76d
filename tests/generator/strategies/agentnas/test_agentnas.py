"""AgentNAS as a conversation: its budgets, the seed, the gate before phase 3, and what evolution is worth."""

from __future__ import annotations

import random
import statistics
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from pydantic import ValidationError

from corpus.records.evaluations import EvaluationStatus, Stage
from corpus.records.search.probes import Probe
from corpus.records.search.proposals import DecidedBy, Proposal
from corpus.records.search.trials import Trial
from generator.slots.contract import Alternative, Slot, Slotted
from generator.slots.space import Choice, SlotSpace
from generator.spaces.cells import CellSpace
from generator.spaces.trees import TreeSpace
from generator.strategies.agentnas.evolving import Evolving
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
    seed = next(place for place, each in enumerate(trials) if each.candidate.operator == "seed")
    assert 16 < seed <= 40 and len(trials) == seed + 32
    best = max(trials[:seed], key=lambda trial: trial.accuracy or 0.0)
    assert trials[seed].candidate.parents == (best.candidate.id,)
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
    trials = heard(bench, Evolving(bench, space, Settings(**settings), None).search(), judge, most=64)
    return max(trial.accuracy or 0.0 for trial in trials)


def test_evolution_in_slots_beats_random_choices_on_a_planted_table() -> None:
    pairs = [(best_found(seed), best_found(seed, search="random")) for seed in range(20)]
    differences = [evolved - drawn for evolved, drawn in pairs]
    mean = statistics.mean(differences)
    error = statistics.stdev(differences) / len(differences) ** 0.5
    assert mean - 2.1 * error > 0.02


def test_what_cannot_be_is_refused() -> None:
    cells = CellSpace(REQUEST.shape, max_parameters=REQUEST.max_parameters)
    for space in (cells, None):
        with pytest.raises(StrategyError, match=r"set strategy.space to 'trees'"):
            build(Settings(), space)
    with pytest.raises(StrategyError, match="'nonsense' is no network"):
        build(Settings(seed="nonsense"), SPACE)
    with pytest.raises(ValidationError, match="tournament"):
        Settings(tournament=17)
