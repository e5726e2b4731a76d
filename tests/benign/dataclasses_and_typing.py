# without lint: COMPLETE
# As a software engineer would write it: dataclasses, enums, protocols, abstract bases, caches, generics.
from __future__ import annotations

import abc
import collections
import contextlib
import copy
import enum
import functools
import inspect
import itertools
import operator
import re
import typing as t
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

T_Module = t.TypeVar("T_Module", bound=nn.Module)


class Activation(enum.Enum):
    RELU = "relu"
    GELU = "gelu"

    def build(self) -> nn.Module:
        return {"relu": nn.ReLU, "gelu": nn.GELU}[self.value]()


@dataclass(frozen=True)
class BlockSpec:
    width: int
    activation: Activation = Activation.RELU
    kernels: tuple[int, ...] = field(default_factory=lambda: (3,))


class Block(nn.Module, abc.ABC):
    @abc.abstractmethod
    def forward(self, x: Tensor) -> Tensor: ...


class ConvBlock(Block):
    def __init__(self, width_in: int, spec: BlockSpec) -> None:
        super().__init__()
        self.branches = nn.ModuleList(nn.Conv2d(width_in, spec.width, k, padding=k // 2) for k in spec.kernels)
        self.activation = spec.activation.build()

    def forward(self, x: Tensor) -> Tensor:
        return self.activation(functools.reduce(operator.add, (branch(x) for branch in self.branches)))


@functools.lru_cache(maxsize=None)
def specs() -> tuple[BlockSpec, ...]:
    return (BlockSpec(8), BlockSpec(12, Activation("gelu"), kernels=(1, 3)))


def supported_hyperparameters() -> set[str]:
    return set(re.findall(r"\w+", "lr momentum"))


class Net(nn.Module):
    def __init__(self, in_shape: tuple, out_shape: tuple, prm: dict, device: torch.device, *_: t.Any) -> None:
        super().__init__()
        widths = itertools.chain([in_shape[1]], (spec.width for spec in specs()))
        pairs = zip(widths, specs())
        blocks = collections.OrderedDict((f"block{i}", ConvBlock(w, s)) for i, (w, s) in enumerate(pairs))
        self.body: nn.Sequential = nn.Sequential(blocks)
        self.head = nn.Linear(specs()[-1].width * 4, out_shape[0])
        self.ema = copy.deepcopy(self.head).requires_grad_(False)
        assert "x" in inspect.signature(self.forward).parameters

    def forward(self, x: Tensor) -> Tensor:
        return self.head(nn.functional.adaptive_avg_pool2d(self.body(x), 2).flatten(1))

    def train_setup(self, prm: dict) -> None:
        self.criteria = nn.CrossEntropyLoss()
        self.optimizer = torch.optim.Adam(self.parameters(), lr=prm["lr"])

    def learn(self, train_data: t.Iterable[tuple[Tensor, Tensor]]) -> None:
        with contextlib.suppress(KeyboardInterrupt):
            for inputs, labels in train_data:
                self.optimizer.zero_grad()
                loss = self.criteria(self(inputs), labels)
                loss.backward()
                self.optimizer.step()
                for kept, new in zip(self.ema.parameters(), self.head.parameters()):
                    kept.data.lerp_(new.data, 0.1)
