"""What one child may use: time, memory, output, processes. This module does *not* enforce anything."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Limits(BaseModel):
    """The limits of one child; what it may write to its scratch is the same for all children of a zygote.

    Attributes:
        cpu_seconds: Processor time of its process.
        wall_seconds: Wall time after which it is killed.
        memory_bytes: What it may add to the address space of the warm process it starts from, or to what that
            has in memory (`Plan.config.resident_limit`).
        output_bytes: What it may print, and size of a file that it may write.
        max_processes: Processes that it may have running beside its own; threads do not count.
        max_threads: Threads that it may have running, those of torch included.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    cpu_seconds: int = Field(ge=1)
    wall_seconds: float = Field(gt=0.0)
    memory_bytes: int = Field(ge=0)
    output_bytes: int = Field(ge=0)
    max_processes: int = Field(ge=0)
    max_threads: int = Field(ge=1)
