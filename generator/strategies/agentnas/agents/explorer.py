"""The Data Explorer: a model that writes scripts, reads what they print, and reports.

No report counts before a script of its own has run to its end; on the last step it is all that counts. Where
none comes, what was printed stands for it. This module does *not* run scripts: the bench does.
"""

from __future__ import annotations

from typing import NamedTuple

from corpus.records.search.proposals import DecidedBy
from corpus.records.search.transcripts import ScriptEnding, Transcript
from corpus.records.tasks.shape import TaskShape
from generator.strategies.agentnas.agents.asking import Asking, Chat
from generator.strategies.agentnas.agents.tags import MAX_WORDS, blocks, inside
from generator.strategies.agentnas.agents.wording import explorer_system
from generator.strategies.contract import Bench

ROLE = "explorer"

_TOO_SOON = "No <REPORT> before code of yours has run to its end: write a ```python block."
_NOTHING = "There is neither a ```python block nor a <REPORT>. Write one of them."
_LAST = "This is the last step: write the <REPORT> now."


class Report(NamedTuple):
    """What is known of the data.

    Attributes:
        text: It, in words.
        by: The model; a rule where these are outputs that nobody summed up.
    """

    text: str
    by: DecidedBy


def explored(bench: Bench, asking: Asking, task: TaskShape, purpose: str, steps: int) -> Report:
    """Return what a Data Explorer reports within so many steps."""
    chat = Chat(explorer_system(task, steps, purpose))
    chat.tell("Begin." if steps > 1 else _LAST)
    printed, run, again = "", False, False
    for step in range(1, steps + 1):
        said = asking.text(ROLE, chat, again=again)
        if said is None:
            break
        code, report, again = "\n".join(blocks(said.text, "python", "py")), inside(said.text, "REPORT"), False
        if code.strip() and step < steps:
            transcript = bench.execute(ROLE, code)
            printed = _words(transcript)
            run = run or transcript.ending is ScriptEnding.FINISHED
            chat.tell(f"Execution output:\n```\n{printed}\n```")
        elif report and run:
            return Report(report[:MAX_WORDS], DecidedBy.MODEL)
        else:
            again = True
            chat.tell(_TOO_SOON if report else _NOTHING)
        if step == steps - 1:
            chat.tell(_LAST)
    return Report(f"No report was written. Last output:\n{printed or '(none)'}"[:MAX_WORDS], DecidedBy.RULE)


def _words(transcript: Transcript) -> str:
    ended = (
        "" if transcript.ending is ScriptEnding.FINISHED else f"\n[{transcript.ending}: {transcript.error}]"
    )
    return f"{transcript.output}{ended}"
