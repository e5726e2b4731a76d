"""The shipped presets: what they promise about memory and published constants, and the scripts over them."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Generator, Sequence
from pathlib import Path

import pytest

from corpus.records.prompts import Prompt
from cycles.config.run import Sharing, load_config, preset_names
from cycles.errors import ConfigError
from cycles.preflight.dry_run import dry_run
from cycles.run.sharing import SharedSampler
from generator.prompts.templates import Exemplar, ProgramRequest, render
from generator.samplers.contract import Sample, Sampler, SamplingOptions

ROOT = Path(__file__).parents[2]
GPU_PRESETS = {"gpu-24gb": 24.0, "gpu-80gb": 79.6, "h200": 140.4}
MODELS = ["deepseek-ai/deepseek-coder-7b-instruct-v1.5", "Qwen/Qwen2.5-Coder-7B-Instruct"]


def test_the_gpu_presets_are_shipped() -> None:
    assert set(GPU_PRESETS) <= set(preset_names())


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("preset", GPU_PRESETS)
def test_a_preset_fits_the_gpu_that_it_is_named_for(preset: str, model: str) -> None:
    config = load_config(preset, [f"generator.model={model}"])
    plan = dry_run(config, GPU_PRESETS[preset]).memory
    assert plan is not None and plan.fits
    assert plan.full_sequences is not None and plan.full_sequences > 3


@pytest.mark.parametrize("preset", GPU_PRESETS)
def test_a_gpu_preset_carries_the_published_constants(preset: str) -> None:
    config = load_config(preset)
    sampling, tuning = config.generator, config.finetune
    assert (config.cycles, config.candidates, config.corpus.min_accuracy) == (22, 150, 0.40)
    assert (sampling.temperature, sampling.top_k, sampling.top_p) == (0.2, 50, 0.9)
    assert (tuning.rank, tuning.alpha, tuning.dropout, tuning.learning_rate) == (32, 32, 0.05, 1e-5)
    assert (tuning.batch_size, tuning.gradient_accumulation, tuning.epochs) == (1, 8, 5)
    assert config.evaluator.task == "cifar10"


@pytest.mark.parametrize("preset", GPU_PRESETS)
def test_a_gpu_preset_filters_novelty_as_the_published_loop_does(preset: str) -> None:
    """datasketch is given a threshold there, and chooses bands and rows for it by itself."""
    from datasketch import MinHashLSH

    corpus = load_config(preset).corpus
    assert (corpus.search, corpus.tau, corpus.shingle_size, corpus.num_perm) == ("minhash", 0.90, 10, 256)
    published = MinHashLSH(threshold=0.85, num_perm=256)
    assert (corpus.bands, corpus.num_perm // corpus.bands) == (published.b, published.r)


@pytest.mark.parametrize("preset", ["cpu-tiny", "smoke"])
def test_a_small_preset_misses_no_near_duplicate(preset: str) -> None:
    assert load_config(preset).corpus.search == "exact"


@pytest.mark.parametrize("preset", GPU_PRESETS)
def test_prompt_exemplars_and_answer_fit_the_context(preset: str) -> None:
    """An exemplar is no longer than an answer: it was one, or such are chosen of what others wrote. English
    has 3 letters a token or more.
    """
    config = load_config(preset)
    shape = {"channels": 3, "height": 32, "width": 32, "classes": 10}
    request = ProgramRequest.model_validate(
        {"shape": shape, "max_parameters": 500_000, "target_accuracy": 0.4}
    )
    shown = [Exemplar("", 0.5, "lemur/img-classification_cifar-10_acc/e1/0123456789abcdef")]
    contract = sum(len(message.content) for message in render("instruct", request, shown)) / 3
    longest = contract + (1 + config.generator.exemplars) * config.generator.max_new_tokens
    assert config.generator.engine.max_model_len is not None
    assert longest < config.generator.engine.max_model_len


@pytest.mark.parametrize("preset", GPU_PRESETS)
def test_the_offline_task_takes_the_place_of_cifar10(preset: str) -> None:
    assert load_config(preset, ["evaluator.task=texshapes"]).evaluator.task == "texshapes"


@pytest.mark.parametrize("script", ["cycle_24gb", "cycle_h200"])
def test_a_script_for_a_gpu_stops_at_once_where_there_is_none(script: str, tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("bash", "dirname", "sed", "head"):
        (programs / name).symlink_to(shutil.which(name) or name)
    result = subprocess.run(
        ["bash", ROOT / "scripts" / script],
        env={**os.environ, "PATH": str(programs)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert result.returncode == 3
    assert "no GPU" in result.stderr and "bash scripts/run" in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_gpu_that_is_too_small_is_named_with_its_size(tmp_path: Path) -> None:
    driver = tmp_path / "nvidia-smi"
    driver.write_text("#!/bin/sh\necho 16376\n")
    driver.chmod(0o755)
    result = subprocess.run(
        ["bash", ROOT / "scripts" / "cycle_24gb"],
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert result.returncode == 3
    assert "has 15 GiB and this preset needs 23" in result.stderr


# Sharing


class Model(Sampler):
    """A sampler that holds memory: `released` counts how often it gave it back."""

    @property
    def model_name(self) -> str:
        return "model"

    def __init__(self) -> None:
        self.released = 0

    def sample(
        self, prompts: Sequence[Prompt], adapter: Path | None, options: SamplingOptions | None = None
    ) -> Generator[Sample, None, None]:
        yield from ()

    def release(self) -> None:
        self.released += 1


@pytest.mark.parametrize(("sharing", "released"), [("alternate", 1), ("colocate", 0), ("separate", 0)])
def test_the_sampler_gives_way_to_a_training_only_where_they_take_turns(sharing: str, released: int) -> None:
    model = Model()
    shared = SharedSampler(lambda: model, Sharing(sharing))
    shared()
    shared.make_room()
    assert model.released == released


def test_a_sampler_that_was_never_needed_is_not_built_to_be_released() -> None:
    def build() -> Model:
        raise AssertionError("built")

    SharedSampler(build, Sharing.ALTERNATE).make_room()


@pytest.mark.parametrize(
    ("settings", "remedy"),
    [
        (["sharing=alternate", "generator.sampler=offline"], "set generator.sampler to 'server'"),
        (
            ["sharing=alternate", "generator.sampler=server", "generator.server.url=http://h/v1"],
            "drop the url",
        ),
        (["sharing=separate"], "needs two devices"),
        (["sharing=separate", "generator.device=cuda", "finetune.device=cuda:0"], "needs two devices"),
        (["sharing=alone"], "sharing: "),
    ],
)
def test_a_sharing_that_cannot_work_is_refused(settings: list[str], remedy: str) -> None:
    with pytest.raises(ConfigError, match=remedy):
        load_config("cpu-tiny", settings)


@pytest.mark.slow
@pytest.mark.parametrize("sharing", ["alternate", "colocate"])
def test_a_run_releases_its_model_before_each_training_where_they_take_turns(
    sharing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cycles.assembly import open_loop, start_run
    from finetune.trainer import LoraTrainer
    from generator.samplers.transformers import TransformersSampler

    events: list[str] = []
    release, train = TransformersSampler.release, LoraTrainer.train

    def releasing(self: TransformersSampler) -> None:
        events.append("release")
        release(self)
        assert self._model is None

    def training(self: LoraTrainer, *arguments: object, **named: object) -> object:
        events.append("train")
        return train(self, *arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(TransformersSampler, "release", releasing)
    monkeypatch.setattr(LoraTrainer, "train", training)
    # Every program that runs wins, so that there is something to train on.
    config = load_config("smoke", [f"sharing={sharing}", "seed=1", "evaluator.below_chance_factor=0.0"])
    run = start_run(tmp_path / "run", config)
    with open_loop(run.path) as loop:
        loop.run()
    before_its_end = ["release", "train"] if sharing == "alternate" else ["train"]
    assert events == [*before_its_end, "release"]
