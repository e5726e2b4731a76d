"""Who enters the corpus."""

from __future__ import annotations

from pathlib import Path

import pytest

from corpus.config import CorpusConfig, Novelty
from corpus.ledger.writer import LedgerWriter
from corpus.novelty.gate import AdmissionGate, decide, seed_admission
from corpus.novelty.index import NoveltyIndex
from corpus.novelty.structure_index import StructureIndex
from corpus.novelty.threshold import threshold
from corpus.records.admissions import AdmissionReason, Neighbour
from corpus.records.candidates import Candidate
from corpus.records.evaluations import Evaluation, EvaluationStatus, Stage
from corpus.records.graphs import GraphNode, NetworkGraph
from corpus.records.tasks.kinds import Metric
from tests.ledgers import candidate, program, prompt

CONFIG = CorpusConfig(tau=0.8, min_accuracy=0.5)


def evaluation(
    accuracy: float | None = 0.9, status: EvaluationStatus = EvaluationStatus.COMPLETE, identifier: str = "a"
) -> Evaluation:
    return Evaluation(
        candidate_id=identifier, protocol_id="p", status=status, stage=Stage.DONE, accuracy=accuracy
    )


def neighbour(jaccard: float) -> Neighbour:
    return Neighbour(id="n", jaccard=jaccard)


@pytest.mark.parametrize(
    "judged, nearest, reason",
    [
        (evaluation(), None, AdmissionReason.ADMITTED),
        (evaluation(), neighbour(0.79), AdmissionReason.ADMITTED),
        (evaluation(), neighbour(0.8), AdmissionReason.NEAR_DUPLICATE),
        (evaluation(), neighbour(1.0), AdmissionReason.EXACT_DUPLICATE),
        (evaluation(0.5), neighbour(0.1), AdmissionReason.ADMITTED),
        (evaluation(0.49), neighbour(0.1), AdmissionReason.BELOW_THRESHOLD),
        (evaluation(0.49), neighbour(0.9), AdmissionReason.NEAR_DUPLICATE),
        (evaluation(None, EvaluationStatus.SHAPE_ERROR), neighbour(1.0), AdmissionReason.INVALID),
        (evaluation(0.9, EvaluationStatus.BELOW_CHANCE), None, AdmissionReason.INVALID),
    ],
)
def test_the_first_reason_that_applies_decides(
    judged: Evaluation, nearest: Neighbour | None, reason: AdmissionReason
) -> None:
    decision = decide(judged, nearest, CONFIG)
    assert decision.reason is reason
    assert decision.admitted == (reason is AdmissionReason.ADMITTED)
    assert decision.nearest_id == (nearest.id if nearest else None)


GRAPH = NetworkGraph(nodes=(GraphNode(op="input"),))


@pytest.mark.parametrize(
    "novelty, jaccard, twin, known, reason",
    [
        ("lexical", 0.9, None, True, AdmissionReason.NEAR_DUPLICATE),
        ("lexical", 0.1, "twin", True, AdmissionReason.ADMITTED),
        ("structural", 0.9, None, True, AdmissionReason.ADMITTED),
        ("structural", 1.0, None, True, AdmissionReason.ADMITTED),
        ("structural", 0.1, "twin", True, AdmissionReason.DUPLICATE_STRUCTURE),
        ("structural", 0.9, None, False, AdmissionReason.NEAR_DUPLICATE),
        ("both", 0.9, None, True, AdmissionReason.NEAR_DUPLICATE),
        ("both", 0.9, "twin", True, AdmissionReason.NEAR_DUPLICATE),
        ("both", 0.1, "twin", True, AdmissionReason.DUPLICATE_STRUCTURE),
        ("both", 0.1, None, True, AdmissionReason.ADMITTED),
    ],
)
def test_the_configured_notion_of_novelty_decides(
    novelty: Novelty, jaccard: float, twin: str | None, known: bool, reason: AdmissionReason
) -> None:
    judged = evaluation().model_copy(update={"graph": GRAPH if known else None})
    decision = decide(judged, neighbour(jaccard), CONFIG.model_copy(update={"novelty": novelty}), twin)
    assert decision.reason is reason
    assert (decision.nearest_id, decision.jaccard, decision.twin_id) == ("n", jaccard, twin)


def test_novelty_is_decided_before_strength_and_validity_before_both() -> None:
    config = CONFIG.model_copy(update={"novelty": "both"})
    weak, broken = evaluation(0.1), evaluation(None, EvaluationStatus.TIMEOUT)
    assert decide(weak, None, config, "twin").reason is AdmissionReason.DUPLICATE_STRUCTURE
    assert decide(broken, None, config, "twin").reason is AdmissionReason.INVALID
    assert not AdmissionReason.DUPLICATE_STRUCTURE.novel


def test_a_twin_by_structure_in_the_same_cycle_is_refused() -> None:
    index, reasons = StructureIndex(), []
    for identifier in ("first", "twin"):
        judged = evaluation(identifier=identifier).model_copy(update={"graph": GRAPH})
        config = CONFIG.model_copy(update={"novelty": "structural"})
        decision = decide(judged, None, config, index.twin(judged))
        if decision.admitted:
            index.add(judged)
        reasons.append((decision.reason, decision.twin_id))
    assert reasons == [(AdmissionReason.ADMITTED, None), (AdmissionReason.DUPLICATE_STRUCTURE, "first")]


def test_a_complete_evaluation_without_accuracy_is_a_fault_of_the_machinery() -> None:
    with pytest.raises(ValueError, match="accuracy"):
        decide(evaluation(None), None, CONFIG)


def test_a_twin_in_the_same_cycle_is_refused() -> None:
    source = (
        "import torch.nn as nn\n\nclass Net(nn.Module):\n    def forward(self, x):\n        return x * 2\n"
    )
    index = NoveltyIndex(CONFIG)
    reasons = []
    for identifier in ("first", "twin"):
        decision = decide(evaluation(identifier=identifier), index.nearest(source), CONFIG)
        if decision.admitted:
            index.add(identifier, source)
        reasons.append(decision.reason)
    assert reasons == [AdmissionReason.ADMITTED, AdmissionReason.EXACT_DUPLICATE]


def test_the_index_of_a_store_knows_its_admitted_programs(tmp_path: Path) -> None:
    with LedgerWriter.create(tmp_path / "corpus.db") as ledger:
        seed = Candidate.seeded(0, "x = 1", generator="g")
        ledger.add_starting_corpus([(seed, seed_admission(seed))])
        found = NoveltyIndex.from_ledger(ledger, CONFIG).nearest("y = 1")
        assert found == Neighbour(id="seed/0000", jaccard=1.0)


RELATIVE = CorpusConfig(known_valid=4)
FIELD = "darcy-v1/relative-l2/e1/b16/s0/p00000000"
WORDS = (
    "conv relu",
    "linear gelu",
    "norm tanh",
    "gru silu",
    "mish fold",
    "elu pad",
    "pool drop",
    "flat crop",
)


def test_only_an_accuracy_has_a_fixed_threshold_unless_one_is_asked_for() -> None:
    asked = CorpusConfig(min_accuracy=0.7, admit="absolute")
    assert threshold(CorpusConfig(min_accuracy=0.4), Metric.ACCURACY, [0.9] * 50) == 0.4
    assert threshold(asked, Metric.MEAN_IOU, [0.9] * 50) == 0.7
    assert threshold(RELATIVE, Metric.MEAN_IOU, [0.9] * 50) == 0.9
    assert threshold(CorpusConfig(admit="relative"), Metric.ACCURACY, [0.9] * 50) == 0.9


def test_a_relative_threshold_is_the_65th_percentile_of_enough_valid_ones() -> None:
    scores = [index / 20 for index in range(21)]
    assert threshold(CorpusConfig(), Metric.RELATIVE_L2, scores) == pytest.approx(0.65)
    assert threshold(CorpusConfig(), Metric.RELATIVE_L2, scores[:14]) == 0.0
    assert threshold(CorpusConfig(known_valid=0), Metric.RELATIVE_L2, []) == 0.0


def test_a_resumed_gate_asks_for_what_an_unbroken_one_asks_for(tmp_path: Path) -> None:
    scores = [0.5, 0.2, None, 0.6, 0.4, 0.55, 0.3, 0.7]
    decisions = []
    for name, broken in (("unbroken", False), ("broken", True)):
        with LedgerWriter.create(tmp_path / f"{name}.db") as ledger:
            rows = [candidate(0, index, program(words)) for index, words in enumerate(WORDS)]
            ledger.add_prompts(0, [prompt(0, index) for index in range(len(rows))])
            ledger.add_candidates(rows)
            gate, reasons = AdmissionGate.from_ledger(ledger, RELATIVE), []
            for row, score in zip(rows, scores, strict=True):
                status = EvaluationStatus.COMPLETE if score is not None else EvaluationStatus.SHAPE_ERROR
                judged = evaluation(score, status, row.id).model_copy(update={"protocol_id": FIELD})
                if broken:
                    gate = AdmissionGate.from_ledger(ledger, RELATIVE)
                admission = gate.decide(judged, row)
                ledger.add_judgement(judged, admission)
                reasons.append(admission.reason.value)
            other = evaluation(0.99, identifier=rows[0].id).model_copy(
                update={"protocol_id": f"{FIELD}/again"}
            )
            ledger.add_evaluation(other)  # a re-test moves no threshold
            assert ledger.valid_scores(rows[5].id) == [0.2, 0.4, 0.5, 0.6]
        decisions.append(reasons)
    first = ["ADMITTED", "ADMITTED", "INVALID", "ADMITTED", "ADMITTED"]
    assert decisions == [[*first, "ADMITTED", "BELOW_THRESHOLD", "ADMITTED"]] * 2
