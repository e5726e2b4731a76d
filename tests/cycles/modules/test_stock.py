"""A run over mined modules: it takes its library along, and needs the file no more."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner

from corpus.ledger.reader import Ledger
from corpus.ledger.writer import LedgerWriter
from corpus.records.prompts import Prompt
from cycles.assembly import start_run
from cycles.cli.app import app
from cycles.config.run import RunConfig, load_config
from cycles.errors import ConfigError
from cycles.modules.filling import mine, probe_missing
from cycles.modules.stock import NoModulesError, library_of, stock
from cycles.parts import space_of, strategy_of
from evaluator.supervisor.sandbox import SandboxedEvaluator
from generator.strategies.catalogue import StrategyError
from tests.cycles.modules.test_filling import SOURCE
from tests.generator.strategies.benches import PlainBench


def configured(library: Path, *settings: str) -> RunConfig:
    trees = [
        'strategy.name="random"',
        'strategy.space="trees"',
        f'strategy.library="{library}"',
        'teaching.by="nobody"',
        'corpus.novelty="key"',
        "cycles=1",
        "candidates=2",
        "evaluator.max_parameters=20000",
    ]
    return load_config("smoke", [*trees, *settings])


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mined")
    (folder / "gated.py").write_text(SOURCE.replace("CANARY", str(folder / "canary")))
    path = folder / "modules.db"
    config = load_config("smoke", []).evaluator
    with LedgerWriter.create(path) as made, SandboxedEvaluator(config) as sandbox:
        mine(made, [str(folder)], lambda _: None)
        probe_missing(made, sandbox.probe, lambda _: None)
    assert not (folder / "canary").exists()
    return path


def mined_names(names: Sequence[str]) -> list[str]:
    return [name for name in names if name.startswith("Gated")]


def test_a_run_takes_the_library_along_and_goes_on_without_the_file(library: Path, tmp_path: Path) -> None:
    copy = tmp_path / "modules.db"
    copy.write_bytes(library.read_bytes())
    config = configured(copy)
    directory = start_run(tmp_path / "run", config)
    copy.unlink()
    with Ledger.open(directory.ledger_file) as ledger:
        found = library_of(config, ledger)
        assert found is not None
        assert mined_names(list(found))
        assert mined_names(list(space_of(config, ledger).vocabulary()))
    result = CliRunner().invoke(app, ["resume", str(tmp_path / "run")])
    assert result.exit_code == 0, result.output


def test_prompts_show_blocks_of_the_runs_own_copy(library: Path, tmp_path: Path) -> None:
    copy = tmp_path / "modules.db"
    copy.write_bytes(library.read_bytes())
    chats = ["generator.template=instruct", "generator.model=some/model", "teaching.by=nobody"]
    config = load_config("smoke", [*chats, f'strategy.library="{copy}"', "strategy.blocks=1"])
    with LedgerWriter.create(tmp_path / "corpus.db") as ledger:
        stock(ledger, config)
        copy.unlink()
        (asked, *_) = next(strategy_of(config, ledger).search(PlainBench(template="instruct")))
    assert isinstance(asked.program, Prompt)
    assert "class Gated" in asked.program.messages[-1].content


@pytest.mark.parametrize(
    ("settings", "remedy"),
    [
        (["strategy.blocks=2"], "set library"),
        (["strategy.blocks=2", "strategy.library=x.db"], "generator.template to 'instruct'"),
        (["strategy.library=x.db"], "or blocks to 2"),
        (
            [
                "strategy.blocks=2",
                "strategy.library=x.db",
                "strategy.name=random",
                "teaching.by=nobody",
                "generator.template=instruct",
                "generator.model=some/model",
            ],
            "asks for none in a prompt",
        ),
    ],
)
def test_blocks_without_a_library_or_a_model_that_reads_are_one_line(
    settings: list[str], remedy: str
) -> None:
    with pytest.raises(ConfigError, match=remedy):
        load_config("smoke", settings)


def test_a_library_that_is_not_there_is_one_line_and_leaves_no_run(tmp_path: Path) -> None:
    missing = tmp_path / "none.db"
    with pytest.raises(Exception, match="archloop modules mine"):
        start_run(tmp_path / "run", configured(missing))
    assert not (tmp_path / "run").exists()


def test_a_library_without_usable_modules_is_refused(tmp_path: Path) -> None:
    LedgerWriter.create(tmp_path / "empty.db").close()
    with pytest.raises(NoModulesError, match="can be used"):
        start_run(tmp_path / "run", configured(tmp_path / "empty.db"))


def test_a_strategy_that_cannot_search_the_space_leaves_no_run(tmp_path: Path) -> None:
    config = load_config(
        "smoke", ['strategy.name="llmastool"', 'strategy.llm="none"', 'teaching.by="nobody"']
    )
    with pytest.raises(StrategyError, match="edits trees of modules"):
        start_run(tmp_path / "run", config)
    assert not (tmp_path / "run").exists()


def test_a_library_is_for_trees_alone(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="not made of modules"):
        configured(tmp_path / "modules.db", 'strategy.space="cells"')
