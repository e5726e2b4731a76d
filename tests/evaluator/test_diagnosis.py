"""What torch's own exceptions are taken for."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
import torch
from torch import nn

from corpus.records.evaluations import EvaluationStatus
from evaluator.child.diagnosis import diagnose

X = torch.zeros(2, 3, 8, 8)


def status_of(action: Callable[[], object]) -> EvaluationStatus:
    with pytest.raises(BaseException) as caught:
        action()
    return diagnose(caught.value).status


def refused_thread() -> None:
    """Ask for a thread whose stack no machine has room for."""
    size = threading.stack_size(2**46)
    try:
        threading.Thread(target=bool).start()
    finally:
        threading.stack_size(size)


@pytest.mark.parametrize(
    "action",
    [
        lambda: nn.Linear(4, 2)(X),
        lambda: nn.Conv2d(4, 2, 3)(X),
        lambda: nn.Conv2d(3, 2, 9)(X),
        lambda: nn.BatchNorm2d(4)(X),
        lambda: nn.BatchNorm1d(3)(X),
        lambda: nn.BatchNorm1d(3)(X[:1, :, 0, 0]),
        lambda: nn.LayerNorm(5)(X),
        lambda: nn.GroupNorm(2, 3),
        lambda: nn.GroupNorm(2, 4)(X),
        lambda: nn.MaxPool2d(9)(X),
        lambda: nn.MultiheadAttention(5, 2),
        lambda: nn.MultiheadAttention(4, 2)(X, X, X),
        lambda: nn.LSTM(4, 4)(X[:, :, 0]),
        lambda: torch.split(X, [1, 1], dim=1),
        lambda: nn.MultiheadAttention(4, 2)(X[:, :, 0], X[:, :, 0], X[:, :, 0]),
        lambda: nn.CrossEntropyLoss()(torch.zeros(2, 4), torch.zeros(3, dtype=torch.long)),
        lambda: nn.PixelShuffle(2)(X),
        lambda: nn.Unflatten(1, (2, 2))(X),
        lambda: torch.cat([X, X[:, :, :4]], dim=1),
        lambda: torch.stack([X, X[:1]]),
        lambda: X + torch.zeros(2, 5, 8, 8),
        lambda: X.view(2, 100),
        lambda: X.mean(dim=7),
        lambda: X.expand(4, 3, 8, 8),
        lambda: X @ torch.zeros(3, 3),
        lambda: torch.bmm(X[:, 0], X[:, 0, :4]),
        lambda: X.permute(0, 1),
        lambda: torch.einsum("bchw,bd->bd", X, X),
    ],
)
def test_shapes_that_do_not_fit_are_shape_errors(action: Callable[[], object]) -> None:
    assert status_of(action) is EvaluationStatus.SHAPE_ERROR


@pytest.mark.parametrize(
    ("action", "status"),
    [
        (lambda: torch.empty(2**60), EvaluationStatus.OUT_OF_MEMORY),
        (lambda: bytearray(2**62), EvaluationStatus.OUT_OF_MEMORY),
        (lambda: __import__("no_such_package"), EvaluationStatus.MISSING_DEPENDENCY),
        (lambda: exec("from torch import no_such_name"), EvaluationStatus.RUNTIME_ERROR),
        (lambda: {}["missing"], EvaluationStatus.RUNTIME_ERROR),
        (lambda: nn.Conv2d(3, 2, 3)(X.long()), EvaluationStatus.RUNTIME_ERROR),
        (lambda: exit(3), EvaluationStatus.CRASHED),
        (refused_thread, EvaluationStatus.FORBIDDEN),
    ],
)
def test_other_exceptions_keep_their_own_status(
    action: Callable[[], object], status: EvaluationStatus
) -> None:
    assert status_of(action) is status


def test_an_exception_that_refuses_to_be_read_is_still_reported() -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no")

    assert diagnose(Mute()).error == "an exception without a readable message"


def test_a_long_message_with_odd_characters_fits_into_a_frame() -> None:
    for character in ("\ud800", "\0", "\U0001f600", '"'):
        failed = diagnose(ValueError(character * 10_000))
        assert len(failed.model_dump_json().encode()) < 4096


class Text(str):
    """A string whose every method is its own."""

    def encode(self, *_: object, **__: object) -> bytes:
        raise KeyboardInterrupt

    __len__ = __getitem__ = encode  # type: ignore[assignment]


class Trap(Exception):
    def __getattribute__(self, name: str) -> object:
        raise KeyboardInterrupt

    def __str__(self) -> str:
        return Text("the truth")


def test_an_exception_that_sets_traps_is_reported_all_the_same() -> None:
    failed = diagnose(Trap())
    assert (failed.status, failed.error_type) == (EvaluationStatus.RUNTIME_ERROR, "Trap")
    assert failed.error == "the truth" and type(failed.error) is str


def test_a_message_of_any_length_is_read_only_as_far_as_it_is_kept() -> None:
    failed = diagnose(RuntimeError("x" * 50_000_000 + "out of memory"))
    assert failed.status is EvaluationStatus.RUNTIME_ERROR and len(failed.error) == 500
