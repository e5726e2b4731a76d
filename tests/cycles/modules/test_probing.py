"""Modules in the sandbox: what a probe says of them, and that a tree can build on it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from corpus.records.modules.mined import MinedModule
from corpus.records.modules.probed import ChannelRelation, Layout, ModuleProbe
from cycles.modules.probing import AT_A_TIME, probed, probing_config
from evaluator.supervisor.sandbox import SandboxedEvaluator
from generator.modules.findings import IDLE
from generator.modules.library import mined_library, mined_name, mined_spec
from generator.trees.nodes import Module
from generator.trees.specs import Shape
from tests.generator.modules.mined import CONV2D, RELU, mined, of_torch

HEAD = "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\n\n"

RESIDUAL = mined(
    HEAD
    + """
def build(channels, stride):
    return nn.Sequential(nn.Conv2d(channels, channels, 3, stride, 1, bias=False), nn.BatchNorm2d(channels))


class Net(nn.Module):
    def __init__(self, planes, stride=1):
        super().__init__()
        self.body = build(planes, stride)
        self.act = nn.ReLU(inplace=True)

    def forward(self, x):
        x = self.act(x)
        return self.body(x)
"""
)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxedEvaluator]:
    with SandboxedEvaluator(probing_config(2).model_copy(update={"cpu_seconds": 2})) as opened:
        yield opened


def simple(body: str, init: str = "pass", arguments: str = "", top: str = "") -> MinedModule:
    return mined(
        f"{HEAD}{top}\n\nclass Simple(nn.Module):\n    def __init__(self{arguments}):\n"
        f"        super().__init__()\n        {init}\n\n    def forward(self, x):\n        {body}\n"
    )


def all_probes(sandbox: SandboxedEvaluator, module: MinedModule) -> tuple[ModuleProbe, ...]:
    ((_, found),) = probed([module], sandbox.probe)
    return found


def only(sandbox: SandboxedEvaluator, module: MinedModule) -> ModuleProbe:
    return all_probes(sandbox, module)[0]


def test_a_convolution_frees_channels_and_halves_sides(sandbox: SandboxedEvaluator) -> None:
    found = all_probes(sandbox, CONV2D)
    assert all(each.usable and each.channels is ChannelRelation.FREE for each in found)
    assert [(each.setting["kernel_size"], each.stride) for each in found] == [(3, 1), (5, 1), (3, 2), (5, 2)]
    first = found[0]
    assert (first.parameters, first.probe_channels) == (32 * 64 * 9 + 64, (32, 64))
    assert first.flops == 2 * 32 * 64 * 9 * 16 * 16 and first.dtype == "float32" and first.rank == 4
    assert len({each.structure for each in found}) == 4


def test_a_carried_module_with_helpers_and_awkward_names_is_measured(sandbox: SandboxedEvaluator) -> None:
    found = all_probes(sandbox, RESIDUAL)
    assert [each.failure for each in found] == [None, None]
    assert [(each.channels, each.stride) for each in found] == [("same", 1), ("same", 2)]
    assert all(each.deterministic for each in found)


@pytest.mark.parametrize(
    ("module", "relation", "divisor", "multiple"),
    [
        (of_torch("BatchNorm2d", ("num_features", None)), "same", 1, 1),
        (of_torch("GroupNorm", ("num_groups", None), ("num_channels", None)), "grouped", 4, 1),
        (simple("return torch.cat([x, -x], 1)"), "multiple", 1, 2),
        (simple("return x[:, ::2]"), "other", 1, 1),
        (simple("return x if x.shape[1] == 32 else 1 / 0"), "grouped", 32, 1),
    ],
)
def test_how_channels_follow_is_found(
    sandbox: SandboxedEvaluator, module: MinedModule, relation: str, divisor: int, multiple: int
) -> None:
    found = only(sandbox, module)
    assert found.failure is None
    assert (found.channels, found.divisor, found.multiple) == (relation, divisor, multiple)


@pytest.mark.parametrize(
    ("body", "stride", "smallest"),
    [
        ("return x.relu()", 1, 1),
        ("return F.avg_pool2d(x, 2)", 0, 1),
        ("return F.avg_pool2d(x, 2, ceil_mode=True)", 2, 1),
        ("return F.pad(x, (2, 2, 2, 2), mode='reflect')[..., 2:-2, 2:-2].relu()", 1, 4),
        ("return x.repeat_interleave(2, -1)", 0, 1),
        ("return x.mean((2, 3), keepdim=True)", 0, 1),
    ],
)
def test_how_sides_follow_is_found(
    sandbox: SandboxedEvaluator, body: str, stride: int, smallest: int
) -> None:
    found = only(sandbox, simple(body))
    assert found.failure is None and (found.stride, found.smallest_side) == (stride, smallest)
    assert found.usable == (stride > 0)


@pytest.mark.parametrize(
    ("module", "words"),
    [
        (simple("return x + torch.rand(1)"), "two passes in evaluation mode differ"),
        (simple("return x.detach()"), "no gradient"),
        (simple("return torch.zeros_like(x).requires_grad_() * 1"), "no gradient reaches"),
        (simple("return (x, x)"), "returns tuple"),
        (simple("return x.argmax(1, keepdim=True)"), "torch.int64"),
        (simple("return x.double()"), "torch.float64"),
        (simple("return x[..., 1:] if self.training else x"), "another shape"),
        (simple("y = x.exp(); y.add_(1); return y * 1", top=""), "modified by an inplace operation"),
        (of_torch("LazyBatchNorm2d"), "no shape before its first pass"),
        (simple("return x", init="open('/tmp/x')"), "FORBIDDEN"),
        (simple("return x", init="raise ValueError('no kernel')"), "no kernel"),
        (simple("return x", top="import absent_package"), "absent_package"),
        (simple("return x / 0"), "NON_FINITE"),
        (simple("while True: pass"), "TIMEOUT"),
        (simple("return x", arguments=", body"), "'body'"),
    ],
)
def test_what_cannot_be_used_has_its_reason(
    sandbox: SandboxedEvaluator, module: MinedModule, words: str
) -> None:
    found = only(sandbox, module)
    assert not found.usable and words in str(found.failure)
    assert "\n" not in str(found.failure)


def test_two_passes_that_differ_are_noted(sandbox: SandboxedEvaluator) -> None:
    assert only(sandbox, simple("return x + torch.rand(1)")).deterministic is False


def test_features_are_told_from_images(sandbox: SandboxedEvaluator) -> None:
    found = only(sandbox, simple("a, b = x.shape; return x.relu()"))
    assert found.failure is None and found.rank == 2 and not found.usable


def test_channels_may_stand_last_and_pixels_may_be_tokens(sandbox: SandboxedEvaluator) -> None:
    linear = of_torch("Linear", ("in_features", None), ("out_features", None))
    assert only(sandbox, linear).layout is Layout.LAST and only(sandbox, ATTENTION).layout is Layout.TOKENS
    assert only(sandbox, linear).usable and only(sandbox, ATTENTION).usable


def test_what_does_nothing_is_known_by_its_structure(sandbox: SandboxedEvaluator) -> None:
    on_tokens = simple("a, b, c = x.shape; return F.dropout(x, training=self.training)")
    last = simple("return F.dropout(x, training=self.training) if x.shape[-1] == 32 else None")
    for module in (of_torch("Identity"), of_torch("Dropout"), on_tokens, last):
        found = all_probes(sandbox, module)
        assert found[0].usable and found[0].structure == IDLE and mined_spec(module, found) is None


def test_twins_have_one_structure_and_the_one_of_torch_stays(sandbox: SandboxedEvaluator) -> None:
    twin = simple("return F.relu(x)")
    rows = list(probed([twin, RELU], sandbox.probe))
    assert rows[0][1][0].structure == rows[1][1][0].structure is not None
    library = mined_library([twin, RELU], [each for _, found in rows for each in found])
    assert list(library) == ["nn.ReLU"]


def test_a_text_with_a_syntax_error_is_a_failure_beside_others(sandbox: SandboxedEvaluator) -> None:
    broken = RELU.model_copy(update={"id": "0" * 16, "module": None, "text": "class ReLU(:"})
    rows = {module.id: found for module, found in probed([broken, RELU], sandbox.probe)}
    assert "cannot be parsed" in str(rows[broken.id][0].failure) and rows[RELU.id][0].usable


def test_modules_come_whole_and_in_order(sandbox: SandboxedEvaluator) -> None:
    modules = [RELU, CONV2D] * AT_A_TIME
    assert [module.name for module, _ in probed(modules, sandbox.probe)] == [each.name for each in modules]


def test_nothing_runs_outside_of_the_sandbox(sandbox: SandboxedEvaluator, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    lines = f"from pathlib import Path\nPath({str(canary)!r}).write_text('was here')"
    found = only(sandbox, simple("return x", top=lines))
    assert not canary.exists() and found.failure is not None


LIBRARY = [
    CONV2D,
    RESIDUAL,
    of_torch("GroupNorm", ("num_groups", None), ("num_channels", None)),
    simple("return torch.cat([x, self.c(x)], 1)", "self.c = nn.Conv2d(dim, dim, 1)", ", dim"),
    mined(
        HEAD
        + """
class Bottleneck(nn.Module):
    def __init__(self, inplanes, planes, stride=1):
        super().__init__()
        self.a, self.b = nn.Conv2d(inplanes, planes, 1), nn.Conv2d(planes, planes, 3, stride, 1)
        self.c = nn.Conv2d(planes, 4 * planes, 1)

    def forward(self, x):
        left = self.c(self.b(self.a(x)).relu())
        return left + x if left.shape == x.shape else left + F.max_pool2d(x, 1, 2)
"""
    ),
]

ATTENTION = mined(
    HEAD
    + """
class Attention(nn.Module):
    def __init__(self, dim, num_heads=3):
        super().__init__()
        self.norm, self.inner = nn.LayerNorm(dim), nn.MultiheadAttention(dim, num_heads, batch_first=True)

    def forward(self, x):
        a, b, c = x.shape
        y = self.norm(x)
        return x + self.inner(y, y, y)[0]
"""
)
ACTIVATED = simple(
    "return self.act(self.norm(x))",
    "self.norm, self.act = norm_layer(dim), act_layer(inplace=True)",
    ", dim, norm_layer, act_layer",
)
LIBRARY += [ATTENTION, ACTIVATED, of_torch("Linear", ("in_features", None), ("out_features", None))]

PROGRAM = """
import torch
import torch.nn as nn
TEXT

def supported_hyperparameters():
    return {"lr"}


class Net(nn.Module):
    def __init__(self, in_shape, out_shape, prm, device):
        super().__init__()
        self.first = nn.Conv2d(in_shape[1], CHANNELS, 1)
        self.module = EXPRESSION
        assert sum(each.numel() for each in self.module.parameters()) == COUNT
        self.head = nn.Linear(OUT, out_shape[0])

    def forward(self, x):
        x = self.module(self.first(x))
        assert x.shape[1:] == SHAPE, x.shape
        return self.head(x.mean((2, 3)))

    def train_setup(self, prm):
        pass

    def learn(self, train_data):
        pass
"""


@pytest.mark.parametrize("module", LIBRARY, ids=[mined_name(each) for each in LIBRARY])
def test_a_spec_keeps_its_word_at_every_choice(sandbox: SandboxedEvaluator, module: MinedModule) -> None:
    """Shapes and parameters are as inferred, at channels and sides that no probe saw."""
    spec = mined_spec(module, all_probes(sandbox, module))
    assert spec is not None and spec.count is not None
    programs, entering = [], Shape(20, 8, 8)
    chosen = [()] + [((name, value),) for name, values in spec.choices.items() for value in values]
    for arguments in chosen:
        for width in (12, 36) if spec.width else (None,):
            named = (*arguments, *(((spec.width, width),) if spec.width else ()))
            leaf = Module(spec.name, named)
            leaving = spec.infer(entering, leaf)
            assert leaving is not None
            call = ast.parse(spec.write(entering, leaf), mode="eval").body
            assert isinstance(call, ast.Call)  # a reader of programs knows literals alone
            assert all(isinstance(each.value, ast.Constant) for each in call.keywords)
            programs.append(
                PROGRAM.replace("TEXT", spec.text)
                .replace("CHANNELS", "20")
                .replace("EXPRESSION", spec.write(entering, leaf))
                .replace("COUNT", str(spec.count(entering, leaf)))
                .replace("OUT", str(leaving.channels))
                .replace("SHAPE", str(tuple(leaving)))
            )
    assert [each.error for each in sandbox.probe(programs) if not each.passed] == []
