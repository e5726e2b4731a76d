"""What every talk with a child has in common: it opens with a text, hears frames, and has an end.

This module does *not* touch descriptors or keep time: `evaluator.supervisor.session` does.
"""

from __future__ import annotations

from typing import ClassVar, Protocol

from pydantic import ValidationError

from evaluator.channel.framing import Frame, Kind, encode
from evaluator.channel.messages import Claim, Errand, claim_adapter


class ProtocolBreach(ValueError):
    """A frame that may not come, or not now."""


class Talk(Protocol):
    """The supervisor's half of one job's talk, as a state machine over frames."""

    errand: ClassVar[Errand]
    """What the child is forked for."""

    @property
    def finished(self) -> bool:
        """Whether there is nothing more to hear."""

    def opening(self) -> bytes:
        """Return the bytes that begin the talk."""

    def receive(self, frame: Frame) -> bytes:
        """Take in one frame and return the bytes to answer with, which may be none.

        Raises:
            ProtocolBreach: The frame may not come at this point.
        """


def source_frame(text: str) -> bytes:
    """Return the frame that hands a program or a script to a child."""
    return encode(Kind.SOURCE, text.encode("utf-8", errors="surrogatepass"))


def claim_in(frame: Frame) -> Claim:
    """Return what a frame claims.

    Raises:
        ProtocolBreach: It is no message of the fixed vocabulary.
    """
    if frame.kind is not Kind.JSON:
        raise ProtocolBreach(f"a frame of kind {frame.kind.name}")
    try:
        return claim_adapter.validate_json(frame.payload)
    except ValidationError as error:
        raise ProtocolBreach(f"a message outside of the vocabulary: {error.errors()[0]['msg']}") from None
