"""How candidates cover the template of ideas: each count, told and seen apart, and failures by name."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from corpus.config import CorpusConfig
from corpus.novelty.gate import decide
from corpus.records.search.trials import Trial
from cycles.figures.coverage import Coverage, Spread, coverage
from generator.ideas.told import FAILURES
from tests.generator.ideas.small_pool import small_pool
from tests.ledgers import candidate, evaluation

POOL = small_pool()
SMOOTH, GATED, BATCH, IDENTITY, SCALING = POOL.template
GELU = "import torch.nn as nn\na = nn.GELU()\nb = {}\n"
GLU = "import torch.nn as nn\na = nn.GLU()\nb = {}\n"

Row = tuple[str | None, str, float | None, int]


def trials(rows: Sequence[Row]) -> list[Trial]:
    """Return judged candidates of the given ideas, programs, accuracies (None: invalid) and parameters."""
    judged = []
    for index, (idea, program, accuracy, size) in enumerate(rows):
        row = candidate(0, index, program.replace("{}", str(index))).model_copy(update={"idea": idea})
        measured = evaluation(row, accuracy).model_copy(update={"parameters": size})
        judged.append(Trial(row, measured, decide(measured, None, CorpusConfig(min_accuracy=0.4))))
    return judged


def covered(*rows: Row) -> Coverage:
    found = coverage([(POOL, trials(rows))])
    assert found is not None
    return found


def counts(spread: Spread | None) -> dict[str, tuple[int, int, int, int]]:
    """Return what is counted of each path that has anything."""
    assert spread is not None
    places = [*spread.categories, *spread.subcategories]
    return {
        each.path: (each.proposed, each.valid, each.admitted, each.front) for each in places if each.proposed
    }


def test_a_candidate_counts_at_its_idea_for_what_became_of_it() -> None:
    found = covered(
        (f"fair: {SMOOTH}/smooth-0; by model", GELU, None, 1),
        (f"fair: {SMOOTH}/smooth-0; by codemod", GELU, 0.3, 100),
        (f"similar: {GATED}/gated-0; by codemod", GLU, 0.5, 200),
        (f"fair: {BATCH}/batch-0; by codemod", GLU, 0.45, 300),
        (None, GLU, 0.9, 400),
    )
    assert counts(found.told) == {
        "operator/activation": (3, 2, 1, 2),
        SMOOTH: (2, 1, 0, 1),
        GATED: (1, 1, 1, 1),
        "operator/normalisation": (1, 1, 1, 0),
        BATCH: (1, 1, 1, 0),
    }
    assert found.told is not None and (found.told.placed, found.told.of) == (4, 5)
    assert (found.model.count, found.model.total) == (1, 4)


def test_the_front_is_each_runs_own() -> None:
    weak = trials([(f"fair: {SMOOTH}/smooth-0; by codemod", GELU, 0.2, 500)])
    strong = trials([(f"fair: {GATED}/gated-0; by codemod", GLU, 0.9, 100)])
    for runs in ([(POOL, weak), (POOL, strong)], [(POOL, strong), (POOL, weak)]):
        both = coverage(runs)
        assert both is not None
        assert counts(both.told)[SMOOTH][3] == counts(both.told)[GATED][3] == 1
    together = coverage([(POOL, [*weak, *strong])])
    assert together is not None and counts(together.told)[SMOOTH][3] == 0


def test_a_program_is_seen_wherever_its_names_place_it_once_in_each_category() -> None:
    found = covered((None, GELU + GLU, 0.5, 10), (None, "import torch\n", 0.5, 10))
    assert found.told is None
    assert counts(found.seen) == {
        "operator/activation": (1, 1, 1, 1),
        SMOOTH: (1, 1, 1, 1),
        GATED: (1, 1, 1, 1),
    }
    assert found.seen is not None and (found.seen.placed, found.seen.of) == (1, 2)


def test_what_has_no_marks_is_no_part_of_what_is_seen() -> None:
    found = covered((None, GELU, 0.5, 10))
    assert found.seen is not None
    assert SCALING not in {each.path for each in found.seen.subcategories}
    assert "network/width" not in {each.path for each in found.seen.categories}


def test_evenness_is_one_where_all_categories_have_as_many_and_zero_where_one_has_all() -> None:
    def even(*paths: str) -> tuple[float | None, float | None]:
        rows: list[Row] = [(f"fair: {path}/x; by codemod", GELU, None, 1) for path in paths]
        told = covered(*rows).told
        assert told is not None
        assert told.of_measure("admitted").categories is None
        return told.of_measure("proposed").categories, told.of_measure("proposed").subcategories

    assert even(SMOOTH, GATED, BATCH, BATCH, IDENTITY, IDENTITY, SCALING, SCALING)[0] == pytest.approx(1.0)
    assert even(SMOOTH, GATED, BATCH, IDENTITY, SCALING)[1] == pytest.approx(1.0)
    assert even(SMOOTH, GATED) == (0.0, pytest.approx(0.4307, abs=1e-4))  # log 2 / log 5


def test_the_sentences_say_both_evennesses_and_who_carried_ideas_out() -> None:
    found = covered(
        (f"fair: {SMOOTH}/smooth-0; by model", GELU, 0.5, 10),
        (f"fair: {GATED}/gated-0; by codemod", GELU, 0.5, 10),
        ("tune: swap; by edit", GELU, 0.5, 10),
    )
    assert found.told is not None
    assert "evenness over 4 categories (5 sub-categories): proposed 0.00 (0.43)" in found.told.sentence
    assert "Of 2 ideas that were carried out, 50% were by a model; 1 cand" in found.sentence
    assert "Of 2 valid programs whose sub-category has marks, 50%" in found.sentence


def test_failures_wrong_verdicts_and_repairs_are_counted_by_name() -> None:
    found = covered(
        (f"fair: {SMOOTH}/a; by model; debug 2; failed truncated, shape, shape", GELU, 0.5, 10),
        (f"fair: {GATED}/b; by codemod; downscale 3; failed truncated; opinion wrong-verdict", GLU, 0.5, 10),
        (f"similar: {GATED}/c; by codemod; debug 1; opinion same", GLU, 0.5, 10),
        ("scale-up: widen; by edit; downscale 1", GLU, 0.5, 10),
        (f"fair: {BATCH}/d; failed budget", GLU, None, 10),
    )
    times = {each.name: (each.candidates, each.times) for each in found.troubles if each.candidates}
    assert times == {
        **{"truncated": (2, 2), "shape": (1, 2), "budget": (1, 1)},
        **{"wrong-verdict": (1, 1), "debug": (2, 3), "downscale": (2, 4)},
    }
    assert {each.name for each in found.troubles} == {*FAILURES, "wrong-verdict", "debug", "downscale"}
    assert "of 2 asked" in next(e.meaning for e in found.troubles if e.name == "wrong-verdict")
    assert (found.model.count, found.model.total, found.edits) == (1, 3, 1)


def test_without_any_trouble_none_is_listed() -> None:
    assert covered((f"fair: {SMOOTH}/a; by codemod", GELU, 0.5, 10)).troubles == ()


def test_runs_without_ideas_or_without_candidates_have_no_coverage() -> None:
    rows = trials([(None, GELU, 0.5, 10)])
    assert coverage([(None, rows)]) is None
    assert coverage([(POOL, [])]) is None
    both = coverage([(None, rows), (POOL, rows)])
    assert both is not None and both.seen is not None and both.seen.of == 1
