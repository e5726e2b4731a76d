"""Libraries of modules as they are filled: from folders and runs, in pieces, and with nothing imported."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner

from corpus.ledger.reader import Ledger
from corpus.ledger.writer import LedgerWriter
from corpus.records.admissions import Admission, AdmissionReason
from corpus.records.candidates import Candidate, Origin
from corpus.records.search.probes import Probe
from cycles.cli.app import app
from cycles.modules.filling import mine, opened_library, probe_missing, read_library, unprobed
from cycles.modules.probing import AT_A_TIME, probing_config
from evaluator.supervisor.sandbox import SandboxedEvaluator
from tests.command_line import ENTRY

SOURCE = """
from pathlib import Path

import torch.nn as nn

Path(r"CANARY").write_text("it was imported")


class Gated(nn.Module):
    def __init__(self, channels, reduction=4):
        super().__init__()
        self.gate = nn.Sequential(nn.Conv2d(channels, channels // reduction, 1), nn.ReLU())
        self.back = nn.Conv2d(channels // reduction, channels, 1)

    def forward(self, x):
        return x * self.back(self.gate(x.mean((2, 3), keepdim=True))).sigmoid()


class Pair(nn.Module):
    def forward(self, x, y):
        return x + y
"""

PROGRAM = """
import torch.nn as nn


class Helper(nn.Module):
    def forward(self, x):
        return x.relu() + x


def supported_hyperparameters():
    return {"lr"}


class Net(nn.Module):
    def __init__(self, in_shape, out_shape, prm, device):
        super().__init__()
        self.body, self.head = Helper(), nn.LazyLinear(out_shape[0])

    def forward(self, x):
        return self.head(self.body(x).flatten(1))

    def train_setup(self, prm):
        pass

    def learn(self, train_data):
        pass
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "mine"
    made.mkdir()
    (made / "gated.py").write_text(SOURCE.replace("CANARY", str(tmp_path / "canary")))
    return made


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxedEvaluator]:
    with SandboxedEvaluator(probing_config(2)) as opened:
        yield opened


def silent(_name: str) -> None:
    pass


def names(path: Path) -> list[str]:
    with opened_library(path) as library:
        return [module.name for module in library.modules()]


def test_a_folder_is_mined_and_probed_and_none_of_it_is_imported(
    sandbox: SandboxedEvaluator, folder: Path, tmp_path: Path
) -> None:
    path = tmp_path / "modules.db"
    with LedgerWriter.create(path) as library:
        assert mine(library, [str(folder)], silent).added == 2
        assert probe_missing(library, sandbox.probe, silent) == 2
    assert not (tmp_path / "canary").exists() and "gated" not in sys.modules
    (spec,) = read_library(path).values()
    assert spec.name.startswith("Gated-") and dict(spec.choices) == {"reduction": (4, 2)}
    assert spec.origin == "mine" and spec.role == "block"


def test_what_is_known_is_neither_mined_nor_probed_again(
    sandbox: SandboxedEvaluator, folder: Path, tmp_path: Path
) -> None:
    renamed = tmp_path / "elsewhere"
    renamed.mkdir()
    (renamed / "same.py").write_text((folder / "gated.py").read_text().replace("channels", "dim"))
    with LedgerWriter.create(tmp_path / "modules.db") as library:
        mine(library, [str(folder)], silent)
        probe_missing(library, sandbox.probe, silent)
        again = mine(library, [str(folder)], silent)
        assert (again.added, again.known) == (0, 2)
        assert probe_missing(library, lambda _: pytest.fail("probed again"), silent) == 0


def test_an_interruption_keeps_whole_modules_and_the_rest_is_probed_later(
    sandbox: SandboxedEvaluator, tmp_path: Path
) -> None:
    source = "import torch.nn as nn\n\n\n" + "\n\n".join(
        f"class M{each}(nn.Module):\n    def forward(self, x):\n        return x.relu() * {each + 2}\n"
        for each in range(AT_A_TIME + 3)
    )
    (tmp_path / "many.py").write_text(source)
    calls = 0

    def interrupted(programs: Sequence[str]) -> list[Probe]:
        nonlocal calls
        calls += 1
        if calls > 1:
            raise KeyboardInterrupt
        return sandbox.probe(programs)

    path = tmp_path / "modules.db"
    with LedgerWriter.create(path) as library, pytest.raises(KeyboardInterrupt):
        mine(library, [str(tmp_path / "many.py")], silent)
        probe_missing(library, interrupted, silent)
    with LedgerWriter.open(path) as library:
        assert len(unprobed(library)) == 3
        assert probe_missing(library, sandbox.probe, silent) == 3
        first = [(probe.module_id, probe.structure) for probe in library.module_probes()]
    with LedgerWriter.create(tmp_path / "unbroken.db") as library:
        mine(library, [str(tmp_path / "many.py")], silent)
        probe_missing(library, sandbox.probe, silent)
        assert [(probe.module_id, probe.structure) for probe in library.module_probes()] == first


def test_of_a_run_the_helpers_of_admitted_programs_are_mined(tmp_path: Path) -> None:
    run = tmp_path / "main-job"
    run.mkdir()
    candidates = [
        Candidate(
            id=f"seed/{index}",
            origin=Origin.SEED,
            source=text,
            completion=text,
            index=index,
            generator="test",
        )
        for index, text in enumerate([PROGRAM, PROGRAM.replace("Helper", "Other").replace("relu", "sigmoid")])
    ]
    seeds = [
        (candidates[0], Admission(candidate_id="seed/0", admitted=True, reason=AdmissionReason.SEED)),
        (
            candidates[1],
            Admission(candidate_id="seed/1", admitted=False, reason=AdmissionReason.EXACT_DUPLICATE),
        ),
    ]
    with LedgerWriter.create(run / "corpus.db") as ledger:
        ledger.add_starting_corpus(seeds)
    for place in (run, run / "corpus.db"):
        with LedgerWriter.create(tmp_path / f"{place.stem}.db") as library:
            mine(library, [str(place)], silent)
            (module,) = library.modules()
        assert (module.name, module.location) == ("Helper", "seed/0:Helper")
    assert module.origin == "ledger corpus"


# The command line.


def invoke(*words: str) -> str:
    result = CliRunner().invoke(app, ["modules", *words], catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def test_the_commands_mine_list_show_and_count(folder: Path, tmp_path: Path) -> None:
    path = str(tmp_path / "modules.db")
    mined = json.loads(invoke("mine", str(folder), "--library", path, "--json"))
    assert {name: mined[name] for name in ("found", "added", "probed", "distinct", "usable")} == {
        "found": 2,
        "added": 2,
        "probed": 2,
        "distinct": 2,
        "usable": 1,
    }
    assert json.loads(invoke("mine", str(folder), "--library", path, "--json"))["probed"] == 0
    gated, pair = map(json.loads, invoke("list", "--library", path, "--json").splitlines())
    assert gated["usable"] == 2 and "takes one" in pair["what it does"]
    assert len(invoke("list", "--usable", "--library", path, "--json").splitlines()) == 1
    shown = json.loads(invoke("show", "Gated", "--library", path, "--json"))
    assert shown["id"] == gated["id"] and len(shown["probes"]) == 2 and "class Gated" in shown["text"]
    assert "class Gated" in invoke("show", gated["id"][:6], "--library", path)
    counted = json.loads(invoke("stats", "--library", path, "--json"))
    assert counted["origins"][0] | {"licence": ""} == {
        **{"origin": "mine", "licence": "", "distinct": 2, "carried": 2, "tried": 1, "usable": 1}
    }
    assert list(counted["reasons"].values()) == [1]
    assert "usable" in invoke("stats", "--library", path)


def test_without_probing_nothing_is_probed(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "modules.db"
    mined = json.loads(invoke("mine", str(folder), "--library", str(path), "--no-probe", "--json"))
    assert (mined["added"], mined["probed"]) == (2, 0)
    with Ledger.open(path) as library:
        assert library.module_probes() == []


def test_what_cannot_be_read_is_counted_with_its_reason(folder: Path, tmp_path: Path) -> None:
    (folder / "broken.py").write_text("def broken(:\n")
    (folder / "latin.py").write_bytes(b"name = '\xe9'\n")
    said = invoke("mine", str(folder), "--library", str(tmp_path / "modules.db"), "--no-probe")
    assert "2 passed over (no Python that can be parsed: 1, no UTF-8: 1); 2 modules found" in said


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["mine", "no_such_place"], "no file, no folder and no installed package"),
        (["mine"], "there is no library of modules here. Make one: archloop modules mine"),
        (["list"], "there is no library of modules here. Make one: archloop modules mine"),
    ],
)
def test_a_mistake_is_one_line_with_the_remedy(words: list[str], line: str, tmp_path: Path) -> None:
    path = tmp_path / "none.db"
    command = [*ENTRY, "modules", *words, "--library", str(path)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 2 and line in result.stderr and result.stderr.count("\n") == 1
    assert not path.exists()


def test_a_module_that_is_not_there_or_not_alone_is_a_mistake(folder: Path, tmp_path: Path) -> None:
    path = str(tmp_path / "modules.db")
    (folder / "second.py").write_text(SOURCE.replace("sigmoid", "tanh").split("class Pair")[0])
    invoke("mine", str(folder), "--library", path, "--no-probe")
    for name, line in (("Gatd", "Did you mean 'Gated'?"), ("Gated", "2 modules are called 'Gated'")):
        command = [*ENTRY, "modules", "show", name, "--library", path]
        result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert result.returncode == 2 and line in result.stderr
