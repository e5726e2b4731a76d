"""What is asked of a ledger in SQL is what its records say, and costs what is asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path

import pytest

from corpus.config import CorpusConfig
from corpus.ledger.catalogue import Catalogue, Criteria, Entry
from corpus.ledger.reader import Ledger
from corpus.ledger.writer import LedgerWriter
from corpus.novelty.gate import seed_admission
from corpus.novelty.index import WORTH_CACHING, NoveltyIndex
from corpus.novelty.similarity import Shingler
from corpus.objectives import Caps
from corpus.programs.families import block_families
from corpus.records.admissions import Admission, AdmissionReason
from corpus.records.candidates import Candidate
from corpus.records.evaluations import Evaluation, EvaluationStatus, Stage, data_set_of, metric_in
from corpus.records.search.calls import Answer, AnswerPath, Call, Question, Verb
from corpus.records.trainings import CycleStage
from tests.corpus.test_similarity import grammar_programs
from tests.ledgers import candidate, evaluation, new_corpus, prompt, write_cycle

CONFIG = CorpusConfig(min_accuracy=0.4)
PROGRAMS = grammar_programs(8, seed=5)
ELSEWHERE = "cifar10-v1/e1/b16/s0/p00000000"


def call(number: int, cycle: int, path: AnswerPath) -> Call:
    question = Question(verb=Verb.CHOOSE, role="test", asks=["a", "b"])
    answer = Answer(value="a", path=path)
    return Call(id=f"call/{number}", cycle=cycle, question=question, answer=answer, seconds=0.1)


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    """Yield a ledger of seeds and two cycles: programs judged twice, once, and not at all."""
    with new_corpus(tmp_path_factory.mktemp("outcomes")) as writer:
        seeds = [Candidate.seeded(index, PROGRAMS[index], generator="grammar") for index in range(2)]
        writer.add_starting_corpus([(seed, seed_admission(seed)) for seed in seeds])
        writer.add_evaluation(evaluation(seeds[0], 0.9))
        write_cycle(writer, 0, [(PROGRAMS[2], 0.6), (PROGRAMS[3], 0.2), (PROGRAMS[4], None)], CONFIG)
        for index, accuracy in enumerate((0.8, 0.3)):
            twice = evaluation(candidate(0, index, PROGRAMS[2 + index]), accuracy)
            writer.add_evaluation(twice.model_copy(update={"protocol_id": ELSEWHERE, "parameters": 7}))
        shown = prompt(1, 0).model_copy(update={"exemplar_ids": ("c000/0000", "seed/0001")})
        writer.add_prompts(1, [shown, prompt(1, 1), prompt(1, 2)])
        rows = [candidate(1, 0, PROGRAMS[5]), candidate(1, 1, f"{PROGRAMS[6]}# \0 after a NUL")]
        writer.add_candidates([*rows, candidate(1, 2, None)])
        # Judged elsewhere first: the deciding evaluation is not the earliest.
        writer.add_evaluation(
            evaluation(rows[0], 0.1).model_copy(update={"protocol_id": ELSEWHERE, "parameters": 5})
        )
        writer.add_judgement(
            evaluation(rows[0], 0.7),
            Admission(candidate_id=rows[0].id, admitted=True, reason=AdmissionReason.ADMITTED),
        )
        for number, path in enumerate((AnswerPath.FREE, AnswerPath.CHANCE, AnswerPath.FREE)):
            writer.add_call(call(number, 1, path))
        yield writer


def test_counts_and_outcomes_are_those_of_the_records(ledger: Ledger) -> None:
    for cycle in (0, 1, 2):
        assert ledger.written_count(cycle) == len(ledger.candidates(cycle))
        assert ledger.judged_count(cycle) == len(ledger.judged(cycle))
        assert ledger.call_paths(cycle) == Counter(call.answer.path for call in ledger.calls(cycle))
    judged = [row for cycle in (0, 1) for row in ledger.judged(cycle)]
    assert [each[1:] for each in ledger.outcomes()] == [
        (row.candidate.id, row.candidate.cycle, row.evaluation.status, row.evaluation.accuracy, admitted)
        for row in judged
        for admitted in [row.admission.admitted]
    ]
    assert [ledger.trial(row.candidate.id) for row in judged] == judged
    second = ledger.outcomes()[1]
    assert ledger.outcomes(after=second.seq) == ledger.outcomes()[2:]


def test_scores_decisions_and_exemplars_are_those_of_the_records(ledger: Ledger) -> None:
    assert ledger.scores() == [
        (each.candidate_id, each.protocol_id, each.status, each.accuracy) for each in ledger.evaluations()
    ]
    admissions = {each.candidate_id: each for each in ledger.admissions()}
    decided = [(row.id, admissions.get(row.id)) for row in ledger.candidates()]
    assert ledger.decisions() == [
        (name, bool(found and found.admitted), found and found.reason) for name, found in decided
    ]
    written = ledger.candidates()
    assert list(ledger.texts().items()) == [(row.id, row.source) for row in written if row.source is not None]
    judged = ledger.evaluations()
    assert ledger.judges() == {(each.protocol_id, each.machine_id) for each in judged}
    assert ledger.exemplars() == {"c001/0000": ("c000/0000", "seed/0001")}
    wanted = {"seed/0000", "c001/0000", "c000/0001", "nobody"}
    assert ledger.admitted(among=wanted) == [row for row in ledger.admitted() if row[0].id in wanted]
    assert ledger.admitted(among=()) == []


def plain(entries: list[Entry], asked: Criteria) -> list[str]:
    """Return what a search finds, by looking at every record."""

    def fits(entry: Entry) -> bool:
        source, first = entry.candidate.source or "", entry.evaluation
        return (
            (asked.data_set is None or first is not None)
            and (not asked.admitted or bool(entry.admission and entry.admission.admitted))
            and (asked.status is None or (first is not None and first.status is asked.status))
            and (asked.min_accuracy is None or (entry.accuracy or 0.0) >= asked.min_accuracy)
            and (asked.caps == Caps() or (first is not None and asked.caps.fit(first)))
            and (asked.text is None or asked.text.lower() in source.lower())
            and (asked.family is None or asked.family in block_families(source))
        )

    return [entry.candidate.id for entry in entries if fits(entry)]


def test_a_search_finds_what_fits_among_all_records(ledger: Ledger) -> None:
    catalogue = Catalogue(ledger)
    entries: dict[str | None, list[Entry]] = {}
    for data_set in (None, "cifar10-v1"):
        found = [catalogue.get(name, data_set) for name in catalogue.ids()]
        entries[data_set] = [entry for entry in found if entry is not None]
    assert [row.id for row in ledger.candidates()] == catalogue.ids()
    sizes = set[int]()
    for data_set, admitted, status, least, caps, text in product(
        (None, "cifar10-v1"),
        (False, True),
        (None, EvaluationStatus.COMPLETE),
        (None, 0.5),
        (Caps(), Caps(parameters=6)),
        (None, "CONV2D"),
    ):
        asked = Criteria(text, status, least, None, admitted, data_set, caps)
        found_ids = catalogue.search(asked)
        assert found_ids == plain(entries[data_set], asked), asked
        sizes.add(len(found_ids))
    assert len(sizes) > 4
    for text in ("", "%", "_", "\\", "'", "\0", "AFTER", "nn.Conv2d(", "straße", "é", "x" * 60_000):
        assert catalogue.search(Criteria(text)) == plain(entries[None], Criteria(text)), text
    for family in ("plain", "residual"):
        assert catalogue.search(Criteria(family=family)) == plain(entries[None], Criteria(family=family))


def test_the_first_evaluation_of_an_entry_is_the_one_that_decided(ledger: Ledger) -> None:
    entry = Catalogue(ledger).resolve("c001/0000")
    assert [each.accuracy for each in entry.evaluations] == [0.7, 0.1]
    assert entry.accuracy == 0.7
    there = Catalogue(ledger).get("c001/0000", "cifar10-v1")
    assert there is not None and there.accuracy == 0.1


def steps(ledger: Ledger, ask: Callable[[], object]) -> int:
    """Return how many steps SQLite's machine takes to answer, which do not depend on the machine."""
    taken = 0

    def count() -> int:
        nonlocal taken
        taken += 1
        return 0

    ledger._connection.set_progress_handler(count, 1)
    try:
        ask()
    finally:
        ledger._connection.set_progress_handler(None, 1)
    return taken


def test_what_is_asked_of_one_cycle_costs_the_same_in_a_ledger_of_many(tmp_path: Path) -> None:
    costs = []
    for cycles in (3, 12):
        folder = tmp_path / str(cycles)
        folder.mkdir()
        with new_corpus(folder) as ledger:
            for cycle in range(cycles):
                sources = [(f"x = {cycle} + {index}\n", 0.5) for index in range(6)]
                write_cycle(ledger, cycle, list(sources), CONFIG)
                ledger.record_stage(cycle, CycleStage.JUDGE, 1.0)
                ledger.add_call(call(cycle, cycle, AnswerPath.FREE))
            seen = ledger.outcomes()[-3].seq
            costs.append(
                [
                    steps(ledger, lambda: ledger.written_count(1)),
                    steps(ledger, lambda: ledger.judged_count(1)),
                    steps(ledger, lambda seen=seen: ledger.outcomes(after=seen)),  # type: ignore[misc]
                    steps(ledger, lambda: ledger.judged(1)),
                    steps(ledger, lambda: ledger.unevaluated(1)),
                    steps(ledger, lambda: ledger.prompts(1)),
                    steps(ledger, lambda: ledger.trial("c001/0003")),
                    steps(ledger, lambda: ledger.cycle_row(1)),
                    steps(ledger, lambda: ledger.call_paths(1)),
                    steps(ledger, lambda: ledger.stage_seconds(1)),
                ]
            )
    assert costs[0] == costs[1]
    assert min(costs[0]) > 5


def test_shingle_sets_are_kept_as_they_come(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sources = [f"y = x * {number} + f(x, {number})\n" for number in range(2 * WORTH_CACHING + 9)]
    seeds = [Candidate.seeded(number, source, generator="test") for number, source in enumerate(sources)]
    with LedgerWriter.create(tmp_path / "corpus.db") as ledger:
        index = NoveltyIndex.from_ledger(ledger, CONFIG)
        ledger.add_starting_corpus([(seed, seed_admission(seed)) for seed in seeds])
        for seed, source in zip(seeds, sources, strict=True):
            index.add(seed.id, source)
    read: list[str] = []
    original = Shingler.array
    monkeypatch.setattr(Shingler, "array", lambda self, source: read.append(source) or original(self, source))
    with Ledger.open(tmp_path / "corpus.db") as ledger:
        again = NoveltyIndex.from_ledger(ledger, CONFIG)
    assert read == sources[2 * WORTH_CACHING :]  # what no part of the cache holds yet
    assert [again.nearest(sources[place]) for place in (0, 300, 520)] == [
        index.nearest(sources[place]) for place in (0, 300, 520)
    ]


def test_the_metric_and_the_data_set_of_a_protocol_are_those_of_its_evaluations() -> None:
    for protocol in (
        ELSEWHERE,
        "digits/test",
        "darcy-v1/relative-l2/e1/b16/s0/p00000000",
        "imported:a/b_acc/c",
    ):
        known = Evaluation(
            candidate_id="a", protocol_id=protocol, status=EvaluationStatus.COMPLETE, stage=Stage.DONE
        )
        assert (data_set_of(protocol), metric_in(protocol)) == (known.data_set, known.metric)
