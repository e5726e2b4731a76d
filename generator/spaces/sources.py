"""What the programs of the spaces of cells and stages have in common: features in a row, and their mean.

How such a program is trained is that of all searched networks (`generator.trees.recipe`). This module does
*not* know any space.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from generator.trees.recipe import HYPERPARAMETERS, IMPORTS, NET, TRAINING

_FEATURES = """\
        self.features = nn.Sequential(
FEATURES
        )
        self.classifier = nn.Linear(WIDTH, out_shape[0])

    def forward(self, x):
        return self.classifier(self.features(x).mean((2, 3)))
"""


def module_source(parts: Iterable[str], features: Sequence[str], width: int) -> str:
    """Return a module of the LEMUR contract.

    Args:
        parts: Functions and classes that the network is made of.
        features: The modules from images `(B, C, H, W)` to `(B, width, h, w)`, as expressions.
        width: Channels of the last of them.
    """
    lines = "\n".join(f"            {feature}," for feature in features)
    features_and_forward = _FEATURES.replace("FEATURES", lines).replace("WIDTH", str(width))
    net = f"{NET}{features_and_forward}\n{TRAINING}"
    return "\n\n".join([IMPORTS, HYPERPARAMETERS, *(f"{part.strip()}\n" for part in parts), net])


def conv_parameters(inputs: int, outputs: int, kernel: int, *, groups: int = 1) -> int:
    """Return the parameters of a convolution without bias and the batch normalisation behind it."""
    return inputs // groups * outputs * kernel * kernel + 2 * outputs


def classifier_parameters(width: int, classes: int) -> int:
    """Return the parameters of the last linear layer."""
    return (width + 1) * classes
