"""What a supernet is made of, and how it is trained. This module does *not* import torch."""

from __future__ import annotations

import hashlib

from pydantic import BaseModel, ConfigDict, Field

SUPERNET_VERSION = 1
"""To be raised with every change of the code that can move an accuracy."""


class SupernetConfig(BaseModel):
    """A supernet over cells; all of it is part of the protocol's id."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    task: str = "digits"
    """Name of the task that it learns."""
    operators: tuple[str, ...] = Field(min_length=2)
    """The operators of the space."""
    width: int = Field(ge=1)
    """Channels of the first stage."""
    reductions: int = Field(ge=1)
    """How often the images are halved, and the channels doubled."""
    epochs: int = Field(default=30, ge=1)
    """Passes over the training split, in which a cell is drawn anew for every batch."""
    batch_size: int = Field(default=64, ge=2)
    """Images in a training batch."""
    lr: float = Field(default=0.05, gt=0.0)
    """Learning rate at the first step; it falls to zero in a straight line (per step)."""
    momentum: float = Field(default=0.9, ge=0.0, lt=1.0)
    """Momentum of the optimiser (no unit)."""
    calibration_images: int = Field(default=1024, ge=2)
    """Training images from which a path's batch statistics are taken before it is measured: those of the
    training are of all paths together, and of no use to one."""
    seed: int = Field(default=0, ge=0, lt=2**31)
    """Seeds weights, order, and the draws of cells."""
    below_chance_factor: float = Field(default=1.2, ge=0.0)
    """A network whose accuracy is at most this many times chance (1 / classes) does not count as valid."""

    @property
    def key(self) -> str:
        """Content key of the trained supernet, 16 hex digits."""
        return hashlib.sha256(f"{SUPERNET_VERSION}\n{self.model_dump_json()}".encode()).hexdigest()[:16]

    @property
    def name(self) -> str:
        """How it was trained, in clear, as in a protocol id: `e30/b64/s0/n0f3a81c2`."""
        return f"e{self.epochs}/b{self.batch_size}/s{self.seed}/n{self.key[:8]}"
