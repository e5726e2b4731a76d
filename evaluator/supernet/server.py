"""The supernet's process: it trains or loads, says so, and then answers cells with accuracies.

Started as `python -m evaluator.supernet.server`; the first line of its standard input holds the settings,
each further one a cell, and each is answered by a line. It ends when its input does. It does *not* run any
program.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from evaluator.supernet.config import SupernetConfig

READY = "ready"


def main() -> None:
    """Serve until the input ends."""
    opening = json.loads(sys.stdin.readline())
    from evaluator.supernet.training import TrainedSupernet

    supernet = TrainedSupernet(SupernetConfig.model_validate(opening["config"]), Path(opening["home"]))
    _say(READY)
    for line in sys.stdin:
        _say(supernet.accuracy(json.loads(line)))


def _say(answer: str | float) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
