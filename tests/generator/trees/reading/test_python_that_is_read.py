"""Ways to write a network, one by one: what each is read as, or why it is refused.

What is read is compared with what torch makes of the program, so nothing here is believed.
"""

from __future__ import annotations

import pytest

from corpus.records.tasks.shape import TaskShape
from generator.trees.encoding import encode
from generator.trees.primitives import primitives
from generator.trees.reading.errors import NotATreeError
from generator.trees.reading.reader import read
from tests.generator.trees.reading.test_samples import assert_same

LIBRARY = primitives()
SHAPE = TaskShape(channels=3, height=8, width=8, classes=10)

_PROGRAM = """
import copy, math, functools
from collections import OrderedDict
import torch
from torch import nn
import torch.nn.functional as F

{before}

class Net(nn.Module):
    def __init__(self, in_shape, out_shape, prm, device):
        super().__init__()
        {setup}

    def forward(self, x):
        {forward}
"""
HEAD = "self.out = nn.Linear(4, out_shape[0])"
SCORES = "return self.out(x.mean((2, 3)))"


def program(setup: str, forward: str, before: str = "") -> str:
    lines = [text.replace("\n", "\n        ") for text in (setup, forward)]
    text = _PROGRAM.replace("{setup}", lines[0]).replace("{forward}", lines[1])
    return text.replace("{before}", before)


_CLASSES = """
class Conv(nn.Conv2d):
    def __init__(self, a, b, k=3):
        super().__init__(a, b, k, padding=k // 2, bias=False)

class Block(nn.Sequential):
    width = 1

    @property
    def double(self):
        return 2 * self.width

    @staticmethod
    def conv(*args, **kwargs):
        return Conv(*args, **kwargs)

    def __init__(self, n):
        super().__init__()
        self.c = self.conv(3, self.double, k=1)
        self.d = Conv(self.double, n)

class Wide(Block):
    def __init__(self, n):
        Block.__init__(self, n)

    def forward(self, x):
        return super().forward(x)
"""

READ = {
    "sizes are measured with a blank image": (
        "self.f = nn.Conv2d(3, 4, 3, 2)\nwith torch.no_grad():\n"
        "    n = self.f(torch.zeros(1, *in_shape[1:])).view(1, -1).size(1)\n"
        "self.out = nn.Linear(n, out_shape[0])",
        "return self.out(torch.flatten(self.f(x), 1))",
        "",
        "conv(4, stride=2, bias=true, padded=false) | flatten classifier",
    ),
    "an activation in place changes the way past it too": (
        "self.a = nn.Conv2d(3, 4, 1)\n"
        f"self.b = nn.Sequential(nn.ReLU(inplace=True), nn.Conv2d(4, 4, 1))\n{HEAD}",
        f"x = self.a(x)\ny = self.b(x)\nx = x + y\n{SCORES}",
        "",
        "conv(4, kernel=1, bias=true) relu | residual(conv(kernel=1, bias=true)) | mean classifier",
    ),
    "a sum in place changes a value under its other name": (
        f"self.a = nn.Conv2d(3, 4, 1)\n{HEAD}",
        f"x = self.a(x)\ny = x\ny += F.relu(x)\nx = torch.tanh(x)\n{SCORES}",
        "",
        "conv(4, kernel=1, bias=true) | residual(relu) tanh | mean classifier",
    ),
    "a loop over two lists is a repeat": (
        "self.a = nn.Conv2d(3, 4, 1)\nself.c = nn.ModuleList([nn.Conv2d(4, 4, 1) for _ in range(3)])\n"
        f"self.n = nn.ModuleList([nn.BatchNorm2d(4) for _ in range(3)])\n{HEAD}",
        f"x = self.a(x)\nfor c, n in zip(self.c, self.n):\n    x = F.relu(n(c(x)))\n{SCORES}",
        "",
        "conv(4, kernel=1, bias=true) | 3x[conv(kernel=1, bias=true) batch_norm relu] | mean classifier",
    ),
    "a loop of sums is a repeat": (
        "self.a = nn.Conv2d(3, 4, 1)\n"
        f"self.c = nn.ModuleDict({{str(i): nn.Conv2d(4, 4, 1) for i in range(3)}})\n{HEAD}",
        f"x = self.a(x)\nfor name in self.c:\n    x = x + self.c[name](x)\n{SCORES}",
        "",
        "conv(4, kernel=1, bias=true) | 3x[residual(conv(kernel=1, bias=true))] | mean classifier",
    ),
    "a list is joined again and again": (
        "self.a = nn.Conv2d(3, 2, 1)\nself.b = nn.Conv2d(2, 1, 1)\nself.c = nn.Conv2d(3, 1, 1)\n" + HEAD,
        "f = [self.a(x)]\nf.append(self.b(torch.cat(f, 1)))\nf.append(self.c(torch.cat(f, 1)))\n"
        f"x = torch.cat(f, dim=1)\n{SCORES}",
        "",
        "conv(2, kernel=1, bias=true) | cat(identity; conv(1, kernel=1, bias=true)) "
        "cat(identity; conv(1, kernel=1, bias=true)) | mean classifier",
    ),
    "a sum of branches": (
        f"self.a = nn.ModuleList([nn.Conv2d(3, 4, k, padding=k // 2) for k in (1, 3, 5)])\n{HEAD}",
        f"x = sum(m(x) for m in self.a)\n{SCORES}",
        "",
        "| add(conv(4, kernel=1, bias=true); conv(4, bias=true); conv(4, kernel=5, bias=true)) "
        "| mean classifier",
    ),
    "a gate by features": (
        f"self.a = nn.Conv2d(3, 4, 1)\nself.g = nn.Linear(4, 4, bias=False)\n{HEAD}",
        f"x = self.a(x)\ns = F.adaptive_avg_pool2d(x, 1).squeeze(-1).squeeze(-1)\n"
        f"s = torch.sigmoid(self.g(s)).unsqueeze(-1).unsqueeze(-1)\nx = s * x\n{SCORES}",
        "",
        "conv(4, kernel=1, bias=true) | gate(pool conv(kernel=1) sigmoid) | mean classifier",
    ),
    "a mean over flattened places": (
        f"self.a = nn.Conv2d(3, 4, 1)\n{HEAD}",
        "return F.log_softmax(self.out(self.a(x).flatten(2).mean(-1)), dim=1)",
        "",
        "conv(4, kernel=1, bias=true) | mean classifier",
    ),
    "classes that derive from each other and from torch's": (
        f"self.b = Wide(4)\n{HEAD}",
        f"x = self.b(x)\n{SCORES}",
        _CLASSES,
        "conv(2, kernel=1) | conv(4) | mean classifier",
    ),
    "functions of functions": (
        "conv = functools.partial(nn.Conv2d, kernel_size=1, bias=False)\nmake = lambda n, act=nn.ReLU: "
        "nn.Sequential(OrderedDict([('c', conv(3, n)), ('a', act())]))\n"
        f"self.m = make(width) if (width := max(4, int(math.sqrt(9)))) else None\n{HEAD}",
        f"x = self.m(x)\n{SCORES}",
        "",
        "conv(4, kernel=1) relu | mean classifier",
    ),
    "copies have weights of their own": (
        "self.a = nn.Conv2d(3, 4, 1)\nc = nn.Conv2d(4, 4, 1)\n"
        f"self.b = nn.Sequential(c, copy.deepcopy(c))\n{HEAD}",
        f"x = self.b(self.a(x))\n{SCORES}",
        "",
        "conv(4, kernel=1, bias=true) | 2x[conv(kernel=1, bias=true)] | mean classifier",
    ),
    "a classifier of single pixels": (
        "self.a = nn.Conv2d(3, 4, 3)\nself.out = nn.Conv2d(4, out_shape[0], 1)",
        "return F.adaptive_avg_pool2d(self.out(self.a(x)), 1)[:, :, 0, 0]",
        "",
        "conv(4, bias=true, padded=false) | classifier mean",
    ),
    "initial values and what is never called": (
        f"self.a = nn.Conv2d(3, 4, 1)\nself.spare = nn.Dropout()\n{HEAD}\nfor m in self.modules():\n"
        "    if isinstance(m, nn.Conv2d):\n        nn.init.zeros_(m.weight)\n"
        "nn.init.constant_(self.a.bias, 0)\nself.apply(lambda m: m)\nself.loss = nn.CrossEntropyLoss()",
        f"x = self.a(x)\nassert x.ndim == 4 and x.shape[1] == 4\n{SCORES}",
        "",
        "conv(4, kernel=1, bias=true) | mean classifier",
    ),
}
"""(what `__init__` does, what `forward` does, what stands before, the tree)."""


@pytest.mark.parametrize("name", sorted(READ))
def test_a_way_to_write_a_network_is_read_as_torch_runs_it(name: str) -> None:
    setup, forward, before, text = READ[name]
    source = program(setup, forward, before)
    tree = read(source, SHAPE, LIBRARY)
    assert encode(tree, LIBRARY) == text
    assert_same(source, tree, SHAPE, 1e-4)


REFUSED = {
    "weights are used twice": ("self.a = nn.Conv2d(3, 3, 1)", "x = self.a(self.a(x))", "shared"),
    "a decision by training": (HEAD, "if self.training:\n    x = F.relu(x)", "python"),
    "a parameter": ("self.p = nn.Parameter(torch.ones(1))", "x = x * self.p", "module"),
    "a number": ("pass", "x = 0.5 * x", "module"),
    "a permutation": ("pass", "x = x.permute(0, 2, 3, 1)", "module"),
    "a part of a tensor": ("pass", "x = x[:, :2]", "module"),
    "a second input": ("pass", "x = x + torch.zeros(1, 3, 8, 8)", "joined"),
    "paths that cross": (
        "self.c = nn.ModuleList([nn.Conv2d(3, 3, 1) for _ in range(4)])",
        "a, b = self.c[0](x), self.c[1](x)\nx = self.c[2](a + b) + self.c[3](a)",
        "shared",
    ),
    "a product of two branches": (
        "self.a, self.b = nn.Conv2d(3, 3, 1), nn.Conv2d(3, 3, 1)",
        "x = self.a(x) * self.b(x)",
        "joined",
    ),
    "kernels that are no squares": ("self.a = nn.Conv2d(3, 3, (1, 3))", "x = self.a(x)", "module"),
    "channels that do not fit": ("self.a = nn.Conv2d(4, 3, 1)", "x = self.a(x)", "shape"),
    "no scores": ("pass", "return x.mean((2, 3))", "head"),
    "a classifier with a window": (
        "self.a = nn.Conv2d(3, out_shape[0], 3)",
        "return self.a(x).mean((2, 3))",
        "head",
    ),
    "an unknown module": ("self.a = nn.MultiheadAttention(3, 1)", "x = self.a(x)", "module"),
    "what would raise": ("a = [1][2]", "pass", "python"),
    "a name that there is not": ("a = b", "pass", "python"),
    "a reshape that mixes images": ("pass", "x = x.view(3, -1)", "module"),
    "another batch": ("pass", "x = x.reshape(x.size(0) * 2, -1)", "module"),
}


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_no_tree_can_say_is_refused_for_its_reason(name: str) -> None:
    setup, forward, reason = REFUSED[name]
    setup = setup if HEAD in setup else f"{setup}\nself.out = nn.Linear(3, out_shape[0])"
    source = program(setup, forward if "return" in forward else f"{forward}\n{SCORES}")
    with pytest.raises(NotATreeError) as caught:
        read(source, SHAPE, LIBRARY)
    assert caught.value.reason == reason, str(caught.value)


def test_a_refusal_names_the_line() -> None:
    with pytest.raises(NotATreeError, match=r"^line \d+: no module of a tree is 'permute'$") as caught:
        read(program(HEAD, f"x = F.relu(x)\nx = x.permute(0, 2, 3, 1)\n{SCORES}"), SHAPE, LIBRARY)
    source = program(HEAD, f"x = F.relu(x)\nx = x.permute(0, 2, 3, 1)\n{SCORES}").splitlines()
    assert caught.value.line is not None
    assert "permute" in source[caught.value.line - 1]
