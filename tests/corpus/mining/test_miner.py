"""Mining finds every module of source code, says what its text shows, and runs none of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from corpus.mining import files, miner
from corpus.mining.miner import Miner
from corpus.mining.origins import UnknownSourceError, find_origin, installed
from corpus.records.modules.mined import MinedModule, ModuleArgument
from tests.corpus.mining.sources import PACKAGE, TRACE, mined, write

SMALL = "from torch import nn\n\n\nclass A(nn.Module):\n    def forward(self, x):\n        return x\n"


@pytest.fixture(scope="module")
def torch_nn() -> dict[str, MinedModule]:
    return mined("torch.nn")


def test_torch_nn_is_mined_whole(torch_nn: dict[str, MinedModule]) -> None:
    import torch

    there = {
        name
        for name, each in vars(torch.nn).items()
        if isinstance(each, type) and issubclass(each, torch.nn.Module) and each is not torch.nn.Module
    }
    # A module may go by two names, and a deprecated one may equal another but for names.
    assert len(there - torch_nn.keys()) <= 3
    assert sum(module.flaw is None for module in torch_nn.values()) > 150
    assert {module.flaw for module in torch_nn.values()} == {None, "has no forward"}
    for name in there & torch_nn.keys():
        assert torch_nn[name].module == "torch.nn", name
    assert torch_nn["Conv2d"].origin == f"torch {torch.__version__}"
    assert "BSD-3-Clause" in torch_nn["Conv2d"].licence
    assert torch_nn["Conv2d"].location == "nn/modules/conv.py:Conv2d"


def test_every_module_of_torch_can_be_imported_from_where_it_is_said_to_be(
    torch_nn: dict[str, MinedModule],
) -> None:
    import importlib

    for module in torch_nn.values():
        assert module.module is not None
        if module.flaw is None and "nn.parallel" not in module.module:
            assert hasattr(importlib.import_module(module.module), module.name)


@pytest.mark.parametrize(
    ("name", "arguments", "inputs"),
    [
        ("Conv2d", ("in_channels", "out_channels", "kernel_size", "stride"), (1, 1)),
        ("BatchNorm2d", ("num_features", "eps", "momentum", "affine"), (1, 1)),  # from its base
        ("Sequential", (), (1, 1)),
        ("Bilinear", ("in1_features", "in2_features", "out_features", "bias"), (2, 2)),
        ("CrossEntropyLoss", ("weight", "size_average", "ignore_index", "reduce"), (2, 2)),
        ("Identity", (), (1, 1)),
        ("MultiheadAttention", ("embed_dim", "num_heads", "dropout", "bias"), (3, 8)),
        ("ModuleList", ("modules",), (0, 0)),
    ],
)
def test_constructors_and_forward_passes_are_read(
    torch_nn: dict[str, MinedModule], name: str, arguments: tuple[str, ...], inputs: tuple[int, int]
) -> None:
    found = torch_nn[name]
    assert tuple(each.name for each in found.arguments)[:4] == arguments
    assert found.inputs == inputs


def test_arguments_come_with_annotation_default_and_kind(tmp_path: Path) -> None:
    found = mined(write(tmp_path, PACKAGE) / "blocks")
    assert (
        found["Mix"].arguments
        == found["Base"].arguments
        == (
            ModuleArgument(name="width", annotation="int"),
            ModuleArgument(name="depth", annotation="int", default="2", keyword_only=True),
            ModuleArgument(name="wish", annotation="Callable[[], Wished]", default="None", keyword_only=True),
        )
    )
    assert found["Mix"].required == ("width",)
    assert found["Mix"].inputs == (1, 2)
    assert (found["Base"].flaw, found["Base"].inputs) == ("has no forward", (0, 0))


def test_modules_are_found_by_any_way_to_derive_from_them(tmp_path: Path) -> None:
    text = "import torch\nimport torch.nn as nn\nfrom torch import nn as tnn\n"
    text += "from torch.nn import Module, Conv2d as C\n"
    bases = [
        "torch.nn.Module",
        "nn.Module",
        "tnn.Module",
        "Module",
        "C",
        "nn.Sequential",
        "K0",
        "K6",
        "Gen[int]",
    ]
    text += "class Gen(nn.Module): pass\n"
    text += "".join(
        f"class K{n}({base}):\n    def forward(self, x):\n        return {n}\n"
        for n, base in enumerate(bases)
    )
    text += "class No(nn.Parameter): pass\nclass Neither(Exception): pass\nclass Loop(Loop): pass\n"
    found = mined(write(tmp_path, {"a.py": text, "b.py": "from a import K0\nclass Far(K0): pass\n"}))
    assert set(found) == {"Gen", "Far", *(f"K{n}" for n in range(len(bases)))}


def test_nothing_is_imported(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    line = TRACE.format(str(trace))
    files_ = {name: text + line for name, text in PACKAGE.items()}
    write(tmp_path / "site", files_)
    write(tmp_path / "site", {"sitecustomize.py": "", "setup.py": line})
    code = (
        "import sys; from corpus.mining.miner import Miner; miner = Miner()\n"
        "found = [*miner.mine('blocks'), *miner.mine('blocks.mixing')]\n"
        f"found += miner.mine({str(tmp_path / 'site')!r})\n"
        "print(len(found), [each for each in ('blocks', 'torch', 'numpy') if each in sys.modules])"
    )
    paths = os.pathsep.join([str(tmp_path / "site"), str(Path(__file__).parents[3])])
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": paths}, capture_output=True, text=True
    )
    assert done.stdout == "4 []\n", done.stderr
    assert not trace.exists()
    subprocess.run(
        [sys.executable, "-c", "import blocks.acts"], env={**os.environ, "PYTHONPATH": paths}, check=True
    )
    assert trace.exists()  # the trace would have been seen


def test_classes_that_differ_in_names_and_layout_alone_are_one(tmp_path: Path) -> None:
    other = (
        '"""Words."""\nimport torch.nn as n\nclass B(n.Module):\n  # c\n  def forward(self, y): return (y)\n'
    )
    unlike = SMALL.replace("return x", "return x + 1").replace("class A", "class C")
    write(tmp_path, {"a.py": SMALL, "b.py": other, "c.py": unlike})
    miner_ = Miner()
    assert [module.name for module in miner_.mine(str(tmp_path))] == ["A", "C"]
    assert list(miner_.mine(str(tmp_path))) == []
    assert (miner_.counts.files, miner_.counts.classes, miner_.counts.duplicates) == (6, 6, 4)


def test_two_classes_that_need_each_other_are_two(tmp_path: Path) -> None:
    text = (
        "from torch import nn\n\n\nclass A(nn.Module):\n    def forward(self, x):\n        return B()\n\n\n"
    )
    text += text[text.index("class") :].replace("A", "Z").replace("B", "A").replace("Z", "B")
    found = mined(write(tmp_path, {"a.py": text}))
    assert found["A"].text == found["B"].text
    assert found["A"].id != found["B"].id and found["A"].tokens_id != found["B"].tokens_id


def test_a_module_has_the_same_id_wherever_it_lies(tmp_path: Path) -> None:
    write(tmp_path, {"x/a.py": SMALL, "y/z/b.py": "# words\n" + SMALL})
    assert mined(tmp_path / "x")["A"].id == mined(tmp_path / "y")["A"].id


@pytest.mark.parametrize(
    ("files_", "licence"),
    [
        ({"a.py": SMALL}, "NOASSERTION"),
        ({"a.py": SMALL, "LICENSE": "MIT License\n\nCopyright"}, "MIT"),
        ({"a.py": "# SPDX-License-Identifier: 0BSD\n" + SMALL, "LICENSE": "MIT License"}, "0BSD"),
        ({"p/__init__.py": "", "p/a.py": SMALL, "p-2.0.dist-info/METADATA": "Name: P\nVersion: 2.0\n"
          "License-Expression: ISC\n\nLicense: no\n"}, "ISC"),
        ({"p/__init__.py": "", "p/a.py": SMALL, "q-1.dist-info/METADATA": "Name: q\nVersion: 1\n"
          "Classifier: License :: OSI Approved :: MIT License\n",
          "q-1.dist-info/top_level.txt": "p\n"}, "MIT License"),
    ],
)  # fmt: skip
def test_the_licence_is_what_is_stated_nearest(tmp_path: Path, files_: dict[str, str], licence: str) -> None:
    write(tmp_path, files_)
    assert mined(tmp_path / "p" if (tmp_path / "p").exists() else tmp_path)["A"].licence == licence


def test_an_origin_has_the_name_and_version_of_its_package(tmp_path: Path) -> None:
    notes = {"My_Package-1.5.dist-info/METADATA": "Name: My-Package\nVersion: 1.5\n"}
    write(
        tmp_path,
        {"my_package/__init__.py": "", "my_package/in/__init__.py": "", "my_package/in/a.py": SMALL, **notes},
    )
    found = mined(tmp_path / "my_package" / "in")["A"]
    assert (found.origin, found.location) == ("My-Package 1.5", "in/a.py:A")
    assert mined(write(tmp_path / "mine", {"a.py": SMALL}))["A"].origin == "mine"


def test_a_name_that_is_nothing_is_one_line_with_the_remedy() -> None:
    for name in (
        "no.such.package",
        "/no/such/folder",
        "sys",
        "torch.nn.nothing",
        "a b",
        "a" * 5_000,
        "torch." + "a" * 5_000,
    ):
        with pytest.raises(UnknownSourceError, match=r"no file, no folder .* Name a"):
            find_origin(name)
    assert installed("torch") is not None


def test_modules_of_a_program_are_mined_and_its_network_is_not() -> None:
    program = (Path(__file__).parents[2] / "programs" / "small_cnn.py").read_text()
    program += "\n\nclass Block(nn.Module):\n    def forward(self, x):\n        return x\n"
    miner_ = Miner()
    (found,) = miner_.mine_text(program, origin="run r", location="c000/0001", licence="MIT")
    assert (found.name, found.origin, found.location) == ("Block", "run r", "c000/0001:Block")
    assert found.licence == "MIT"
    assert list(miner_.mine_text("class A(:", origin="run r", location="x")) == []
    assert miner_.counts.skipped == {"no Python that can be parsed": 1}


def test_what_cannot_be_read_is_counted_and_passed_over(tmp_path: Path) -> None:
    write(
        tmp_path,
        {"good.py": SMALL, "broken.py": "class (", "deep.py": "x = " + "(" * 5_000, "sub/.hid/a.py": SMALL},
    )
    (tmp_path / "latin.py").write_bytes(b"# \xe9\n")
    (tmp_path / "nul.py").write_bytes(b"x = '\0'")
    (tmp_path / "large.py").write_text("#" * (files.MAX_BYTES + 1))
    os.mkfifo(tmp_path / "pipe.py")
    (tmp_path / "nothing.py").symlink_to("gone")
    (tmp_path / "circle.py").symlink_to("circle.py")
    (tmp_path / "outside.py").symlink_to("/etc/hostname")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "folder.py").mkdir()
    write(tmp_path, {"venv/pyvenv.cfg": "", "venv/a.py": "class ("})
    miner_ = Miner()
    assert [module.name for module in miner_.mine(str(tmp_path))] == ["A"]
    assert miner_.counts.skipped == {
        "no Python that can be parsed": 3,
        "no UTF-8": 1,
        "larger than is read": 1,
        "no file that can be read": 3,
        "a link that leads out of the folder": 1,
    }


def test_more_classes_of_one_file_than_the_bound_are_not_looked_at(tmp_path: Path) -> None:
    many = [
        SMALL.replace("class A", f"class A{n}").replace("return x", f"return {n}")[22:] for n in range(600)
    ]
    miner_ = Miner()
    found = list(miner_.mine(str(write(tmp_path, {"a.py": SMALL[:22] + "".join(many)}))))
    assert len(found) == miner.MAX_CLASSES


def test_classes_that_need_much_are_carried_as_far_as_the_bound_of_their_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(miner, "MAX_FILE_CHARACTERS", 100_000)
    much = f"MUCH = [{'0, ' * 10_000}]\n\n\n"
    many = "".join(
        f"class A{n}(nn.Module):\n    def forward(self, x):\n        return MUCH[{n}]\n\n\n" for n in range(6)
    )
    found = mined(write(tmp_path, {"a.py": SMALL[:22] + "\n\n" + much + many}))
    flaws = [module.flaw for module in found.values()]
    assert flaws == [None] * 4 + ["comes after 100,000 characters of modules of its file"] * 2


def test_a_name_that_is_too_long_for_a_file_binds_nothing(tmp_path: Path) -> None:
    text = f"from torch.nn import {'a' * 999}\n\n\nclass A({'a' * 999}): pass\n"
    assert mined(write(tmp_path, {"a.py": SMALL + text})).keys() == {"A"} - {"A"}
