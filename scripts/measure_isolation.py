#!/usr/bin/env python
"""Measure what isolation costs: the same programs in every tier that this machine offers, and in none.

    .venv/bin/python scripts/measure_isolation.py --rounds 20

Prints what probing each barrier found; then, for each tier, the seconds to start the evaluator, and the
median wall time in milliseconds of a program that the lint rejects, of one that raises in its constructor,
and of a small network that is trained to the end. The tiers take turns, round by round, each with one worker.

It does *not* test that a tier contains anything: `tests/hostile` does.
"""

from __future__ import annotations

import argparse
import statistics
import time
from contextlib import ExitStack
from pathlib import Path

from corpus.records.candidates import Candidate
from evaluator.config import EvaluatorConfig
from evaluator.isolation.probe import probe
from evaluator.isolation.tiers import Tier
from evaluator.supervisor.sandbox import SandboxedEvaluator

SMALL_NETWORK = Path(__file__).parent.parent / "tests" / "programs" / "small_cnn.py"


def main() -> None:
    """Read the arguments, take the measurements, print them."""
    parser = argparse.ArgumentParser(description="Measure what isolation costs.")
    parser.add_argument("--rounds", type=int, default=20, help="measurements of each program (20)")
    rounds = parser.parse_args().rounds
    checks = probe()
    for check in checks:
        print(f"{check.barrier:<12} {'works' if check.works else 'missing'} {check.detail}")
    working = {check.barrier for check in checks if check.works}
    tiers = [tier for tier in Tier if working.issuperset(tier.barriers)]
    good = SMALL_NETWORK.read_text(encoding="utf-8")
    programs = {
        "lint": "import subprocess\n" + good,
        "constructor": good.replace("super().__init__()", "super().__init__(); raise ValueError", 1),
        "trained": good,
    }
    with ExitStack() as running:
        starts, evaluators = {}, {}
        for tier in tiers:
            started = time.perf_counter()
            config = EvaluatorConfig(task="digits-clean", workers=1, isolation=tier.value)
            evaluators[tier] = running.enter_context(SandboxedEvaluator(config))
            starts[tier] = time.perf_counter() - started
        milliseconds: dict[tuple[Tier, str], list[float]] = {}
        for _ in range(rounds):
            for name, source in programs.items():
                for tier in tiers:
                    milliseconds.setdefault((tier, name), []).append(_judged(evaluators[tier], source))
    print(f"\n{'tier':<12}{'start s':>9}" + "".join(f"{name:>14}" for name in programs) + "   (median ms)")
    for tier in tiers:
        row = "".join(f"{statistics.median(milliseconds[tier, name]):>14.1f}" for name in programs)
        print(f"{tier:<12}{starts[tier]:>9.1f}{row}")


def _judged(evaluator: SandboxedEvaluator, source: str) -> float:
    candidate = Candidate.imported("program", source, generator="file")
    started = time.perf_counter()
    list(evaluator.evaluate([candidate]))
    return 1000 * (time.perf_counter() - started)


if __name__ == "__main__":
    main()
