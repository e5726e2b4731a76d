"""Hyperparameters in an answer: how a model is asked for them, and what it says.

    <hp>{"lr": 0.02, "momentum": 0.9, "batch": 32}</hp>

The tag is nn-gpt's. What cannot be read, or lies outside of its range, is left out, and the protocol's value
holds. This module does *not* choose any.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from corpus.records.prompts import Message
from corpus.records.search.hyperparameters import RANGES, Hyperparameter, fitting

OPENING, CLOSING = "<hp>", "</hp>"

LONGEST = 2_000
"""Characters between the tags that are read."""

_TAGGED = re.compile(rf"{OPENING}(.{{0,{LONGEST}}}?){CLOSING}", re.DOTALL)
_RANGES = ", ".join(f"{name} in [{each.low:g}, {each.high:g}]" for name, each in RANGES.items())
_REQUEST = f"""\
Before the code block, say which hyperparameters the module shall be trained with, as JSON in one line:
{OPENING}{{"lr": 0.01, "momentum": 0.9, "batch": 16}}{CLOSING}
Ranges: {_RANGES}; any other name that the module declares, in [0, 1]. They arrive in `prm`."""


def asking(messages: Sequence[Message]) -> tuple[Message, ...]:
    """Return a request for a program that asks for its hyperparameters too."""
    *before, last = messages
    return (*before, last.model_copy(update={"content": f"{last.content}\n\n{_REQUEST}"}))


def asked(messages: Sequence[Message]) -> bool:
    """Return whether a request asks for hyperparameters."""
    return bool(messages) and messages[-1].content.endswith(_REQUEST)


def said(answer: str) -> tuple[Hyperparameter, ...]:
    """Return the hyperparameters that an answer names, none where they cannot be read."""
    found = _TAGGED.search(answer)
    try:
        return fitting(json.loads(found[1])) if found else ()
    except (ValueError, RecursionError):
        return ()


def tagged(values: Sequence[Hyperparameter]) -> str:
    """Return hyperparameters as an answer names them."""
    document = {each.name: int(each.value) if each.value.is_integer() else each.value for each in values}
    return f"{OPENING}{json.dumps(document)}{CLOSING}"
