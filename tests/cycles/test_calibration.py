"""The calibration measures the run's real parts; the estimate is arithmetic that keeps its promises."""

from __future__ import annotations

import pytest

from cycles.config.run import load_config
from cycles.preflight.calibration import Calibration, calibrate
from cycles.preflight.estimate import Range, estimate, estimate_lines

MEASURED = Calibration(
    batch=20,
    batch_seconds=2.0,
    judged=24,
    judge_seconds=0.25,
    valid_seconds=1.0,
    step_seconds=0.5,
    training_start_seconds=4.0,
    start_seconds=10.0,
    ledger_bytes=200_000,
    candidate_bytes=2000.0,
    adapter_bytes=1_000_000,
)


def test_a_frozen_run_is_sampling_and_judging_alone() -> None:
    small = ["cycles=2", "candidates=40", "generator.batch_size=40"]
    config = load_config("cpu-tiny", ["teaching.by=nobody", *small])
    expected = estimate(config, MEASURED)
    assert expected.steps == Range(low=0, high=0)
    # Start, two batches at the price of the one measured, 80 programs as they are today.
    assert expected.seconds is not None
    assert expected.seconds.low == pytest.approx(10 + 2 * 2.0 + 80 * 0.25)
    assert expected.seconds.high == pytest.approx(10 + 1.25 * 80 * (0.1 + 1.0))


def test_steps_range_from_the_fewest_winners_to_all() -> None:
    config = load_config("cpu-tiny")
    settings = config.finetune
    few, many = settings.planned_steps(settings.min_examples), settings.max_steps
    assert estimate(config, MEASURED).steps == Range(low=3 * few, high=3 * many)


def test_more_candidates_are_never_expected_sooner() -> None:
    configs = [load_config("cpu-tiny", [f"candidates={count}"]) for count in (1, 119, 120, 121)]
    expected = [estimate(config, MEASURED).seconds for config in configs]
    ends = [(each.low, each.high) for each in expected if each is not None]
    assert ends == sorted(ends) and len(ends) == 4


def test_a_part_that_was_not_measured_leaves_no_time() -> None:
    untimed = MEASURED.model_copy(update={"step_seconds": None, "notes": ("too large",)})
    expected = estimate(load_config("cpu-tiny"), untimed)
    assert expected.seconds is None
    assert estimate_lines(expected)[-1] == "Too large."
    assert estimate(load_config("cpu-tiny", ["teaching.by=nobody"]), untimed).seconds is not None


def test_disk_is_the_ledger_at_least_and_an_adapter_for_each_cycle_at_most() -> None:
    config = load_config("cpu-tiny", ["cycles=3", "candidates=100"])
    ledger = 200_000 + 300 * 2000
    assert estimate(config, MEASURED).bytes == Range(low=ledger, high=1.25 * ledger + 2_000_000)


@pytest.mark.slow
def test_a_calibration_measures_every_part_of_the_run() -> None:
    measured = calibrate(load_config("smoke"), seconds=2.0)
    assert measured.batch == 12 and measured.batch_seconds > 0
    assert measured.judged > 0 and measured.valid_seconds >= measured.judge_seconds > 0
    assert measured.step_seconds is not None and measured.step_seconds > 0
    assert measured.adapter_bytes and measured.candidate_bytes > 500
    assert measured.notes == ()


@pytest.mark.slow
def test_what_would_start_a_server_is_not_measured_but_said() -> None:
    config = load_config("smoke", ["generator.sampler=server", "teaching.by=nobody"])
    measured = calibrate(config, seconds=1.0)
    assert measured.batch == 0 and "vLLM" in measured.notes[0]
    assert measured.valid_seconds > 0
