"""A class `Architecture` and a recipe as one program of the LEMUR contract, written as a person would.

What the model wrote stands first, as it stands there; a class `Net` behind it builds the architecture and
trains it. The schedule goes by the share of the training that is done, so that it comes to its end whatever
the protocol's epochs are. Mixed labels are probabilities, of which cross-entropy knows. Equal texts and
recipes give equal programs. This module does *not* say whether one runs.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from corpus.programs.definitions import Class, module_names
from corpus.programs.parsing import parse
from corpus.records.tasks.kinds import TaskKind
from corpus.records.tasks.shape import TaskShape
from generator.slots.contract import MAX_SCAFFOLD
from generator.strategies.agentnas.recipe import Recipe
from generator.trees.recipe import TRAINING

ARCHITECTURE = "Architecture"
"""The class that a model writes."""

NATIVE = "# Carried by archloop: written for this task as it is."
"""First line of a program that a model wrote for a task that is no classification of images. Its first words
say to `generator.kinds` that it must not be carried to the task: it is there."""

WINDOWS = 20
"""So often in a training a plateau of the training loss is looked for; our choice."""

_OURS = ("Net", "supported_hyperparameters")
_NEEDED = {"math": "import math", "torch": "import torch", "nn": "import torch.nn as nn"}
_NET = """\
def supported_hyperparameters():
    return {names}


class Net(nn.Module):
    def __init__(self, in_shape: tuple, out_shape: tuple, prm: dict, device: torch.device):
        super().__init__()
        self.device = device
        self.network = Architecture()

    def forward(self, x):
        return self.network(x)

"""
_OPTIMIZERS = {
    "sgd": "SGD(self.parameters(), lr=prm['lr'], momentum={0.momentum!r}, weight_decay={0.weight_decay!r})",
    "adam": "Adam(self.parameters(), lr=prm['lr'], betas={0.betas!r}, weight_decay={0.weight_decay!r})",
    "adamw": "AdamW(self.parameters(), lr=prm['lr'], betas={0.betas!r}, weight_decay={0.weight_decay!r})",
}
_MIXUP = """\
    def mixed(self, inputs, targets):
        order = torch.randperm(len(inputs), device=inputs.device)
        share = float(torch.distributions.Beta({alpha!r}, {alpha!r}).sample())
        return torch.lerp(inputs[order], inputs, share), torch.lerp(targets[order], targets, share)
"""
_CUTMIX = """\
    def cut(self, inputs, targets):
        order = torch.randperm(len(inputs), device=inputs.device)
        share = float(torch.distributions.Beta({alpha!r}, {alpha!r}).sample())
        box = self.box(inputs.shape[2:], 1 - share)
        others, inputs = inputs[order], inputs.clone()
        inputs[box] = others[box]
        {paste}
        return inputs, targets
"""
_PASTE_LABELS = """\
share = 1 - others[box].numel() / others.numel()
        targets = torch.lerp(targets[order], targets, share)"""
_PASTE_POSITIONS = """\
others, targets = targets[order], targets.clone()
        targets[box] = others[box]"""
_ERASING = """\
    def erased(self, inputs):
        if float(torch.rand(())) >= {probability!r}:
            return inputs
        inputs = inputs.clone()
        inputs[self.box(inputs.shape[2:], 0.02 + 0.31 * float(torch.rand(())))] = 0.0
        return inputs
"""
_BOX = """\
    def box(self, sides, share):
        lengths = [max(1, round(side * share ** (1 / len(sides)))) for side in sides]
        starts = [
            int(torch.randint(side - length + 1, ())) for side, length in zip(sides, lengths)
        ]
        return (..., *(slice(start, start + length) for start, length in zip(starts, lengths)))
"""


class NoArchitecture(ValueError):
    """A text that holds no class `Architecture` which a program can be made of; the message says why."""


def program(architecture: str, recipe: Recipe | None, task: TaskShape) -> str:
    """Return the program.

    Args:
        architecture: Python that defines the class, built without arguments.
        recipe: How it is trained; None as all trees are, and then as an image classifier.
        task: What it is written for.

    Raises:
        NoArchitecture: The text is none, or too long, or defines what is ours.
    """
    names, lines = require_architecture(architecture), architecture.rstrip().splitlines()
    missing = [line for name, line in _NEEDED.items() if name not in names]
    if recipe is None or recipe.scheduler not in ("cosine", "warmup_cosine"):
        missing = [line for line in missing if line != _NEEDED["math"]]
    first = _begin(architecture)
    stands = first < len(lines) and lines[first].startswith(("import ", "from "))
    lines[first:first] = [*missing, *([] if stands else ["", ""])]
    training, native = training_text(recipe, task), recipe is not None and not task.plain
    supported = '{"lr"}' if recipe is not None else '{"lr", "momentum"}'
    text = "\n".join(lines).strip("\n") + "\n\n\n" + _NET.format(names=supported) + training
    return f"{NATIVE}\n{text}" if native else text


def require_architecture(text: str) -> set[str]:
    """Return what a text defines in its module, if a program can be made of it.

    Raises:
        NoArchitecture: As `program`.
    """
    if len(text) > MAX_SCAFFOLD // 2:
        raise NoArchitecture(f"it has {len(text):,} characters, the limit is {MAX_SCAFFOLD // 2:,}")
    try:
        names = module_names(parse(text))
    except SyntaxError as error:
        raise NoArchitecture(f"line {error.lineno}: {error.msg}") from None
    if not isinstance(names.get(ARCHITECTURE), Class):
        raise NoArchitecture(f"there is no class {ARCHITECTURE} in it")
    taken = next((name for name in _OURS if name in names), None)
    if taken is not None:
        raise NoArchitecture(f"it must not define {taken}: write the class {ARCHITECTURE} alone")
    return set(names)


def _begin(text: str) -> int:
    """Return the line before which an import may stand: behind a docstring and `__future__`."""
    last = 0
    for statement in parse(text).body:
        future = isinstance(statement, ast.ImportFrom) and statement.module == "__future__"
        words = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        if not (future or words):
            break
        last = statement.end_lineno or 0
    return last


def training_text(recipe: Recipe | None, task: TaskShape) -> str:
    """Return the methods of `Net` that train it; with no recipe those that all trees have."""
    return TRAINING if recipe is None else "\n".join(_training(recipe, task))


def _training(recipe: Recipe, task: TaskShape) -> Iterator[str]:
    yield from _setup(recipe, task.kind)
    yield ""
    yield from _methods(recipe, task.kind)
    yield from _learning(recipe, task)
    yield ""


def _setup(recipe: Recipe, kind: TaskKind) -> Iterator[str]:
    criterion = f"nn.{kind.loss}()"
    if recipe.label_smoothing:
        criterion = f"nn.CrossEntropyLoss(label_smoothing={recipe.label_smoothing!r})"
    optimizer = _OPTIMIZERS[recipe.optimizer].format(recipe).replace("'lr'", '"lr"')
    yield "    def train_setup(self, prm):"
    yield f'        prm = {{**prm, "lr": {recipe.lr!r}}}'
    yield "        self.to(self.device)"
    yield f"        self.criterion = {criterion}"
    yield f"        self.optimizer = torch.optim.{optimizer}"
    yield '        self.lr, self.epochs, self.step = prm["lr"], prm["epoch_max"], 0'
    if recipe.scheduler == "plateau":
        patience = max(1, round(WINDOWS * recipe.patience))
        yield "        self.plateau = torch.optim.lr_scheduler.ReduceLROnPlateau("
        yield f"            self.optimizer, factor={recipe.gamma!r}, patience={patience}"
        yield "        )"
        yield "        self.losses = []"


def _methods(recipe: Recipe, kind: TaskKind) -> Iterator[str]:
    factor = list(_factor(recipe))
    if factor:
        yield "\n".join(["    def factor(self, done):", *(f"        {line}" for line in factor), ""])
    named = recipe.augmentations
    if "mixup" in named:
        yield _MIXUP.format(alpha=recipe.mixup_alpha)
    if "cutmix" in named:
        paste = _PASTE_POSITIONS if kind is TaskKind.SEGMENTATION else _PASTE_LABELS
        yield _CUTMIX.format(alpha=recipe.cutmix_alpha, paste=paste)
    if "random_erasing" in named:
        yield _ERASING.format(probability=recipe.erasing)
    if {"cutmix", "random_erasing"} & set(named):
        yield _BOX


def _factor(recipe: Recipe) -> Iterator[str]:
    """Yield what returns the factor on the learning rate when a share of the training is done."""
    if recipe.scheduler == "step":
        yield f"return {recipe.gamma!r} ** int(done / {recipe.step!r})"
    elif recipe.scheduler == "warmup_cosine" and recipe.warmup:
        yield f"if done < {recipe.warmup!r}:"
        yield f"    return 0.1 + 0.9 * done / {recipe.warmup!r}"
        yield f"left = (1 - done) / (1 - {recipe.warmup!r})"
        yield "return 0.5 * (1 - math.cos(math.pi * max(left, 0)))"
    elif recipe.scheduler in ("cosine", "warmup_cosine"):
        yield "return 0.5 * (1 + math.cos(math.pi * min(done, 1)))"


def _learning(recipe: Recipe, task: TaskShape) -> Iterator[str]:
    yield "    def learn(self, train_data):"
    yield "        self.train()"
    yield "        steps = self.epochs * len(train_data)"
    yield "        for inputs, targets in train_data:"
    yield "            inputs, targets = inputs.to(self.device), targets.to(self.device)"
    yield from (f"            {line}" for line in _changed(recipe, task))
    if list(_factor(recipe)):
        yield '            self.optimizer.param_groups[0]["lr"] = self.lr * self.factor(self.step / steps)'
    yield "            self.step += 1"
    yield "            self.optimizer.zero_grad()"
    yield "            loss = self.criterion(self(inputs), targets)"
    yield "            loss.backward()"
    if recipe.grad_clip is not None:
        yield f"            nn.utils.clip_grad_norm_(self.parameters(), {recipe.grad_clip!r})"
    yield "            self.optimizer.step()"
    if recipe.scheduler == "plateau":
        yield "            self.losses.append(float(loss.detach()))"
        yield f"            if len(self.losses) >= steps / {WINDOWS}:"
        yield "                self.plateau.step(sum(self.losses) / len(self.losses))"
        yield "                self.losses = []"


def _changed(recipe: Recipe, task: TaskShape) -> Iterator[str]:
    """Yield what is done to a batch."""
    named = recipe.augmentations
    if "random_erasing" in named:
        yield "inputs = self.erased(inputs)"
    ways = [method for name, method in (("mixup", "mixed"), ("cutmix", "cut")) if name in named]
    if not ways:
        return
    if task.kind is TaskKind.SINGLE_LABEL:
        yield f"targets = nn.functional.one_hot(targets, {task.classes}).float()"
    if len(ways) == 1:
        yield f"inputs, targets = self.{ways[0]}(inputs, targets)"
    else:
        yield "way = self.mixed if float(torch.rand(())) < 0.5 else self.cut"
        yield "inputs, targets = way(inputs, targets)"
