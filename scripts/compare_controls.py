"""Run the closed loop beside its controls at equal budgets and paired seeds, and print the table of the
README.

    .venv/bin/python scripts/compare_controls.py --out runs/controls --jobs 2

Arms: the closed loop; `frozen` (no fine-tuning); `random-valid` (LoRA on equally many valid candidates,
chosen at random); `random search` over the grammar, which asks no model. Every run is an ordinary run
directory, so the script goes on where it was stopped and `--report-only` prints the table of what is there.
Losses are printed like wins.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from corpus.ledger.errors import LedgerError
from corpus.ledger.reader import Ledger
from corpus.records.trainings import CycleStage
from cycles.errors import UsageError
from cycles.figures.cycle_report import run_reports
from cycles.figures.records import CycleReport, Mean, Rate
from cycles.figures.statistics import mean_interval, wilson
from cycles.run.run_directory import RunDirectory
from cycles.showing.cells import mean_cell, rate_cell

ARMS = {
    "closed loop": ["--teach", "winners"],
    "random-valid": ["--teach", "random-valid"],
    "frozen": ["--teach", "nobody"],
    "random search": ["--strategy", "random"],
}
"""What each arm sets differently."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("runs/controls"))
    parser.add_argument("--preset", default="cpu-tiny")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--jobs", type=int, default=1, help="runs at a time")
    parser.add_argument("--set", dest="overrides", action="append", default=[], help="passed to every run")
    parser.add_argument("--report-only", action="store_true", help="run nothing, print the table")
    arguments = parser.parse_args()
    wanted = [(arm, seed) for seed in arguments.seeds for arm in ARMS]
    if not arguments.report_only:
        arguments.out.mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor(arguments.jobs) as pool:
            codes = list(pool.map(lambda one: run_arm(arguments, *one), wanted))
        if any(codes):
            sys.exit(
                f"{sum(map(bool, codes))} runs failed; see the logs under {arguments.out}. "
                "Run this again to go on."
            )
    try:
        reports = {
            arm: [load_reports(run_path(arguments.out, arm, seed)) for seed in arguments.seeds]
            for arm in ARMS
        }
    except (UsageError, LedgerError) as error:
        sys.exit(str(error))
    print_tables(reports)


def run_path(out: Path, arm: str, seed: int) -> Path:
    return out / f"{arm.replace(' ', '-')}-{seed}"


def run_arm(arguments: argparse.Namespace, arm: str, seed: int) -> int:
    """Start or resume one run in a process of its own; its output goes to a log beside the run."""
    path = run_path(arguments.out, arm, seed)
    if (path / "config.toml").exists():
        command = ["resume", str(path)]
    else:
        command = [
            "run",
            "--preset",
            arguments.preset,
            "--out",
            str(path),
            "--seed",
            str(seed),
            *ARMS[arm],
        ]
        # Changes no result, only the speed: the runs share the processors.
        workers = f"evaluator.workers={max(1, (os.cpu_count() or 1) // arguments.jobs)}"
        command += [part for override in (workers, *arguments.overrides) for part in ("--set", override)]
    print(f"archloop {' '.join(command)}", file=sys.stderr, flush=True)
    with path.with_suffix(".log").open("a") as log:
        entry = [sys.executable, "-c", "from cycles.cli.app import main; main()"]
        return subprocess.run(
            [*entry, *command], stdout=log, stderr=subprocess.STDOUT, check=False
        ).returncode


def load_reports(path: Path) -> list[CycleReport]:
    directory = RunDirectory.open(path)
    with Ledger.open(directory.ledger_file) as ledger:
        return run_reports(ledger, directory.config())


def pooled_rate(rates: list[Rate]) -> Rate:
    return wilson(sum(rate.count for rate in rates), sum(rate.total for rate in rates))


def pooled_mean(means: list[Mean]) -> Mean:
    """Pool the means of independent samples: count-weighted, with the variances their intervals imply."""
    total = sum(mean.count for mean in means)
    if not total:
        return means[0]
    value = sum(mean.count * mean.value for mean in means) / total
    half = sum((mean.count / total * (mean.high - mean.low) / 2) ** 2 for mean in means) ** 0.5
    return Mean(count=total, value=value, low=value - half, high=value + half)


def average(values: list[float | None]) -> str:
    known = [value for value in values if value is not None]
    return f"{statistics.fmean(known):.2f}" if known else "-"


def print_tables(reports: dict[str, list[list[CycleReport]]]) -> None:
    cycles = min(len(run) for runs in reports.values() for run in runs)
    if not cycles:
        sys.exit("No cycle is complete in every run yet.")
    seeds = len(next(iter(reports.values())))
    print(f"{seeds} paired seeds, cycles 0 to {cycles - 1}, pooled over seeds, 95% intervals in brackets.\n")
    print(
        "| arm | cycle | valid | mean acc. of all | mean acc. of valid | strong | admitted "
        "| median Jaccard | unique skeletons | family entropy (bits) |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    for arm, runs in reports.items():
        for cycle in range(cycles):
            rows = [run[cycle] for run in runs]
            cells = [
                arm,
                str(cycle),
                rate_cell(pooled_rate([row.valid for row in rows])),
                mean_cell(pooled_mean([row.mean_accuracy_all for row in rows])),
                mean_cell(pooled_mean([row.mean_accuracy_valid for row in rows])),
                rate_cell(pooled_rate([row.strong for row in rows])),
                str(sum(row.admitted.count for row in rows)),
                average([row.median_jaccard for row in rows]),
                average([row.unique_skeletons for row in rows]),
                average([row.family_entropy_bits for row in rows]),
            ]
            print("| " + " | ".join(cells) + " |")
    print_ratios(reports, cycles - 1)
    print_best(reports, cycles)
    print_seconds(reports)


def print_ratios(reports: dict[str, list[list[CycleReport]]], last: int) -> None:
    """Print the last cycle of the closed loop over each control's, seed by seed."""
    print(f"\nCycle {last} of the closed loop over the control's, seed by seed, and the geometric mean:\n")
    print("| over | valid rate | mean acc. of all |")
    print("|---|---|---|")
    for control in list(ARMS)[1:]:
        cells = []
        for figure in (lambda row: row.valid.value, lambda row: row.mean_accuracy_all.value):
            pairs = zip(reports["closed loop"], reports[control], strict=True)
            ratios = [figure(ours[last]) / max(figure(theirs[last]), 1e-9) for ours, theirs in pairs]
            each = ", ".join(f"{ratio:.2f}" for ratio in ratios)
            cells.append(f"{each}: **{statistics.geometric_mean(ratios):.2f}x**")
        print(f"| {control} | {cells[0]} | {cells[1]} |")


def print_best(reports: dict[str, list[list[CycleReport]]], cycles: int) -> None:
    """Print what a user takes home: the best network of all cycles, seed by seed."""
    evaluations = sum(row.candidates for row in next(iter(reports.values()))[0][:cycles])
    print(f"\nBest validation accuracy among all {evaluations} evaluations, seed by seed, and the mean:\n")
    print("| arm | best network |")
    print("|---|---|")
    for arm, runs in reports.items():
        best = [max(row.best_accuracy or 0.0 for row in run[:cycles]) for run in runs]
        print(f"| {arm} | {', '.join(f'{each:.3f}' for each in best)}: **{statistics.fmean(best):.3f}** |")


def print_seconds(reports: dict[str, list[list[CycleReport]]]) -> None:
    """Print the wall time of each stage, averaged over the cycles of all seeds."""
    print("\nWall seconds per cycle and stage (mean with its 95% interval over cycles and seeds):\n")
    print("| arm | " + " | ".join(CycleStage) + " |")
    print("|---|" + "---|" * len(CycleStage))
    for arm, runs in reports.items():
        cells = []
        for stage in CycleStage:
            seconds = [row.stage_seconds[stage] for run in runs for row in run if stage in row.stage_seconds]
            mean = mean_interval(seconds, bounds=(0.0, float("inf")))
            cells.append(f"{mean.value:.0f} [{mean.low:.0f}, {mean.high:.0f}]" if seconds else "-")
        print(f"| {arm} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
