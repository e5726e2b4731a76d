"""Says on the channel what a child claims. This module does *not* hear answers."""

from __future__ import annotations

from corpus.records.evaluations import Stage
from evaluator.channel.framing import Kind, write_frame
from evaluator.channel.messages import Claim, StageReached
from evaluator.child.confinement import CHANNEL


def claim(what: Claim) -> None:
    """Send one message of the fixed vocabulary."""
    write_frame(CHANNEL, Kind.JSON, what.model_dump_json().encode())


def enter(stage: Stage) -> None:
    """Announce a stage, before it is entered: so the supervisor knows where a process was when it died."""
    claim(StageReached(stage=stage))
