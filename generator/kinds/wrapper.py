"""The class `Net` that makes a network for a task out of one that classifies images.

    signals   `(C, L)` is folded into a picture `(C, h, w)`, line by line
    dense     the classifier is asked for a coarse map of scores in place of one score for each class; it is
              brought to the size of the input, and four small convolutions, which see the input beside it,
              say what is added at each position

The sizes are our choice: some five thousand parameters, and an answer that is smooth before anything is
learnt. The coarse map has a level that is learnt for all inputs alike, so that a classifier need not say it.
This module does *not* touch the classifier.
"""

from __future__ import annotations

from math import isqrt, prod

from corpus.records.tasks.shape import TaskShape

COARSE = 64
"""Most numbers in a coarse map where a map of 2 x 2 needs no more; 8 x 8 is the largest."""

FEATURES = 16
"""Channels between the convolutions."""


def coarse_map(shape: TaskShape) -> tuple[int, ...]:
    """Return the sides of the coarse map that the classifier of a dense task is asked for."""
    each = COARSE // shape.classes
    side = max(4, each) if shape.signal else max(2, min(8, isqrt(each)))
    return tuple(min(side, length) for length in shape.positions)


def needed(shape: TaskShape) -> bool:
    """Return whether a task needs more than another loss: `forward` of a classifier answers otherwise."""
    return shape.signal or shape.kind.dense or shape.picture.classes != shape.classes


def wrapper(shape: TaskShape, inner: str, refine: str, level: str) -> str:
    """Return the text of the class `Net`.

    Args:
        shape: The task.
        inner: Name of the classifier.
        refine: Name of an attribute that the classifier has no use for.
        level: Name of another one.
    """
    picture = shape.picture
    size = f"{picture.channels}, {picture.height}, {picture.width}"
    fold = f"x.reshape(-1, {size})" if shape.signal else "x"
    if shape.kind.dense:
        return _dense(shape, inner, refine, level, fold, size)
    cut = "" if picture.classes == shape.classes else f"[:, :{shape.classes}]"
    return f'''class Net({inner}):
    """`{inner}`, which classifies images, over {_inputs(shape)}."""

    def __init__(self, in_shape: tuple, out_shape: tuple, prm: dict, device: torch.device):
        super().__init__((in_shape[0], {size}), out_shape, prm, device)

    def forward(self, x):
        return super().forward({fold}){cut}
'''


def _dense(shape: TaskShape, inner: str, refine: str, level: str, fold: str, size: str) -> str:
    classes, coarse = shape.classes, coarse_map(shape)
    numbers, rank = classes * prod(coarse), len(coarse)
    conv, kernel, mode = ("Conv1d", 7, "linear") if rank == 1 else ("Conv2d", 3, "bilinear")
    near = kernel // 2
    cells, ones = ", ".join(map(str, coarse)), ", ".join("1" * rank)
    each = "number" if classes == 1 else "numbers"
    return f'''class Net({inner}):
    """`{inner}`, which classifies images, with {classes} {each} at every position of {_inputs(shape)}."""

    def __init__(self, in_shape: tuple, out_shape: tuple, prm: dict, device: torch.device):
        super().__init__((in_shape[0], {size}), ({numbers},), prm, device)
        self.{level} = torch.nn.Parameter(torch.zeros({classes}, {cells}, device=device))
        self.{refine} = torch.nn.Sequential(
            torch.nn.{conv}({classes + shape.channels}, {FEATURES}, {kernel}, padding={near}),
            torch.nn.ReLU(),
            torch.nn.{conv}({FEATURES}, {FEATURES}, {kernel}, padding={2 * near}, dilation=2),
            torch.nn.ReLU(),
            torch.nn.{conv}({FEATURES}, {FEATURES}, {kernel}, padding={4 * near}, dilation=4),
            torch.nn.ReLU(),
            torch.nn.{conv}({FEATURES}, {classes}, {kernel}, padding={near}),
        ).to(device)

    def forward(self, x):
        scores = super().forward({fold}).flatten(1)
        if scores.shape[1] == {numbers}:
            coarse = scores.reshape(-1, {classes}, {cells})
        else:  # a network that has its number of scores from elsewhere says the same at every position
            coarse = scores[:, :{classes}].reshape(-1, {classes}, {ones})
        coarse = coarse + self.{level}
        coarse = torch.nn.functional.interpolate(coarse, size={shape.positions}, mode="{mode}")
        return coarse + self.{refine}(torch.cat([coarse, x], 1))

    def train_setup(self, prm):
        super().train_setup(prm)
        own = [self.{level}, *self.{refine}.parameters()]
        for optimizer in [each for each in vars(self).values() if isinstance(each, torch.optim.Optimizer)]:
            held = {{id(each) for group in optimizer.param_groups for each in group["params"]}}
            if held.isdisjoint(map(id, own)):
                optimizer.add_param_group({{"params": own}})
'''


def _inputs(shape: TaskShape) -> str:
    sides = " x ".join(map(str, shape.input_shape))
    return f"signals of {sides}" if shape.signal else f"images of {sides}"
