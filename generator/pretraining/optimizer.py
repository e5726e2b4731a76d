"""Muon for weight matrices, AdamW for embeddings and norms, and the learning-rate schedule of pre-training.

Muon (Jordan et al., 2024, https://kellerjordan.github.io/posts/muon/) replaces a matrix's momentum by the
nearest orthogonal matrix, found with a quintic Newton-Schulz iteration. `torch.optim.Muon` iterates in
bfloat16 on one matrix at a time, which is slow on processors that lack bfloat16; here matrices of one shape
share a batched float32 iteration.

This module does *not* clip gradients: both update rules are invariant to the gradient's scale.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import torch
from torch import Tensor

_QUINTIC = (3.4445, -4.7750, 2.0315)


class Muon(torch.optim.Optimizer):
    """Momentum SGD with Nesterov momentum whose update of each matrix is orthogonalised.

    Args:
        params: Matrices of shape (rows, columns).
        lr: Learning rate; the update of a tall matrix is scaled by sqrt(rows / columns).
        momentum: Decay of the momentum.
        weight_decay: Decoupled decay, relative to the learning rate. Without it queries and keys grow
            until each head attends to a single token (measured: entropy 0.1 nats after 3,000 steps).
    """

    def __init__(
        self, params: Iterable[Tensor], lr: float = 0.02, momentum: float = 0.95, weight_decay: float = 0.1
    ) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def step(self) -> None:
        """Update all matrices that have a gradient."""
        for group in self.param_groups:
            by_shape: dict[torch.Size, list[Tensor]] = defaultdict(list)
            for matrix in group["params"]:
                if matrix.grad is not None:
                    by_shape[matrix.shape].append(matrix)
            for (rows, columns), matrices in by_shape.items():
                gradients = torch.stack([matrix.grad for matrix in matrices if matrix.grad is not None])
                momenta = torch.stack([self._momentum(matrix) for matrix in matrices])
                momenta.lerp_(gradients, 1 - group["momentum"])
                updates = orthogonalize(gradients.lerp(momenta, group["momentum"]))
                scale = group["lr"] * max(1.0, rows / columns) ** 0.5
                for matrix, momentum, update in zip(matrices, momenta, updates, strict=True):
                    self._momentum(matrix).copy_(momentum)
                    matrix.mul_(1 - group["lr"] * group["weight_decay"]).sub_(update, alpha=scale)

    def _momentum(self, matrix: Tensor) -> Tensor:
        state = self.state[matrix]
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(matrix)
        return state["momentum"]


def orthogonalize(matrices: Tensor, iterations: int = 5) -> Tensor:
    """Return matrices (B, rows, columns) with the same singular vectors and values of about 0.7 to 1.2."""
    tall = matrices.size(1) > matrices.size(2)
    x = matrices.mT if tall else matrices
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    a, b, c = _QUINTIC
    for _ in range(iterations):
        gram = x @ x.mT
        x = a * x + (b * gram + c * (gram @ gram)) @ x
    return x.mT if tall else x


def build_optimizers(
    model: torch.nn.Module, matrix_lr: float = 0.02, other_lr: float = 2e-3
) -> list[torch.optim.Optimizer]:
    """Return Muon over the matrices inside the blocks and AdamW over everything else (embeddings, norms)."""
    matrices: list[torch.nn.Parameter] = []
    others: list[torch.nn.Parameter] = []
    for name, parameter in model.named_parameters():
        inside = parameter.ndim == 2 and "embed" not in name and "lm_head" not in name
        (matrices if inside else others).append(parameter)
    adamw = torch.optim.AdamW(others, lr=other_lr, betas=(0.9, 0.95), weight_decay=0.0)
    return [Muon(matrices, lr=matrix_lr), adamw]


def learning_rate_factor(step: int, total_steps: int, warmup_steps: int = 50) -> float:
    """Return the factor on the peak rates: linear warm-up, constant to the half, then linear down to 5%."""
    warmup = min(1.0, (step + 1) / warmup_steps)
    progress = step / max(1, total_steps)
    return warmup * (1.0 if progress < 0.5 else 1.0 - 0.95 * (progress - 0.5) / 0.5)
