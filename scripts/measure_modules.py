#!/usr/bin/env python
"""Measure what mining and probing yield: how many distinct modules, how many of use for images, how soon.

    .venv/bin/python scripts/measure_modules.py FOLDER_OF_SOURCES
    .venv/bin/python scripts/measure_modules.py /tmp/timm/src/timm --workers 2

It mines torch.nn and one more place (a folder of sources, or an installed package) into a new library, probes
all of it, and prints the counts beside three denominators, as the share of usable modules depends on what
counts as a module for images:

- all distinct modules, those included that their text shows to be of no use: losses, whole networks, bases;
- those that ran in the sandbox;
- of these, those that claim images: no container, loss or recurrent network, nothing for one or three
  dimensions, by name.

Nothing that is mined is imported: at the end it looks whether a module of the place was. It does *not* say
whether modules are good for a network, only that a network can be built with them.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from corpus.ledger.writer import LedgerWriter
from cycles.modules.figures import Standing, figures_of, reasons, standings
from cycles.modules.filling import mine, probe_missing
from cycles.modules.probing import probing_config
from evaluator.supervisor.sandbox import SandboxedEvaluator
from generator.modules.library import mined_library

BAR_DISTINCT, BAR_USABLE, BAR_SECONDS = 250, 0.6, 300.0
"""The bars: distinct modules, share of those that ran which are of use for images, seconds on two cores."""

_NO_IMAGES = re.compile(
    r"[13]d|Loss|^(RNN|LSTM|GRU)|Cell$|Container|ModuleList|ModuleDict|Sequential|Parameter(List|Dict)|Embedding"
)


def main() -> None:
    """Read the arguments, take the measurement, print it."""
    arguments = _arguments()
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "modules.db"
        figures = measure(path, ["torch.nn", arguments.place], arguments.workers)
    print(json.dumps(figures) if arguments.json else _in_words(figures))


def measure(path: Path, places: Sequence[str], workers: int) -> dict[str, Any]:
    """Mine places into a new library at `path`, probe it, and return the figures."""
    started = time.monotonic()
    with LedgerWriter.create(path) as library:
        mined = mine(library, places, lambda _: None)
        mining = time.monotonic() - started
        with SandboxedEvaluator(probing_config(workers)) as sandbox:
            probe_missing(library, sandbox.probe, lambda _: None)
            isolation = sandbox.isolation
        seconds = time.monotonic() - started
        modules, probes = library.modules(), library.module_probes()
    known = standings(modules, probes)
    tried = [each for each in known if each.tried]
    origins: dict[str, list[Standing]] = {}
    for each in known:
        origins.setdefault(each.module.origin, []).append(each)
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return {
        "isolation": isolation,
        "seconds": {"mining": mining, "probing": seconds - mining, "all": seconds},
        "cpu_seconds": own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime,
        "load": os.getloadavg()[0],
        "found": mined.counts.classes,
        "probes": sum(each.seconds > 0 for each in probes),
        "in_library": len(mined_library(modules, probes)),
        "imported": [name for name in sys.modules if name.split(".")[0] == Path(places[-1]).name],
        "all": figures_of(known)._asdict(),
        "origins": {name: figures_of(group)._asdict() for name, group in origins.items()},
        "claim_images": figures_of([each for each in tried if claims_images(each)])._asdict(),
        "reasons": dict(reasons(known)),
    }


def claims_images(standing: Standing) -> bool:
    """Return whether nothing in a module's name says that it is for something else than images."""
    return _NO_IMAGES.search(standing.module.name) is None


def _in_words(figures: dict[str, Any]) -> str:
    total, claim, seconds = figures["all"], figures["claim_images"], figures["seconds"]
    lines = [
        f"found {figures['found']}, distinct {total['distinct']} (bar: {BAR_DISTINCT}), "
        f"standing on their own {total['carried']}, run in the sandbox {total['tried']}",
        f"usable for images {total['usable']}: {_share(total['usable'], total['distinct'])} of all distinct, "
        f"{_share(total['usable'], total['tried'])} of those that ran (bar: {BAR_USABLE:.0%}), "
        f"{_share(claim['usable'], claim['distinct'])} of the {claim['distinct']} that ran and claim images",
        f"in the library of trees, twins left out: {figures['in_library']}",
        f"{seconds['all']:.0f} s (bar: {BAR_SECONDS:.0f} on two idle cores): mining {seconds['mining']:.0f}, "
        f"probing {seconds['probing']:.0f} for {figures['probes']} probes; "
        f"{figures['cpu_seconds']:.0f} s of the processors, at a load of {figures['load']:.1f}",
        f"sandbox: {figures['isolation']}",
        f"imported of what was mined: {', '.join(figures['imported']) or 'nothing'}",
        *(f"{name}: {row}" for name, row in figures["origins"].items()),
        *(f"{count:>5}  {reason}" for reason, count in list(figures["reasons"].items())[:15]),
    ]
    return "\n".join(lines)


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "-"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure mining and probing.")
    parser.add_argument("place", help="a folder of sources, or an installed package, mined beside torch.nn")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    return parser.parse_args()


if __name__ == "__main__":
    main()
