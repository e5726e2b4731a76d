"""Programs that are made to keep a reader busy, to fill its memory, or to get out of it."""

from __future__ import annotations

TOUCHED = "/tmp/archloop-hostile-program-was-here"

_NET = """
import torch
from torch import nn
import torch.nn.functional as F

class Net(nn.Module):
    def __init__(self, in_shape, out_shape, prm, device):
        super().__init__()
        {setup}
        self.out = nn.Linear(in_shape[1], out_shape[0])

    def forward(self, x):
        {forward}
        return self.out(x.mean((2, 3)))
"""


def _net(setup: str = "pass", forward: str = "pass", before: str = "") -> str:
    lines = [text.replace("\n", "\n        ") for text in (setup, forward)]
    return before + _NET.replace("{setup}", lines[0]).replace("{forward}", lines[1])


BENIGN = _net()

HOSTILE: dict[str, str] = {
    "an endless loop": _net("while True:\n    pass"),
    "an endless loop that grows": _net("a = [1]\nwhile True:\n    a.append(a)"),
    "a list that doubles": _net("a = [1]\nfor i in range(100):\n    a = a + a"),
    "a list that doubles in place": _net("a = [1]\nfor i in range(100):\n    a += a"),
    "a list that extends itself": _net("a = [1]\nfor i in range(100):\n    a.extend(a)"),
    "a text that doubles": _net("a = 'x'\nfor i in range(100):\n    a = f'{a}{a}'"),
    "a text that is joined": _net("a = 'x' * 9999\nfor i in range(100):\n    a = a.join([a] * 9999)"),
    "a text that is replaced": _net("a = '{}' * 4000\nfor i in range(9):\n    a = a.format(*[a] * 4000)"),
    "a giant range": _net("for i in range(10**15):\n    pass"),
    "a list of a giant range": _net("a = list(range(10**15))"),
    "giant ranges in a comprehension": _net("a = [0 for i in range(9999) for j in range(9999)]"),
    "a huge power": _net("a = 9**9**9"),
    "a huge shift": _net("a = 1 << 10**9"),
    "a huge product": _net("a = 10\nfor i in range(999):\n    a = a * a"),
    "a huge number as text": _net("a = int('9' * 9999)"),
    "a huge text": _net("a = 'x' * 10**12"),
    "a huge list": _net("a = [0] * 10**12"),
    "a wide format": _net("a = f'{1:>999999999}'"),
    "a wide old format": _net("a = '%999999999d' % 1"),
    "a starred format": _net("a = '%*d' % (999999999, 1)"),
    "recursion": _net("f(1)", before="def f(n):\n    return f(n + 1)\n"),
    "recursion in two": _net("f()", before="def f():\n    return g(), g()\ndef g():\n    return f(), f()\n"),
    "a wide recursion": _net("f(30)", before="def f(n):\n    return n and f(n - 1) + f(n - 1)\n"),
    "a module in itself": _net("self.m = nn.Sequential()\nself.m.append(self.m)", "x = self.m(x)"),
    "modules that double": _net(
        "m = nn.ReLU()\nfor i in range(99):\n    m = nn.Sequential(m, m)\nself.m = m", "x = self.m(x)"
    ),
    "sums that double": _net("pass", "y = x\nfor i in range(200):\n    y, x = F.relu(x) + y, y\nx = y"),
    "sums of all before": _net("pass", "a = [x]\nfor i in range(300):\n    a.append(sum(a))\nx = a[-1]"),
    "rows that double, compared": _net(
        "a = b = 1\nfor i in range(99):\n    a, b = (a, a), (b, b)\nc = a == b"
    ),
    "rows that double, as a key": _net("a = 1\nfor i in range(99):\n    a = (a, a)\nc = {a: 1}"),
    "rows that double, sought": _net(
        "a = b = 1\nfor i in range(99):\n    a, b = (a, a), (b, b)\nc = a in [b]"
    ),
    "rows that double, indexed": _net(
        "a = b = 1\nfor i in range(99):\n    a, b = (a, a), (b, b)\nc = (a,).index(b)"
    ),
    "rows that double, copied": _net(
        "a = 1\nfor i in range(99):\n    a = [a, a]\nimport copy\nb = copy.deepcopy(a)"
    ),
    "a copy of itself": _net("a = []\na.append(a)\nimport copy\nb = copy.deepcopy(a)"),
    "rows that double, as arguments": _net(
        "a = 3\nfor i in range(99):\n    a = (a, a)\nself.c = nn.Conv2d(3, 3, a)", "x = self.c(x)"
    ),
    "deep brackets": _net("a = " + "[" * 150 + "]" * 150),
    "a long sum": _net("a = " + "+".join(["1"] * 2000)),
    "a deep attribute": _net("a = x" + ".a" * 2000),
    "a deep lambda": _net("a = " + "lambda: " * 150 + "1"),
    "a class that derives from many": "class A: pass\n"
    + "".join(
        f"class B{i}(B{i - 1}, A{i - 1}): pass\nclass A{i}(B{i - 1}, A{i - 1}): pass\n" for i in range(1, 40)
    )
    + _net(),
    "classes that double": "class A0: pass\nclass B0: pass\n"
    + "".join(
        f"class A{i}(A{i - 1}, B{i - 1}): pass\nclass B{i}(A{i - 1}, B{i - 1}): pass\n" for i in range(1, 60)
    )
    + _net("A59().a"),
    "many layers": _net("self.m = nn.Sequential(*[nn.ReLU() for i in range(9000)])", "x = self.m(x)"),
    "many kinds of layers": _net(
        "self.m = nn.Sequential(*[nn.LeakyReLU(0.1 if i * i % 7 else 0.2) for i in range(9000)])",
        "x = self.m(x)",
    ),
    "a huge image": _net("pass", "for i in range(200):\n    x = F.interpolate(x, scale_factor=2)"),
    "huge channels": _net("self.c = nn.Conv2d(in_shape[1], 10**18, 1)", "x = self.c(x)"),
    "no kernel": _net("self.c = nn.Conv2d(in_shape[1], 8, 0)", "x = self.c(x)"),
    "a negative stride": _net("self.c = nn.Conv2d(in_shape[1], 8, 3, -1)", "x = self.c(x)"),
    "no stride": _net("self.c = nn.MaxPool2d(2, 0)", "x = self.c(x)"),
    "no groups": _net("self.c = nn.Conv2d(in_shape[1], 8, 3, groups=0)", "x = self.c(x)"),
    "infinite channels": _net("self.c = nn.Conv2d(in_shape[1], int(float('inf')), 3)"),
    "a file": _net(f"open('{TOUCHED}', 'w')"),
    "the system": _net(f"import os\nos.system('touch {TOUCHED}')", "x = os.system(x)"),
    "the way out of Python": _net("a = ().__class__.__bases__[0].__subclasses__()"),
    "an import while reading": _net("a = __import__('os')"),
    "an evaluation": _net("a = eval('1')"),
    "a class of a class": _net("a = type('A', (), {})", "x = a(x)"),
    "a decorator that runs": "@print\nclass Net: pass\n",
    "no network": "a = 1\n",
    "a network that is a number": "Net = 1\n",
    "a network that is a function": "def Net(*args):\n    return lambda x: x\n",
    "a network that is no module": "class Net:\n    pass\n",
    "nothing": "",
    "a null byte": "\x00",
}
"""By what they do."""

STRANGE = """\
None  0  -1  1.5  ()  []  {}  x  self  lambda: x  'a'  True  ...  x.shape  self.training  nn  torch  F
super()  range(5)  in_shape  prm  out_shape  [x]  (x, x)  {'a': x}  {1}  nn.Conv2d  nn.Sequential()
nn.Module  nn.ReLU  print  type  object  1j  b'a'  f'{x}'  x[0]  x.T  int  [int]  self(x)  self.forward
x.size  nn.Sequential(nn.ReLU())  nn.ReLU()(x)  isinstance(x, int)  float('nan')  float('inf')
out_shape[0]  Net  x if x else x  not x  x == x  -x  x @ x  x ** 2  1 / 0  {}['a']  [1][5]  self.__class__
getattr(self, 'a')  hasattr(1, 'b')  setattr(self, 'a', x)  sum([])  max()  max([])  zip(1)  map(int)
sorted(['a', 1])  x.view()  x.view(-1)  x.flatten()  x.mean()  x.mean(x)  torch.cat()  torch.cat([])
torch.cat(x)  torch.cat([x], x)  torch.zeros(1)  torch.zeros()  torch.zeros(1,2,3,4)  torch.zeros('a', 2)
nn.Conv2d()  nn.Conv2d(x, x, x)  nn.Conv2d(1,2,3)(x)  nn.Conv2d('a','b','c')  nn.Dropout(x)
nn.Dropout('a')  nn.Dropout(None)  nn.LeakyReLU(None)  nn.Linear(None, 3)  nn.GroupNorm(0, 4)
nn.GroupNorm(2.5, 4)  nn.Upsample(scale_factor='a')  nn.Softmax()  nn.Softmax('a')  nn.PReLU('a')
nn.ChannelShuffle(0)  nn.ModuleList(3)  nn.ModuleList([3])  nn.ModuleDict([1])  nn.Sequential(3)
nn.Sequential(None)  nn.Sequential(3)(x)  F.relu()  F.relu(3)  F.relu(x, x, x)  F.max_pool2d(x)
F.dropout(x, p='a')  F.softmax(x)  x.add()  x.add(1, alpha=2)  x.size('a')  x.squeeze('a')  x.unsqueeze(9)
x[:, None, :, None]  x[..., 0]  x[x]  super().__init__(1, 2, 3)  super(Net, self)  super(1, 2)  int('a')
int(x)  int(None)  len(3)  range('a')  range(1, 2, 0)  enumerate()  round('a')  divmod(1, 0)  dict(3)
dict([1])  list(3)  reversed(3)  'a'.join(3)  'a'.format()  '{'.format(1)  '%d' % 'a'  '%' % 1  [].pop()
{}.pop('a')  {}.pop()  [].insert()  {}.update(3)  [].append()  'a'.split('')  copy.deepcopy()
functools.partial()  math.sqrt(-1)  math.prod(x)  nn.init.zeros_(x)  nn.Parameter(x)""".replace(
    "\n", "  "
).split("  ")
"""Expressions that hardly fit anywhere."""
