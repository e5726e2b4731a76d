"""A search by edits in a run: it goes on as if it had not been killed, and its failures are rows by name."""

from __future__ import annotations

import random
from collections.abc import Generator, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from corpus.ledger.writer import LedgerWriter
from corpus.records.base import derive_seed
from corpus.records.chats import prefill, question
from corpus.records.evaluations import EvaluationStatus
from corpus.records.prompts import FinishReason, Prompt
from cycles.config.arms import arm_of
from cycles.config.run import RunConfig, load_config
from cycles.errors import ConfigError
from cycles.figures.cycle_report import cycle_report
from generator.edits.asking import form_of, program_in, read_answer
from generator.edits.failures import EditFailure
from generator.edits.writing import write_edit
from generator.grammar import sample_program
from generator.samplers.contract import Sample, SamplingOptions
from tests.cycles.test_search_replay import Fuse, rows
from tests.searches import Arena, Seeded

ARMS = {
    "edits, taught by winners": "{}",
    "edits with repairs, taught by winners": "{repairs=2, batch=4}",
    "whole programs with repairs, taught by winners": "{form='program', repairs=1, batch=3}",
    "continuations, taught by winners": "{form='continuation'}",
    "continuations with repairs, taught by winners": "{form='continuation', repairs=2, batch=4}",
}


class Editing(Seeded):
    """Answers as `Seeded` does, and prompts for edits by edits, some of which fail in each way."""

    def sample(
        self, prompts: Sequence[Prompt], adapter: Path | None, options: SamplingOptions | None = None
    ) -> Generator[Sample, None, None]:
        for prompt in prompts:
            program = program_in(prompt.messages)
            if begun := prefill(prompt.messages):
                yield from self._rest(prompt, begun)
                continue
            if program is None:
                yield from super().sample([prompt], adapter, options)
                continue
            rng = random.Random(derive_seed("edit", prompt.seed))
            ways = {
                "whole": write_edit(program, sample_program(rng, self._shape).source),
                "prose": "I cannot.",
                "nowhere": "<<<\nnot there\n===\n>>>",
                "anywhere": "<<<\n\n===\nx = 1\n>>>",
                "nothing": f"<<<\n{program}===\n{program}>>>",
                "unparsable": f"<<<\n{program}===\n(\n>>>",
            }
            text = ways[rng.choice([*ways, "whole", "whole", "whole"])] or ""
            yield Sample(prompt_id=prompt.id, text=text, finish_reason=FinishReason.STOP, token_count=9)

    def _rest(self, prompt: Prompt, begun: str) -> Iterator[Sample]:
        """Go on with the layers of another program of the grammar."""
        other = sample_program(random.Random(derive_seed("rest", prompt.seed)), self._shape).source
        text = "\n    " + other[other.rindex("def forward") :] if prompt.seed % 7 else ""
        assert begun.rstrip() == begun
        yield Sample(prompt_id=prompt.id, text=text, finish_reason=FinishReason.STOP, token_count=9)


def settings(arm: str, cycles: int = 2, candidates: int = 14) -> RunConfig:
    return load_config(
        "cpu-tiny",
        [
            *(f"cycles={cycles}", f"candidates={candidates}", "corpus.seed_programs=3"),
            *("generator.batch_size=5", "strategy.name=edits", f"strategy.settings={ARMS[arm]}"),
            *("generator.model=some/model", "corpus.novelty=structural"),
        ],
    )


@pytest.mark.parametrize("arm", ARMS)
def test_a_run_killed_at_any_write_goes_on_to_the_ledger_of_an_unbroken_one(arm: str, tmp_path: Path) -> None:
    config = settings(arm)
    with LedgerWriter.create(tmp_path / "whole.db") as ledger:
        Arena(ledger, config, sampler=Editing).run()
    expected = rows(tmp_path / "whole.db")
    for after in (False, True):
        for writes in range(2, 60, 14):
            path = tmp_path / f"{writes}-{after}.db"
            with LedgerWriter.create(path) as ledger:
                Fuse(ledger, writes, after=after)
                with suppress(KeyboardInterrupt):
                    Arena(ledger, config, sampler=Editing).run()
            with LedgerWriter.open(path) as ledger:
                Arena(ledger, config, sampler=Editing).run()
            assert rows(path) == expected, (writes, after)


def test_an_answer_that_is_no_edit_is_a_row_with_the_name_of_what_is_wrong(tmp_path: Path) -> None:
    config = settings("edits, taught by winners", candidates=60)
    with LedgerWriter.create(tmp_path / "corpus.db") as ledger:
        Arena(ledger, config, sampler=Editing).run()
        seen = set()
        for trial in ledger.judged(0):
            candidate, evaluation = trial.candidate, trial.evaluation
            prompt = ledger.prompt(candidate.prompt_id or "")
            assert form_of(prompt) == "edit"
            program, failure = read_answer(prompt, candidate.completion)
            assert candidate.source == program and candidate.parents == prompt.exemplar_ids
            if program is None and failure is not None:
                assert evaluation.status is EvaluationStatus.NO_CODE
                assert (evaluation.error_type, evaluation.error) == (failure.value, failure.words)
                seen.add(failure)
        assert seen == set(EditFailure) - {EditFailure.UNPARSABLE}
        report = cycle_report(ledger, 0, config)
        assert report.edit_failures.keys() == set(seen)
        assert sum(report.edit_failures.values()) == report.statuses[EvaluationStatus.NO_CODE]


def test_a_continuation_begins_as_its_parent_and_answers_the_plain_request(tmp_path: Path) -> None:
    config = settings("continuations, taught by winners", candidates=40)
    with LedgerWriter.create(tmp_path / "corpus.db") as ledger:
        Arena(ledger, config, sampler=Editing).run()
        sources = {each.id: each.source or "" for each in ledger.candidates()}
        children = [each.candidate for each in ledger.judged(1)]
        chats = [ledger.prompt(each.prompt_id or "").messages for each in children]
    for child, chat in zip(children, chats, strict=True):
        begun = prefill(chat)
        assert begun and sources[child.parents[0]].startswith(f"{begun}\n")
        assert child.source is None or child.source.startswith(f"{begun}\n")
    assert len({question(chat) for chat in chats}) == 1


def test_repairs_are_attempts_of_the_cycle_and_name_what_they_mend(tmp_path: Path) -> None:
    config = settings("edits with repairs, taught by winners", cycles=2, candidates=30)
    with LedgerWriter.create(tmp_path / "corpus.db") as ledger:
        Arena(ledger, config, sampler=Editing).run()
        trials = {each.candidate.id: each for cycle in range(2) for each in ledger.judged(cycle)}
    assert len(trials) == 60
    repairs = [each.candidate for each in trials.values() if each.candidate.operator == "repair"]
    assert repairs
    for repair in repairs:
        (failed,) = repair.parents
        assert trials[failed].evaluation.status is EvaluationStatus.SHAPE_ERROR


@pytest.mark.parametrize("arm", ARMS)
def test_each_arm_has_a_name_of_its_own(arm: str) -> None:
    assert arm_of(settings(arm)).words == arm


@pytest.mark.parametrize(
    ("wrong", "remedy"),
    [
        (["generator.model=embedded"], "or generator.model to another"),
        (["generator.model=embedded", "strategy.settings={form='program', repairs=1}"], "and no edit"),
        (["corpus.novelty=lexical"], "corpus.novelty to 'structural'"),
        (["generator.outline=true", "generator.sampler=server"], "generator.outline"),
    ],
)
def test_what_edits_cannot_go_with_is_one_line_with_its_remedy(wrong: list[str], remedy: str) -> None:
    good = ["strategy.name=edits", "generator.model=some/model", "corpus.novelty=structural"]
    load_config("cpu-tiny", good)
    with pytest.raises(ConfigError, match=remedy):
        load_config("cpu-tiny", [*good, *wrong])
    whole = ["strategy.settings={form='program'}", "corpus.novelty=lexical", "generator.model=embedded"]
    load_config("cpu-tiny", [*good, *whole])


def test_the_embedded_model_can_continue_what_it_cannot_edit() -> None:
    rest = ["strategy.name=edits", "strategy.settings={form='continuation', repairs=2}"]
    load_config("cpu-tiny", [*rest, "corpus.novelty=structural"])
    with pytest.raises(ConfigError, match="novelty to 'structural'"):
        load_config("cpu-tiny", rest)
    with pytest.raises(ConfigError, match="set it to false"):
        served = ["generator.sampler=server", "generator.outline=true", "corpus.novelty=structural"]
        load_config("cpu-tiny", [*rest, *served])
