"""The loss curve of a training, noted as it goes, and the end of a training that has no prospect.

It is noted in means over equal parts of the training: the loss of one small batch says little of a network.
What it notes is what the program's process computes: a claim. This module does *not* make the rule by which a
training ends early.
"""

from __future__ import annotations

import math

from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from evaluator.channel.messages import MAX_LOSSES
from evaluator.channel.stopping import StopRule

_CRITERION_NAMES = ("criteria", "criterion", "loss_fn", "loss_function")


class LossRecorder:
    """Notes the mean training loss of up to 16 equal parts, by a hook on the program's criterion.

    A program whose criterion is no module leaves the curve empty, unless `learn` returns the loss.

    Args:
        net: The network, set up for training.
        steps: How many steps the training has.
        stop: When to end it early.
    """

    def __init__(self, net: nn.Module, steps: int, stop: StopRule | None = None) -> None:
        self._stop = stop if steps >= MAX_LOSSES else None
        self.losses: list[float] = []
        count = min(MAX_LOSSES, steps)
        self._ends = {(index + 1) * steps // count for index in range(count)}
        self._step = 0
        self._sum: Tensor | float = 0.0
        self._count = 0
        self._handle: RemovableHandle | None = None
        for name in _CRITERION_NAMES:
            value = getattr(net, name, None)
            criterion = value[0] if isinstance(value, tuple | list) and value else value
            if isinstance(criterion, nn.Module):
                self._handle = self.watch(criterion)
                return

    def watch(self, criterion: nn.Module) -> RemovableHandle:
        """Note what `criterion` returns, too: a program may use the task's. Return what ends that."""
        return criterion.register_forward_hook(self._on_loss)

    def close(self, returned: list[object]) -> tuple[float, ...]:
        """Remove the hook and return the curve, falling back to what `learn` returned for each epoch."""
        if self._handle is not None:
            self._handle.remove()
        if not self.losses:
            numbers = [_loss_in(value) for value in returned]
            self.losses = [value for value in numbers if value is not None and math.isfinite(value)]
        return tuple(self.losses[:MAX_LOSSES])

    def _on_loss(self, _module: nn.Module, _inputs: object, loss: object) -> None:
        self._step += 1
        if isinstance(loss, Tensor) and loss.numel() == 1:
            self._sum, self._count = self._sum + loss.detach().float(), self._count + 1
        if self._step in self._ends and self._count:
            value = float(self._sum) / self._count
            self._sum, self._count = 0.0, 0
            if math.isfinite(value):
                self.losses.append(value)
                if self._stop is not None and self._stop.ends(self.losses):
                    raise Hopeless(self.losses)


class Hopeless(BaseException):
    """Ends a training by its rule; no exception that a program has any reason to catch."""

    def __init__(self, losses: list[float]) -> None:
        super().__init__()
        self.losses = tuple(losses)


def _loss_in(returned: object) -> float | None:
    """Return the loss that `learn` returned: a number, or as LEMUR reads it the second of several."""
    loss = returned[1] if isinstance(returned, tuple | list) and len(returned) >= 2 else returned
    return float(loss) if isinstance(loss, int | float) else None
