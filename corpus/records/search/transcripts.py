"""The record of a script's run: what it printed, and how it ended. This module does *not* run anything."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from corpus.records.base import Record

MAX_OUTPUT_CHARACTERS = 5_000
"""Of what a script prints, this much is kept, the line that says how much is left out included."""


class ScriptEnding(StrEnum):
    """How a script ended."""

    FINISHED = "finished"
    """It ran to its end, or left by `sys.exit()`."""
    RAISED = "raised"
    """It raised an exception. What the jail refuses a script is such an error too: `PermissionError`."""
    LIMIT_EXCEEDED = "limit exceeded"
    """It used up its processor time, wall time or memory, printed too much, or started too much."""
    CRASHED = "crashed"
    """Its process died, left without a word, or broke the rules of the channel."""


class Transcript(Record):
    """What one script printed, and how it ended.

    Times, memory and a limit that was exceeded are measured; that a script finished or what it raised is its
    own process's word.

    Attributes:
        ending: How it ended.
        output: What it wrote to standard output and standard error, in the order written. Of a long text the
            beginning and the end are kept, with a line between them that says how much is left out. Only
            printable characters, line ends and tabs; `?` stands for any other.
        left_out: Characters of its output that are not here.
        error_type: Class name of the exception, where there was one.
        error: The last lines of the exception's traceback, or which limit it was; None where it finished.
        wall_seconds: Wall time on the evaluator's own clock.
        cpu_seconds: Processor time of the script's process, from the operating system.
        peak_memory_bytes: Peak resident set size of that process.
    """

    ending: ScriptEnding
    output: str = Field(default="", max_length=MAX_OUTPUT_CHARACTERS)
    left_out: int = Field(default=0, ge=0)
    error_type: str | None = Field(default=None, max_length=100)
    error: str | None = Field(default=None, max_length=500)
    wall_seconds: float = Field(default=0.0, ge=0.0)
    cpu_seconds: float = Field(default=0.0, ge=0.0)
    peak_memory_bytes: int | None = Field(default=None, ge=0)
