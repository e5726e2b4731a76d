"""Compare searches where every network of a space was trained before: paired seeds, equal budgets.

    .venv/bin/python -m scripts.compare_tabular                  # from the root of the repository
    .venv/bin/python -m scripts.compare_tabular --model          # the embedded model's arm too: minutes

Each arm searches the whole space of a table (`evaluator.tabular`) with each seed, through the driver, ledger
and gate of a run; an evaluation is a look into the table. `informed` is CoLLM-NAS with a decider that goes
by the results in its prompts (`tests/informed.py`): what good answers would be worth. `rule` is CoLLM-NAS
without a model, and `no guide` its coordinator alone: random search that tries no network twice, which
parts what remembering is worth from what steering is.

Of each arm stand here the best validation accuracy after so many evaluations, the mean of that curve (its
area), and of the network that is best in the end the accuracy on the test split, which no search sees. All
are means over the seeds. Differences to the two controls are paired by seed, with 95% bootstrap intervals;
for looking at several figures and arms nothing is corrected.

It does *not* fine-tune, and times nothing.
"""

from __future__ import annotations

import argparse
import functools
import sys
import tempfile
from collections.abc import Callable, Iterator
from itertools import accumulate
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

import numpy as np

from corpus.ledger.writer import LedgerWriter
from corpus.records.candidates import Candidate
from cycles.config.run import RunConfig, load_config
from cycles.figures.adherence import adherence
from cycles.figures.statistics import bootstrap_interval
from cycles.parts import build_sampler, space_of
from evaluator.tables.catalogue import TABLES, table_file, table_spec
from evaluator.tables.table import Table, read_table, read_test_accuracies
from evaluator.tabular.answering import TabularEvaluator
from generator.deciders.chance import ChanceDecider
from generator.deciders.contract import Decider
from generator.deciders.sampling import SamplingDecider
from generator.spaces.operations import Operational
from tests.informed import Informed
from tests.searches import Arena

CONTROLS = ("random", "no guide")
SHOWN = (10, 25, 50, 100)
RESAMPLES = 10_000
EVOLUTION = "strategy.settings={population=20, tournament=5, batch=5}"
ALONE = 'strategy.settings={navigator="none", generator="rule"}'
CHOOSING = 'strategy.settings={navigator="rule", generator="choose"}'


class Arm(NamedTuple):
    """One arm: its settings beside those of all arms, and who answers its questions."""

    settings: tuple[str, ...]
    decider: Callable[[RunConfig], Decider]


class Outcome(NamedTuple):
    """What one run came to: its best-so-far curve, test accuracy of its best network, and adherence."""

    curve: list[float]
    test: float
    distinct: int
    steered: float | None


ARMS = {
    "random": Arm(("strategy.name=random",), lambda _: ChanceDecider()),
    "evolution": Arm(("strategy.name=evolution", EVOLUTION), lambda _: ChanceDecider()),
    "informed": Arm(("strategy.name=collm",), lambda config: Informed(_steered(config))),
    "no guide": Arm(("strategy.name=collm", ALONE), lambda _: ChanceDecider()),
    "rule": Arm(("strategy.name=collm",), lambda _: ChanceDecider()),
}
MODEL = Arm(("strategy.name=collm", CHOOSING), lambda _: _embedded())


def main() -> None:
    """Run every arm with every seed and print what they came to."""
    arguments = _arguments()
    table, test = read_table(table_file(arguments.table)), read_test_accuracies(table_file(arguments.table))
    by_key = {row.key: fmean(test[row.point]) for row in table.rows}
    arms = ARMS | ({"model": MODEL} if arguments.model else {})
    print(
        f"{arguments.table}: {len(table.rows)} points, {len(by_key)} networks; {arguments.seeds} seeds, "
        f"{arguments.queries} evaluations"
    )
    outcomes = {
        name: [
            run(arm, seed, table, by_key, arguments.queries)
            for seed in _counted(name, range(arguments.seeds))
        ]
        for name, arm in arms.items()
    }
    _print_curves(outcomes, arguments.queries)
    for control in CONTROLS:
        for name in arms:
            if name not in CONTROLS[: CONTROLS.index(control) + 1]:
                _print_verdict(name, control, outcomes)


def run(arm: Arm, seed: int, table: Table, by_key: dict[str, float], queries: int) -> Outcome:
    """Return what one search of a table comes to."""
    config = load_config(
        "cpu-tiny",
        [
            f"seed={seed}", "cycles=1", f"candidates={queries}", "corpus.seed_programs=0",
            "corpus.novelty=key", "teaching.by=nobody", f"strategy.space={table.head.space}",
            f"evaluator.task={table_spec(table.head.name).task}", *arm.settings,
        ],
    )  # fmt: skip
    with (
        tempfile.TemporaryDirectory(dir=_in_memory()) as folder,
        LedgerWriter.create(Path(folder) / "ledger.db") as ledger,
    ):
        decider, evaluator = arm.decider(config), TabularEvaluator(table, seed=seed)
        Arena(ledger, config, decider=lambda: decider, evaluator=lambda: evaluator).run()
        trials = ledger.judged(0)
        steered = adherence(ledger, _steered(config))
    scores = [each.accuracy or 0.0 for each in trials]
    best: Candidate = trials[max(range(len(scores)), key=scores.__getitem__)].candidate
    return Outcome(
        curve=list(accumulate(scores, max)),
        test=by_key[best.key or ""],
        distinct=len({each.candidate.key for each in trials} - {None}),
        steered=fmean(each.difference.value for each in steered) if steered else None,
    )


def _print_curves(outcomes: dict[str, list[Outcome]], queries: int) -> None:
    shown = [each for each in SHOWN if each <= queries]
    heads = [*(f"at {each}" for each in shown), "area", "test", "networks", "adherence"]
    print(f"{'':10}" + "".join(f"{head:>10}" for head in heads))
    for name, runs in outcomes.items():
        figures = [fmean(each.curve[place - 1] for each in runs) for place in shown]
        figures += [fmean(map(_area, runs)), fmean(each.test for each in runs)]
        row = "".join(f"{figure:>10.4f}" for figure in figures)
        steered = [each.steered for each in runs if each.steered is not None]
        row += f"{fmean(each.distinct for each in runs):>10.1f}"
        print(f"{name:10}{row}{f'{fmean(steered):+.3f}' if steered else '-':>10}")


def _print_verdict(name: str, control: str, outcomes: dict[str, list[Outcome]]) -> None:
    """Print the arm's differences to a control, and what each of them says."""
    figures: dict[str, Callable[[Outcome], float]] = {
        "area": _area,
        "best in the end": lambda each: each.curve[-1],
        "its test accuracy": lambda each: each.test,
    }
    said, pairs = [], list(zip(outcomes[name], outcomes[control], strict=True))
    for figure, of in figures.items():
        differences = np.array([of(ours) - of(theirs) for ours, theirs in pairs])
        low, high = bootstrap_interval(differences, lambda drawn: drawn.mean(axis=1), resamples=RESAMPLES)
        verdict = "better" if low > 0 else "worse" if high < 0 else "no difference shown"
        said.append(f"{figure} {differences.mean():+.4f} [{low:+.4f}, {high:+.4f}] {verdict}")
    print(f"{name} against {control}: {'; '.join(said)}")


def _in_memory() -> Path | None:
    """Return a folder in memory, where a ledger's writes wait for no disk; None where there is none."""
    memory = Path("/dev/shm")
    return memory if memory.is_dir() else None


def _area(outcome: Outcome) -> float:
    return fmean(outcome.curve)


def _steered(config: RunConfig) -> Operational[object]:
    space = space_of(config)
    assert isinstance(space, Operational), "tables are of cells"
    return space


@functools.cache
def _embedded() -> Decider:
    """Return the embedded model as a decider; it answers by the likelihood of options."""
    sampler = build_sampler(load_config("cpu-tiny"))
    return SamplingDecider(lambda: sampler)


def _counted(name: str, seeds: range) -> Iterator[int]:
    for seed in seeds:
        print(f"\r{name}: {seed + 1} of {len(seeds)}  ", end="", file=sys.stderr, flush=True)
        yield seed
    print("\r", end="", file=sys.stderr)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Compare searches of a table.")
    parser.add_argument("--table", choices=sorted(TABLES), default="cells-3-digits")
    parser.add_argument("--seeds", type=int, default=30, help="paired seeds (30)")
    parser.add_argument("--queries", type=int, default=100, help="evaluations of a run (100)")
    parser.add_argument("--model", action="store_true", help="the embedded model's arm too")
    return parser.parse_args()


if __name__ == "__main__":
    main()
