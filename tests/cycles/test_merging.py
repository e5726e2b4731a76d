"""A run's model with what it has learnt becomes a model of its own, from which another run starts."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from cycles.cli.app import app
from cycles.config.run import load_config
from cycles.errors import UsageError
from cycles.run.models import check_model
from cycles.run.run_directory import RunDirectory
from finetune.config import FinetuneConfig
from finetune.job import TrainingJob
from finetune.trainer import LoraTrainer
from generator.samplers.transformers import TransformersSampler
from tests.finetune.tiny_model import build_tiny_model, example

SHORT = FinetuneConfig(max_steps=3, learning_rate=0.05, min_examples=1)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    """Return a run of three cycles whose second cycle has an adapter."""
    home = tmp_path_factory.mktemp("merging")
    model = build_tiny_model(home / "tiny")
    directory = RunDirectory.create(
        home / "run", load_config("smoke", ["cycles=3", f"generator.model={model}"])
    )
    LoraTrainer(model, SHORT).train(TrainingJob([example("c", "x = 1\n" * 4)], directory.adapter(1), seed=0))
    return directory


def merged(*words: str | Path) -> None:
    result = CliRunner().invoke(app, ["merge", *map(str, words)], obj=False)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output


def test_the_merged_model_scores_as_the_base_with_its_adapter_and_otherwise_than_without(
    run: RunDirectory, tmp_path: Path
) -> None:
    out = tmp_path / "new" / "model"
    merged(run.path, "--out", out)
    config = run.config()
    prompt, options = example("c", "").prompt, ["x = 1\n", "y = 2\n"]
    base = TransformersSampler(config.generator.model, config.generator.sampling, batch_size=1)
    alone = TransformersSampler(out, config.generator.sampling, batch_size=1)
    taught = base.score(prompt, options, run.adapter(1))
    assert alone.score(prompt, options, None) == pytest.approx(taught, abs=1e-4)
    assert base.score(prompt, options, None) != pytest.approx(taught, abs=1e-2)
    check_model(load_config("smoke", [f"generator.model={out}"]))


def test_what_was_taught_before_the_first_cycle_alone_is_merged_too(
    run: RunDirectory, tmp_path: Path
) -> None:
    model = run.config().generator.model
    only = RunDirectory.create(
        tmp_path / "run", load_config("smoke", ["cycles=1", f"generator.model={model}"])
    )
    LoraTrainer(model, SHORT).train(TrainingJob([example("c", "x = 1\n" * 4)], only.adapter(0), seed=0))
    merged(only.path, "--out", tmp_path / "model")
    assert (tmp_path / "model" / "config.json").is_file()


def test_what_cannot_be_merged_is_one_line_and_leaves_nothing(run: RunDirectory, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"has no adapter of cycle 2\. Only runs whose model is taught"):
        merged(run.path, "--cycle", "2", "--out", tmp_path / "model")
    (tmp_path / "there").mkdir()
    with pytest.raises(UsageError, match="is there already"):
        merged(run.path, "--out", tmp_path / "there")
    assert [each.name for each in tmp_path.iterdir()] == ["there"]
