"""Augmentations that a candidate names: what each does to a batch, and that the exam knows none of them."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import torch
from torch import Tensor

from corpus.records.search.hyperparameters import AUGMENTATIONS, fitting_augmentations
from corpus.records.tasks.kinds import TaskKind
from corpus.records.tasks.shape import TaskShape
from evaluator.channel.plan import Plan
from evaluator.channel.proxy_config import ProxyConfig
from evaluator.child.augmenting import Augmentation
from evaluator.config import EvaluatorConfig
from evaluator.supervisor.sandbox import SandboxedEvaluator
from tests.evaluator_programs import candidate, program

SHAPE = TaskShape(channels=2, height=8, width=6, classes=10)
ERASED = """\
for inputs, labels in train_data:
    raise ValueError(f"share {(inputs == 0).float().mean():.3f}")
"""


def augmented(
    images: Tensor, strengths: Mapping[str, float], shape: TaskShape = SHAPE, epoch: int = 0
) -> Tensor:
    plan = Plan(config=ProxyConfig(), shape=shape, train_images=8, mean=(0.5, 0.5), std=(0.2, 0.2))
    own = fitting_augmentations(strengths)
    assert {each.name for each in own} == set(strengths)
    return Augmentation(plan.for_one(None, (), own), epoch)(images)


@pytest.fixture
def images() -> Tensor:
    return torch.randn(64, 2, 8, 6, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("name", sorted(AUGMENTATIONS))
def test_each_changes_images_keeps_their_shape_and_is_drawn_from_the_seed(name: str, images: Tensor) -> None:
    before, most = images.clone(), {name: AUGMENTATIONS[name].high}
    changed = augmented(images, most)
    assert changed.shape == images.shape and torch.isfinite(changed).all()
    assert torch.equal(images, before), "the batch that came in was written to"
    assert not torch.equal(changed, images)
    assert torch.equal(changed, augmented(images, most))
    if name != "flip":  # with probability 1 all are mirrored
        assert not torch.equal(changed, augmented(images, most, epoch=1))


def test_nothing_named_is_nothing_done(images: Tensor) -> None:
    assert augmented(images, {}) is images


def test_all_mirrored_are_the_mirror_images(images: Tensor) -> None:
    assert torch.equal(augmented(images, {"flip": 1.0}), images.flip(3))
    some = augmented(images, {"flip": 0.5})
    mirrored = [torch.equal(new, old.flip(2)) for new, old in zip(some, images, strict=True)]
    kept = [torch.equal(new, old) for new, old in zip(some, images, strict=True)]
    assert all(one != other for one, other in zip(mirrored, kept, strict=True)) and 16 < sum(mirrored) < 48


def test_what_is_shifted_is_a_part_of_the_image_with_its_edge_repeated(images: Tensor) -> None:
    moved = augmented(images, {"shift": 0.25})  # by up to 2 pixels
    padded = torch.nn.functional.pad(images, (2, 2, 2, 2), mode="replicate")
    for image, whole in zip(moved, padded, strict=True):
        windows = [whole[:, down : down + 8, across : across + 6] for down in range(5) for across in range(5)]
        assert any(torch.equal(image, window) for window in windows)


def test_contrast_keeps_the_mean_and_brightness_the_contrast(images: Tensor) -> None:
    across = (1, 2, 3)
    assert torch.allclose(augmented(images, {"contrast": 0.9}).mean(across), images.mean(across), atol=1e-5)
    assert torch.allclose(augmented(images, {"brightness": 1.0}).std(across), images.std(across), atol=1e-5)


def test_an_erased_square_is_a_quarter_of_the_image_in_all_channels() -> None:
    erased = augmented(torch.ones(64, 2, 8, 6), {"erase": 1.0})
    assert torch.equal(erased.mean((1, 2, 3)), torch.full((64,), 0.75))
    assert torch.equal(erased[:, 0], erased[:, 1])
    share = (augmented(torch.ones(64, 2, 8, 6), {"erase": 0.5}).mean((1, 2, 3)) < 1).float().mean()
    assert 0.25 < share < 0.75


@pytest.mark.parametrize("kind", [TaskKind.SEGMENTATION, TaskKind.REGRESSION])
def test_targets_that_belong_to_places_are_never_left_behind(kind: TaskKind, images: Tensor) -> None:
    shape = SHAPE.model_copy(update={"kind": kind})
    assert augmented(images, {"shift": 0.25, "flip": 1.0}, shape) is images


def test_the_program_is_handed_changed_images_and_the_exam_is_as_ever() -> None:
    erasing, noisy = fitting_augmentations({"erase": 1.0}), fitting_augmentations({"noise": 0.1})
    looks, learns = candidate(program(learn=ERASED)), candidate(program())
    with SandboxedEvaluator(EvaluatorConfig(workers=1)) as evaluator:
        plain, erased, trained, other = evaluator.evaluate(
            [looks, looks.model_copy(update={"transforms": erasing}), learns,
             learns.model_copy(update={"transforms": noisy})]
        )  # fmt: skip
    shares = [float((each.error or "").rpartition(" ")[2]) for each in (plain, erased)]
    assert shares[0] < 0.05 and 0.2 < shares[1] < 0.3
    assert trained.valid and other.valid and trained.losses != other.losses
    assert trained.protocol_id == other.protocol_id
