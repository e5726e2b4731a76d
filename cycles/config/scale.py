"""Settings of the scale: on which machines programs are judged. This module starts and contacts nothing."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

_HOST_AND_PORT = re.compile(r"[^\s/]+:\d+")


class ScaleConfig(BaseModel):
    """The `[scale]` table of a run's configuration: who judges. No result depends on it, only the speed."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    engine: Literal["local", "ray"] = "local"
    """Who judges programs: `local`, the `evaluator.workers` of this machine; `ray`, the machines of a Ray
    cluster, each with sandboxes of its own (needs the extra `ray`)."""
    address: str = "local"
    """Which cluster: `local` starts one on this machine alone, `auto` joins the one that runs on this machine
    or that RAY_ADDRESS names, and HOST:PORT joins that one."""
    workers: int | None = Field(default=None, ge=1)
    """Programs judged at the same time, each on `evaluator.threads` processors of the cluster; workers for
    which there is no room wait for it. None: as many as the cluster has room for when the run starts."""
    grace_seconds: float = Field(default=120.0, gt=0.0)
    """How much longer than `evaluator.wall_seconds` a program may take before its worker is held to be lost,
    in seconds. The program is ended by its worker long before; this is for machines that hang."""
    attempts: int = Field(default=3, ge=1)
    """How often a program is given to a worker while workers are lost with it. Then it is CRASHED, as where
    it ends the process that it is started from three times on one machine."""

    @field_validator("address")
    @classmethod
    def _address_names_a_cluster(cls, address: str) -> str:
        if address not in ("local", "auto") and not _HOST_AND_PORT.fullmatch(address):
            raise ValueError("write 'local', 'auto' or HOST:PORT, for example 10.0.0.1:6379")
        return address
