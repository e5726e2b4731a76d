"""What the improver and the generator are told. This module does *not* ask anybody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from corpus.records.prompts import Message
from corpus.records.search.trials import Trial
from corpus.records.tasks.kinds import Metric
from generator.prompts.kinds import metric_in_words, task_in_words
from generator.prompts.templates import Exemplar, ProgramRequest, render
from generator.strategies.feedback.memory import LONGEST, Advice, Attempt, Memory, failure

ADVICE_SCHEMA: Mapping[str, JsonValue] = {
    "type": "object",
    "properties": {
        "problem": {"type": "string", "minLength": 1, "maxLength": LONGEST},
        "suggestion": {"type": "string", "minLength": 1, "maxLength": LONGEST},
    },
    "required": ["problem", "suggestion"],
    "additionalProperties": False,
}
"""What the improver answers with."""

_IMPROVER = (
    "You review PyTorch networks for a colleague who writes them. Answer with a JSON object of two short "
    'texts: "problem", what holds the module back or makes it fail, and "suggestion", the one change that '
    "should be tried next. Do not repeat a change that was tried and did not help."
)


def improver_chat(request: ProgramRequest, memory: Memory) -> tuple[Message, ...]:
    """Return the question of what to change next."""
    task = request.shape
    less = "1 less the " if task.kind.metric is Metric.RELATIVE_L2 else ""
    parts = [
        f"The task: {task_in_words(task)}. The score is {less}{metric_in_words(task)} after ONE epoch, more "
        f"is better. At most {request.max_parameters:,} trainable parameters."
    ]
    if memory.best is not None:
        head = f"The best module so far has the score {memory.best.accuracy or 0.0:.3f}"
        parts.append(f"{head}." if memory.reference is None else _program(f"{head}:", memory.best))
    if memory.last is not None and not memory.last.evaluation.valid:
        head = f"The last module failed: {failure(memory.last)}"
        parts.append(head if memory.last.candidate.source is None else _program(head, memory.last))
    if memory.attempts:
        parts.append(told(memory.attempts))
    parts.append("What should be changed next?")
    return (Message(role="system", content=_IMPROVER), Message(role="user", content="\n\n".join(parts)))


def generator_chat(request: ProgramRequest, memory: Memory, advice: Advice | None) -> tuple[Message, ...]:
    """Return the request for the next program."""
    best = memory.reference
    *before, last = render("instruct", request, [] if best is None else [Exemplar.of(best)])
    parts = [last.content]
    if memory.attempts:
        parts.append(told(memory.attempts))
    if advice is not None:
        parts.append(f"Change this next\nProblem: {advice.problem}\nChange: {advice.suggestion}")
    return (*before, Message(role=last.role, content="\n\n".join(parts)))


def told(attempts: Sequence[Attempt]) -> str:
    """Return attempts in words, the oldest first."""
    lines = ["The last attempts"]
    for number, advice, outcome in attempts:
        tried = "" if advice is None else f"{advice.suggestion} "
        lines.append(f"- Attempt {number}: {tried}-> {outcome}")
    return "\n".join(lines)


def advice_in(answer: JsonValue) -> Advice | None:
    """Return the advice in an answer, None where it holds none."""
    if not isinstance(answer, dict):
        return None
    texts = [answer.get(name) for name in Advice._fields]
    problem, suggestion = (
        " ".join(each.split())[:LONGEST] if isinstance(each, str) else "" for each in texts
    )
    return Advice(problem, suggestion) if problem and suggestion else None


def _program(head: str, trial: Trial) -> str:
    return f"{head}\n```python\n{(trial.candidate.source or '').rstrip()}\n```"
