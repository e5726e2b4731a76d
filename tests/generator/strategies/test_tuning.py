"""Who chooses hyperparameters: a wrapper that leaves its strategy as it is."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import pytest

from corpus.records.prompts import Message, Prompt
from corpus.records.search.hyperparameters import AUGMENTATIONS, RANGES, fitting
from corpus.records.search.proposals import DecidedBy, Proposal
from corpus.records.search.trials import Trial
from corpus.records.trainings import TrainingExample
from generator.prompts.asides import HYPERPARAMETERS
from generator.strategies.choices import Chooser
from generator.strategies.closed_loop import ClosedLoop
from generator.strategies.contract import Bench, Conversation, Strategy
from generator.strategies.tuning import TunerMissing, tuned
from generator.strategies.wrapping import whole_program
from tests.generator.strategies.benches import PlainBench, trial


class Rounds(Strategy):
    """Proposes two programs at a time, so many times, and keeps what it hears."""

    name = "rounds"

    def __init__(self, rounds: int = 2) -> None:
        self.rounds, self.heard = rounds, list[Trial]()

    def search(self, bench: Bench) -> Conversation:
        for turn in range(self.rounds):
            self.heard += yield [Proposal(program=f"# {turn}.{place}") for place in range(2)]


def values(proposals: Sequence[Proposal]) -> list[dict[str, float]]:
    return [{each.name: each.value for each in proposal.hyperparameters} for proposal in proposals]


def conversation(
    by: Chooser, scores: Sequence[float | None], inner: Strategy | None = None
) -> list[Proposal]:
    """Return what is proposed, two at a time, each scored in turn."""
    bench = PlainBench(candidates=1000)
    search = tuned(inner or Rounds(len(scores) // 2), "hyperparameters", by).search(bench)
    said, batch = list[Proposal](), next(search)
    for place in range(0, len(scores), 2):
        said += batch
        try:
            batch = search.send(bench.judge(batch, scores[place : place + 2]))
        except StopIteration:
            break
    return said


def test_without_a_chooser_a_strategy_is_itself() -> None:
    strategy = ClosedLoop()
    assert tuned(strategy, "hyperparameters", "protocol") is strategy


@pytest.mark.parametrize(("by", "who"), [("random", DecidedBy.CHANCE), ("optuna", DecidedBy.RULE)])
def test_every_proposal_gets_values_of_its_own_within_the_ranges(by: Chooser, who: DecidedBy) -> None:
    said = conversation(by, [0.5, None, 0.25, 0.75])
    assert [each.program for each in said] == ["# 0.0", "# 0.1", "# 1.0", "# 1.1"]
    assert len({each.hyperparameters for each in said}) == 4
    for each in values(said):
        assert set(each) == set(RANGES)
        assert all(RANGES[name].holds(value) for name, value in each.items())
    assert all(each.decisions[-1].by is who for each in said)


@pytest.mark.parametrize("by", ["random", "optuna"])
def test_the_same_run_draws_the_same(by: Chooser) -> None:
    scores = [0.1, 0.2, None, 0.9] * 6
    assert values(conversation(by, scores)) == values(conversation(by, scores))


def test_optuna_goes_where_scores_are_high_and_chance_does_not() -> None:
    def mean_lr(by: Chooser) -> float:
        bench, inner = PlainBench(candidates=1000), Rounds(60)
        search = tuned(inner, "hyperparameters", by).search(bench)
        batch, late = next(search), list[float]()
        for turn in range(59):
            scores = [1.0 - each["lr"] / 0.3 for each in values(batch)]
            late += [each["lr"] for each in values(batch)] if turn >= 30 else []
            batch = search.send(bench.judge(batch, scores))
        return sum(late) / len(late)

    assert mean_lr("optuna") < mean_lr("random") / 3


def test_the_inner_strategy_hears_its_trials_and_may_end() -> None:
    inner = Rounds(2)
    said = conversation("random", [0.5, None, 0.25, 0.75], inner)
    assert len(said) == 4 and [each.accuracy for each in inner.heard] == [0.5, None, 0.25, 0.75]


def test_a_model_is_asked_in_every_prompt_and_texts_stay_as_they_are() -> None:
    bench = PlainBench(candidates=3, template="instruct")
    asks = next(tuned(ClosedLoop(), "hyperparameters", "model").search(bench))
    assert all(
        isinstance(each.program, Prompt) and HYPERPARAMETERS.asked(each.program.messages) for each in asks
    )
    assert all(each.decisions[-1].by is DecidedBy.MODEL for each in asks)
    (text, _) = next(tuned(Rounds(), "hyperparameters", "model").search(bench))
    assert text.program == "# 0.0" and not text.decisions


def test_a_prompt_for_an_edit_ends_with_its_program_and_stays_as_it_is() -> None:
    asked = next(ClosedLoop().search(PlainBench(candidates=1, template="instruct")))[0]
    assert isinstance(asked.program, Prompt)
    edit = asked.model_copy(
        update={"program": asked.program.model_copy(update={"template": "instruct-edit"})}
    )
    assert whole_program(asked) is asked.program and whole_program(edit) is None
    assert whole_program(Proposal(program="x = 1")) is None


def test_a_model_learns_the_values_with_the_program() -> None:
    plain = TrainingExample(candidate_id="c", prompt=(Message(role="user", content="?"),), completion="x = 1")
    told = trial(0, Proposal(program="x = 1", hyperparameters=fitting({"lr": 0.5})), 0.5)
    strategy = tuned(ClosedLoop(), "hyperparameters", "model")
    lesson, without = (
        strategy.lesson(told, plain),
        strategy.lesson(trial(1, Proposal(program="x"), 0.5), plain),
    )
    assert lesson is not None and lesson.completion == '<hp>{"lr": 0.5}</hp>\nx = 1'
    assert without == plain


def test_without_optuna_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(TunerMissing, match=r"pip install .optuna"):
        tuned(ClosedLoop(), "hyperparameters", "optuna")


@pytest.mark.parametrize("by", ["random", "optuna"])
def test_augmentations_are_left_out_at_times(by: Chooser) -> None:
    bench = PlainBench(candidates=1000)
    search = tuned(Rounds(40), "transforms", by).search(bench)
    batch, drawn = next(search), list[int]()
    for _ in range(39):
        drawn += [len(each.transforms) for each in batch]
        assert all(AUGMENTATIONS[each.name].holds(each.value) for row in batch for each in row.transforms)
        batch = search.send(bench.judge(batch, [0.5, None]))
    assert 0 < sum(drawn) < len(AUGMENTATIONS) * len(drawn) and len(set(drawn)) > 2
