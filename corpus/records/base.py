"""What all records share: an immutable model, content addresses, seeds derived from places.

A record is a frozen pydantic model: once written it is never changed, only followed by another record. The
ledger of a run is the list of its records, and every figure that archloop prints comes from that list.

This module does *not* import torch, open files or decide anything.
"""

from __future__ import annotations

import hashlib
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

UnitInterval = Annotated[float, Field(ge=0.0, le=1.0)]


class Record(BaseModel):
    """Base of all records: immutable, and strict about unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def content_id(text: str) -> str:
    """Return the content address of `text`: the first 16 hex digits of its SHA-256."""
    return hashlib.sha256(text.encode("utf-8", errors="surrogatepass")).hexdigest()[:16]


def derive_seed(*parts: object) -> int:
    """Return a child seed in [0, 2**31) that depends on `parts` alone, not on the process or the platform."""
    digest = hashlib.sha256("/".join(str(part) for part in parts).encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1
