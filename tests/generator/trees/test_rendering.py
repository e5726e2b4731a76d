"""Trees as programs: what a person reads there, mined modules, and what has no program."""

from __future__ import annotations

import pytest

from evaluator.child.lint import lint
from generator.trees.encoding import decode
from generator.trees.nodes import Tree
from generator.trees.primitives import primitives
from generator.trees.rendering import IllegalTreeError, render
from generator.trees.shapes import lay_out
from generator.trees.specs import Library, ModuleSpec
from generator.trees.starts import starts
from generator.trees.texts import Texts
from tests.generator.spaces.building import DIGITS, SHAPES, build, images

LIBRARY = primitives()

BLOCK = '''\
from __future__ import annotations

import torch.nn.functional as F
from torch import nn


class Block_1(nn.Module):
    """Keeps F.relu, the words."""

    def __init__(self, channels, kernel):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, kernel, padding=kernel // 2)

    def forward(self, x):
        return F.relu(self.conv(x))
'''
SCALE = """\
import math as F
import torch.nn as nn

class Scale_2(nn.Module):
    def forward(self, x):
        return x * F.sqrt(2) + 0 * x.F if hasattr(x, "F") else x * F.sqrt(2)
"""


def tree(text: str, library: Library = LIBRARY) -> Tree:
    found = decode(text, library)
    assert found is not None, text
    return found


def mined() -> Library:
    block = ModuleSpec(
        name="Block-1",
        role="block",
        infer=lambda shape, _: None if shape.flat else shape,
        write=lambda shape, module: f"Block_1({shape.channels}, {module.get('kernel')})",
        choices={"kernel": (3, 5)},
        count=lambda shape, module: (
            shape.channels * (shape.channels * int(str(module.get("kernel"))) ** 2 + 1)
        ),
        text=BLOCK,
        primitive=False,
    )
    scale = ModuleSpec(
        "Scale-2", "block", lambda shape, _: shape, lambda *_: "Scale_2()", text=SCALE, primitive=False
    )
    return Library([*LIBRARY.values(), block, scale])


def test_a_program_reads_as_a_person_would_write_it() -> None:
    source = render(
        tree(
            "conv(8) relu | 2x[residual(depthwise batch_norm)] cat(identity; ~conv(4, kernel=1)) "
            "| mean classifier"
        ),
        DIGITS,
        LIBRARY,
    )
    network = source[source.index("        self.stem") : source.index("    def train_setup")]
    assert (
        network
        == """\
        self.stem = nn.Sequential(nn.Conv2d(in_shape[1], 8, 3, padding=1, bias=False), nn.ReLU())
        self.stage1 = nn.Sequential(
            *[
                Residual(nn.Conv2d(8, 8, 3, padding=1, groups=8, bias=False), nn.BatchNorm2d(8))
                for _ in range(2)
            ],
            Concat(
                nn.Identity(),
                nn.Conv2d(8, 4, 1, bias=False),  # adaptor
            ),
        )
        self.head = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(12, out_shape[0]),
        )

    def forward(self, x):
        x = self.stem(x)
        x = self.stage1(x)
        return self.head(x)

"""
    )
    assert "class Residual" in source and "class Concat" in source
    assert "class Gate" not in source and "class Sum" not in source


def test_the_images_channels_are_those_of_the_network_wherever_they_enter() -> None:
    source = render(
        tree("relu cat(identity; depthwise(5)) residual(batch_norm) | mean classifier"), SHAPES[3], LIBRARY
    )
    assert "nn.Conv2d(in_shape[1], in_shape[1], 5, padding=2, groups=in_shape[1], bias=False)" in source
    assert "nn.BatchNorm2d(6)" in source


def test_texts_of_mined_modules_are_placed_once_and_work_together() -> None:
    library = mined()
    source = render(
        tree("conv(4) Block-1 Scale-2 2x[Block-1(5)] Scale-2 | mean classifier", library), DIGITS, library
    )
    assert lint(source) is None
    assert source.startswith(
        "from __future__ import annotations\n"
        "import math as F_2\nimport torch\nimport torch.nn as nn\nimport torch.nn.functional as F\n\n\n"
    )
    assert source.count("class Block_1") == source.count("class Scale_2") == 1
    assert build(source, DIGITS)(images(DIGITS, 2)).shape == (2, 10)


def test_imports_of_one_thing_are_one() -> None:
    texts = Texts("import torch\nimport torch.nn as nn\n")
    texts.add(
        "a", "from torch import nn, Tensor\nimport torch.nn as nn\nimport torch.utils.data\nimport torch.nn\n"
    )
    texts.add("b", "from typing import (\n    Any,\n    Tensor,\n)\nx = Tensor\n")
    assert texts.imports.splitlines() == [
        "import torch",
        "import torch.nn",
        "import torch.nn as nn",
        "import torch.utils.data",
        "from torch import Tensor",
        "from typing import Any",
        "from typing import Tensor as Tensor_2",
    ]
    assert texts.bodies == ("x = Tensor_2\n",)
    assert (texts.renamed("a", "Tensor(1)"), texts.renamed("b", "Tensor(1)")) == ("Tensor(1)", "Tensor_2(1)")


def test_a_tree_that_is_not_legal_has_no_program() -> None:
    with pytest.raises(IllegalTreeError, match="conv cannot take 1x12x12"):
        render(tree("conv(8, groups=3) | mean classifier"), DIGITS, LIBRARY)


@pytest.mark.parametrize("name", ["resnet", "vgg", "mobilenet", "densenet", "squeezenet"])
def test_starts_are_programs(name: str) -> None:
    found = starts(DIGITS, LIBRARY, max_parameters=50_000)[name]
    net = build(render(found, DIGITS, LIBRARY), DIGITS)
    assert net(images(DIGITS, 2)).shape == (2, 10)
    assert sum(each.numel() for each in net.parameters()) == lay_out(found, DIGITS, LIBRARY).parameters
