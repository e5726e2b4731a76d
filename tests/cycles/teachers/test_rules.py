"""Whom each rule chooses from a pool of judged programs."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from pydantic import ValidationError

from corpus.config import CorpusConfig
from corpus.novelty.gate import decide
from corpus.records.admissions import AdmissionReason
from corpus.records.evaluations import EvaluationStatus
from corpus.records.search.trials import Trial
from cycles.config.teaching import Choice, Niche, TeachingConfig
from cycles.teachers.rules import niches, winners
from tests.ledgers import candidate, evaluation

PLAIN = """
import torch.nn as nn
class Net(nn.Module):
    def __init__(self):
        self.a = nn.Conv2d(1, {width}, 3)
    def forward(self, x):
        return self.a(x)
"""
RESIDUAL = PLAIN.replace("return self.a(x)", "return self.a(x) + x")
MLP = PLAIN.replace("nn.Conv2d(1, {width}, 3)", "nn.Linear(1, {width})")

Row = tuple[str, float | None]


def pool(rows: Sequence[Row], parameters: Sequence[int] | None = None) -> list[Trial]:
    """Return judged programs of the given designs and accuracies; an accuracy of None is an invalid one."""
    judged = []
    for index, (design, accuracy) in enumerate(rows):
        proposed = candidate(0, index, design.format(width=index + 1))
        size = parameters[index] if parameters else 100
        measured = evaluation(proposed, accuracy).model_copy(update={"parameters": size})
        judged.append(Trial(proposed, measured, decide(measured, None, CorpusConfig(min_accuracy=0.4))))
    return judged


def chosen(rows: Sequence[Trial], **settings: object) -> list[int]:
    """Return the places of the winners under a `[teaching]` table."""
    return [row.candidate.index for row in winners(rows, TeachingConfig.model_validate(settings))]


def test_by_default_the_admitted_teach() -> None:
    assert chosen(pool([(PLAIN, 0.5), (PLAIN, 0.3), (MLP, None), (MLP, 0.4)])) == [0, 3]


def test_the_best_share_teaches_however_weak_it_is() -> None:
    rows = pool([(PLAIN, 0.2), (PLAIN, 0.1), (PLAIN, 0.3), (MLP, None)])
    assert chosen(rows, choose=Choice.SHARE, share=0.5) == [0, 2]


def test_a_share_of_one_program_is_that_program() -> None:
    assert chosen(pool([(PLAIN, 0.2)]), choose=Choice.SHARE, share=0.1) == [0]


def test_of_equally_strong_programs_the_earlier_one_teaches() -> None:
    rows = pool([(PLAIN, 0.5), (PLAIN, 0.5), (PLAIN, 0.5)])
    assert chosen(rows, choose=Choice.SHARE, share=0.3) == [0]


def test_of_an_error_the_relative_rule_asks_for_the_best_share_alone() -> None:
    rows = pool([(PLAIN, 0.1), (PLAIN, 0.3), (MLP, 0.2), (MLP, None)])
    other = {"protocol_id": "darcy-v1/relative-l2/e1/b16/s0/p00000000"}
    turned = [row._replace(evaluation=row.evaluation.model_copy(update=other)) for row in rows]
    for few, taught in ((0, [1]), (2, [0, 1, 2])):
        assert chosen(rows, choose=Choice.RELATIVE, share=0.3, few=few) == []
        assert chosen(turned, choose=Choice.RELATIVE, share=0.3, few=few) == taught


def test_what_is_no_longer_new_teaches_under_no_rule() -> None:
    rows = pool([(PLAIN, 0.9), (PLAIN, 0.8)])
    copied = rows[0].admission.model_copy(
        update={"admitted": False, "reason": AdmissionReason.NEAR_DUPLICATE}
    )
    rows[0] = rows[0]._replace(admission=copied)
    for rule in Choice:
        assert chosen(rows, choose=rule, share=1.0) == [1]


def test_the_best_of_each_niche_teaches_before_the_second_best_of_any() -> None:
    rows = pool([(PLAIN, 0.9), (PLAIN, 0.8), (PLAIN, 0.7), (MLP, 0.3), (RESIDUAL, 0.2), (MLP, 0.1)])
    assert chosen(rows, choose=Choice.NICHES, share=0.5) == [0, 3, 4]
    assert chosen(rows, choose=Choice.NICHES, share=0.6) == [0, 1, 3, 4]


def test_where_not_every_niche_can_teach_the_strongest_do() -> None:
    rows = pool([(RESIDUAL, 0.2), (MLP, 0.3), (PLAIN, 0.9), (PLAIN, 0.8)])
    assert chosen(rows, choose=Choice.NICHES, share=0.5) == [1, 2]


def test_a_niche_whose_best_is_not_eligible_does_not_teach() -> None:
    rows = pool([(PLAIN, 0.9), (PLAIN, 0.8), (RESIDUAL, 0.7), (MLP, 0.3)])
    assert chosen(rows, choose=Choice.NICHES, share=0.75) == [0, 2, 3]
    assert chosen(rows, choose=Choice.NICHES, share=0.75, eligible=0.75) == [0, 1, 2]


def test_fewer_eligible_programs_than_teach_are_refused() -> None:
    with pytest.raises(ValidationError, match=r"eligible \(0.2\) must be at least share \(0.35\)"):
        TeachingConfig(eligible=0.2)


def test_a_niche_by_size_tells_a_small_network_from_a_large_one() -> None:
    rows = pool([(PLAIN, 0.9), (PLAIN, 0.8), (PLAIN, 0.3)], parameters=[9_000, 10_000, 300])
    assert chosen(rows, choose=Choice.NICHES, share=0.6, niche=Niche.FAMILY) == [0, 1]
    assert chosen(rows, choose=Choice.NICHES, share=0.6, niche=Niche.FAMILY_AND_SIZE) == [0, 2]


def told(row: Trial, idea: str) -> Trial:
    return row._replace(candidate=row.candidate.model_copy(update={"idea": idea}))


def test_a_niche_by_idea_is_the_category_of_the_idea_whatever_the_program() -> None:
    ideas = ("activation/smooth/gelu", "activation/gated/glu", "normalisation/batch/more")
    rows = pool([(PLAIN, 0.9), (MLP, 0.8), (PLAIN, 0.3)])
    rows = [told(row, f"prompt: operator/{idea}; by model") for row, idea in zip(rows, ideas, strict=True)]
    assert chosen(rows, choose=Choice.NICHES, share=0.6, niche=Niche.FAMILY) == [0, 1]
    assert chosen(rows, choose=Choice.NICHES, share=0.6, niche=Niche.IDEA) == [0, 2]


def test_programs_of_no_idea_have_niches_by_family_among_those_by_idea() -> None:
    rows = pool([(PLAIN, 0.9), (PLAIN, 0.8), (MLP, 0.3), (PLAIN, 0.2)])
    rows[1] = told(rows[1], "scale-up: widen; by edit")
    rows[3] = told(rows[3], "fair: operator/activation/smooth/gelu; by model")
    assert chosen(rows, choose=Choice.NICHES, share=0.75, niche=Niche.IDEA) == [0, 2, 3]


def test_a_niche_by_what_is_shown_is_the_rarest_category_of_a_program() -> None:
    gelu = "import torch.nn as nn\na = nn.GELU()\nb = {width}\n"
    both = gelu + "c = nn.Dropout()\n"
    rows = pool([(gelu, 0.9), (gelu, 0.8), (both, 0.3), ("x = {width}", 0.2)])
    assert niches(rows, Niche.SHOWN) == [
        *("operator/activation", "operator/activation", "operator/regularisation", None)
    ]
    assert chosen(rows, choose=Choice.NICHES, share=0.5, niche=Niche.SHOWN) == [0, 2]


def test_the_relative_rule_takes_the_best_share_above_its_floor() -> None:
    rows = pool([(PLAIN, 0.9), (PLAIN, 0.5), (PLAIN, 0.45), (PLAIN, 0.41)])
    assert chosen(rows, choose=Choice.RELATIVE, share=0.5, few=2) == [0, 1]
    assert chosen(rows, choose=Choice.RELATIVE, share=0.5, few=1, floor=0.6) == [0]


def test_the_relative_rule_lowers_its_floor_where_winners_are_few() -> None:
    rows = pool([(PLAIN, 0.9), (PLAIN, 0.36), (PLAIN, 0.34)])
    assert chosen(rows, choose=Choice.RELATIVE) == [0, 1]


def test_a_pool_without_anything_new_has_no_winner() -> None:
    rows = pool([(PLAIN, None), (MLP, None)])
    assert rows[0].evaluation.status is EvaluationStatus.SHAPE_ERROR
    for rule in Choice:
        assert chosen(rows, choose=rule) == []
