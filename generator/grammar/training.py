"""The training half of a program: loss, optimiser and the loop over one epoch.

Recipes range from sound to slow: the learning rate is a multiple of the protocol's, often a poor one.

This module does *not* know the network that is trained.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from generator.grammar.derivation import Choices

OPTIMIZERS: Mapping[str, float] = {"SGD": 6, "Adam": 2.5, "AdamW": 2, "RMSprop": 0.7, "Adagrad": 0.4}

FACTORS: Mapping[str, Mapping[str, float]] = {
    "SGD": {"": 6, " * 0.1": 0.8, " * 0.01": 0.2, " * 0.5": 1.5, " * 3": 1, " * 2": 1},
    "Adam": {"": 1.5, " * 0.1": 3, " * 0.01": 0.6, " * 0.3": 2},
    "AdamW": {"": 1.5, " * 0.1": 3, " * 0.01": 0.6, " * 0.3": 2},
    "RMSprop": {"": 0.6, " * 0.1": 2, " * 0.01": 2},
    "Adagrad": {"": 3, " * 0.1": 2},
}
"""What each optimiser's learning rate is multiplied with."""

EXTRAS: Mapping[str, Mapping[str, float]] = {
    "SGD": {
        "": 2.2,
        ", momentum=prm['momentum']": 5,
        ", momentum=0.5": 1,
        ", momentum=prm['momentum'], nesterov=True": 0.7,
        ", momentum=prm['momentum'], weight_decay=1e-4": 0.8,
    },
    "Adam": {"": 4, ", weight_decay=1e-4": 1},
    "AdamW": {"": 4, ", weight_decay=0.05": 1},
    "RMSprop": {"": 3, ", momentum=0.5": 0.5},
    "Adagrad": {"": 1},
}

BATCH_NAMES = (("inputs", "labels"), ("x", "y"), ("images", "targets"), ("data", "target"))


@dataclass(frozen=True)
class Recipe:
    """The training half of a program.

    Attributes:
        lines: The methods `train_setup` and `learn`.
        log_softmax: Whether `forward` must return log-probabilities.
    """

    lines: tuple[str, ...]
    log_softmax: bool


def draw_recipe(choices: Choices) -> Recipe:
    """Choose loss, optimiser and the wording of the training loop."""
    loss = choices.pick(
        "loss",
        {"CrossEntropyLoss()": 8, "CrossEntropyLoss(label_smoothing=0.1)": 1.3, "NLLLoss()": 1.2},
    )
    kind = choices.pick("optimizer", OPTIMIZERS)
    factor, extra = choices.pick("factor", FACTORS[kind]), choices.pick("extra", EXTRAS[kind])
    criterion = choices.choice("name of criterion", ("criterion", "criteria", "loss_fn"))
    optimizer = choices.choice("name of optimizer", ("optimizer", "opt", "optim"))
    x, y = choices.choice("name of batch", BATCH_NAMES)
    lines = [
        "    def train_setup(self, prm):",
        "        self.to(self.device)",
        f"        self.{criterion} = nn.{loss}",
        f"        self.{optimizer} = torch.optim.{kind}(self.parameters(), lr=prm['lr']{factor}{extra})",
        "",
        "    def learn(self, train_data):",
        "        self.train()",
        f"        for {x}, {y} in train_data:",
    ]
    loop = [f"self.{optimizer}.zero_grad()"]
    if choices.chance("moves first", 0.6):
        place = choices.choice("place of move", (0, 1))
        loop.insert(place, f"{x}, {y} = {x}.to(self.device), {y}.to(self.device)")
        loop.append(f"loss = self.{criterion}(self({x}), {y})")
    else:
        result = choices.choice("name of scores", ("out", "scores", "pred"))
        loop += [f"{result} = self({x}.to(self.device))"]
        loop += [f"loss = self.{criterion}({result}, {y}.to(self.device))"]
    loop.append("loss.backward()")
    if choices.chance("clipped", 0.25):
        norm = choices.choice("clip norm", ("1.0", "3.0", "0.5"))
        loop.append(f"nn.utils.clip_grad_norm_(self.parameters(), {norm})")
    loop.append(f"self.{optimizer}.step()")
    return Recipe((*lines, *(f"            {line}" for line in loop)), loss == "NLLLoss()")
