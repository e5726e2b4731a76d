"""Writes one cycle to trackio's local store: `python -m cycles.showing.trackio_writer` reads it as JSON from
stdin.

A process of its own, because trackio takes its directory from the environment when it is imported, and talks
to the terminal. This module imports nothing of ours and does *not* contact a Space or a server:
`cycles.showing.tracking`, which starts it, takes the variables away that would name one.
"""

from __future__ import annotations

import json
import sys
from typing import Any

PROJECT = "archloop"


def main(row: dict[str, Any]) -> None:
    """Append the step `row["step"]` to the run `row["run"]`, which is made if it is not there."""
    import trackio

    trackio.init(
        PROJECT,
        name=row["run"],
        config=row["config"],
        resume="allow",
        embed=False,
        auto_log_gpu=False,
        auto_log_cpu=False,
    )
    trackio.log(row["metrics"], step=row["step"])
    trackio.finish()


if __name__ == "__main__":
    main(json.load(sys.stdin))
