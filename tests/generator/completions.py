"""Completions as code models write them: programs, the kinds of dress they come in, and noise around them."""

from __future__ import annotations

import random
from collections.abc import Callable

from corpus.records.tasks.shape import TaskShape
from generator.grammar import sample_program

PLAIN = '''import torch
import torch.nn as nn


def supported_hyperparameters():
    return {"lr", "momentum"}


class Net(nn.Module):
    """A small network.

    >>> Net(in_shape, out_shape, prm, device)
    """

    def __init__(self, in_shape, out_shape, prm, device):
        super().__init__()
        features = in_shape[1] * in_shape[2] * in_shape[3]
        self.body = nn.Sequential(nn.Flatten(), nn.Linear(features, out_shape[0]))

    def forward(self, x):
        return self.body(x)

    def train_setup(self, prm):
        self.criteria = nn.CrossEntropyLoss()
        self.optimizer = torch.optim.SGD(self.parameters(), lr=prm["lr"], momentum=prm["momentum"])

    def learn(self, train_data):
        for x, y in train_data:
            self.optimizer.zero_grad()
            self.criteria(self(x), y).backward()
            self.optimizer.step()
'''
WITH_HELPER = '''# net.py
"""Two blocks and a head; it's small."""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn import functional as F

WIDTH = 12


class Block(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x):
        return x + F.relu(self.conv(x))


class Net(nn.Module):
    def __init__(self, in_shape: tuple, out_shape: tuple, prm: dict, device: torch.device) -> None:
        super().__init__()
        self.stem = nn.Conv2d(in_shape[1], WIDTH, 3)
        self.blocks = nn.Sequential(Block(WIDTH), Block(WIDTH))
        self.head = nn.Linear(WIDTH, out_shape[0])

    def forward(self, x):
        return self.head(self.blocks(self.stem(x)).mean((2, 3)) / math.sqrt(2))

    def train_setup(self, prm):
        self.criteria = nn.CrossEntropyLoss()
        self.optimizer = torch.optim.AdamW(self.parameters(), lr=prm["lr"])

    def learn(self, train_data):
        for inputs, labels in train_data:
            self.optimizer.zero_grad()
            loss = self.criteria(self(inputs), labels)
            loss.backward()
            self.optimizer.step()


def supported_hyperparameters():
    return {"lr"}
'''

Kind = Callable[[str, random.Random], str]

OPENINGS = (
    "",
    "Sure! Here's the network you asked for:\n\n",
    "from here on, I use convolutions.\n\n",
    "import duties aside, this is what I would write.\n",
    "import torch first, then define the class.\n\n",
    "class Net is defined below, with its `learn`.\n\n",
    "class Net(nn.Module) is the network, as you wished:\n\n",
    "from torch import nn gives us the layers, which is all we need.\n\n",
    "class Net(nn.Module): here it is\n\n",
    "import torch and torch.nn\n\n",
    "def is how Python begins a function.\n\n",
    "1. It reads the images.\n2. It's trained once.\n\n",
    "## The network\n\n**Idea:** keep it small.\n\n",
)
CLOSINGS = (
    "",
    "\n",
    "\n\nThis network pools globally and is small.\n",
    "\n\nfrom here it can only get better.\n\nGood luck!",
    "\n\n**Notes**\n\n- it's small\n- it trains fast (one pass)\n",
    "\n\nimport nothing else, please.\n",
    "\n\nUsage:\n\nnet = Net(*shapes)\nprint(net)\n",
    "\n\nRun it:\n\n```bash\npip install torch\npython net.py\n```\n",
    "\n\nUse it:\n\n```python\nimport torch\n\nnet = Net((1, 3, 8, 8), (10,), {}, 'cpu')\nprint(net)\n```\n",
    "\n\nWhat changed:\n\n```python\nclass Net(nn.Module):\n    ...  # wider, the rest as above\n```\n",
)
SKETCH = """class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(10, 10)
"""
JSON = '{"lr": 0.01, "momentum": 0.9, "batch": 64}'
TRANSFORM = (
    "import torch\nimport torchvision.transforms as transforms\n\n\ndef transform(norm):\n"
    "    return transforms.Compose([transforms.ToTensor(), transforms.Normalize(*norm)])\n"
)


def programs(count: int, seed: int = 0) -> list[str]:
    """Return the networks written by hand and `count` programs of the grammar."""
    rng = random.Random(seed)
    shape = TaskShape(channels=3, height=12, width=12, classes=10)
    return [PLAIN, WITH_HELPER, *(sample_program(rng, shape).source for _ in range(count))]


def fenced(code: str, ticks: str = "```", label: str = "python") -> str:
    """Return `code` as a fenced block."""
    return f"{ticks}{label}\n{code}{ticks}"


def cut_off(program: str) -> str:
    """Return `program` up to the middle of a line that opens a bracket in its last third."""
    return program[: program.index("(", 2 * len(program) // 3) + 1]


def halves(program: str) -> tuple[str, str]:
    """Return `program` divided before its first class or function."""
    lines = program.split("\n")
    place = next(i for i, line in enumerate(lines) if line.startswith(("class ", "def ")))
    return "\n".join(lines[:place]).rstrip() + "\n", "\n".join(lines[place:])


def inside_a_class(program: str) -> tuple[str, str]:
    """Return `program` divided before a method."""
    place = program.index("    def forward", program.index("class Net"))
    return program[:place].rstrip() + "\n", program[place:]


def with_docstring(program: str, example: str) -> str:
    """Return `program` with `example` in a docstring of its own."""
    return f'{program.rstrip()}\n\n\ndef describe():\n    """Say how it is used.\n\n{example}    """\n'


def quoted(text: str, mark: str = "> ") -> str:
    """Return `text` with every line quoted."""
    return "\n".join((mark + line).rstrip() for line in text.split("\n"))


def added(program: str) -> str:
    """Return `program` as a diff that adds a file."""
    lines = program.rstrip("\n").split("\n")
    header = ["diff --git a/net.py b/net.py", "new file mode 100644", "--- /dev/null", "+++ b/net.py"]
    return "\n".join([*header, f"@@ -0,0 +1,{len(lines)} @@", *(f"+{line}" for line in lines)]) + "\n"


def noisy(kind: Kind) -> Kind:
    """Return the kind with prose or snippets before and after."""
    return lambda program, rng: rng.choice(OPENINGS) + kind(program, rng) + rng.choice(CLOSINGS)


TAGGED: dict[str, Kind] = {
    "nn": lambda p, _: f"<nn>\n{p}</nn>",
    "nn, capitals": lambda p, _: f"<NN>\n{p}</NN>",
    "nn on the line of the code": lambda p, _: f"<nn>{p.rstrip()}</nn>",
    "nn never closed": lambda p, _: f"<nn>\n{p}",
    "nn between words": lambda p, _: f"It is <nn>{p}</nn>, as asked.",
    "nn in a fence": lambda p, _: fenced(f"<nn>\n{p}</nn>\n"),
    "fence in nn": lambda p, _: f"<nn>\n{fenced(p)}\n</nn>",
    "fence never closed in nn": lambda p, _: f"<nn>\n```python\n{p}</nn>",
    "hp, tr, nn": lambda p, _: f"<hp>{JSON}</hp>\n<tr>\n{TRANSFORM}</tr>\n<nn>\n{p}</nn>",
    "nn, hp, tr": lambda p, _: f"<nn>\n{p}</nn>\n<hp>\n{JSON}\n</hp>\n<tr>\n{fenced(TRANSFORM)}\n</tr>",
    "sketch in nn, then nn": lambda p, _: f"<nn>\n{SKETCH}</nn>\nThe final version:\n<nn>\n{p}</nn>",
    "answer": lambda p, _: f"<answer>\n{fenced(p)}\n</answer>",
    "html": lambda p, _: f'<pre><code class="language-python">\n{p}</code></pre>',
}
DRAFTED: dict[str, Kind] = {
    "prose in think": lambda p, _: (
        f"<think>\nclass Net should have learn.\nimport torch is needed.\n</think>\n{p}"
    ),
    "sketch in think": lambda p, _: f"<think>\nMaybe:\n{SKETCH}\nno, wrong.\n</think>\n\n{p}",
    "program in think": lambda p, _: (
        f"<think>\n{fenced(PLAIN.replace('lr', 'lr2'))}\nToo small.\n</think>\n\n{fenced(p)}"
    ),
    "longer program in think": lambda p, _: f"<think>\n{fenced(WITH_HELPER)}\n</think>\n{p}",
    "think opened by the prompt": lambda p, _: f"Maybe:\n{fenced(SKETCH)}\nNo.\n</think>\n\n{fenced(p)}",
    "think never closed": lambda p, _: f"<think>\nI can do it at once.\n\n{p}",
    "think, then nn": lambda p, _: f"<think>\nIn <nn> I put\n{SKETCH}</think>\n<nn>\n{p}</nn>",
    "nothing but think": lambda p, _: f"<think>\n{fenced(p)}\n</think>\n",
}
FENCED: dict[str, Kind] = {
    "python": lambda p, _: fenced(p),
    "no label": lambda p, _: fenced(p, label=""),
    "title": lambda p, _: fenced(p, label='python title="net.py"'),
    "braces": lambda p, _: fenced(p, label="{.python .numberLines}"),
    "path": lambda p, _: fenced(p, label="python:src/net.py"),
    "text": lambda p, _: fenced(p, label="text"),
    "four backticks": lambda p, _: fenced(p, "````"),
    "four around three": lambda p, _: f"````markdown\nAs asked:\n\n{fenced(p)}\n````",
    "tildes": lambda p, _: fenced(p, "~~~"),
    "never closed": lambda p, _: f"```python\n{p}",
    "closed on the last line": lambda p, _: f"```python\n{p.rstrip()}```",
    "label behind the fence": lambda p, _: f"```\npython\n{p}```",
    "opened behind prose": lambda p, _: f"Here it is: ```python\n{p}```",
    "in a list": lambda p, _: quoted(fenced(p), "    "),
    "shell first": lambda p, _: f"{fenced('pip install torch' + chr(10), label='bash')}\n\n{fenced(p)}",
    "windows": lambda p, _: fenced(p).replace("\n", "\r\n"),
    "two fences": lambda p, _: f"```\n{fenced(p)}\n```",
}
CHOSEN: dict[str, Kind] = {
    "cut off after whole": lambda p, _: f"{fenced(p)}\n\nAn improved version:\n\n```python\n{cut_off(p)}",
    "cut off in a docstring": lambda p, _: (
        f'{fenced(p)}\n\nBetter:\n\n```python\n{p}\n\ndef more():\n    """A note'
    ),
    "sketch before": lambda p, _: f"{fenced(SKETCH)}\n\nIn full:\n\n{fenced(p)}",
    "sketch after": lambda p, _: f"{fenced(p)}\n\nIn short:\n\n{fenced(SKETCH)}",
    "outline after": lambda p, _: f"{fenced(p)}\n\nIn short:\n\n{fenced(outline())}",
    "broken before": lambda p, _: f"{fenced(p.replace(':', ''))}\n\nCorrected:\n\n{fenced(p)}",
    "two versions": lambda p, _: f"{fenced(p.replace('lr', 'lr_'))}\n\nBetter:\n\n{fenced(p)}",
    "next turn": lambda p, _: (
        f"{fenced(p)}\n<|im_end|>\n<|im_start|>user\nDeeper!<|im_end|>\n<|im_start|>assistant\n{fenced(WITH_HELPER)}"
    ),
    "next turn, plain": lambda p, _: f"{p}\nUser: Now make it deeper\n\nAssistant: {fenced(PLAIN)}",
    "next document": lambda p, _: f"{p}<|endoftext|>import os\n\nclass Net:\n    pass\n",
    "the prompt repeated": lambda p, _: f"<|user|>\nBetter than\n{fenced(PLAIN)}<|end|>\n<|assistant|>\n{p}",
}
SPLIT: dict[str, Kind] = {
    "code on the line of the fence": lambda p, _: f"```python {p.lstrip()}```",
    "head and body": lambda p, _: "First:\n\n{}\n\nThen:\n\n{}".format(*map(fenced, halves(p))),
    "head as prose": lambda p, _: (
        f"First the head:\n\n{halves(p)[0]}\nThen the rest.\n\n{fenced(halves(p)[1])}"
    ),
    "head, shell, body, use": lambda p, _: "{}\n{}\n{}\nUse it:\n{}".format(
        fenced(halves(p)[0]),
        fenced("pip install torch\n", label="sh"),
        fenced(halves(p)[1]),
        fenced("import torch\n\nnet = Net((1, 3, 8, 8), (10,), {}, 'cpu')\nnet(torch.zeros(1, 3, 8, 8))\n"),
    ),
    "inside the class": lambda p, _: "{}\n\nThen its methods:\n\n{}".format(*map(fenced, inside_a_class(p))),
}
DRESSED: dict[str, Kind] = {
    "plain": lambda p, _: p,
    "indented": lambda p, _: quoted(p, "    "),
    "heredoc": lambda p, _: fenced(f"cat > net.py <<'EOF'\n{p}EOF\npython net.py\n", label="bash"),
    "heredoc without a fence": lambda p, _: f"$ cat <<EOF > net.py\n{p}EOF\n$ python net.py\n",
    "quote": lambda p, _: quoted(fenced(p)),
    "quote without a fence": lambda p, _: quoted(p),
    "quote, no blank behind": lambda p, _: quoted(fenced(p), ">"),
    "diff": lambda p, _: fenced(added(p), label="diff"),
    "diff without a fence": lambda p, _: added(p),
    "diff without headers": lambda p, _: fenced("--- a\n+++ b\n" + quoted(p, "+"), label="diff"),
}
SPACED: dict[str, Kind] = {
    "byte order mark": lambda p, _: "\ufeff" + p,
    "byte order mark in a fence": lambda p, _: fenced("\ufeff" + p),
    "no-break": lambda p, _: fenced(p.replace("    ", "\u00a0" * 4)),
    "no-break everywhere": lambda p, _: p.replace(" ", "\u00a0"),
    "narrow no-break": lambda p, _: fenced(p.replace("    ", "\u202f" * 4)),
    "zero width": lambda p, rng: fenced("".join(c + "\u200b" * (rng.random() < 0.02) for c in p)),
    "zero width on blank lines": lambda p, _: p.replace("\n\n", "\n\u200b\n"),
    "line separators": lambda p, _: p.replace("\n", "\u2028"),
    "no-break in a quote": lambda p, _: quoted(fenced(p.replace("    ", "\u00a0" * 4))),
}
"""Kinds whose characters must be repaired."""

DOCSTRINGS = {
    "fence": "    ```\n    Net(in_shape, out_shape, prm, device)\n    ```\n",
    "labelled fence": "    ```python\n    Net(in_shape, out_shape, prm, device)\n    ```\n",
    "fence at the margin": "```python\nNet(in_shape, out_shape, prm, device)\n```\n",
    "tildes": "    ~~~\n    Net\n    ~~~\n",
    "tags": "    <nn>\n    <think>\n",
    "prose at the margin": "This network is small.\n\nIt trains fast.\n",
}


def outline() -> str:
    """Return a short program that keeps the contract and says nothing."""
    methods = "".join(
        f"    def {name}(self, *given): ...\n" for name in ("__init__", "forward", "train_setup", "learn")
    )
    return f"def supported_hyperparameters(): ...\n\n\nclass Net(nn.Module):\n{methods}"
