"""ONNX files from a program's process: torch's own pass, and what holds more than a network is refused."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from corpus.records.tasks.shape import TaskShape
from evaluator.channel.plan import Plan
from evaluator.channel.proxy_config import ProxyConfig
from evaluator.child.errands.onnx_export import onnx_file
from evaluator.supervisor.final.onnx import NotOnnx, require_network

PLAN = Plan(
    config=ProxyConfig(),
    shape=TaskShape(channels=1, height=8, width=8, classes=3),
    train_images=4,
    mean=(0.5,),
    std=(0.5,),
)
IMAGES = torch.zeros(4, 1, 8, 8, dtype=torch.uint8)


class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.tokens, self.norm = nn.Conv2d(1, 8, 2, stride=2), nn.LayerNorm(8)
        self.attention, self.head = nn.MultiheadAttention(8, 2, batch_first=True), nn.Linear(8, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.norm(self.tokens(x).flatten(2).transpose(1, 2))
        return self.head((x + self.attention(x, x, x, need_weights=False)[0]).mean(dim=1))


def convolutions() -> nn.Module:
    layers = (nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.GELU(), nn.AdaptiveAvgPool2d(2), nn.Flatten())
    return nn.Sequential(*layers, nn.Linear(16, 3))


@pytest.fixture(scope="module")
def exported() -> bytes:
    return onnx_file(convolutions().eval(), IMAGES, PLAN)


def field(number: int, content: bytes) -> bytes:
    """Return a field of bytes as Protocol Buffers write it; for short ones."""
    assert len(content) < 128
    key = number << 3 | 2
    head = bytes([key]) if key < 128 else bytes([key & 0x7F | 0x80, key >> 7])
    return head + bytes([len(content)]) + content


@pytest.mark.parametrize("net", [convolutions(), Attention()], ids=["convolutions", "attention"])
def test_what_torch_writes_of_a_network_passes(net: nn.Module) -> None:
    require_network(onnx_file(net.eval(), IMAGES, PLAN), PLAN.shape)


def test_the_file_tells_nothing_of_this_machine(exported: bytes) -> None:
    assert b"site-packages" not in exported and b".py" not in exported


def test_a_file_that_ends_early_is_refused(exported: bytes) -> None:
    for end in (0, 1, 10, len(exported) // 2, len(exported) - 1):
        with pytest.raises(NotOnnx):
            require_network(exported[:end], PLAN.shape)


TENSOR_ELSEWHERE = field(13, field(1, b"location") + field(2, b"/etc/passwd"))


@pytest.mark.parametrize(
    ("addition", "reason"),
    [
        pytest.param(field(25, b""), "field 25 of a model", id="a function of its own"),
        pytest.param(field(14, field(1, b"note")), "field 14 of a model", id="notes"),
        pytest.param(field(20, b""), "field 20 of a model", id="a training"),
        pytest.param(field(8, field(1, b"evil.ops")), "not among the standard", id="operators of its own"),
        pytest.param(field(7, b""), "2 graphs", id="a second graph"),
        pytest.param(
            field(7, field(5, TENSOR_ELSEWHERE)), "field 13 of a tensor", id="numbers in another file"
        ),
        pytest.param(
            field(7, field(1, field(7, b"evil.ops"))), "not among the standard", id="a node of its own kind"
        ),
        pytest.param(b"\x0b", "no message", id="a way of writing that is gone"),
        pytest.param(b"\xff" * 11, "without end", id="a number without end"),
        pytest.param(b"\x3a\xff\xff\xff\x7f", "too early", id="a length beyond the file"),
    ],
)
def test_what_is_no_part_of_a_network_is_refused(exported: bytes, addition: bytes, reason: str) -> None:
    with pytest.raises(NotOnnx, match=reason):
        require_network(exported + addition, PLAN.shape)


def test_graphs_within_graphs_have_an_end() -> None:
    graph = b""
    for _ in range(12):
        graph = field(1, field(5, field(6, graph)))
    with pytest.raises(NotOnnx, match="without end"):
        require_network(field(7, graph), PLAN.shape)


def test_many_fields_are_not_read_to_the_end() -> None:
    with pytest.raises(NotOnnx, match="more than"):
        require_network(b"\x08\x00" * 300_000, PLAN.shape)


def test_other_inputs_than_images_are_refused(exported: bytes) -> None:
    with pytest.raises(NotOnnx, match="other inputs"):
        require_network(exported.replace(b"images", b"imagez"), PLAN.shape)
