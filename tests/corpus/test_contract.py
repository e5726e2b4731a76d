"""One contract: sandbox, import and export judge a text alike, and none refuses what could be run."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

import pytest
import torch

from corpus.exchange.exporting.lemur import NETWORKS, export_lemur
from corpus.exchange.importing.importer import import_programs, recognise
from corpus.exchange.importing.source import RejectionReason
from corpus.ledger.writer import LedgerWriter
from corpus.programs.contract import breaches, defines_network
from corpus.programs.parsing import MAX_CHARACTERS, TooLong, parse, parse_or_none
from corpus.records.evaluations import EvaluationStatus
from evaluator.child.lint import lint

FACTORY = """\
def supported_hyperparameters():
    return {"lr", "momentum"}
"""
INIT = """\
    def __init__(self, in_shape, out_shape, prm, device):
        super().__init__()
        self.head = nn.Linear(in_shape[1], out_shape[0])
"""
FORWARD = """\
    def forward(self, x):
        return self.head(x.mean((2, 3)))
"""
SETUP = """\
    def train_setup(self, prm):
        self.optimizer = torch.optim.SGD(self.parameters(), lr=prm["lr"])
"""
LEARN = """\
    def learn(self, train_data):
        for inputs, labels in train_data:
            nn.functional.cross_entropy(self(inputs), labels).backward()
"""
METHODS = INIT + FORWARD + SETUP + LEARN
NET = "class Net(nn.Module):\n" + METHODS


def program(*, factory: str = FACTORY, net: str = NET) -> str:
    return f"import torch\nimport torch.nn as nn\n\n{factory}\n{net}"


def indented(text: str) -> str:
    return "".join(f"    {line}" for line in text.splitlines(keepends=True))


def net_without(
    *methods: str, base: str = "nn.Module", before: str = "", inside: str = "", after: str = ""
) -> str:
    """Return `Net` without some of its methods, and with what may make up for them."""
    kept = "".join(method for method in (INIT, FORWARD, SETUP, LEARN) if method not in methods)
    return f"{before}class Net({base}):\n{kept}{inside}{after}"


FACTORIES = {
    "def": FACTORY,
    "list": FACTORY.replace('{"lr", "momentum"}', '["lr", "momentum"]'),
    "dict keys": FACTORY.replace('{"lr", "momentum"}', "dict(lr=1, momentum=1).keys()"),
    "generator": 'def supported_hyperparameters():\n    yield "lr"\n',
    "lambda": 'supported_hyperparameters = lambda: {"lr"}\n',
    "annotated": 'supported_hyperparameters: object = lambda: {"lr"}\n',
    "alias": 'def names():\n    return {"lr"}\nsupported_hyperparameters = names\n',
    "import": "from builtins import set as supported_hyperparameters\n",
    "partial": "import functools\nsupported_hyperparameters = functools.partial(set, ('lr',))\n",
    "default": FACTORY.replace("()", "(task='cv', *more, strict=False)"),
    "decorated": "import functools\n@functools.cache\n" + FACTORY,
    "in try": f"try:\n{indented(FACTORY)}except ValueError:\n    raise\n",
    "tuple": "supported_hyperparameters, other = (lambda: {'lr'}), 1\n",
    "the second": "def supported_hyperparameters(task):\n    return task\n" + FACTORY,
    "global": f"def define():\n    global supported_hyperparameters\n{indented(FACTORY)}define()\n",
    "walrus": "(supported_hyperparameters := lambda: {'lr'})\n",
    "star": FACTORY.replace("supported_hyperparameters", "names")
    + "from math import *\nglobals()['supported_hyperparameters'] = names\n",
    "hook": "def __getattr__(name):\n    return lambda: {'lr'}\n",
}
NETS = {
    "class": NET,
    "in if": f"if True:\n{indented(NET)}",
    "in else": f"if not nn:\n    pass\nelse:\n{indented(NET)}",
    "in with": f"with torch.no_grad():\n{indented(NET)}",
    "in for": f"for _ in range(2):\n{indented(NET)}",
    "alias": NET.replace("Net(", "Small(") + "Net = Small\n",
    "alias of an alias": NET.replace("Net(", "Small(") + "Tiny = Small\nNet: type = Tiny\n",
    "annotation before": "Net: type\n" + NET,
    "decorated": "def same(cls):\n    return cls\n@same\n" + NET,
    "metaclass": NET.replace("nn.Module", "nn.Module, metaclass=type"),
    "made by type": NET.replace("Net(", "Small(") + "Net = type('Net', (Small,), {})\n",
    "function": NET.replace("Net(", "Small(")
    + "def Net(shape, out, prm, device):\n    return Small(shape, out, prm, device)\n",
    "with __new__": NET.replace("Net(", "Small(").replace("nn.Module", "nn.Module", 1)
    + "class Net:\n    def __new__(cls, *all):\n        return Small(*all)\n",
    "inherited": NET.replace("Net(", "Small(") + "class Net(Small):\n    pass\n",
    "of its own name": NET + "class Net(Net):\n    pass\n",
    "the second": "class Net:\n    pass\n" + NET,
    "base by alias": "Base = nn.Module\n" + NET.replace("nn.Module", "Base"),
    "base imported": "from torch.nn import Module as Base\n" + NET.replace("nn.Module", "Base"),
    "imported twice": "try:\n    import torch\nexcept ImportError:\n    pass\n"
    + NET.replace("nn.Module", "torch.nn.Module"),
    "extra parameters": NET.replace("device)", "device, width=8, *more, deep=True)"),
    "learn default": NET.replace("train_data)", "train_data, epochs=1)"),
    "learn keyword": NET.replace("train_data)", "train_data, *, verbose=False)"),
    "forward of stars": NET.replace("def forward(self, x)", "def forward(*all)").replace(
        "return self", "self, x = all\n        return self"
    ),
    "decorated method": net_without(
        LEARN, inside="    @classmethod\n    def learn(cls, model, train_data=None):\n        pass\n"
    ),
    "static method": net_without(
        LEARN, inside="    @staticmethod\n    def learn(train_data):\n        pass\n"
    ),
    "sequential": net_without(
        INIT,
        FORWARD,
        base="nn.Sequential",
        inside=INIT.replace("()\n", "(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 4))\n", 1).split(
            "        self.head"
        )[0],
    ),
    "mixin": net_without(LEARN, base="Learner, nn.Module", before=f"class Learner:\n{LEARN}"),
    "mixin first": net_without(
        LEARN,
        base="Learner, Bad",
        before=f"class Bad(nn.Module):\n    def learn(self):\n        pass\nclass Learner:\n{LEARN}",
    ),
    "diamond": net_without(
        LEARN,
        base="Left, Right",
        before="class Base(nn.Module):\n    def learn(self):\n        pass\n"
        f"class Left(Base):\n    pass\nclass Right(Base):\n{LEARN}",
    ),
    "base of another file": net_without(FORWARD, base="nn.Flatten"),
    "assigned method": net_without(
        LEARN, before="def shared(self, train_data):\n    pass\n", inside="    learn = shared\n"
    ),
    "lambda method": net_without(LEARN, inside="    learn = lambda self, data: None\n"),
    "method in if": net_without(LEARN, inside=f"    if nn:\n{indented(LEARN)}"),
    "method in both": net_without(
        LEARN, inside=f"    if nn:\n{indented(LEARN)}    else:\n        learn = 0\n"
    ),
    "imported method": net_without(LEARN, inside="    from builtins import print as learn\n"),
    "set on the class": net_without(LEARN, after="Net.learn = lambda self, data: None\n"),
    "set by name": net_without(LEARN, after="setattr(Net, 'learn', lambda self, data: None)\n"),
    "set by computed name": net_without(LEARN, after="setattr(Net, 'le' + 'arn', lambda self, data: None)\n"),
    "set on the instance": net_without(
        FORWARD,
        LEARN,
        inside=LEARN.replace("for", "self.learn = print\n        for"),
    ).replace(
        "super().__init__()\n",
        "super().__init__()\n        self.forward = lambda x: self.head(x.mean((2, 3)))\n",
    ),
    "called by __call__": net_without(FORWARD, inside=FORWARD.replace("forward", "__call__")),
    "looked up by __getattr__": net_without(
        LEARN,
        inside="    def __getattr__(self, name):\n"
        "        return print if name == 'learn' else super().__getattr__(name)\n",
    ),
}
KEPT = {f"{name} as factory": program(factory=text) for name, text in FACTORIES.items()} | {
    f"{name} as Net": program(net=text) for name, text in NETS.items()
}
"""Programs that whoever takes both names from the module and calls them can run."""

BROKEN = {
    "no factory": program(factory=""),
    "factory in a function": program(factory=f"def define():\n{indented(FACTORY)}"),
    "factory with a parameter": program(factory=FACTORY.replace("()", "(task)")),
    "lambda with a parameter": program(factory="supported_hyperparameters = lambda task: {'lr'}\n"),
    "alias of what has a parameter": program(
        factory="def names(task):\n    return {task}\nsupported_hyperparameters = names\n"
    ),
    "factory is a set": program(factory="supported_hyperparameters = {'lr'}\n"),
    "factory is a list": program(factory="supported_hyperparameters = ['lr' for _ in '12']\n"),
    "factory annotated only": program(factory="supported_hyperparameters: set\n"),
    "no net": program(net=NET.replace("Net(", "Network(")),
    "net is None": program(net="Net = None\n"),
    "net in a function": program(net=f"def define():\n{indented(NET)}"),
    "net in a class": program(net=f"class Outer:\n{indented(NET)}"),
    "net from no module": program(net=NET.replace("(nn.Module)", "").replace("super().__init__()", "pass")),
    "net from object": program(net=NET.replace("nn.Module", "object")),
    "net from a class from no module": program(
        net="class Base:\n    pass\n" + NET.replace("nn.Module", "Base")
    ),
    "net is a function of two": program(net="def Net(in_shape, out_shape):\n    pass\n"),
    "later net": program(net=NET + "class Net(nn.Module):\n    pass\n"),
    "alias before": program(net="class Net(nn.Module):\n    pass\nSmall = Net\n" + NET + "Net = Small\n"),
    "sequential without init": program(net=net_without(INIT, base="nn.Sequential")),
    "module list": program(net=net_without(FORWARD, base="nn.ModuleList")),
    "learn is None": program(net=net_without(LEARN, inside="    learn = None\n")),
    "learn annotated only": program(net=net_without(LEARN, inside="    learn: object\n")),
    "learn with epochs": program(net=NET.replace("train_data)", "train_data, epochs)")),
    "learn with a keyword": program(net=NET.replace("train_data)", "train_data, *, epochs)")),
    "assigned learn does not fit": program(
        net=net_without(LEARN, before="def shared(data):\n    pass\n", inside="    learn = shared\n")
    ),
    "overriding learn does not fit": program(
        net=NET.replace("Net(", "Small(") + "class Net(Small):\n    def learn(self):\n        pass\n"
    ),
    "later learn": program(net=NET + "    def learn(self):\n        pass\n"),
    **{
        f"no {method.split('(')[0].split()[-1]}": program(net=net_without(method))
        for method in (INIT, FORWARD, SETUP, LEARN)
    },
}
"""Programs whose text shows that nobody can run them."""


def runs(source: str) -> bool:
    """Return whether the program can be run in the way of LEMUR's own trainer, in miniature."""
    module = ModuleType("program")
    batch = (torch.rand(2, 3, 4, 4), torch.tensor([0, 1]))
    prm = {"lr": 0.1, "momentum": 0.9}
    try:
        exec(compile(source, "<program>", "exec", dont_inherit=True), module.__dict__)
        set(module.supported_hyperparameters())
        net = module.Net((2, 3, 4, 4), (4,), prm, torch.device("cpu"))
        net.to("cpu")
        net(batch[0])
        net.train_setup(prm)
        net.learn([])
    except Exception:  # noqa: BLE001 - a program may fail in any way
        return False
    return True


def texts(folder: Path) -> set[str]:
    return {path.read_text(encoding="utf-8") for path in folder.rglob("*.py")}


def write(folder: Path, sources: Iterable[str]) -> Path:
    folder.mkdir()
    for index, source in enumerate(sources):
        (folder / f"n{index}.py").write_text(source, encoding="utf-8")
    return folder


@pytest.mark.parametrize("name", KEPT)
def test_what_can_be_run_breaks_no_contract(name: str) -> None:
    assert runs(KEPT[name])
    assert [str(breach) for breach in breaches(parse(KEPT[name]))] == []
    assert lint(KEPT[name], hygiene=False) is None


@pytest.mark.parametrize("name", BROKEN)
def test_what_the_text_shows_to_be_broken_is_a_breach(name: str) -> None:
    assert not runs(BROKEN[name])
    first = next(breaches(parse(BROKEN[name])))
    assert first.status is EvaluationStatus.CONTRACT_ERROR
    assert lint(BROKEN[name], hygiene=False) == first


def test_every_way_to_a_factory_goes_with_every_way_to_a_net() -> None:
    for factory, net in itertools.product(FACTORIES.values(), NETS.values()):
        assert lint(program(factory=factory, net=net), hygiene=False) is None


def test_a_breach_means_that_the_program_cannot_be_run() -> None:
    """Take out line by line: whatever is then refused fails when it is run."""
    refused = 0
    for source in (program(), program(net=NETS["diamond"]), program(net=NETS["alias of an alias"])):
        lines = source.splitlines(keepends=True)
        for index in range(len(lines)):
            shorter = "".join(lines[:index] + lines[index + 1 :])
            tree = parse_or_none(shorter)
            if tree is not None and any(True for _ in breaches(tree)):
                refused += 1
                assert not runs(shorter), shorter
    assert refused >= 3


def test_the_export_holds_what_the_sandbox_lets_pass(tmp_path: Path) -> None:
    sources = [*KEPT.values(), *BROKEN.values()]
    folder = write(tmp_path / "in", sources)
    with LedgerWriter.create(tmp_path / "ledger.db") as ledger:
        import_programs(recognise(folder), ledger)
        export_lemur(ledger, tmp_path / "out")
        entered = {row.source for row in ledger.candidates()}
    assert texts(tmp_path / "out" / NETWORKS) == {
        source for source in entered if lint(source or "", hygiene=False) is None
    }
    assert texts(tmp_path / "out" / NETWORKS) == set(KEPT.values())


def test_the_import_leaves_behind_what_has_no_net_and_takes_what_is_broken_otherwise(tmp_path: Path) -> None:
    folder = write(tmp_path / "in", BROKEN.values())
    report = import_programs(recognise(folder), None, dry_run=True)
    without = {name for name, source in BROKEN.items() if not defines_network(parse(source))}
    assert without == {"no net", "net in a function", "net in a class"}
    assert report.reasons() == {RejectionReason.NOT_A_NETWORK: len(without)}


def test_a_text_too_long_to_be_parsed_is_left_behind_as_too_large(tmp_path: Path) -> None:
    source = program() + "#" * MAX_CHARACTERS
    with pytest.raises(TooLong):
        parse(source)
    report = import_programs(recognise(write(tmp_path / "in", [source])), None, dry_run=True)
    assert report.reasons() == {RejectionReason.TOO_LARGE: 1}
    breach = lint(source)
    assert breach is not None and breach.status is EvaluationStatus.CONTRACT_ERROR


def test_a_syntax_error_keeps_its_line() -> None:
    with pytest.raises(SyntaxError) as caught:
        parse("import torch\nclass Net(:\n")
    assert caught.value.lineno == 2


@pytest.mark.parametrize(
    "source",
    [
        "(" * 10_000,
        "x = " + "-" * 50_000 + "1",
        "x = 1" + "+1" * 30_000,
        "x = '\ud800'",
        "x\0",
        "x = " + "9" * 6_000,
    ],
)
def test_whatever_the_parser_stumbles_over_is_a_syntax_error(source: str) -> None:
    with pytest.raises(SyntaxError):
        parse(source)


def filled(*lines: str) -> str:
    """Return the lines, with `#` as a running number, again and again up to the longest text."""
    count = (MAX_CHARACTERS - 100) // (
        sum(map(len, lines)) + 6 * sum(line.count("#") for line in lines) + len(lines)
    )
    return program(
        factory="", net="".join(f"{line}\n".replace("#", str(i)) for i in range(count) for line in lines)
    )


HOSTILE = {
    "a class of its own name": filled("class Net(Net): pass"),
    "only itself": "class Net(Net): pass",
    "two of each other": "class Net(Other): pass\nclass Other(Net): pass\n",
    "aliases in a circle": "Net = Other\nOther = Net\nNet = Other\n",
    "a deep line of bases": filled("class Net(Net, nn.Module): x = 1"),
    "a class of classes": filled("class B#(Net): pass", "class Net(B#, Net): pass").replace(
        "class B0(Net)", "class B0"
    ),
    "one class, many bases": "class A: pass\nclass Net(" + "A," * 45_000 + "): pass\n",
    "a long name": "class Net(a" + ".b" * 900 + "): pass\n",
    "a name that grows": filled("nn = nn.b", "class Net(nn): pass"),
    "many targets": "Net = " + "a = " * 20_000 + "1",
    "many branches": "if 1: Net = 1\n" + "elif 1: Net = 2\n" * 900,
    "many assignments": filled("Net = Net"),
    "many attributes": filled("Net.learn = 1"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_text_makes_the_contract_loop_or_raise(name: str) -> None:
    tree = parse(HOSTILE[name])
    started = time.process_time()
    list(breaches(tree))
    assert time.process_time() - started < 5
