"""How a network is shown to a model, in the words that strategies over trees share.

No prompt names a data set or a benchmark. This module does *not* ask anybody.
"""

from __future__ import annotations

from corpus.records.tasks.kinds import Metric
from generator.prompts.kinds import metric_in_words, task_in_words
from generator.prompts.templates import ProgramRequest

LONGEST_ENCODING = 2_000
"""Of a longer encoding only this many characters are shown: a small model's context is short."""


def carried_on(request: ProgramRequest) -> str:
    """Return the sentence on what becomes of image classifiers that are carried, empty where they are not.

    Strategies speak of accuracy, of which more is better, so it says what that is.
    """
    task = request.carried_to
    if task is None:
        return ""
    less = "1 less its " if task.kind.metric is Metric.RELATIVE_L2 else "its "
    score = f"{less}{metric_in_words(task)}"
    return f" Each is then built into a network for {task_in_words(task)}; accuracy here is {score}."


def network_lines(request: ProgramRequest, encoding: str, accuracy: float | None) -> list[str]:
    """Return a network in words: the task, how good it is, and its encoding, cut where it is long.

    Args:
        request: What the run asks for.
        encoding: The network, as its space writes it.
        accuracy: Its validation score in [0, 1], None where it is not valid.
    """
    shape, cut = request.shape, len(encoding) > LONGEST_ENCODING
    judged = "it failed" if accuracy is None else f"validation accuracy {accuracy:.3f}"
    return [
        f"Images {shape.channels} x {shape.height} x {shape.width}, {shape.classes} classes, at most "
        f"{request.max_parameters:,} parameters.{carried_on(request)} The network ({judged}):",
        f"{encoding[:LONGEST_ENCODING]} ..." if cut else encoding,
    ]
