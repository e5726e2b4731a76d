"""The modules that LEMUR looks for beside a trial, for checkouts that lack them: a metric and transforms.

LEMUR passes over a statistics file whose metric or transform it has no module for, with all its trials. What
is written here does what LEMUR's own modules of these names do.

This module does *not* run or import any of them.
"""

from __future__ import annotations

import re

_NAME = re.compile(r"norm(?:_(?P<size>[1-9]\d{0,4}))?(?P<flip>_flip)?")

ACCURACY = '''\
"""The metric `acc`: the share of images whose largest score is that of their class."""

from ab.nn.metric.base.base import BaseMetric


class Accuracy(BaseMetric):
    def reset(self):
        self.right, self.seen = 0, 0

    def update(self, outputs, targets):
        self.right += int((outputs.argmax(dim=1) == targets).sum())
        self.seen += len(targets)

    def __call__(self, outputs, targets):
        self.update(outputs, targets)
        return self.right, self.seen

    def result(self):
        return self.right / max(self.seen, 1)


def create_metric(out_shape=None):
    return Accuracy()
'''


def transform_module(name: str) -> str | None:
    """Return the text of the transform `norm`, `norm_flip`, `norm_N` or `norm_N_flip`, None for any other."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    size = found["size"]
    steps = [f"transforms.Resize({size})", f"transforms.CenterCrop({size})"] if size else []
    steps += ["transforms.RandomHorizontalFlip()"] if found["flip"] else []
    steps += ["transforms.ToTensor()", "transforms.Normalize(*norm)"]
    lines = "".join(f"            {step},\n" for step in steps)
    return (
        "import torchvision.transforms as transforms\n\n\n"
        "def transform(norm):\n"
        f"    return transforms.Compose(\n        [\n{lines}        ]\n    )\n"
    )
