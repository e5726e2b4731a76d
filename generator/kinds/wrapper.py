"""The class `Net` that makes a network for a task out of one that classifies images.

    signals   `(C, L)` is folded into a picture `(C, h, w)`, line by line
    dense     the classifier is asked for a coarse map of scores in place of one score for each class; it is
              brought to the size of the input, and two small convolutions, which see the input beside it,
              say what is added at each position

The sizes are our choice: few parameters, and an answer that is smooth before anything is learnt. This module
does *not* touch the classifier.
"""

from __future__ import annotations

from math import isqrt, prod

from corpus.records.tasks.shape import TaskShape

COARSE = 64
"""Most numbers in a coarse map where a map of 2 x 2 needs no more; 8 x 8 is the largest."""

FEATURES = 16
"""Channels between the two convolutions."""


def coarse_map(shape: TaskShape) -> tuple[int, ...]:
    """Return the sides of the coarse map that the classifier of a dense task is asked for."""
    each = COARSE // shape.classes
    side = max(4, each) if shape.signal else max(2, min(8, isqrt(each)))
    return tuple(min(side, length) for length in shape.positions)


def needed(shape: TaskShape) -> bool:
    """Return whether a task needs more than another loss: `forward` of a classifier answers otherwise."""
    return shape.signal or shape.kind.dense or shape.picture.classes != shape.classes


def wrapper(shape: TaskShape, inner: str, refine: str) -> str:
    """Return the text of the class `Net`, and of what it imports.

    Args:
        shape: The task.
        inner: Name of the classifier.
        refine: Name of an attribute that the classifier has no use for.
    """
    picture = shape.picture
    size = (picture.channels, picture.height, picture.width)
    fold = f"x.reshape(-1, {', '.join(map(str, size))})" if shape.signal else "x"
    build = f"super().__init__((in_shape[0], {', '.join(map(str, size))}), {{}}, prm, device)"
    if shape.kind.dense:
        return _dense(shape, inner, refine, fold, build)
    cut = "" if picture.classes == shape.classes else f"[:, :{shape.classes}]"
    return f'''class Net({inner}):
    """`{inner}`, which classifies images, over {_inputs(shape)}."""

    def __init__(self, in_shape: tuple, out_shape: tuple, prm: dict, device: torch.device):
        {build.format("out_shape")}

    def forward(self, x):
        return super().forward({fold}){cut}
'''


def _dense(shape: TaskShape, inner: str, refine: str, fold: str, build: str) -> str:
    classes, coarse = shape.classes, coarse_map(shape)
    rank = len(coarse)
    conv, kernel, padding, mode = ("Conv1d", 7, 3, "linear") if rank == 1 else ("Conv2d", 3, 1, "bilinear")
    cells = ", ".join(map(str, coarse))
    each = "number" if classes == 1 else "numbers"
    return f'''class Net({inner}):
    """`{inner}`, which classifies images, with {classes} {each} at every position of {_inputs(shape)}."""

    def __init__(self, in_shape: tuple, out_shape: tuple, prm: dict, device: torch.device):
        {build.format(f"({classes * prod(coarse)},)")}
        self.{refine} = torch.nn.Sequential(
            torch.nn.{conv}({classes + shape.channels}, {FEATURES}, {kernel}, padding={padding}),
            torch.nn.ReLU(),
            torch.nn.{conv}({FEATURES}, {classes}, {kernel}, padding={padding}),
        ).to(device)

    def forward(self, x):
        scores = super().forward({fold}).flatten(1)
        if scores.shape[1] == {classes * prod(coarse)}:
            coarse = scores.reshape(-1, {classes}, {cells})
        else:  # a network that has its number of scores from elsewhere says the same at every position
            coarse = scores[:, :{classes}].reshape(-1, {classes}, {", ".join("1" * rank)})
        coarse = torch.nn.functional.interpolate(coarse, size={shape.positions}, mode="{mode}")
        return coarse + self.{refine}(torch.cat([coarse, x], 1))

    def train_setup(self, prm):
        super().train_setup(prm)
        for optimizer in [each for each in vars(self).values() if isinstance(each, torch.optim.Optimizer)]:
            held = {{id(each) for group in optimizer.param_groups for each in group["params"]}}
            if not held.issuperset(map(id, self.{refine}.parameters())):
                optimizer.add_param_group({{"params": list(self.{refine}.parameters())}})
'''


def _inputs(shape: TaskShape) -> str:
    sides = " x ".join(map(str, shape.input_shape))
    return f"signals of {sides}" if shape.signal else f"images of {sides}"
