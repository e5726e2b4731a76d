"""What an answer says beside its program: how it shall be trained.

    <hp>{"lr": 0.02, "momentum": 0.9, "batch": 32}</hp>      hyperparameters
    <tr>{"flip": 0.5, "shift": 0.1}</tr>                     augmentations, by name: never as code

The tags are nn-gpt's. What cannot be read, or lies outside of its range, is left out: the protocol's value
holds. This module does *not* choose any.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from corpus.records.prompts import Message
from corpus.records.search.hyperparameters import (
    AUGMENTATIONS,
    RANGES,
    Hyperparameter,
    Range,
    fitting,
    fitting_augmentations,
)

LONGEST = 2_000
"""Characters between two tags that are read."""


@dataclass(frozen=True)
class Aside:
    """One thing that a model may be asked to say beside its program.

    Attributes:
        tag: What it is tagged with.
        request: The words that ask for it.
        fit: Returns what can be used of a document.
    """

    tag: str
    request: str
    fit: Callable[[object], tuple[Hyperparameter, ...]]

    def asking(self, messages: Sequence[Message]) -> tuple[Message, ...]:
        """Return a request for a program that asks for this too."""
        *before, last = messages
        return (*before, last.model_copy(update={"content": f"{last.content}\n\n{self.request}"}))

    def asked(self, messages: Sequence[Message]) -> bool:
        """Return whether a request asks for this."""
        return bool(messages) and self.request in messages[-1].content

    def said(self, answer: str) -> tuple[Hyperparameter, ...]:
        """Return what an answer says, nothing where it cannot be read."""
        pattern = rf"<{self.tag}>(.{{0,{LONGEST}}}?)</{self.tag}>"
        found = re.search(pattern, answer, re.DOTALL)
        try:
            return self.fit(json.loads(found[1])) if found else ()
        except (ValueError, RecursionError):
            return ()

    def tagged(self, values: Sequence[Hyperparameter]) -> str:
        """Return values as an answer says them."""
        document = {each.name: int(each.value) if each.value.is_integer() else each.value for each in values}
        return f"<{self.tag}>{json.dumps(document)}</{self.tag}>"


def _ranges(ranges: Mapping[str, Range]) -> str:
    return ", ".join(f"{name} in [{each.low:g}, {each.high:g}]" for name, each in ranges.items())


HYPERPARAMETERS = Aside(
    "hp",
    f"""\
Before the code block, say which hyperparameters the module shall be trained with, as JSON in one line:
<hp>{{"lr": 0.01, "momentum": 0.9, "batch": 16}}</hp>
Ranges: {_ranges(RANGES)}; any other name that the module declares, in [0, 1]. They arrive in `prm`.""",
    fitting,
)
TRANSFORMS = Aside(
    "tr",
    f"""\
Before the code block, say what shall be done to the training images at random, as JSON in one line:
<tr>{{"flip": 0.5, "shift": 0.1}}</tr>
Ranges: {_ranges(AUGMENTATIONS)}. flip and erase are probabilities, shift a share of the side, the others
strengths. Name only what suits the images; the module itself does nothing for it.""",
    fitting_augmentations,
)
ASIDES: Mapping[str, Aside] = {"hyperparameters": HYPERPARAMETERS, "transforms": TRANSFORMS}
"""By the field of a candidate that holds what was said."""
