"""From probes to specs, by hand: what may be chosen, how shapes follow, what is left out."""

from __future__ import annotations

from typing import Any

import pytest

from corpus.records.modules.mined import MinedModule
from corpus.records.modules.probed import ChannelRelation, ModuleProbe
from generator.modules.findings import IDLE
from generator.modules.library import mined_library, mined_name, mined_spec
from generator.modules.settings import IN, OUT
from generator.trees.nodes import Module
from generator.trees.specs import ModuleSpec, Shape
from tests.generator.modules.mined import CONV2D, RELU, mined, of_torch


def probe(module: MinedModule, setting: dict[str, Any] | None = None, **found: Any) -> ModuleProbe:
    known: dict[str, Any] = {
        "channels": ChannelRelation.SAME,
        "parameters": 0,
        "flops": 0,
        "probe_channels": (32, 32),
        "deterministic": True,
        "dtype": "float32",
        "formula": (0, 0, 0, 0, 0, 0),
    }
    return ModuleProbe(module_id=module.id, setting=setting or {}, **(known | found))


def conv(kernel: int, stride: int, **found: Any) -> ModuleProbe:
    setting = {
        "stride": stride,
        "padding": kernel // 2,
        "kernel_size": kernel,
        "out_channels": OUT,
        "in_channels": IN,
    }
    area = kernel * kernel
    known = {
        "channels": ChannelRelation.FREE,
        "stride": stride,
        "parameters": 32 * 64 * area + 64,
        "probe_channels": (32, 64),
        "formula": (0, 0, 1, 0, area, 0),
        "structure": f"conv {kernel} {stride}",
        "flops": 1,
    }
    return probe(CONV2D, setting, **(known | found))


CONVS = [conv(3, 1), conv(5, 1), conv(3, 2), conv(5, 2)]


def spec_of(module: MinedModule, *probes: ModuleProbe) -> ModuleSpec:
    spec = mined_spec(module, probes)
    assert spec is not None
    return spec


def test_choices_are_what_differs_and_what_depends_on_them_is_set_along() -> None:
    spec = spec_of(CONV2D, *CONVS)
    assert dict(spec.choices) == {"kernel_size": (3, 5), "stride": (1, 2)}
    assert (spec.name, spec.role, spec.width, spec.primitive) == (
        "nn.Conv2d",
        "convolution",
        "out_channels",
        False,
    )
    chosen = Module(spec.name, (("kernel_size", 5), ("stride", 2), ("out_channels", 24)))
    assert spec.infer(Shape(16, 9, 7), chosen) == Shape(24, 5, 4)
    assert spec.count is not None and spec.count(Shape(16, 9, 7), chosen) == 16 * 24 * 25 + 24
    assert spec.write(Shape(16, 9, 7), chosen) == (
        "nn.Conv2d(in_channels=16, out_channels=24, kernel_size=5, stride=2, padding=2)"
    )


def test_a_combination_that_was_not_probed_leads_nowhere() -> None:
    spec = spec_of(CONV2D, *CONVS[:3])
    leaf = Module(spec.name, (("kernel_size", 5), ("stride", 2)))
    assert spec.infer(Shape(16, 8, 8), leaf) is None
    with pytest.raises(ValueError, match="not probed"):
        spec.write(Shape(16, 8, 8), leaf)


@pytest.mark.parametrize(
    ("found", "entering", "leaving"),
    [
        ({}, Shape(5, 3, 3), Shape(5, 3, 3)),
        ({}, Shape(5), None),
        ({"smallest_side": 4}, Shape(5, 8, 3), None),
        ({"channels": ChannelRelation.GROUPED, "divisor": 4}, Shape(6, 3, 3), None),
        ({"channels": ChannelRelation.GROUPED, "divisor": 4}, Shape(8, 3, 3), Shape(8, 3, 3)),
        ({"channels": ChannelRelation.MULTIPLE, "multiple": 3}, Shape(5, 3, 3), Shape(15, 3, 3)),
    ],
)
def test_shapes_follow_from_the_probe(found: dict[str, Any], entering: Shape, leaving: Shape | None) -> None:
    spec = spec_of(RELU, probe(RELU, **found))
    assert spec.infer(entering, Module(spec.name)) == leaving


def test_a_divisor_binds_the_width_as_well() -> None:
    spec = spec_of(CONV2D, conv(3, 1, channels=ChannelRelation.GROUPED, divisor=4))
    assert spec.infer(Shape(8, 4, 4), Module(spec.name, (("out_channels", 6),))) is None
    assert spec.infer(Shape(8, 4, 4), Module(spec.name, (("out_channels", 12),))) == Shape(12, 4, 4)


@pytest.mark.parametrize(
    "found",
    [
        {"failure": "it fails"},
        {"rank": 2},
        {"stride": 0},
        {"channels": ChannelRelation.OTHER},
        {"deterministic": False},
        {"dtype": "float64"},
        {"structure": IDLE},
    ],
)
def test_what_fits_no_tree_has_no_spec(found: dict[str, Any]) -> None:
    assert mined_spec(RELU, [probe(RELU, **found)]) is None


def test_a_text_that_cannot_be_parsed_has_no_spec() -> None:
    broken = RELU.model_copy(update={"module": None, "text": "class ReLU(:"})
    assert mined_spec(broken, [probe(broken)]) is None


def test_of_twins_the_one_of_torch_stays() -> None:
    mine = mined("class Mine(nn.Module):\n    def forward(self, x):\n        return x.relu()\n")
    both = [probe(mine, structure="a"), probe(RELU, structure="a")]
    assert list(mined_library([mine, RELU], both)) == ["nn.ReLU"]
    apart = [probe(mine, structure="b"), probe(RELU, structure="a")]
    assert list(mined_library([mine, RELU], apart)) == ["nn.ReLU", mined_name(mine)]


def test_a_setting_that_is_anothers_twin_is_no_choice() -> None:
    spec = mined_library([CONV2D], [conv(3, 1), conv(5, 1, structure="conv 3 1")])["nn.Conv2d"]
    assert dict(spec.choices) == {}


@pytest.mark.parametrize(
    ("name", "found", "role"),
    [
        ("SELU", {}, "activation"),
        ("PReLU", {"parameters": 1}, "activation"),
        ("BatchNorm2d", {"parameters": 64}, "normalisation"),
        ("BatchNormAct2d", {"parameters": 64}, "block"),
        ("ConvNormAct", {"parameters": 64, "flops": 1}, "block"),
        ("Conv2dSame", {"parameters": 64, "flops": 1}, "convolution"),
        ("BlurPool2d", {"stride": 2}, "pooling"),
        ("SEModule", {"parameters": 64, "flops": 1}, "attention"),
        ("TalkingHeadAttn", {"parameters": 64, "flops": 1}, "attention"),
        ("SEBottleneck", {"parameters": 64, "flops": 1}, "block"),
        ("BasicBlock", {"parameters": 64, "flops": 1}, "block"),
        ("Fire", {"parameters": 64, "flops": 1}, "block"),
    ],
)
def test_roles_follow_from_name_and_behaviour(name: str, found: dict[str, Any], role: str) -> None:
    module = of_torch(name)
    assert spec_of(module, probe(module, **found)).role == role
