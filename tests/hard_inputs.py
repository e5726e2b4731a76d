"""Texts and graphs that are hard to read for their size: families, each a function of a size in characters.

Each asks for the square of its length from a reader that goes over a part again for every other part.
"""

from __future__ import annotations

from collections.abc import Callable

from corpus.records.graphs import GraphNode, NetworkGraph

_NN = "import torch, torch.nn as nn\n"


def _lines(line: Callable[[int], str], size: int, before: str = "", after: str = "") -> str:
    """Return `before`, as many lines as fit, and `after`."""
    parts, room, index = [before], size - len(before) - len(after), 0
    while room > 0:
        parts.append(line(index) + "\n")
        room -= len(parts[-1])
        index += 1
    return "".join(parts) + after


def _nested(opening: Callable[[int], str], depth: int) -> str:
    return "".join(" " * level + opening(level) + "\n" for level in range(depth)) + " " * depth


PROGRAMS: dict[str, Callable[[int], str]] = {
    "brackets": lambda n: "x = " + "(" * (n // 2) + ")" * (n // 2),
    "signs": lambda n: "x = " + "-" * n + "1",
    "long_sum": lambda n: "x = 1" + "+1" * (n // 2),
    "long_list": lambda n: "x = [" + "0," * (n // 2) + "]",
    "long_line_that_does_not_parse": lambda n: "(" + "a " * (n // 2),
    "blanks": lambda n: "(" + " " * n,
    "match_and_blanks": lambda n: "match" + " " * n + "!",
    "blank_lines": lambda n: "x\n" + " \n" * (n // 2) + "y",
    "digits": lambda n: "x = 0x" + "f" * n,
    "digits_that_do_not_parse": lambda n: "(" + "1_" * (n // 2),
    "long_string": lambda n: "x = '" + "a" * n + "'",
    "format_width": lambda n: 'x = "%' + "0" * n + '"',
    "format_fields": lambda n: "x = f'" + "{a}" * (n // 3) + "'",
    "decorators": lambda n: "@a\n" * (n // 3) + "def f(): pass",
    "module_of_many_parts": lambda n: "import " + ".".join("a" * (n // 2)),
    "long_module": lambda n: "import " + "a" * (n // 2) + " as q\n" + "q\n" * (n // 4),
    "modules": lambda n: "import torch.nn.functional as F\n" + "F.relu\n" * (n // 7),
    "names": lambda n: _lines(lambda i: f"a{i} = 1", n),
    "attributes": lambda n: "x" + ".a()" * 200 + ("\nx" + ".a()" * 200) * (n // 802),
    "deep_statements": lambda n: _nested(lambda i: "if x:", 98) + "x;" * max(1, (n - 5_500) // 2),
    "classes": lambda n: _lines(lambda i: f"class C{i}(C{i - 1}):\n def f(s): C{i - 1}", n),
    "deep_classes": lambda n: (
        _NN + _nested(lambda i: f"class C{i}:", 60) + "C1();" * max(1, (n - 3_000) // 5)
    ),
    "bases": lambda n: "class Net(" + "a," * (n // 2) + "): pass",
    "deep_base": lambda n: f"class Net({'+'.join('a' * min(n // 2, 900))}): pass" + "\n" * n,
    "methods": lambda n: _lines(lambda i: f" def m{i}(self, x): return self.a(x)", n, "class Net:\n"),
    "layer_called": lambda n: _lines(
        lambda _: "  x = self.a(x)",
        n,
        f"{_NN}class Net:\n def __init__(self):\n"
        f"  self.a = nn.Sequential({'nn.Conv2d(1, 1, 1),' * (n // 40)})\n def forward(self, x):\n",
    ),
    "helper_called": lambda n: _lines(
        lambda _: " h()", n, f"{_NN}def h():\n" + " nn.Conv2d(1, 1, 1)\n" * (n // 40) + "def g():\n"
    ),
    "helper_of_many_parameters": lambda n: _lines(
        lambda _: "h()",
        n,
        f"{_NN}def h({','.join(f'a{i}' for i in range(n // 14))},k):\n nn.Conv2d(1, 1, k)\n",
    ),
    "sequentials": lambda n: f"{_NN}a = {'nn.Sequential(' * 90}{'nn.Conv2d(1, 1, 1),' * (n // 22)}{')' * 90}",
    "sums_of_sums": lambda n: _lines(lambda _: " x = x + x", n, "def f(x):\n"),
    "lists_that_grow": lambda n: _lines(
        lambda i: f" l.append(a{i})", n, f"def f({','.join(f'a{i}' for i in range(n // 25))}):\n l = []\n"
    ),
    "concatenations": lambda n: _lines(
        lambda _: " torch.cat(l)",
        n,
        f"{_NN}def f(x):\n" + " x = x + x\n" * (n // 30) + f" l = [{'x + x,' * 64}]\n",
    ),
    "loops_over_loops": lambda n: _lines(lambda i: f" for a{i} in a{i + 1}: a0(x)", n, "def f(x):\n"),
}

DOCUMENTS: dict[str, Callable[[int], str]] = {
    "arrays": lambda n: "a = " + "[" * n,
    "tables": lambda n: "a = " + "{a = " * (n // 5),
    "dotted_key": lambda n: ".".join("a" * (n // 2)) + " = 1",
    "dotted_keys": lambda n: _lines(lambda i: ".".join("a" * 90) + f".b{i} = 1", n),
    "headings": lambda n: _lines(lambda i: f"[{'.'.join('a' * 90)}.b{i}]", n),
    "tables_of_tables": lambda n: "[[a]]\n[a.b]\n" * (n // 12),
    "unknown_keys": lambda n: _lines(lambda i: f"a{i} = 1", n, "[corpus]\n"),
    "long_key": lambda n: "a" * n + " = 1",
    "long_value": lambda n: "seed = [" + "'abc'," * (n // 6) + "]",
    "digits": lambda n: "a = " + "9" * n,
    "escapes": lambda n: 'a = "' + "\\n" * (n // 2) + '"',
}

CARDS: dict[str, Callable[[int], str]] = {
    "arrays": lambda n: "tags: " + "[" * n,
    "maps": lambda n: "tags: " + "{a: " * (n // 4),
    "indented": lambda n: "".join(" " * level + "a:\n" for level in range(int((2 * n) ** 0.5))),
    "tags": lambda n: _lines(lambda i: f"- a{i}", n, "tags:\n"),
    "aliases": lambda n: _lines(lambda i: f"a{i + 1}: &a{i + 1} [*a{i},*a{i}]", n, "a0: &a0 x\n"),
    "merges": lambda n: _lines(lambda i: f"a{i + 1}: &a{i + 1} {{<<: [*a{i},*a{i}]}}", n, "a0: &a0 {b: c}\n"),
    "minutes": lambda n: "a: 1" + ":59" * (n // 3),
    "long_text": lambda n: "a: " + "b" * n,
    "files": lambda n: _lines(
        lambda i: f"  - {{split: s{i}, path: p}}", n, "configs:\n- config_name: programs\n  data_files:\n"
    ),
}


def _chain(nodes: int, reach: int) -> NetworkGraph:
    """Return a network in which each layer takes the `reach` before it."""
    return NetworkGraph(
        nodes=(
            GraphNode(op="input", shape=(-1,)),
            *(
                GraphNode(op=f"conv{i}", inputs=tuple(range(max(0, i - reach), i)), shape=(-1, 3))
                for i in range(1, nodes)
            ),
        )
    )


def _bipartite(nodes: int) -> NetworkGraph:
    half = nodes // 2
    first = [GraphNode(op="conv", inputs=(0,)) for _ in range(half)]
    second = [GraphNode(op="cat", inputs=tuple(range(1, half + 1))) for _ in range(half)]
    last = GraphNode(op="cat", inputs=tuple(range(half + 1, 2 * half + 1)))
    return NetworkGraph(nodes=(GraphNode(op="input"), *first, *second, last))


def _shared_weights(nodes: int) -> NetworkGraph:
    """Return a network whose layers all take what is computed from half of the nodes."""
    half = nodes // 2
    tensors = [GraphNode(op="parameter", shape=(2**52,) * 16) for _ in range(half)]
    joined = [GraphNode(op="cat", inputs=tuple(range(part, half, 4))) for part in range(4)]
    whole = GraphNode(op="cat", inputs=tuple(range(half, half + 4)))
    layers = [GraphNode(op="conv", inputs=(half + 5 + place, half + 4)) for place in range(half - 6)]
    return NetworkGraph(nodes=(*tensors, *joined, whole, GraphNode(op="input"), *layers))


GRAPHS: dict[str, Callable[[int], NetworkGraph]] = {
    "chain": lambda n: _chain(n, 1),
    "dense": lambda n: _chain(n, 8),
    "every_layer_takes_fifty": lambda n: _chain(min(n, 160), 50),
    "dense_block_to_be_drawn": lambda n: _chain(int((15 * n) ** (1 / 3)), 30),
    "two_rows": lambda n: _bipartite(2 * int((6 * n) ** 0.5)),
    "shared_weights": _shared_weights,
    "inputs_left_out": lambda n: NetworkGraph(
        nodes=(
            GraphNode(op="input"),
            *(GraphNode(op="add", inputs=(i, *[-1] * 255), attributes="a" * 200) for i in range(n - 1)),
        )
    ),
}
"""As functions of the number of nodes."""
