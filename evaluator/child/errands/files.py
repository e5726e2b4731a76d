"""What is larger than a frame on the channel: a file, out of a child and into it, and answers.

This module does *not* know what is in it.
"""

from __future__ import annotations

from evaluator.channel.framing import FRAME_LIMIT, Kind, read_frame, write_frame
from evaluator.channel.messages import FileSent
from evaluator.child.confinement import CHANNEL
from evaluator.child.errands.claims import claim


def send_file(content: bytes) -> None:
    """Send a file to the supervisor, in frames."""
    write_parts(Kind.FILE, content)
    claim(FileSent())


def write_parts(kind: Kind, content: bytes) -> None:
    """Send content to the supervisor in as many frames as it takes."""
    for start in range(0, len(content), FRAME_LIMIT):
        write_frame(CHANNEL, kind, content[start : start + FRAME_LIMIT])


def receive_file() -> bytes:
    """Return the file that the supervisor sends after the program.

    Raises:
        EOFError: There is none.
    """
    frame = read_frame(CHANNEL)
    if frame is None or frame.kind is not Kind.FILE:
        raise EOFError("the supervisor sent no file")
    return frame.payload
