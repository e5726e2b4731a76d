"""The guard: an adapter that has collapsed writes nothing, and a run that resumes goes by the one verdict."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path

import pytest

from corpus.ledger.reader import Ledger
from corpus.ledger.writer import LedgerWriter
from corpus.records.evaluations import EvaluationStatus, Stage
from corpus.records.prompts import FinishReason, Prompt
from corpus.records.search.probes import Probe
from corpus.records.trainings import Verdict
from cycles.config.run import RunConfig, load_config
from cycles.figures.cycle_report import cycle_report
from cycles.figures.status import run_status
from cycles.loop import Loop
from cycles.teachers.guard import Guard, verdict_of
from generator.edits.asking import edit_request
from generator.edits.writing import write_edit
from generator.samplers.contract import Sample
from tests.generator.strategies.benches import REQUEST
from tests.ledgers import program
from tests.pipelines import simulated

CONFIG = ["cycles=4", "candidates=12", "teaching.guard=5", "finetune.min_examples=1",
          "corpus.seed_programs=2", "generator.batch_size=6", "generator.redraws=0"]  # fmt: skip

PARENT = program("conv relu norm") + "\nlast = nn.Tanh()\n"

PROGRAM = "class Net(nn.Module):\n    pass\n"


class Collapsing:
    """A model whose adapter of one cycle writes nothing that builds; counts how often it was asked."""

    model_name = "collapsing"

    def __init__(self, cycle: int, keeps: int = 0) -> None:
        self.ruined, self.keeps = f"{cycle:03d}", keeps
        self.adapter: Path | None = None
        self.asked: list[list[Prompt]] = []

    def __call__(self) -> Collapsing:
        return self

    def sample(self, prompts: Sequence[Prompt], adapter: Path | None) -> Generator[Sample, None, None]:
        self.adapter = adapter
        self.asked.append(list(prompts))
        for prompt in prompts:
            yield Sample(prompt_id=prompt.id, text=PROGRAM, finish_reason=FinishReason.STOP, token_count=9)

    def probe(self, sources: Sequence[str]) -> list[Probe]:
        fails = self.adapter is not None and self.ruined == self.adapter.parent.name
        passing = self.keeps if fails else len(sources)
        good = Probe(failure=None, stage=Stage.DONE, parameters=1, output_shape=(10,))
        bad = Probe(failure=EvaluationStatus.SHAPE_ERROR, stage=Stage.FORWARD)
        return [good] * passing + [bad] * (len(sources) - passing)


def guarded(loop: Loop, model: Collapsing, config: RunConfig) -> None:
    loop.teacher.guard = Guard(
        ledger=loop.ledger, programs=config.teaching.guard, template="compact", request=loop.teacher.request,
        seed=config.seed, sampler=model, sandbox=model,
    )  # type: ignore[arg-type]  # fmt: skip


def written_by(ledger: Ledger) -> list[str | None]:
    """Return the adapter that wrote each cycle."""
    found = [{row.adapter_hash for row in ledger.candidates(cycle=cycle)} for cycle in range(4)]
    assert all(len(each) == 1 for each in found)
    return [each.pop() for each in found]


@pytest.fixture(scope="module")
def config() -> RunConfig:
    return load_config("cpu-tiny", CONFIG)


def test_the_cycle_of_a_collapsed_adapter_is_written_by_the_one_before(
    tmp_path: Path, config: RunConfig
) -> None:
    model = Collapsing(cycle=2)
    notes: list[str] = []
    with simulated(tmp_path / "run", config) as loop:
        guarded(loop, model, config)
        loop.observer.note = notes.append  # type: ignore[method-assign]
        loop.run()
        hashes = [row and row.adapter_hash for row in map(loop.ledger.training, range(4))]
        assert hashes[2] not in (None, hashes[1])
        assert written_by(loop.ledger) == [None, hashes[1], hashes[1], hashes[3]]
        assert verdict_of(loop.ledger, 2) == Verdict(programs=5, before=5, after=0)
        assert "cycle 2: 0 of 5 programs by the new adapter build, 5 by the earlier: rolled back" in "".join(
            notes
        )
        report = cycle_report(loop.ledger, 2, config)
        assert report.guard is not None and report.guard.rolled_back
        state = run_status(loop.ledger, config)
        assert state.rolled_back == (2,) and str(state).endswith("Adapters rolled back: of cycle 2.")
    # Both adapters answered the same prompts with the same seeds.
    assert model.asked[0] == model.asked[1] and len(model.asked) == 6


class Editing(Collapsing):
    """A model that answers with an edit; keeps the programs that are built."""

    def __init__(self) -> None:
        super().__init__(cycle=9)
        self.built: list[str] = []

    def sample(self, prompts: Sequence[Prompt], adapter: Path | None) -> Generator[Sample, None, None]:
        edit = write_edit(PARENT, PARENT.replace("Tanh", "GELU"))
        assert edit is not None
        for sample in super().sample(prompts, adapter):
            yield sample.model_copy(update={"text": edit})

    def probe(self, sources: Sequence[str]) -> list[Probe]:
        self.built += sources
        return super().probe(sources)


def test_answers_are_read_as_their_prompts_ask(tmp_path: Path) -> None:
    model = Editing()
    chat = edit_request("compact", REQUEST, PARENT)
    asked = Prompt(id="c000/p0000", strategy="edits", template="compact-edit", messages=chat, seed=1)
    with LedgerWriter.create(tmp_path / "corpus.db") as ledger:
        ledger.add_prompts(0, [asked])
        guard = Guard(
            ledger=ledger, programs=2, template="compact", request=chat, seed=0, sampler=model, sandbox=model
        )  # type: ignore[arg-type]  # fmt: skip
        assert guard.settle(1, None, tmp_path).before == 2
    assert set(model.built) == {PARENT.replace("Tanh", "GELU")}


def test_a_training_that_continues_starts_from_the_last_adapter_that_was_kept(
    tmp_path: Path, config: RunConfig
) -> None:
    finetune = config.finetune.model_copy(update={"start": "previous"})
    config = config.model_copy(update={"finetune": finetune})
    with simulated(tmp_path / "run", config) as loop:
        guarded(loop, Collapsing(cycle=2), config)
        loop.run()
        undone, after = loop.ledger.cycle_row(2), loop.ledger.cycle_row(3)
        assert undone is not None and after is not None
        # What the lost adapter had learnt is taught again.
        assert set(undone.training_ids) & set(after.training_ids)
    with simulated(tmp_path / "run", config) as loop:
        assert loop.teacher.in_force(2)[0] == loop.directory.adapter(1)


@pytest.mark.parametrize("stops_at", ["before the verdict", "after the verdict", "while writing"])
def test_a_run_killed_around_the_verdict_goes_on_as_an_unbroken_one(
    tmp_path: Path, config: RunConfig, stops_at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with simulated(tmp_path / "whole", config) as loop:
        guarded(loop, Collapsing(cycle=2), config)
        loop.run()
        whole = [row.model_dump(exclude={"machine_id"}) for row in loop.ledger.candidates()]

    class Killed(Exception):
        pass

    def kill(*_: object) -> None:
        raise Killed

    with pytest.raises(Killed), simulated(tmp_path / "run", config) as loop:
        guarded(loop, Collapsing(cycle=2), config)
        for cycle in range(2):
            loop.run_cycle(cycle)
        if stops_at == "before the verdict":
            monkeypatch.setattr(Collapsing, "probe", kill)
        elif stops_at == "after the verdict":
            monkeypatch.setattr(loop, "explore", kill)
        else:
            monkeypatch.setattr(loop.ledger, "add_judgement", kill)
        loop.run()
    monkeypatch.undo()
    again = Collapsing(cycle=2)
    with simulated(tmp_path / "run", config) as loop:
        guarded(loop, again, config)
        loop.run()
        assert [row.model_dump(exclude={"machine_id"}) for row in loop.ledger.candidates()] == whole
        # What is settled is not asked again: two answers of the verdict on cycle 2, two of that on cycle 3.
        assert len(again.asked) == (4 if stops_at == "before the verdict" else 2)


@pytest.mark.parametrize(("after", "kept"), [(3, True), (2, False)])
def test_an_adapter_is_kept_where_half_as_many_build(
    tmp_path: Path, config: RunConfig, after: int, kept: bool
) -> None:
    with simulated(tmp_path / "run", config) as loop:
        guarded(loop, Collapsing(cycle=1, keeps=after), config)
        for cycle in range(2):
            loop.run_cycle(cycle)
        assert (loop.teacher.in_force(1)[0] is not None) is kept


def test_where_nothing_built_before_there_is_nothing_to_lose() -> None:
    assert not Verdict(programs=5, before=0, after=0).rolled_back


def test_a_run_without_a_guard_notes_nothing(tmp_path: Path) -> None:
    config = load_config("cpu-tiny", [*CONFIG, "teaching.guard=0"])
    with simulated(tmp_path / "run", config) as loop:
        for cycle in range(2):
            loop.run_cycle(cycle)
        assert verdict_of(loop.ledger, 1) is None
        assert "guard" not in cycle_report(loop.ledger, 1, config).model_dump(mode="json")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_embedded_model_that_a_training_has_ruined_is_rolled_back(tmp_path: Path) -> None:
    from cycles.assembly import open_loop, start_run

    settings = ["cycles=2", "candidates=12", "generator.batch_size=12", "generator.redraws=0",
                "corpus.seed_programs=4", "teaching.guard=12", "teaching.choose=share", "teaching.share=1.0",
                "finetune.learning_rate=1.0", "finetune.max_steps=4",
                "finetune.warmup_steps=0", "finetune.min_examples=1"]  # fmt: skip
    config = load_config("cpu-tiny", settings)
    start_run(tmp_path / "run", config)
    with open_loop(tmp_path / "run", as_json=True) as loop:
        loop.run_cycle(0)
        loop.train(1)
        verdict = verdict_of(loop.ledger, 1)
        assert loop.ledger.training(1) is not None
        assert verdict is not None and verdict.rolled_back
        assert verdict.before > 0
        assert loop.teacher.adapter_of(1) == (None, None)
