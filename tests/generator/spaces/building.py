"""What the tests of spaces share: shapes of tasks, and networks that are built from a program's text."""

from __future__ import annotations

from typing import Any

from corpus.records.tasks.shape import TaskShape

SHAPES = [
    TaskShape(channels=1, height=8, width=8, classes=10),
    TaskShape(channels=1, height=12, width=12, classes=10),
    TaskShape(channels=1, height=28, width=28, classes=10),
    TaskShape(channels=3, height=32, width=32, classes=100),
    TaskShape(channels=1, height=6, width=6, classes=2),
    TaskShape(channels=3, height=9, width=14, classes=7),
]
DIGITS = SHAPES[1]


def scaled(name: str, count: int) -> int:
    """Return how many points of a space are looked at: an edit of a tree takes as long as 20 of others."""
    return max(count // 20, 10) if name == "trees" else count


def build(source: str, shape: TaskShape) -> Any:
    """Return the network of a program, not trained."""
    import torch

    namespace: dict[str, Any] = {}
    exec(compile(source, "program", "exec"), namespace)
    image = (1, shape.channels, shape.height, shape.width)
    prm = {"lr": 0.01, "momentum": 0.9, "dropout": 0.2}
    return namespace["Net"](image, (shape.classes,), prm, torch.device("cpu"))


def images(shape: TaskShape, count: int) -> Any:
    """Return as many random images."""
    import torch

    return torch.rand(count, shape.channels, shape.height, shape.width)


def structure(net: Any, shape: TaskShape) -> str:
    """Return the hash of the network that is recorded in a forward pass."""
    import torch

    from corpus.programs.structure import structure_of
    from evaluator.child.graph import GraphRecorder

    recorder = GraphRecorder()
    with torch.no_grad():
        recorder(net.eval(), images(shape, 2))
    assert recorder.graph is not None
    return structure_of(recorder.graph).exact
