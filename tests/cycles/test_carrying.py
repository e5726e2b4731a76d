"""Runs on tasks of every kind: what is judged is carried, what the ledger holds and a model learns is not."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

from corpus.exchange.exporting.dataset import TableFormat, export_dataset
from corpus.ledger.reader import Ledger
from corpus.ledger.writer import LedgerWriter
from corpus.records.candidates import Candidate, Origin
from corpus.records.evaluations import Evaluation
from corpus.records.prompts import Completion, FinishReason
from corpus.records.search.probes import Probe
from corpus.records.tasks.kinds import TaskKind
from corpus.records.tasks.shape import TaskShape
from cycles import carrying, parts
from cycles.carrying import CarriedOtherwise, Carrier, carrier_for, carrier_of, note_carrying
from cycles.cli.steps import _write_program
from cycles.config.run import RunConfig, load_config
from cycles.final.settings import FinalSettings
from cycles.final.waves import Waves
from cycles.run.starting_corpus import plain_request, replay_pool
from evaluator.tasks import TaskSpec
from generator.kinds.carrying import carried
from tests.cycles.test_cli import archloop
from tests.searches import Arena, Hashed

MASKS = TaskShape(channels=2, height=16, width=16, classes=3, kind=TaskKind.SEGMENTATION)
SHAPES = {
    "labels": TaskShape(channels=3, height=16, width=16, classes=4, kind=TaskKind.MULTI_LABEL),
    "masks": MASKS,
    "field": TaskShape(channels=1, height=16, width=16, classes=1, kind=TaskKind.REGRESSION),
    "signal": TaskShape(channels=1, height=1, width=128, classes=5, signal=True),
    "signal labels": TaskShape(
        channels=1, height=1, width=128, classes=5, signal=True, kind=TaskKind.MULTI_LABEL
    ),
}
SEARCHES = {
    "closed loop": [],
    "random": ["strategy.name=random", "teaching.by=nobody"],
    "trees": ["strategy.name=random", "strategy.space=trees", "teaching.by=nobody", "corpus.novelty=key"],
    "evolution": ["strategy.name=evolution", "strategy.space=cells", "teaching.by=nobody",
                  "corpus.novelty=key"],
    "fairnad": ["strategy.name=fairnad", "strategy.space=trees", "strategy.llm=none", "teaching.by=nobody",
                "corpus.novelty=key"],
}  # fmt: skip
SMALL = ["cycles=2", "candidates=6", "generator.batch_size=6", "corpus.seed_programs=3"]
INSTRUCT = ["generator.template=instruct", "generator.model=someone/coder"]


class Noting(Hashed):
    """Judges as `Hashed` does, and notes which texts it was handed."""

    def __init__(self) -> None:
        self.judged: dict[str, str | None] = {}
        self.probed: list[str] = []

    def evaluate(
        self, candidates: Iterable[Candidate], _stop: object = None
    ) -> Generator[Evaluation, None, None]:
        given = list(candidates)
        self.judged |= {each.id: each.source for each in given}
        yield from super().evaluate(given)

    def probe(self, sources: Sequence[str]) -> list[Probe]:
        self.probed += sources
        return super().probe(sources)


@pytest.fixture
def over(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that gives the configured task another shape."""

    def give(shape: TaskShape) -> TaskShape:
        spec = TaskSpec(name="digits", version=1, shape=shape, description="")
        monkeypatch.setattr(parts, "task_spec", lambda *_: spec)
        return shape

    return give


def searched(path: Path, *settings: str) -> tuple[RunConfig, Noting]:
    config, noting = load_config("cpu-tiny", [*SMALL, *settings]), Noting()
    with LedgerWriter.open(path) if path.exists() else LedgerWriter.create(path) as ledger:
        Arena(ledger, config, evaluator=lambda: noting, sandbox=lambda: noting).run()
    return config, noting


@pytest.mark.parametrize("search", SEARCHES)
@pytest.mark.parametrize("name", SHAPES)
def test_every_search_judges_what_is_carried_and_keeps_what_was_written(
    search: str, name: str, over: Any, tmp_path: Path
) -> None:
    shape = over(SHAPES[name])
    _, noting = searched(tmp_path / "corpus.db", *SEARCHES[search])
    with Ledger.open(tmp_path / "corpus.db") as ledger:
        written = {each.id: each.source for each in ledger.candidates(origin=Origin.SAMPLED)}
    texts = {key: text for key, text in written.items() if text is not None}
    assert len(written) == 12 and texts
    assert all(noting.judged[key] == carried(text, shape) != text for key, text in texts.items())
    assert all("Carried by archloop" in text for text in noting.probed)


def test_a_run_over_another_kind_goes_on_where_it_stopped(over: Any, tmp_path: Path) -> None:
    over(MASKS)
    path = tmp_path / "corpus.db"
    searched(path, *SEARCHES["fairnad"])
    _, again = searched(path, *SEARCHES["fairnad"])
    assert again.judged == {} and again.probed == []


def test_a_plain_run_has_nothing_carried_and_says_nothing_of_it(tmp_path: Path) -> None:
    config, noting = searched(tmp_path / "corpus.db")
    with Ledger.open(tmp_path / "corpus.db") as ledger:
        assert carrier_of(ledger) == Carrier() and ledger.get_meta("carrying") is None
        assert noting.judged == {each.id: each.source for each in ledger.candidates(origin=Origin.SAMPLED)}
    assert Carrier().sandbox(noting) is noting
    assert carrier_for(config, MASKS.picture) == Carrier()


def test_a_model_that_is_told_the_kind_is_judged_as_it_wrote(over: Any, tmp_path: Path) -> None:
    shape = over(MASKS)
    config = load_config("cpu-tiny", [*SMALL, *INSTRUCT])
    assert carrier_for(config, shape) == Carrier()
    assert "segmentation of images" in plain_request(config, shape)[1].content


def test_a_ledger_says_how_its_programs_were_carried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = load_config("cpu-tiny")
    with LedgerWriter.create(tmp_path / "corpus.db") as ledger:
        assert note_carrying(ledger, config, MASKS) == note_carrying(ledger, config, MASKS)
        assert carrier_of(ledger) == Carrier(MASKS)
        with pytest.raises(CarriedOtherwise, match=r"segmentation over 2x16x16 with 3 outputs.*single-label"):
            note_carrying(ledger, config, SHAPES["signal"])
        monkeypatch.setattr(carrying, "CARRYING_VERSION", 9)
        with pytest.raises(CarriedOtherwise, match="carrying 1, this one has 9"):
            carrier_of(ledger)


@pytest.mark.parametrize(("settings", "written"), [([], True), (INSTRUCT, False)])
def test_rows_to_learn_from_hold_what_the_model_is_asked_for(
    settings: list[str], written: bool, over: Any, tmp_path: Path
) -> None:
    shape = over(MASKS)
    config, _ = searched(tmp_path / "corpus.db", *settings)
    with Ledger.open(tmp_path / "corpus.db") as ledger:
        rows = replay_pool(ledger, config, shape)
    assert len(rows) == 3
    for row in rows:
        assert ("Carried by archloop" in row.completion) is not written
        assert ("2x16x16 images, 3 classes" in row.prompt[-1].content) is written


def test_what_leaves_a_ledger_is_what_was_judged(over: Any, tmp_path: Path) -> None:
    over(MASKS)
    _, noting = searched(tmp_path / "corpus.db")
    with LedgerWriter.open(tmp_path / "corpus.db") as ledger:
        judged = carrier_of(ledger).source
        export_dataset(ledger, tmp_path / "tables", TableFormat.JSONL, None, judged)
        written = {each.id: each.source for each in ledger.candidates()}
    rows = [json.loads(line) for line in (tmp_path / "tables" / "programs.jsonl").read_text().splitlines()]
    lessons = [json.loads(line) for line in (tmp_path / "tables" / "sft.jsonl").read_text().splitlines()]
    assert {row["id"]: row["source"] for row in rows if row["id"] in noting.judged} == noting.judged
    assert all(row["completion"] == written[row["id"]] for row in rows if row["source"] is not None)
    assert lessons
    assert all(row["completion"][0]["content"] == written[row["candidate_id"]] for row in lessons)


def test_a_program_is_shown_as_it_was_judged(over: Any, tmp_path: Path) -> None:
    over(MASKS)
    _, noting = searched(tmp_path / "corpus.db")
    name, text = next((key, text) for key, text in noting.judged.items() if text is not None)
    done = archloop("corpus", "show", str(tmp_path / "corpus.db"), name, "--json")
    shown = json.loads(done.stdout)["candidate"]
    assert shown["source"] == text != shown["completion"]


def test_what_is_trained_in_earnest_is_what_was_judged(over: Any, tmp_path: Path) -> None:
    over(MASKS)
    config, noting = searched(tmp_path / "corpus.db")
    with LedgerWriter.open(tmp_path / "corpus.db") as ledger:
        unused: dict[str, Any] = dict.fromkeys(
            ("evaluator", "workshop", "store", "machine_id", "observer", "interruption")
        )
        entrants = Waves(config=config, settings=FinalSettings(top=3), ledger=ledger, **unused).entrants()
    assert len(entrants) == 3
    assert all(each.candidate.source == noting.judged[each.candidate.id] for each in entrants)


def test_generated_files_hold_programs_that_can_be_judged(tmp_path: Path) -> None:
    written = "class Net:\n    pass\n"
    completion = Completion(prompt_id="p", text=written, finish_reason=FinishReason.STOP, token_count=3)
    _write_program(0, completion, Carrier(MASKS), tmp_path, as_json=False)
    assert (tmp_path / "0000.py").read_text() == carried(written, MASKS) != written


def test_a_ledger_without_its_run_is_not_exported_as_image_classifiers_either(tmp_path: Path) -> None:
    with LedgerWriter.create(tmp_path / "corpus.db") as ledger:
        note_carrying(ledger, load_config("cpu-tiny", []), SHAPES["signal"])
    done = archloop("export", tmp_path / "corpus.db", tmp_path / "out", "--format", "lemur")
    assert done.returncode == 2 and "holds image classifiers" in done.stderr
    assert not (tmp_path / "out").exists()
