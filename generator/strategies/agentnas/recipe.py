"""How a network is trained, as a model may say it: a whitelist, and what was dropped of the rest.

What a recipe counts in epochs is counted in the epochs that the model plans with, and kept as a share of
them: the run trains for as long as its protocol says, and the schedule still comes to its end. Batch size and
number of epochs are the protocol's. Which augmentations and smoothing there are follows from the targets:
class ids cannot be mixed, so losses are; a field of numbers has no part that could be pasted or erased.

This module does *not* write programs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Annotated, Literal, NamedTuple, TypeVar

from pydantic import Field, JsonValue

from corpus.records.base import Record, UnitInterval
from corpus.records.tasks.kinds import TaskKind

Optimizer = Literal["sgd", "adam", "adamw"]
Schedule = Literal["cosine", "step", "warmup_cosine", "plateau", "none"]
Augmentation = Literal["mixup", "cutmix", "random_erasing"]
Named = TypeVar("Named", bound=str)

OPTIMIZERS: tuple[Optimizer, ...] = ("sgd", "adam", "adamw")
SCHEDULES: tuple[Schedule, ...] = ("cosine", "step", "warmup_cosine", "plateau", "none")
AUGMENTATIONS: Mapping[TaskKind, tuple[Augmentation, ...]] = {
    TaskKind.SINGLE_LABEL: ("mixup", "cutmix", "random_erasing"),
    TaskKind.MULTI_LABEL: ("mixup", "cutmix", "random_erasing"),
    TaskKind.SEGMENTATION: ("cutmix", "random_erasing"),
    TaskKind.REGRESSION: ("mixup",),
}
"""The whitelist of the paper's appendix A.8.1, less what the targets of a kind do not allow (ours)."""

MOST_WORDS = 24
"""Dropped fields that are named; our choice."""

_HARNESS = {"batch_size", "epochs", "loss", "scheduler_params", "augmentation_params"}
_WARMUP = 0.1


class Recipe(Record):
    """A recipe within the whitelist; a share is one of the whole training.

    Attributes:
        optimizer: Which.
        lr: Learning rate at its greatest.
        momentum: Of SGD.
        betas: Of Adam and AdamW.
        weight_decay: As the optimizer takes it.
        scheduler: How the learning rate changes, step by step.
        warmup: Share in which it rises from nothing, for `warmup_cosine`.
        step: Share after which it is multiplied again, for `step`.
        gamma: Factor of `step` and `plateau`.
        patience: Share without a lower training loss after which it is multiplied, for `plateau`.
        grad_clip: Greatest norm of the gradient, None for any.
        label_smoothing: Of the cross-entropy of single labels.
        augmentations: What is done to batches.
        mixup_alpha: Both parameters of the beta distribution that mixing shares are drawn from.
        cutmix_alpha: The same of boxes.
        erasing: Probability that a batch has a box erased.
    """

    optimizer: Optimizer = "adamw"
    lr: Annotated[float, Field(gt=0.0, le=10.0)] = 0.001
    momentum: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.9
    betas: tuple[UnitInterval, UnitInterval] = (0.9, 0.999)
    weight_decay: UnitInterval = 0.0
    scheduler: Schedule = "cosine"
    warmup: Annotated[float, Field(ge=0.0, le=0.5)] = 0.0
    step: Annotated[float, Field(gt=0.0, le=1.0)] = 1 / 3
    gamma: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.1
    patience: Annotated[float, Field(gt=0.0, le=1.0)] = 0.1
    grad_clip: Annotated[float, Field(gt=0.0, le=1_000.0)] | None = None
    label_smoothing: Annotated[float, Field(ge=0.0, le=0.9)] = 0.0
    augmentations: tuple[Augmentation, ...] = ()
    mixup_alpha: Annotated[float, Field(ge=0.01, le=10.0)] = 0.2
    cutmix_alpha: Annotated[float, Field(ge=0.01, le=10.0)] = 1.0
    erasing: UnitInterval = 0.25


class Heard(NamedTuple):
    """A recipe as it is carried out.

    Attributes:
        recipe: It.
        dropped: What was said and is not carried out, in words.
    """

    recipe: Recipe
    dropped: tuple[str, ...] = ()


def heard(said: JsonValue, kind: TaskKind) -> Heard:
    """Return the recipe in a model's document; whatever cannot be carried out is dropped and named.

    Args:
        said: Any document; one that is no object is dropped whole.
        kind: The task's.
    """
    if not isinstance(said, dict):
        return Heard(Recipe(), ("the whole recipe: it is no JSON object, so the default holds",))
    reading = _Reading(said)
    optimizer = reading.named("optimizer", OPTIMIZERS, Recipe().optimizer)
    epochs = reading.number("epochs", lambda value: 1 <= value <= 100_000) or 100.0
    schedule = reading.named("scheduler", SCHEDULES, "cosine")
    values: dict[str, object] = {"optimizer": optimizer, "scheduler": schedule}
    reading.take(values, "lr", lambda value: 0 < value <= 10)
    reading.take(values, "momentum", lambda value: 0 <= value < 1)
    reading.take(values, "weight_decay", lambda value: 0 <= value <= 1)
    reading.take(values, "grad_clip", lambda value: 0 < value <= 1_000)
    betas = reading.value("betas")
    if betas is not None:
        fit = isinstance(betas, list) and len(betas) == 2 and all(_is_share(each) for each in betas)
        if fit and isinstance(betas, list):
            values["betas"] = (betas[0], betas[1])
        else:
            reading.drop("betas")
    _schedule(reading, values, schedule, epochs)
    _smoothing(reading, values, kind)
    _augmentations(reading, values, kind)
    return Heard(Recipe.model_validate(values), reading.dropped())


def _schedule(reading: _Reading, values: dict[str, object], schedule: Schedule, epochs: float) -> None:
    inner = reading.inside("scheduler_params")
    warmup = reading.number("warmup_epochs", lambda value: 0 <= value <= 100_000)
    if schedule == "cosine" and warmup:
        values["scheduler"] = schedule = "warmup_cosine"
    if schedule == "warmup_cosine":
        values["warmup"] = _WARMUP if warmup is None else min(0.5, warmup / epochs)
    elif warmup:
        reading.drop("warmup_epochs", f"the schedule '{schedule}' has none")
    if schedule == "step":
        size = inner.number("step_size", lambda value: value > 0)
        values |= {} if size is None else {"step": min(1.0, max(1 / epochs, size / epochs))}
    if schedule == "plateau":
        patience = inner.number("patience", lambda value: value > 0)
        values |= {} if patience is None else {"patience": min(1.0, patience / epochs)}
    if schedule in ("step", "plateau"):
        gamma = inner.number("gamma", _is_factor) or inner.number("factor", _is_factor)
        values |= {} if gamma is None else {"gamma": gamma}
    else:
        inner.forget("T_max", "t_max")  # the whole training, as it is here
    reading.also(inner)


def _smoothing(reading: _Reading, values: dict[str, object], kind: TaskKind) -> None:
    smoothing = reading.number("label_smoothing", lambda value: 0 <= value <= 0.9)
    if smoothing and kind is not TaskKind.SINGLE_LABEL:
        reading.drop("label_smoothing", f"not for {kind} targets")
    elif smoothing is not None:
        values["label_smoothing"] = smoothing


def _augmentations(reading: _Reading, values: dict[str, object], kind: TaskKind) -> None:
    named = reading.value("augmentations")
    listed = [] if named is None else named if isinstance(named, list) else [named]
    allowed = AUGMENTATIONS[kind]
    wanted = [str(each).lower()[:40] for each in listed]
    for each in wanted:
        if each not in allowed and each != "none":
            reading.drop(f"augmentation {each}", f"not for {kind} targets" if _is_known(each) else "")
    values["augmentations"] = tuple(each for each in allowed if each in wanted)
    inner = reading.inside("augmentation_params")
    for name, field in (("mixup_alpha", "mixup_alpha"), ("cutmix_alpha", "cutmix_alpha")):
        alpha = inner.number(name, lambda value: 0.01 <= value <= 10)
        values |= {} if alpha is None else {field: alpha}
    for name in ("random_erasing_prob", "random_erasing_p", "erasing_prob"):
        share = inner.number(name, lambda value: 0 <= value <= 1)
        values |= {} if share is None else {"erasing": share}
    reading.also(inner)


class _Reading:
    """An object of a model, field by field; what nobody asks for is dropped."""

    def __init__(self, said: Mapping[str, JsonValue], where: str = "") -> None:
        self._said, self._where = said, where
        self._read: set[str] = set()
        self._wrong: list[str] = []

    def value(self, name: str) -> JsonValue:
        self._read.add(name)
        return self._said.get(name)

    def inside(self, name: str) -> _Reading:
        found = self.value(name)
        if found is not None and not isinstance(found, dict):
            self.drop(name)
        return _Reading(found if isinstance(found, dict) else {}, f"{name}.")

    def number(self, name: str, fits: Callable[[float], bool]) -> float | None:
        found = self.value(name)
        if found is None:
            return None
        if isinstance(found, bool) or not isinstance(found, int | float) or not _finite(found):
            self.drop(name, "no number")
            return None
        if not fits(float(found)):
            self.drop(name, f"{found:g} is out of range")
            return None
        return float(found)

    def named(self, name: str, known: tuple[Named, ...], otherwise: Named) -> Named:
        found = self.value(name)
        if found is None:
            return otherwise
        wanted = str(found).lower()
        for each in known:
            if wanted == each:
                return each
        self.drop(f"{name} {wanted[:40]}", f"{otherwise} instead")
        return otherwise

    def take(self, values: dict[str, object], name: str, fits: Callable[[float], bool]) -> None:
        found = self.number(name, fits)
        values |= {} if found is None else {name: found}

    def forget(self, *names: str) -> None:
        self._read |= set(names)

    def drop(self, name: str, why: str = "") -> None:
        self._wrong.append(f"{self._where}{name}" + (f" ({why})" if why else ""))

    def also(self, inner: _Reading) -> None:
        self._wrong += inner.dropped()

    def dropped(self) -> tuple[str, ...]:
        unknown = [f"{self._where}{name[:40]}" for name in self._said if name not in self._read | _HARNESS]
        return tuple([*self._wrong, *unknown][:MOST_WORDS])


def _finite(value: float) -> bool:
    return abs(value) < 1e9 and math.isfinite(value)


def _is_factor(value: float) -> bool:
    return 0 < value < 1


def _is_share(value: JsonValue) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1


def _is_known(name: str) -> bool:
    return any(name in allowed for allowed in AUGMENTATIONS.values())
