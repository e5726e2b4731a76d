"""A file on the channel, out of a child and into it.

This module does *not* know what is in a file.
"""

from __future__ import annotations

from evaluator.channel.framing import FRAME_LIMIT, Kind, read_frame, write_frame
from evaluator.channel.messages import FileSent
from evaluator.child.confinement import CHANNEL
from evaluator.child.errands.claims import claim


def send_file(content: bytes) -> None:
    """Send a file to the supervisor, in frames."""
    for start in range(0, len(content), FRAME_LIMIT):
        write_frame(CHANNEL, Kind.FILE, content[start : start + FRAME_LIMIT])
    claim(FileSent())


def receive_file() -> bytes:
    """Return the file that the supervisor sends after the program.

    Raises:
        EOFError: There is none.
    """
    frame = read_frame(CHANNEL)
    if frame is None or frame.kind is not Kind.FILE:
        raise EOFError("the supervisor sent no file")
    return frame.payload
