"""The curve of a training: means over its parts, whatever the program's criterion returns."""

from __future__ import annotations

import math
from collections.abc import Iterable

import pytest
import torch
from torch import Tensor, nn

from evaluator.channel.stopping import StopRule
from evaluator.child.losses import Hopeless, LossRecorder


class Said(nn.Module):
    """A criterion that returns what it is told to."""

    def forward(self, value: object) -> object:
        return value


def noted(values: Iterable[object], steps: int, stop: StopRule | None = None) -> tuple[float, ...]:
    net = nn.Module()
    net.criterion = Said()
    recorder = LossRecorder(net, steps, stop)
    for value in values:
        net.criterion(value)
    return recorder.close([])


def test_a_curve_is_the_mean_of_each_of_sixteen_parts() -> None:
    curve = noted((torch.tensor(float(step)) for step in range(40)), steps=40)
    parts = [range(number * 40 // 16, (number + 1) * 40 // 16) for number in range(16)]
    assert curve == tuple(sum(part) / len(part) for part in parts)


@pytest.mark.parametrize("steps", [1, 7, 16])
def test_a_short_training_notes_every_step(steps: int) -> None:
    values = [torch.tensor([float(step)]) for step in range(steps)]
    assert noted(values, steps) == tuple(map(float, range(steps)))


def test_what_is_no_loss_counts_for_nothing_and_a_part_that_is_no_number_is_left_out() -> None:
    ones: list[object] = [torch.tensor(1.0)] * 32
    assert noted([*ones[:3], "no tensor", torch.ones(2), *ones[5:]], 32) == (1.0,) * 16
    assert noted([*ones[:2], "no tensor", torch.ones(2), *ones[4:]], 32) == (1.0,) * 15
    assert noted([*ones[:3], torch.tensor(math.nan), *ones[4:]], 32) == (1.0,) * 15


def test_a_loss_of_half_precision_is_added_up_in_full() -> None:
    assert noted([torch.tensor(1000.0, dtype=torch.float16)] * 1600, 1600) == (1000.0,) * 16


def test_a_rule_is_asked_at_the_end_of_a_part_and_sees_its_mean() -> None:
    values: list[Tensor] = [torch.tensor(value) for value in (9.0, 1.0)] * 16
    assert noted(values, 32, StopRule(worst={5: 5.0})) == (5.0,) * 16
    with pytest.raises(Hopeless) as ended:
        noted(values, 32, StopRule(worst={5: 4.9}))
    assert ended.value.losses == (5.0,) * 5
