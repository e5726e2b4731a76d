"""Texts under names of their own."""

from __future__ import annotations

import ast

import pytest

from generator.modules.naming import own_name, own_text
from tests.generator.modules.mined import RELU, mined

TEXT = """
import torch
from torch import nn
try:
    from absent import Fast
except ImportError:
    Fast = None
SIZE = 3
calls = 0

def size(SIZE=SIZE):
    return SIZE + len([calls for calls in range(2)])

class Base(nn.Module):
    SIZE = 5
    half = SIZE // 2

    def size(self):
        global calls
        calls += 1
        return size() + self.SIZE

class Block(Base):
    def __init__(self):
        super(Block, self).__init__()
        self.kind = f"{Block.__name__} {Fast}"
        self.other = lambda Base: Base
"""


def test_two_texts_with_the_same_names_stand_side_by_side() -> None:
    first, second = mined(TEXT), mined(TEXT.replace("SIZE = 3", "SIZE = 10"))
    space: dict[str, object] = {}
    exec(own_text(first) + own_text(second), space)
    a, b = space[own_name(first)](), space[own_name(second)]()  # type: ignore[operator]
    assert (a.size(), b.size(), a.half, a.other(7)) == (10, 17, 2, 7)
    assert a.kind == f"{own_name(first)} None" and own_name(first) == f"Block_{first.id[:8]}"


def test_names_are_as_they_were_but_for_their_ending() -> None:
    module = mined(TEXT)
    restored = own_text(module).replace(f"_{module.id[:8]}", "")
    assert ast.dump(ast.parse(restored)) == ast.dump(ast.parse(module.text))


def test_what_comes_with_torch_is_called_by_its_name_and_carries_nothing() -> None:
    assert (own_name(RELU), own_text(RELU)) == ("nn.ReLU", "")


@pytest.mark.parametrize("text", ["class A(:\n", "x" * 200_000, "(" * 5_000])
def test_a_text_that_cannot_be_parsed_is_a_syntax_error(text: str) -> None:
    module = RELU.model_copy(update={"module": None, "text": text})
    with pytest.raises(SyntaxError):
        own_text(module)
