"""Carried programs: what was written for images of a class each solves a task of any kind."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from corpus.programs.contract import breaches
from corpus.programs.parsing import parse
from corpus.records.tasks.kinds import TaskKind
from corpus.records.tasks.shape import TaskShape
from generator.grammar import sample_program
from generator.kinds.carrying import carried
from generator.kinds.wrapper import coarse_map
from generator.spaces.catalogue import build_space
from tests.hard_inputs import PROGRAMS

PLAIN = TaskShape(channels=2, height=16, width=16, classes=4)
SHAPES = {
    "labels": PLAIN.model_copy(update={"kind": TaskKind.MULTI_LABEL}),
    "label": TaskShape(channels=1, height=12, width=12, classes=1, kind=TaskKind.MULTI_LABEL),
    "masks": PLAIN.model_copy(update={"kind": TaskKind.SEGMENTATION}),
    "field": TaskShape(channels=1, height=16, width=16, classes=1, kind=TaskKind.REGRESSION),
    "signal": TaskShape(channels=1, height=1, width=128, classes=5, signal=True),
    "signal labels": TaskShape(
        channels=1, height=1, width=128, classes=5, signal=True, kind=TaskKind.MULTI_LABEL
    ),
    "signal masks": TaskShape(
        channels=2, height=1, width=96, classes=3, signal=True, kind=TaskKind.SEGMENTATION
    ),
    "signal field": TaskShape(
        channels=1, height=1, width=128, classes=2, signal=True, kind=TaskKind.REGRESSION
    ),
}
PRM = {"lr": 0.01, "momentum": 0.9, "dropout": 0.2, "epoch_max": 1, "batch": 4}
SMALL_CNN = (Path(__file__).parents[1] / "programs" / "small_cnn.py").read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Keep torch from waiting for processors that other tests use: the networks are tiny."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


every_kind = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)


def batch_of(shape: TaskShape, count: int = 4) -> tuple[Any, Any]:
    """Return inputs, and targets that can be seen in them."""
    import torch

    chance = torch.Generator().manual_seed(1)
    inputs = torch.randn(count, *shape.input_shape, generator=chance)
    if shape.kind.dense:
        signs = inputs.mean(1) > 0  # (B, *positions)
        if shape.kind is TaskKind.SEGMENTATION:
            return inputs, signs.long()
        return inputs, signs.float()[:, None].expand(-1, *shape.output_shape)
    if shape.kind is TaskKind.SINGLE_LABEL:
        ids = torch.randint(0, shape.classes, (count,), generator=chance)
        holds = torch.nn.functional.one_hot(ids, shape.classes)
    else:
        holds = torch.randint(0, 2, (count, shape.classes), generator=chance)
        ids = holds.float()
    for label, part in enumerate(inputs.flatten(1).chunk(shape.classes, dim=1)):
        part += 2 * holds[:, label, None]
    return inputs, ids


def built(source: str, shape: TaskShape) -> Any:
    import torch

    torch.manual_seed(0)
    scope: dict[str, Any] = {"__name__": "candidate"}
    exec(compile(source, "program", "exec"), scope)
    return scope["Net"]((1, *shape.input_shape), shape.output_shape, dict(PRM), torch.device("cpu"))


def works(source: str, shape: TaskShape) -> bool:
    """Return whether a program keeps the contract, answers in the task's shape and trains on one batch."""
    import torch

    assert list(breaches(parse(source))) == []
    inputs, targets = batch_of(shape)
    try:
        net = built(source, shape)
        before = net(inputs)
        net.train_setup(dict(PRM))
        net.learn([(inputs, targets)])
        after = net.eval()(inputs)
    except RuntimeError as error:
        pytest.fail(f"{error}\n{source}")
    wanted = (len(inputs), *shape.output_shape)
    return before.shape == after.shape == torch.Size(wanted) and bool(torch.isfinite(after).all())


@every_kind
def test_programs_of_the_grammar_solve_every_kind(shape: TaskShape) -> None:
    for seed in range(8):
        assert works(carried(sample_program(random.Random(seed), shape.picture).source, shape), shape)


@pytest.mark.slow
@every_kind
def test_nearly_all_programs_of_the_grammar_do_below_the_cap(shape: TaskShape) -> None:
    drawn = [sample_program(random.Random(seed), shape.picture).source for seed in range(100, 300)]
    fit = 0
    for source in drawn:
        program = carried(source, shape)
        size = sum(each.numel() for each in built(program, shape).parameters())
        fit += works(program, shape) and size <= 500_000
    assert fit >= 0.95 * len(drawn)


@every_kind
@pytest.mark.parametrize("name", ["cells", "macro", "trees"])
def test_points_of_every_space_solve_every_kind(name: str, shape: TaskShape) -> None:
    space = build_space(name, shape.picture, 500_000)
    for seed in range(2):
        assert works(carried(space.render(space.sample(random.Random(seed))), shape), shape)


@every_kind
def test_a_carried_program_learns_within_one_epoch(shape: TaskShape) -> None:
    import torch

    inputs, targets = batch_of(shape, 256)
    net = built(carried(SMALL_CNN, shape), shape)
    net.train_setup(dict(PRM))
    losses: list[float] = []
    net.criterion.register_forward_hook(lambda _net, _given, loss: losses.append(loss.item()))
    net.learn([(inputs[start : start + 8], targets[start : start + 8]) for start in range(0, 256, 8)])
    assert losses[0] > 1.1 * sum(losses[-4:]) / 4
    assert all(bool(torch.isfinite(each).all()) for each in net.parameters())


@pytest.mark.parametrize("shape", [PLAIN, *SHAPES.values()], ids=["plain", *SHAPES])
@pytest.mark.parametrize(
    "source",
    ["", "class Net(", "import torch\n", "def Net(a, b, c, d):\n    pass\n", "Net = 3\n", "x = '\ud800'\n"],
)
def test_a_text_without_a_network_stays_as_it_is(source: str, shape: TaskShape) -> None:
    assert carried(source, shape) == source


def test_a_program_for_a_plain_task_stays_as_it_is() -> None:
    assert carried(SMALL_CNN, PLAIN) == SMALL_CNN


@every_kind
def test_what_is_carried_is_not_carried_again(shape: TaskShape) -> None:
    once = carried(SMALL_CNN, shape)
    assert once != SMALL_CNN
    assert carried(once, shape) == once == carried(SMALL_CNN, shape)


@every_kind
def test_what_was_written_stands_in_it_line_by_line(shape: TaskShape) -> None:
    written = SMALL_CNN.replace("class Net", "# Net, as we say\nclass Net").splitlines()
    there = carried("\n".join(written), shape).splitlines()
    changed = [old for old, new in zip(written, there, strict=False) if old != new]
    assert all("class Net" in each or "Loss" in each for each in changed)


@pytest.mark.parametrize(
    ("kind", "written", "becomes"),
    [
        (TaskKind.REGRESSION, "F.cross_entropy(a, b)", "F.mse_loss(a, b)"),
        (TaskKind.REGRESSION, "F.cross_entropy(a, b, label_smoothing=0.1)", "F.mse_loss(a, b)"),
        (TaskKind.REGRESSION, "F.cross_entropy(f(a), b, reduction='sum')",
         "F.mse_loss(f(a), b, reduction='sum')"),
        (TaskKind.MULTI_LABEL, "nn.CrossEntropyLoss(label_smoothing=0.1)", "nn.BCEWithLogitsLoss()"),
        (TaskKind.MULTI_LABEL, "nn.CrossEntropyLoss(w, reduction='none')",
         "nn.BCEWithLogitsLoss(reduction='none')"),
        (TaskKind.SEGMENTATION, "nn.CrossEntropyLoss(label_smoothing=0.1)",
         "nn.CrossEntropyLoss(label_smoothing=0.1)"),
        (TaskKind.SEGMENTATION, "F.nll_loss(F.log_softmax(a, 1), b)", "F.cross_entropy(a, b)"),
        (TaskKind.SEGMENTATION, "F.nll_loss(a.log_softmax(-1), b)", "F.cross_entropy(a, b)"),
        (TaskKind.MULTI_LABEL, "F.nll_loss(F.log_softmax(a + c, dim=1), b)",
         "F.binary_cross_entropy_with_logits((a + c), b)"),
        (TaskKind.MULTI_LABEL, "F.log_softmax(a, 1)", "F.log_softmax(a, 1)"),
        (TaskKind.SINGLE_LABEL, "F.nll_loss(F.log_softmax(a, 1), b)", "F.nll_loss(F.log_softmax(a, 1), b)"),
    ],
)  # fmt: skip
def test_the_loss_becomes_that_of_the_kind(kind: TaskKind, written: str, becomes: str) -> None:
    signal = kind is TaskKind.SINGLE_LABEL
    shape = TaskShape(channels=1, height=1 if signal else 8, width=64, classes=3, kind=kind, signal=signal)
    text = f"class Net:\n    pass\n\n\nthing = {written}  # {written}\n"
    assert f"\nthing = {becomes}  # {written}\n" in carried(text, shape)


def test_an_imported_loss_is_imported_under_its_new_name() -> None:
    text = "from torch.nn import CrossEntropyLoss as Loss, Linear\n\n\nclass Net:\n    loss = Loss()\n"
    assert carried(text, SHAPES["field"]).startswith("from torch.nn import MSELoss as Loss, Linear\n")


def test_a_network_that_speaks_of_itself_still_finds_itself() -> None:
    named = SMALL_CNN.replace("super().__init__()", "super(Net, self).__init__()\n        Net.made = True")
    named = named.replace("def forward(self, x)", 'def forward(self: "Net", x)')
    assert works(carried(named, SHAPES["masks"]), SHAPES["masks"])


def test_names_that_a_program_uses_are_left_to_it() -> None:
    busy = SMALL_CNN.replace("self.features", "self.refine").replace(
        "import torch\n", "import torch\nPictureNet = 1\n"
    )
    assert works(carried(busy, SHAPES["field"]), SHAPES["field"])


def test_an_optimizer_of_parts_gets_the_rest_too() -> None:
    parts = SMALL_CNN.replace("self.parameters()", "self.classifier.parameters()")
    net = built(carried(parts, SHAPES["field"]), SHAPES["field"])
    net.train_setup(dict(PRM))
    held = {id(each) for group in net.optimizer.param_groups for each in group["params"]}
    wanted = [net.level, *net.classifier.parameters(), *net.refine.parameters()]
    assert held == {id(each) for each in wanted}


def test_a_network_that_counts_its_classes_itself_says_the_same_everywhere() -> None:
    counted = SMALL_CNN.replace("out_shape[0]", "4")
    assert works(carried(counted, SHAPES["masks"]), SHAPES["masks"])


@every_kind
def test_a_coarse_map_is_small_and_no_finer_than_the_input(shape: TaskShape) -> None:
    if shape.kind.dense:
        sides = coarse_map(shape)
        assert len(sides) == len(shape.positions)
        assert all(side <= length for side, length in zip(sides, shape.positions, strict=True))


@pytest.mark.parametrize("family", PROGRAMS)
def test_hard_texts_are_carried_or_left_without_an_error(family: str) -> None:
    text = PROGRAMS[family](20_000)
    assert carried(text, SHAPES["masks"]) == carried(text, SHAPES["masks"])
