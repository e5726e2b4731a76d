# ruff: noqa
"""A ConvNeXt-like network in convolutions alone, with GroupNorm in LayerNorm's place."""

import torch
import torch.nn as nn


def supported_hyperparameters():
    return {"lr", "momentum"}


class ConvNeXtBlock(nn.Module):
    def __init__(self, dim: int, expansion: int = 4, kernel_size: int = 7):
        super().__init__()
        self.block = nn.Sequential(
            nn.Conv2d(dim, dim, kernel_size=kernel_size, padding="same", groups=dim),
            nn.GroupNorm(1, dim),
            nn.Conv2d(dim, expansion * dim, kernel_size=1),
            nn.GELU(),
            nn.Conv2d(expansion * dim, dim, kernel_size=1),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.block(x) + x


class Stage(nn.Module):
    def __init__(self, in_dim: int, dim: int, depth: int, downsample: bool = True):
        super().__init__()
        self.down = (
            nn.Sequential(nn.GroupNorm(1, in_dim), nn.Conv2d(in_dim, dim, kernel_size=2, stride=2))
            if downsample
            else nn.Identity()
        )
        self.blocks = nn.Sequential(*(ConvNeXtBlock(dim) for _ in range(depth)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.blocks(self.down(x))


class Net(nn.Module):
    def __init__(self, in_shape: tuple, out_shape: tuple, prm: dict, device: torch.device):
        super().__init__()
        self.device = device
        dims = [24, 40, 64]
        depths = [2, 3, 2]
        stages: list[nn.Module] = [Stage(dims[0], dims[0], depths[0], downsample=False)]
        stages.extend(Stage(a, b, d) for a, b, d in zip(dims[:-1], dims[1:], depths[1:]))
        self.patchify = nn.Conv2d(in_shape[1], dims[0], 2, 2)
        self.norm = nn.GroupNorm(1, dims[0])
        self.stages = nn.Sequential(*stages)
        self.head = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.LayerNorm(dims[-1]),
            nn.Linear(dims[-1], out_shape[0]),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.stages(self.norm(self.patchify(x))))

    def train_setup(self, prm):
        self.to(self.device)
        self.criterion = nn.CrossEntropyLoss()
        self.optimizer = torch.optim.SGD(self.parameters(), lr=prm["lr"], momentum=prm["momentum"])

    def learn(self, train_data):
        self.train()
        for inputs, labels in train_data:
            inputs, labels = inputs.to(self.device), labels.to(self.device)
            self.optimizer.zero_grad()
            loss = self.criterion(self(inputs), labels)
            loss.backward()
            self.optimizer.step()
