"""Recipes and programs: what is said within the whitelist is carried out, the rest is dropped and named."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from corpus.records.tasks.kinds import TaskKind
from corpus.records.tasks.shape import TaskShape
from generator.kinds.carrying import carried
from generator.slots.assembling import assembled
from generator.slots.contract import Alternative, Slot, Slotted
from generator.strategies.agentnas.programs import NATIVE, NoArchitecture, program
from generator.strategies.agentnas.recipe import AUGMENTATIONS, OPTIMIZERS, SCHEDULES, Recipe, heard

SINGLE, MULTI, SEGMENTATION, REGRESSION = TaskKind
PRM = {"lr": 0.01, "momentum": 0.9, "epoch_max": 2}
DENSE = """\
import torch.nn as nn


class Architecture(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Conv{n}d(2, 3, 3, padding=1)

    def forward(self, x):
        return self.layer(x)
"""
FLAT = DENSE.replace("return self.layer(x)", "return self.layer(x).flatten(2).mean(2)")


def task(kind: TaskKind, *, signal: bool = False) -> TaskShape:
    return TaskShape(channels=2, height=1 if signal else 6, width=8, classes=3, kind=kind, signal=signal)


def architecture(shape: TaskShape) -> str:
    return (DENSE if shape.kind.dense else FLAT).format(n=len(shape.positions))


def batch(shape: TaskShape, count: int = 5) -> tuple[Tensor, Tensor]:
    inputs = torch.randn(count, *shape.input_shape)
    targets = {
        SINGLE: lambda: torch.randint(3, (count,)),
        MULTI: lambda: torch.randint(2, (count, 3)).float(),
        SEGMENTATION: lambda: torch.randint(3, (count, *shape.positions)),
        REGRESSION: lambda: torch.randn(count, *shape.output_shape),
    }[shape.kind]()
    return inputs, targets


def built(source: str, shape: TaskShape) -> Any:
    names: dict[str, Any] = {}
    exec(compile(source, "<program>", "exec"), names)
    assert names["supported_hyperparameters"]() <= PRM.keys()
    return names["Net"]((1, *shape.input_shape), shape.output_shape, PRM, torch.device("cpu"))


def trained(recipe: Recipe, shape: TaskShape, batches: int = 6, source: str | None = None) -> list[float]:
    """Train for two epochs as the evaluator does, and return the learning rates after each epoch."""
    torch.manual_seed(0)
    net = built(source or program(architecture(shape), recipe, shape), shape)
    before = [each.detach().clone() for each in net.parameters()]
    net.train_setup(dict(PRM))
    rates = []
    for _ in range(PRM["epoch_max"]):
        net.learn([batch(shape) for _ in range(batches)])
        rates.append(net.optimizer.param_groups[0]["lr"])
    after = list(net.parameters())
    assert all(bool(torch.isfinite(each).all()) for each in after)
    assert all(not torch.equal(*pair) for pair in zip(before, after, strict=True))
    assert net.step == 2 * batches
    return rates


def subsets(kind: TaskKind) -> Iterator[tuple[Any, ...]]:
    for size in range(len(AUGMENTATIONS[kind]) + 1):
        yield from itertools.combinations(AUGMENTATIONS[kind], size)


@pytest.mark.parametrize("kind", list(TaskKind))
def test_every_combination_trains(kind: TaskKind) -> None:
    optimizers, signals = itertools.cycle(OPTIMIZERS), itertools.cycle((False, True))
    for augmentations, schedule in itertools.product(subsets(kind), SCHEDULES):
        shape = task(kind, signal=next(signals))
        recipe = Recipe(
            optimizer=next(optimizers), scheduler=schedule, lr=0.01, weight_decay=0.001, warmup=0.2,
            grad_clip=1.0 if shape.signal else None, augmentations=augmentations, erasing=1.0,
            label_smoothing=0.1 if kind is SINGLE else 0.0,
        )  # fmt: skip
        trained(recipe, shape, batches=1)


def test_schedules_come_to_their_end_within_the_protocol_s_epochs() -> None:
    shape = task(SINGLE)
    expected = {
        Recipe(lr=0.1, scheduler="none"): (0.1, 0.1),
        Recipe(lr=0.1, scheduler="step", step=0.5, gamma=0.1): (0.1, 0.01),
        Recipe(lr=0.1, scheduler="cosine"): (
            0.05 * (1 + math.cos(math.pi * 5 / 12)), 0.05 * (1 + math.cos(math.pi * 11 / 12)),
        ),
        Recipe(lr=0.1, scheduler="warmup_cosine", warmup=0.5): (
            0.1 * (0.1 + 0.9 * 2 * 5 / 12), 0.05 * (1 + math.cos(math.pi * (11 / 12 - 0.5) / 0.5)),
        ),
    }  # fmt: skip
    for recipe, rates in expected.items():
        assert trained(recipe, shape) == pytest.approx(rates), recipe.scheduler


def test_a_plateau_lowers_the_rate_when_the_loss_does_not_fall() -> None:
    shape = task(REGRESSION)
    recipe = Recipe(optimizer="sgd", momentum=0.0, lr=1e-5, scheduler="plateau", patience=0.05, gamma=0.5)
    assert trained(recipe, shape, batches=60)[1] < 0.5e-5


@pytest.mark.parametrize(
    ("kind", "criterion"),
    [
        (SINGLE, nn.CrossEntropyLoss),
        (MULTI, nn.BCEWithLogitsLoss),
        (SEGMENTATION, nn.CrossEntropyLoss),
        (REGRESSION, nn.MSELoss),
    ],
)
def test_the_loss_is_the_task_s(kind: TaskKind, criterion: type[nn.Module]) -> None:
    shape = task(kind)
    net = built(program(architecture(shape), Recipe(), shape), shape)
    net.train_setup(dict(PRM))
    assert type(net.criterion) is criterion


def test_a_cut_of_a_segmentation_moves_targets_with_inputs() -> None:
    shape = task(SEGMENTATION)
    net = built(program(architecture(shape), Recipe(augmentations=("cutmix",)), shape), shape)
    targets = torch.randint(3, (7, *shape.positions))
    inputs = targets[:, None].float().expand(-1, 2, -1, -1)
    for _ in range(20):
        mixed, moved = net.cut(inputs, targets)
        assert torch.equal(mixed[:, 0], moved.float())


def test_mixed_labels_are_as_much_of_each_as_the_inputs_are() -> None:
    shape = task(MULTI)
    recipe = Recipe(augmentations=("mixup", "cutmix"))
    net = built(program(architecture(shape), recipe, shape), shape)
    inputs = torch.eye(6)[:, None, None, :].expand(6, 2, 8, 6).permute(0, 1, 3, 2)
    for _ in range(20):
        for way in (net.mixed, net.cut):
            mixed, labels = way(inputs, torch.eye(6))
            assert labels.sum(1) == pytest.approx(torch.ones(6).tolist())
    ones = torch.arange(6.0)[:, None, None, None].expand(6, 2, 4, 8)
    mixed, labels = net.cut(ones, torch.arange(6.0))
    assert mixed.mean((1, 2, 3)).tolist() == pytest.approx(labels.tolist(), abs=1e-5)


def test_the_learning_rate_slot_multiplies_the_recipe_s_rate() -> None:
    shape = task(SINGLE)
    text = architecture(shape).replace("nn.Conv2d(2, 3, 3, padding=1)", "SLOT_a()")
    block = "import torch.nn as nn\n\n\nclass SLOT_a(nn.Conv2d):\n    def __init__(self):\n" + (
        "        super().__init__(2, 3, 3, padding=1)\n"
    )
    slot = Slot(
        name="a", entering=(2, 6, 8), leaving=(3, 6, 8),
        alternatives=(Alternative(name="seed", origin="seed", text=block),),
    )  # fmt: skip
    slotted = Slotted(scaffold=program(text, Recipe(lr=0.03), shape), slots=(slot,))
    for rate in (1.0, 4.0):
        net = built(assembled(slotted, (0,), rate), shape)
        net.train_setup(dict(PRM))
        assert net.lr == pytest.approx(0.03 * rate)


def test_a_program_for_another_task_says_that_it_is_there_and_still_says_so_when_it_is_assembled() -> None:
    plain, multi = task(SINGLE), task(MULTI)
    assert NATIVE not in program(architecture(plain), Recipe(), plain)
    scaffold = program("class SLOT_none: pass\n" + architecture(multi), Recipe(), multi)
    assert carried(scaffold, multi) == scaffold
    assert scaffold.startswith("# Carried by archloop")
    slot = Slot(
        name="x", entering=(1,), leaving=(1,),
        alternatives=(Alternative(name="seed", origin="seed", text="class SLOT_x:\n    pass\n"),),
    )  # fmt: skip
    assert assembled(Slotted(scaffold=scaffold, slots=(slot,)), (0,)).startswith("# Carried by archloop")


@pytest.mark.parametrize(
    ("said", "fields", "dropped"),
    [
        ({}, {}, []),
        ({"optimizer": "AdamW", "lr": 0.01}, {"lr": 0.01}, []),
        ({"optimizer": "lion"}, {"optimizer": "adamw"}, ["lion"]),
        ({"scheduler": "one_cycle"}, {"scheduler": "cosine"}, ["one_cycle"]),
        ({"lr": -1}, {"lr": 0.001}, ["lr"]),
        ({"lr": True}, {"lr": 0.001}, ["lr"]),
        ({"lr": float("inf")}, {"lr": 0.001}, ["lr"]),
        ({"lr": 10**400}, {"lr": 0.001}, ["lr"]),
        ({"lr": "0.1"}, {"lr": 0.001}, ["lr"]),
        ({"amp": True, "ema": 0.9}, {}, ["amp", "ema"]),
        ({"epochs": 200, "batch_size": 128, "warmup_epochs": 20},
         {"scheduler": "warmup_cosine", "warmup": 0.1}, []),
        ({"scheduler": "step", "warmup_epochs": 5}, {"warmup": 0.0}, ["warmup_epochs"]),
        ({"scheduler": "step", "epochs": 90, "scheduler_params": {"step_size": 30, "gamma": 0.2}},
         {"step": 1 / 3, "gamma": 0.2}, []),
        ({"scheduler": "plateau", "epochs": 50, "scheduler_params": {"patience": 5, "mode": "max"}},
         {"patience": 0.1}, ["mode"]),
        ({"scheduler_params": {"T_max": 200}}, {}, []),
        ({"scheduler_params": 3}, {}, ["scheduler_params"]),
        ({"augmentations": ["mixup", "cutout"], "augmentation_params": {"mixup_alpha": 0.4}},
         {"augmentations": ("mixup",), "mixup_alpha": 0.4}, ["cutout"]),
        ({"augmentations": "random_erasing"}, {"augmentations": ("random_erasing",)}, []),
        ({"betas": [0.9, 0.95]}, {"betas": (0.9, 0.95)}, []),
        ({"betas": [0.9, 2]}, {"betas": (0.9, 0.999)}, ["betas"]),
        ({"grad_clip": 1, "label_smoothing": 0.1}, {"grad_clip": 1.0, "label_smoothing": 0.1}, []),
        (["adam"], {}, ["whole recipe"]),
        (None, {}, ["whole recipe"]),
    ],
)  # fmt: skip
def test_what_is_not_carried_out_is_dropped_and_named(
    said: Any, fields: dict[str, Any], dropped: list[str]
) -> None:
    recipe, named = heard(said, SINGLE)
    assert {name: getattr(recipe, name) for name in fields} == fields
    assert len(named) == len(dropped)
    assert all(word in line for word, line in zip(dropped, named, strict=True))


@pytest.mark.parametrize("kind", [MULTI, SEGMENTATION, REGRESSION])
def test_what_the_targets_do_not_allow_is_dropped(kind: TaskKind) -> None:
    everything = {"label_smoothing": 0.1, "augmentations": ["mixup", "cutmix", "random_erasing"]}
    recipe, dropped = heard(everything, kind)
    assert recipe.label_smoothing == 0.0 and recipe.augmentations == AUGMENTATIONS[kind]
    assert len(dropped) == 4 - len(AUGMENTATIONS[kind])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no class Architecture"),
        ("class Architecture(", "line 1"),
        ("Architecture = 3\n", "no class"),
        (FLAT.format(n=2) + "\n\nclass Net(nn.Module):\n    pass\n", "must not define Net"),
        ("#" * 40_000, "limit"),
    ],
)
def test_what_is_no_architecture_is_refused(text: str, said: str) -> None:
    with pytest.raises(NoArchitecture, match=said):
        program(text, Recipe(), task(SINGLE))


def test_imports_that_are_missing_stand_behind_the_future() -> None:
    text = (
        '"""Words."""\nfrom __future__ import annotations\n\nfrom torch.nn import Module\n\n\n'
        "class Architecture(Module):\n    pass\n"
    )
    lines = program(text, Recipe(), task(SINGLE)).splitlines()
    assert lines[2:5] == ["import math", "import torch", "import torch.nn as nn"]
    compile("\n".join(lines), "<program>", "exec")
