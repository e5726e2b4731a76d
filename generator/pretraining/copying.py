"""Sequences to be copied: tokens drawn at random, answered by the same tokens.

Every block of an edit begins with lines that are copied, and nothing in whole programs teaches that. A small
model hardly finds out how to copy code, since it guesses well without; of random tokens nothing can be
guessed, so copying is all that there is to learn.

This module does *not* draw text: what it draws means nothing.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import TYPE_CHECKING

from corpus.records.base import derive_seed
from generator.pretraining.text import EncodedExample
from generator.pretraining.tokenizer import ROLE_TOKENS

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

LENGTHS = (8, 40)
"""Fewest and most tokens of a sequence. Our choice: short ones are learnt soonest."""


def draw_copies(tokenizer: PreTrainedTokenizerFast, count: int, seed: int) -> Iterator[EncodedExample]:
    """Yield `count` sequences in the form of a chat; the one at an index depends on `(seed, index)` alone."""
    special = set(tokenizer.all_special_ids)
    ordinary = [token for token in range(len(tokenizer)) if token not in special]
    asks, answers = (int(tokenizer.convert_tokens_to_ids(role)) for role in ROLE_TOKENS[1:])
    for index in range(count):
        rng = random.Random(derive_seed("copies", seed, index))
        tokens = rng.choices(ordinary, k=rng.randint(*LENGTHS))
        yield EncodedExample((asks, *tokens, answers, *tokens, tokenizer.eos_token_id), len(tokens) + 2)
