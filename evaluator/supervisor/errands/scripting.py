"""The supervisor's half of a script's run: a talk that has one word, and the transcript.

The output is what came through a pipe, cut here. This module does *not* read or judge scripts.
"""

from __future__ import annotations

from typing import ClassVar

from corpus.records.evaluations import EvaluationStatus
from corpus.records.search.transcripts import MAX_OUTPUT_CHARACTERS, ScriptEnding, Transcript
from evaluator.channel.framing import Frame
from evaluator.channel.limits import Limits
from evaluator.channel.messages import MAX_ERROR_CHARACTERS, Errand, Failed, ScriptEnded
from evaluator.supervisor.errands.talk import ProtocolBreach, claim_in, source_frame
from evaluator.supervisor.printed import printable
from evaluator.supervisor.session import Ending
from evaluator.supervisor.verdict import cause, died_with_its_zygote

_LIMITS = frozenset(
    {
        EvaluationStatus.TIMEOUT,
        EvaluationStatus.OUT_OF_MEMORY,
        EvaluationStatus.OUTPUT_LIMIT,
        EvaluationStatus.FORBIDDEN,  # too many processes or threads
    }
)


class ScriptTalk:
    """What is known of one script while it runs.

    Attributes:
        last_word: That it ran to its end, or how it failed.
    """

    errand: ClassVar[Errand] = Errand.EXECUTE

    def __init__(self, code: str) -> None:
        self.last_word: ScriptEnded | Failed | None = None
        self._code = code

    @property
    def finished(self) -> bool:
        """Whether there is nothing more to hear."""
        return self.last_word is not None

    def opening(self) -> bytes:
        """Return the bytes that begin the talk: the script."""
        return source_frame(self._code)

    def receive(self, frame: Frame) -> bytes:
        """Take in the one frame that may come.

        Raises:
            ProtocolBreach: It is another.
        """
        claim = claim_in(frame)
        if self.finished or not isinstance(claim, ScriptEnded | Failed):
            raise ProtocolBreach(f"'{claim.event}' of a script")
        self.last_word = claim
        return b""


def transcript(talk: ScriptTalk, ending: Ending, limits: Limits) -> Transcript:
    """Return the transcript that `talk` and `ending` amount to."""
    how, error_type, error = ScriptEnding.FINISHED, None, None
    if isinstance(talk.last_word, Failed):
        how = _ending(talk.last_word.status, otherwise=ScriptEnding.RAISED)
        error_type, error = talk.last_word.error_type, talk.last_word.error
    elif talk.last_word is None:
        status, error = cause(ending, limits)
        how = _ending(status, otherwise=ScriptEnding.CRASHED)
    output, left_out = ending.printed.excerpt(MAX_OUTPUT_CHARACTERS)
    return Transcript(
        ending=how,
        output=output,
        left_out=left_out,
        error_type=error_type and printable(error_type),
        error=error and printable(error[:MAX_ERROR_CHARACTERS]),
        wall_seconds=ending.wall_seconds,
        cpu_seconds=ending.exited.cpu_seconds,
        peak_memory_bytes=ending.exited.peak_memory_bytes,
    )


def no_transcript(attempts: int) -> Transcript:
    """Return the transcript of a script with which zygote after zygote died, each of them healthy before."""
    return Transcript(ending=ScriptEnding.CRASHED, error=died_with_its_zygote(attempts))


def _ending(status: EvaluationStatus, *, otherwise: ScriptEnding) -> ScriptEnding:
    return ScriptEnding.LIMIT_EXCEEDED if status in _LIMITS else otherwise
