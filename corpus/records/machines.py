"""The record of a machine: what somebody must know of it to repeat a run or to compare its seconds.

This module does *not* look at the machine it runs on; whoever writes the ledger does.
"""

from __future__ import annotations

from pydantic import Field

from corpus.records.base import Record, content_id


class Machine(Record):
    """Where programs are written and judged; figures in seconds compare only under one machine.

    Attributes:
        python: Version of Python.
        platform: Operating system and kernel, as `platform.platform()` says them.
        machine: Processor architecture, such as `x86_64`.
        processor: Name of the processor's model, empty where the system does not tell.
        cpu_count: Logical processors.
        accelerators: Names of the GPUs' models.
        packages: Versions of the packages that results depend on, None for those that are not installed.
    """

    python: str
    platform: str
    machine: str
    processor: str = ""
    cpu_count: int | None = None
    accelerators: tuple[str, ...] = ()
    packages: dict[str, str | None] = Field(default_factory=dict)

    @property
    def id(self) -> str:
        """The content address of the description."""
        return content_id(self.model_dump_json())
