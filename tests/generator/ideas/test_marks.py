"""Where programs stand on a template by the names in their text, and that nothing else places them."""

from __future__ import annotations

import random

import pytest

from corpus.records.tasks.shape import TaskShape
from generator.grammar import sample_program
from generator.ideas.marks import names_in, paths_shown
from tests.generator.ideas.small_pool import TEMPLATE, small_pool

LEAVES = list(small_pool().template.values())


def shown(source: str) -> set[str]:
    """Return the last parts of the paths that a program shows."""
    return {path.rpartition("/")[2] for path in paths_shown(source, LEAVES)}


@pytest.mark.parametrize(
    "source",
    [
        "import torch.nn as nn\na = nn.GELU()",
        "from torch import nn\na = nn.GELU",
        "from torch.nn import GELU as Smooth\na = Smooth()",
        "import torch\na = torch.nn.functional.gelu(x)",
        "from torch.nn.functional import gelu\na = gelu(x)",
        "a = x.gelu()",
        "import torch.nn as nn\nclass GELU(nn.Module):\n    pass",
    ],
)
def test_a_layer_or_a_function_is_known_however_it_comes_into_the_program(source: str) -> None:
    assert shown(source) == {"smooth"}


@pytest.mark.parametrize(
    "source",
    [
        "import torch.nn as nn\n# nn.GELU()\na = 'nn.GELU'\ndef f():\n    '''gelu'''",
        "from torch.nn import GELU",
        "class A:\n    def __init__(self):\n        self.gelu = 1\n    def a(self, x):\n        self.gelu(x)",
        "class A:\n    def gelu(self, x):\n        return x\n    def call(self, x):\n        self.gelu(x)",
        "def gelu(x):\n    return x\ngelu = gelu(1)",
        "import torch.nn as nn\na = nn.GELUnot()",
        "a = nn.GELU(",
        "",
    ],
    ids=["words", "import alone", "attribute", "method", "function", "longer name", "no program", "nothing"],
)
def test_what_is_no_use_of_a_layer_shows_nothing(source: str) -> None:
    assert shown(source) == set()


def test_a_mark_of_several_parts_asks_for_all_of_them() -> None:
    assert shown("import torch.nn.functional as F\na = F.glu(x)") == {"gated"}
    assert shown("import torch\na = torch.glu(x)") == set()


def test_a_block_family_is_a_mark() -> None:
    layers = (
        "import torch.nn as nn\nclass Net(nn.Module):\n def __init__(self):\n  self.a = nn.Conv2d(1, 1, 3)\n"
    )
    assert shown(layers + " def forward(self, x):\n  return self.a(x) + x") == {"identity"}
    assert shown(layers + " def forward(self, x):\n  return self.a(x)") == set()


def test_programs_of_the_grammar_have_places_of_several_categories() -> None:
    shape = TaskShape(channels=1, height=12, width=12, classes=10)
    found = [shown(sample_program(random.Random(seed), shape).source) for seed in range(40)]
    assert {"smooth", "batch", "identity"} <= set().union(*found)
    assert any(len(each) > 1 for each in found)


def test_a_leaf_without_marks_is_shown_by_nothing() -> None:
    assert not TEMPLATE["network/width/scaling"]
    assert "scaling" not in shown("import torch.nn as nn\na = nn.GELU(nn.BatchNorm2d)")


def test_a_name_of_very_many_parts_is_read_by_its_end() -> None:
    long = "import torch\na = torch" + ".a" * 90 + ".glu"
    assert all(name.count(".") < 3 for name in names_in(long))
