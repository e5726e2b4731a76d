"""The card and `load.py` of networks for tasks of every kind."""

from __future__ import annotations

import ast

import pytest

from corpus.records.tasks.kinds import TaskKind
from cycles.figures.statistics import mean_interval
from cycles.final.card import measured_words, model_card, seed_words
from cycles.final.loader import loader
from cycles.final.records import FinalReport, Inputs, Measured
from tests.cycles.final.test_final_command import REPORT


def report(
    kind: TaskKind, inputs: Inputs, in_shape: tuple[int, ...], out_shape: tuple[int, ...]
) -> FinalReport:
    unit = ((2e-05, 1.5), (3e-06, 4.0)) if kind is TaskKind.REGRESSION else ((), ())
    changed = {
        "kind": kind,
        "inputs": inputs,
        "in_shape": in_shape,
        "out_shape": out_shape,
        "test": Measured(score=0.875, total=349),
        "target_mean": unit[0],
        "target_std": unit[1],
    }
    made = REPORT.model_copy(update=changed)
    assert FinalReport.model_validate_json(made.model_dump_json()) == made
    return made


FIELDS = report(TaskKind.REGRESSION, "fields", (1, 1, 16, 16), (2, 16, 16))
SIGNALS = report(TaskKind.MULTI_LABEL, "signals", (1, 2, 64), (5,))
MASKS = report(TaskKind.SEGMENTATION, "images", (1, 3, 32, 32), (4, 32, 32))


@pytest.mark.parametrize(
    "made, said",
    [
        (FIELDS, "float32 fields `(B, 1, 16, 16)` and gives numbers `(B, 2, 16, 16)`; each is standardised"),
        (FIELDS, "A field goes in as `(field - mean) / std`"),
        (FIELDS, "with target_mean 2e-05, 1.5 and target_std 3e-06, 4 for the channels"),
        (FIELDS, "| test relative L2 (lower is better) | **0.125**, over 349 fields |"),
        (FIELDS, "| c000/0001 | 0.200 | 0.080"),
        (SIGNALS, "float32 signals `(B, 2, 64)` and gives scores `(B, 5)`; a score above 0 says"),
        (SIGNALS, "| test mean average precision | **0.875**, over 349 signals |"),
        (MASKS, "gives scores `(B, 4, 32, 32)`; the class of a position is that of the largest score there."),
        (MASKS, "An image of bytes goes in as `(image / 255 - mean) / std`"),
    ],
)
def test_the_card_says_what_goes_in_what_comes_out_and_how_well(made: FinalReport, said: str) -> None:
    card = model_card(made)
    assert said in card
    assert "accuracy" not in card.lower()
    assert ("images" in card) == (made is MASKS)


def test_the_loader_says_it_too_and_is_a_program() -> None:
    for made in (REPORT, FIELDS, SIGNALS, MASKS):
        assert ast.parse(loader(made)).body
    assert "float32 images (B, C, H, W), each `(image / 255 - mean) / std`." in loader(REPORT)
    assert "float32 signals (B, C, L), each `(signal - mean) / std`." in loader(SIGNALS)
    assert "`answer * target_std + target_mean` is in the unit of the task" in loader(FIELDS)
    assert "target_std" not in loader(MASKS)


def test_only_an_accuracy_has_an_interval_of_its_own() -> None:
    assert measured_words(REPORT) == ("0.900 [0.864, 0.927]", "314 of 349 images")
    assert measured_words(FIELDS) == ("0.125", "over 349 fields")


def test_the_card_names_the_best_network_beside_the_seed() -> None:
    assert "non-seed" not in model_card(REPORT) and seed_words(REPORT) is None
    (first,) = REPORT.first_wave
    second = first.model_copy(update={"candidate_id": "c000/0002", "mean": mean_interval([0.8, 0.8])})
    both = REPORT.model_copy(
        update={"first_wave": (first, second), "seed": "c000/0001", "best_non_seed": "c000/0002"}
    )
    said = "Best non-seed: c000/0002 0.800 [0.800, 0.800]; the seed c000/0001 0.920"
    assert said in model_card(both)
    alone = both.model_copy(update={"seed": None})
    assert str(seed_words(alone)).endswith("; the seed learnt nothing")
