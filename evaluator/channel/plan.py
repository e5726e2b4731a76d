"""What a process that judges programs must know of the protocol and of the data.

This module does *not* hold data: images and labels travel by other ways, validation labels not at all.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from corpus.records.tasks.shape import TaskShape
from evaluator.channel.proxy_config import ProxyConfig

_LABEL_BYTES = 8
_FLOAT_BYTES = 4

KEPT_SHARE = 0.1
"""Share of the training images that a program may keep, for logs and looks; a tenth is no memory to answer
from."""


class Plan(BaseModel):
    """What a zygote and its children know of the protocol and of the data.

    Attributes:
        config: How to train, and the limits.
        shape: Image shape and number of classes.
        train_images: Number of training images.
        mean: Mean of each channel, in [0, 1].
        std: Standard deviation of each channel, in [0, 1].
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    config: ProxyConfig
    shape: TaskShape
    train_images: int
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @property
    def image_bytes(self) -> int:
        """Bytes of one uint8 image."""
        return self.shape.channels * self.shape.height * self.shape.width

    @property
    def drawn_images(self) -> int:
        """Images that a program is handed for training in all, over the protocol's epochs."""
        return self.train_images * self.config.epochs

    @property
    def max_kept_bytes(self) -> int:
        """Bytes that a program may hold of what it learnt from: a share of the images, and a log of answers.

        The images count as it gets them, in float32; the log is the scores of each image, its label and the
        class that was predicted.
        """
        images = self.train_images * self.image_bytes * _FLOAT_BYTES
        log = self.train_images * (self.shape.classes * _FLOAT_BYTES + 2 * _LABEL_BYTES)
        return int(KEPT_SHARE * images) + log

    @property
    def labels_offset(self) -> int:
        """Where the labels begin in the file of the training split: at a multiple of their size."""
        return labels_offset(self.train_images * self.image_bytes)


def labels_offset(images_bytes: int) -> int:
    """Return where int64 labels begin that follow so many bytes of images."""
    return -(-images_bytes // _LABEL_BYTES) * _LABEL_BYTES
