"""Edits and repairs: who is edited, who is mended and how often, and what is learnt from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from corpus.records.admissions import Admission, AdmissionReason
from corpus.records.candidates import Candidate, Origin
from corpus.records.chats import prefill
from corpus.records.evaluations import Evaluation, EvaluationStatus, Stage
from corpus.records.prompts import Prompt
from corpus.records.search.proposals import Proposal
from corpus.records.search.trials import Trial
from corpus.records.trainings import TrainingExample
from generator.edits.asking import OPERATORS, edit_request, form_of, program_in, read_answer
from generator.edits.faults import Fault
from generator.prompts.templates import expected_completion
from generator.strategies.edits import FEWEST_PARENTS, Edits, Settings
from tests.generator.strategies.benches import REQUEST, PlainBench

COMPLETE, SHAPE = EvaluationStatus.COMPLETE, EvaluationStatus.SHAPE_ERROR


def program(number: int) -> str:
    return "".join(f"line_{line} = {line}\n" for line in range(20)) + f"number = {number}\n"


def bench(**settings: Any) -> PlainBench:
    made = PlainBench(**settings)
    made.seeds = [Candidate.seeded(index, program(-index), generator="test") for index in range(3)]
    return made


def trials(
    bench: PlainBench, proposals: Sequence[Proposal], statuses: Sequence[EvaluationStatus | None]
) -> list[Trial]:
    """Return what became of proposals whose answers all are programs, but for None; and move on."""
    told = []
    for offset, (proposal, status) in enumerate(zip(proposals, statuses, strict=True)):
        number = bench.place + offset
        name, valid = f"c{bench.cycle:03d}/{number:04d}", status is COMPLETE
        prompt = proposal.program
        assert isinstance(prompt, Prompt)
        candidate = Candidate(
            id=name, origin=Origin.SAMPLED, source=None if status is None else program(number),
            completion="", prompt_id=prompt.id, cycle=bench.cycle, index=number % bench.candidates,
            generator="test", **proposal.provenance(),
        )  # fmt: skip
        evaluation = Evaluation(
            candidate_id=name, protocol_id="test", accuracy=number / 1000 if valid else None,
            status=status or EvaluationStatus.NO_CODE, stage=Stage.DONE if valid else Stage.FORWARD,
            error_type=None if valid else "RuntimeError",
            error=None if valid else "line 1: no",
        )  # fmt: skip
        reason = AdmissionReason.ADMITTED if valid else AdmissionReason.INVALID
        admission = Admission(candidate_id=name, admitted=valid, reason=reason)
        told.append(Trial(candidate, evaluation, admission))
    bench.trials += [each for each in told if each.accuracy is not None]
    bench.place += len(told)
    return told


def prompts(proposals: Sequence[Proposal]) -> list[Prompt]:
    return [each.program for each in proposals if isinstance(each.program, Prompt)]


def test_without_repairs_a_cycle_is_asked_at_once_and_starts_from_the_starting_corpus() -> None:
    desk = bench(candidates=12)
    proposals = next(Edits().search(desk))
    assert len(proposals) == len({each.id for each in prompts(proposals)}) == 12
    known = {each.id: each.source for each in desk.seeds}
    assert {each.parents[0] for each in proposals} <= known.keys()
    for proposal, prompt in zip(proposals, prompts(proposals), strict=True):
        assert form_of(prompt) == "edit" and prompt.exemplar_ids == proposal.parents
        assert program_in(prompt.messages) == known[proposal.parents[0]]


def test_where_nothing_is_there_to_edit_a_whole_program_is_asked_for() -> None:
    proposals = next(Edits().search(PlainBench(candidates=4)))
    assert [form_of(each) for each in prompts(proposals)] == [None] * 4
    assert {each.operator for each in proposals} == {"ask"}


def test_once_enough_are_admitted_the_stronger_half_of_them_are_edited() -> None:
    desk = bench(candidates=40)
    search = Edits().search(desk)
    told = trials(desk, next(search), [COMPLETE] * 40)
    parents = {each.parents[0] for each in search.send(told)}
    assert parents <= {each.candidate.id for each in told[20:]} and len(parents) > FEWEST_PARENTS


def test_a_tournament_prefers_the_strongest() -> None:
    def mean_rank(settings: Settings) -> float:
        desk = bench(candidates=60)
        search = Edits(settings).search(desk)
        told = trials(desk, next(search), [COMPLETE] * 60)
        ranks = {each.candidate.id: 59 - rank for rank, each in enumerate(told)}
        chosen = [ranks[each.parents[0]] for each in search.send(told)]
        return sum(chosen) / len(chosen)

    strong = mean_rank(Settings())
    assert mean_rank(Settings(parents="tournament", tournament=6)) < strong / 2


def test_operators_are_named_fairly_where_that_is_wanted() -> None:
    proposals = next(Edits(Settings(operators="fair")).search(bench(candidates=120)))
    counts = [sum(each.operator == name for each in proposals) for name in OPERATORS]
    assert sum(counts) == 120 and min(counts) > 8
    assert {each.operator for each in next(Edits().search(bench()))} == {"edit"}


def test_what_failed_is_sent_back_with_its_error_before_anything_new() -> None:
    desk = bench(candidates=20)
    search = Edits(Settings(repairs=1, batch=4)).search(desk)
    told = trials(desk, next(search), [COMPLETE, SHAPE, EvaluationStatus.TIMEOUT, None])
    proposals = search.send(told)
    assert [each.operator for each in proposals] == ["repair", "edit", "edit", "edit"]
    (repair, *_) = prompts(proposals)
    assert proposals[0].parents == (told[1].candidate.id,) and form_of(repair) == "repair"
    assert program_in(repair.messages) == told[1].candidate.source
    assert "mend RuntimeError: line 1: no at line_0 = 0" in repair.messages[0].content


def test_a_program_is_mended_so_many_times_and_no_more() -> None:
    desk = bench(candidates=20)
    search = Edits(Settings(repairs=2, batch=2)).search(desk)
    told = trials(desk, next(search), [SHAPE, COMPLETE])
    first = search.send(told)
    again = trials(desk, first, [SHAPE, COMPLETE])
    second = search.send(again)
    assert second[0].operator == "repair" and second[0].parents == (again[0].candidate.id,)
    third = search.send(trials(desk, second, [SHAPE, COMPLETE]))
    assert [each.operator for each in third] == ["edit", "edit"]


def test_a_repair_without_a_program_leaves_the_failure_to_the_next() -> None:
    desk = bench(candidates=20)
    search = Edits(Settings(repairs=2, batch=2)).search(desk)
    told = trials(desk, next(search), [SHAPE, COMPLETE])
    second = search.send(trials(desk, search.send(told), [None, COMPLETE]))
    assert second[0].operator == "repair" and second[0].parents == (told[0].candidate.id,)


@pytest.mark.parametrize(("over_limits", "operator"), [(False, "edit"), (True, "repair")])
def test_what_took_too_long_is_mended_where_that_is_wanted(over_limits: bool, operator: str) -> None:
    desk = bench()
    search = Edits(Settings(repairs=1, batch=1, over_limits=over_limits)).search(desk)
    told = trials(desk, next(search), [EvaluationStatus.TIMEOUT])
    assert search.send(told)[0].operator == operator


def test_whole_programs_can_be_mended_too_and_no_batch_leaves_its_cycle() -> None:
    desk = bench(candidates=5)
    search = Edits(Settings(form="program", repairs=1, batch=3)).search(desk)
    first = next(search)
    assert [form_of(each) for each in prompts(first)] == [None] * 3
    second = search.send(trials(desk, first, [SHAPE] * 3))
    assert [each.operator for each in second] == ["repair"] * 2
    third = search.send(trials(desk, second, [COMPLETE] * 2))
    assert [each.operator for each in third] == ["repair", "ask", "ask"]
    assert prompts(third)[0].id == "c001/p0000"


def net(number: int) -> str:
    """Return a program whose layers can be told."""
    layers = "".join(f"        self.layer{line} = nn.Linear(8, {number})\n" for line in range(9))
    head = "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
    return f"{head}{layers}\n    def forward(self, x):\n        return self.layer4(x)\n"


def test_a_continuation_begins_as_its_parent_does() -> None:
    desk = bench(candidates=12)
    desk.seeds = [Candidate.seeded(index, net(index), generator="test") for index in range(3)]
    proposals = next(Edits(Settings(form="continuation")).search(desk))
    known = {each.id: each.source or "" for each in desk.seeds}
    for proposal, prompt in zip(proposals, prompts(proposals), strict=True):
        assert form_of(prompt) == proposal.operator == "continuation"
        assert prompt.exemplar_ids == proposal.parents and prompt.template == "compact-continuation"
        begun = prefill(prompt.messages)
        assert begun and known[proposal.parents[0]].startswith(f"{begun}\n")
    assert len({prefill(each.messages).count("\n") for each in prompts(proposals)}) > 4


def test_a_failure_is_mended_from_the_layer_that_failed_and_then_from_the_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Fault, "line_number", lambda *_: len(net(0).split("\n")) - 2)
    monkeypatch.setattr(f"{__name__}.program", net)
    desk = bench(candidates=20)
    search = Edits(Settings(form="continuation", repairs=2, batch=1)).search(desk)
    told = trials(desk, next(search), [SHAPE])
    kept = []
    for _ in range(2):
        (proposal,) = search.send(told)
        (prompt,) = prompts([proposal])
        assert proposal.operator == "repair" and proposal.parents == (told[0].candidate.id,)
        begun = prefill(prompt.messages)
        assert (told[0].candidate.source or "").startswith(begun)
        kept.append(begun.count("self.layer"))
        told = trials(desk, [proposal], [SHAPE])
    assert kept == [4, 0]
    assert search.send(told)[0].operator == "continuation"


def test_where_the_error_names_a_line_of_another_program_all_layers_are_left_out() -> None:
    desk = bench(candidates=20)
    desk.request = desk.request.model_copy(update={"carried_to": desk.request.shape})
    desk.seeds = [Candidate.seeded(0, net(0), generator="test")]
    search = Edits(Settings(form="continuation", repairs=1, batch=1)).search(desk)
    (trial,) = trials(desk, next(search), [SHAPE])
    failed = trial._replace(candidate=trial.candidate.model_copy(update={"source": net(1)}))
    (prompt,) = prompts(search.send([failed]))
    assert "self.layer" not in prefill(prompt.messages) and "super()" in prefill(prompt.messages)


def test_the_lesson_of_a_continuation_is_the_whole_program() -> None:
    taught = lesson("continuation", net(1))
    assert taught is not None and taught.completion == net(1)


def lesson(operator: str, source: str, template: Any = "compact") -> TrainingExample | None:
    chat = edit_request(template, REQUEST, program(1))
    candidate = Candidate(
        id="c000/0001", origin=Origin.SAMPLED, source=source, completion="", index=1, generator="test",
        operator=operator,
    )  # fmt: skip
    evaluation = Evaluation(
        candidate_id=candidate.id, protocol_id="test", status=COMPLETE, stage=Stage.DONE, accuracy=0.5
    )
    admission = Admission(candidate_id=candidate.id, admitted=True, reason=AdmissionReason.ADMITTED)
    answer = expected_completion(template, source)
    plain = TrainingExample(candidate_id=candidate.id, prompt=chat, completion=answer)
    return Edits().lesson(Trial(candidate, evaluation, admission), plain)


@pytest.mark.parametrize("template", ["compact", "instruct"])
@pytest.mark.parametrize("operator", ["edit", "widen", "repair"])
def test_the_lesson_of_an_edit_is_the_edit(template: str, operator: str) -> None:
    taught = lesson(operator, program(2), template)
    assert taught is not None and len(taught.completion) < 90
    assert ("SEARCH" in taught.completion) == (template == "instruct")
    question = Prompt(id="p", strategy="edits", template="compact-edit", messages=taught.prompt, seed=0)
    assert read_answer(question, taught.completion) == (program(2), None)


def test_who_changed_more_than_was_kept_teaches_a_whole_program_or_nothing() -> None:
    other = "".join(f"other_{line} = {line}\n" for line in range(20))
    assert lesson("edit", other) is None
    whole = lesson("repair", other)
    assert whole is not None and whole.completion == other
    asked = lesson("ask", other)
    assert asked is not None and asked.completion == other
