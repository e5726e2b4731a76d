"""Fine-tuning on a tiny real Llama: what it learns, what it must not touch, and what it leaves on disk."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from corpus.records.adapters import adapter_hash
from corpus.records.trainings import TrainingResult
from finetune.adapter import finished_result
from finetune.config import FinetuneConfig, FinetuneError
from finetune.examples import select_examples
from finetune.job import TrainingJob
from finetune.process_trainer import ProcessTrainer, visible_gpu
from finetune.rows import CompletionOnlyCheck, render_rows
from finetune.trainer import LoraTrainer
from tests.finetune.tiny_model import CHAT_TEMPLATE, build_tiny_model, example

EXAMPLES = [example(f"c{i}", f"self.layer{i} = nn.Linear({7 * i}, {i})\n" * 2) for i in range(8)]
FEW_STEPS = FinetuneConfig(epochs=2, batch_size=4)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny_model(tmp_path_factory.mktemp("tiny") / "base")


@pytest.fixture(scope="module")
def trained(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("trained") / "adapter"
    LoraTrainer(model, FEW_STEPS).train(TrainingJob(EXAMPLES, output_dir=directory, seed=1))
    return directory


def completion_loss(model: Path, adapter: Path | None, examples: list[Any], *, whole: bool = False) -> float:
    """Mean negative log-likelihood per completion token (or any token), row by row, with plain PEFT."""
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model)
    network: Any = AutoModelForCausalLM.from_pretrained(model)
    if adapter is not None:
        network = PeftModel.from_pretrained(network, str(adapter))
    total, count = 0.0, 0
    for row in examples:
        prompt = f"<|user|>{row.prompt[0].content}<|assistant|>"
        ids = tokenizer(prompt + row.completion + "<|end|>", return_tensors="pt").input_ids
        with torch.no_grad():
            log_probabilities = network(input_ids=ids).logits[0, :-1].log_softmax(-1)
        nll = -log_probabilities.gather(1, ids[0, 1:, None])[:, 0]
        nll = nll if whole else nll[len(tokenizer(prompt).input_ids) - 1 :]
        total, count = total + float(nll.sum()), count + len(nll)
    return total / count


# What is learnt


@pytest.mark.parametrize("logits_in_memory_bytes", [0, 1 << 30], ids=["tiled", "full logits"])
@pytest.mark.parametrize("accumulation", [1, 2])
def test_the_loss_is_the_mean_over_completion_tokens_alone(
    model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    logits_in_memory_bytes: int,
    accumulation: int,
) -> None:
    import finetune.losses

    monkeypatch.setattr(finetune.losses, "LOGITS_IN_MEMORY_BYTES", logits_in_memory_bytes)
    config = FinetuneConfig(max_steps=1, batch_size=8 // accumulation, gradient_accumulation=accumulation)
    losses: list[float] = []
    LoraTrainer(model, config).train(
        TrainingJob(
            EXAMPLES, output_dir=tmp_path / "a", seed=1, on_step=lambda step, steps, loss: losses.append(loss)
        )
    )
    # A fresh adapter changes nothing, so the first loss is the base model's own.
    assert losses == [pytest.approx(completion_loss(model, None, EXAMPLES), abs=1e-4)]
    assert losses != [pytest.approx(completion_loss(model, None, EXAMPLES, whole=True), abs=1e-3)]


def first_batch(model: Path) -> tuple[CompletionOnlyCheck, dict[str, Any]]:
    """Return a check for one row and the batch that it should accept, padded by one token."""
    import torch
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model)
    end = tokenizer.eos_token_id
    (row,) = render_rows(tokenizer, EXAMPLES[:1], end_tokens=frozenset([end]), max_length=1024)
    assert row.tokens[-1] == end
    labels = [-100] * row.prompt_tokens + list(row.tokens[row.prompt_tokens :]) + [-100]
    batch = {
        "input_ids": torch.tensor([[*row.tokens, 0]]),
        "attention_mask": torch.tensor([[1] * len(row.tokens) + [0]]),
        "labels": torch.tensor([labels]),
    }
    return CompletionOnlyCheck(lambda features: batch, [row]), batch


def test_the_check_of_labels_accepts_completions_with_their_end_token(model: Path) -> None:
    check, batch = first_batch(model)
    assert check([]) is batch
    assert check.checked


@pytest.mark.parametrize(
    ("position", "label", "message"),
    [
        (0, 5, "cover prompt"),
        (-1, 0, "padding"),
        (-2, -100, "miss tokens"),  # The end token.
    ],
)
def test_the_check_of_labels_refuses(model: Path, position: int, label: int, message: str) -> None:
    check, batch = first_batch(model)
    batch["labels"][0, position] = label
    with pytest.raises(RuntimeError, match=message):
        check([])


def test_the_check_of_labels_refuses_a_sequence_that_was_never_rendered(model: Path) -> None:
    check, batch = first_batch(model)
    batch["input_ids"][0, 1] += 1
    with pytest.raises(RuntimeError, match="none of the rendered rows"):
        check([])


def test_a_training_whose_labels_cover_the_prompt_is_refused(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import finetune.losses

    def arguments(*args: Any) -> Any:
        settings = build(*args)
        settings.completion_only_loss = False
        return settings

    build = finetune.losses._sft_arguments
    monkeypatch.setattr(finetune.losses, "_sft_arguments", arguments)
    with pytest.raises(RuntimeError, match="cover prompt"):
        LoraTrainer(model, FEW_STEPS).train(TrainingJob(EXAMPLES, output_dir=tmp_path / "a", seed=1))
    assert not (tmp_path / "a").exists()


def test_a_template_that_never_ends_the_answer_is_refused(tmp_path: Path) -> None:
    endless = CHAT_TEMPLATE.replace("{{ '<|end|>' }}", "")
    model = build_tiny_model(tmp_path / "model", hidden=16, intermediate=16, layers=1, chat_template=endless)
    with pytest.raises(FinetuneError, match="no end token"):
        LoraTrainer(model, FEW_STEPS).train(TrainingJob(EXAMPLES, output_dir=tmp_path / "a", seed=1))


# Base and previous

A = [example(f"a{i}", "x = conv\n" * 3, prompt="A") for i in range(4)]
B = [example(f"b{i}", "return self.norm(z)\n" * 3, prompt="B") for i in range(4)]
LEARN = {"epochs": 40, "max_steps": 40, "learning_rate": 1e-2}


@pytest.fixture(scope="module")
def adapter_of_a(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("a") / "adapter"
    LoraTrainer(model, FinetuneConfig(**LEARN)).train(TrainingJob(A, output_dir=directory, seed=1))
    return directory


def test_a_restart_from_the_base_on_all_winners_keeps_what_earlier_cycles_taught(
    model: Path, adapter_of_a: Path, tmp_path: Path
) -> None:
    LoraTrainer(model, FinetuneConfig(**LEARN)).train(
        TrainingJob(A + B, output_dir=tmp_path / "ab", seed=1, previous=adapter_of_a)
    )
    before_a, before_b = completion_loss(model, None, A), completion_loss(model, None, B)
    assert completion_loss(model, tmp_path / "ab", A) < before_a / 3
    assert completion_loss(model, tmp_path / "ab", B) < before_b / 3


def test_a_restart_from_the_base_does_not_see_the_previous_adapter(
    model: Path, adapter_of_a: Path, tmp_path: Path
) -> None:
    trainer = LoraTrainer(model, FEW_STEPS)
    with_previous = trainer.train(TrainingJob(B, output_dir=tmp_path / "b1", seed=1, previous=adapter_of_a))
    without = trainer.train(TrainingJob(B, output_dir=tmp_path / "b2", seed=1))
    assert with_previous.adapter_hash == without.adapter_hash


def test_continuing_starts_from_the_weights_of_the_previous_adapter(
    model: Path, adapter_of_a: Path, tmp_path: Path
) -> None:
    # Steps this small are lost in float32, so what comes out is what training began with.
    still = FinetuneConfig(start="previous", learning_rate=1e-30, epochs=1)
    result = LoraTrainer(model, still).train(
        TrainingJob(B, output_dir=tmp_path / "b", seed=1, previous=adapter_of_a)
    )
    assert result.adapter_hash == adapter_hash(adapter_of_a)


def test_continuing_on_the_latest_winners_alone_learns_them_and_forgets_the_earlier(
    model: Path, adapter_of_a: Path, tmp_path: Path
) -> None:
    config = FinetuneConfig(start="previous", **LEARN)
    LoraTrainer(model, config).train(TrainingJob(B, output_dir=tmp_path / "b", seed=1, previous=adapter_of_a))
    assert completion_loss(model, tmp_path / "b", B) < completion_loss(model, adapter_of_a, B) / 3
    assert completion_loss(model, tmp_path / "b", A) > completion_loss(model, adapter_of_a, A) * 3


def test_continuing_without_a_previous_adapter_starts_from_the_base(model: Path, tmp_path: Path) -> None:
    continued = FEW_STEPS.model_copy(update={"start": "previous"})
    first = LoraTrainer(model, continued).train(TrainingJob(B, output_dir=tmp_path / "b1", seed=1))
    assert (
        first.adapter_hash
        == LoraTrainer(model, FEW_STEPS)
        .train(TrainingJob(B, output_dir=tmp_path / "b2", seed=1))
        .adapter_hash
    )


@pytest.mark.parametrize("other", [{"rank": 8}, {"alpha": 8}, {"target_modules": ("q_proj",)}])
def test_continuing_an_adapter_of_another_shape_is_refused(
    model: Path, trained: Path, tmp_path: Path, other: dict[str, Any]
) -> None:
    trainer = LoraTrainer(model, FinetuneConfig(start="previous", **other))
    with pytest.raises(FinetuneError, match="cannot continue"):
        trainer.train(TrainingJob(EXAMPLES, output_dir=tmp_path / "a", seed=1, previous=trained))


def test_continuing_an_adapter_of_another_model_is_refused(trained: Path, tmp_path: Path) -> None:
    other = build_tiny_model(tmp_path / "other", hidden=16, intermediate=16, layers=1)
    trainer = LoraTrainer(other, FinetuneConfig(start="previous"))
    with pytest.raises(FinetuneError, match="does not fit"):
        trainer.train(TrainingJob(EXAMPLES, output_dir=tmp_path / "a", seed=1, previous=trained))


# What stands on disk


def test_the_adapter_loads_in_plain_peft_and_changes_the_scores(model: Path, trained: Path) -> None:
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    ids = torch.arange(10, 30)[None]
    with torch.no_grad():
        base = AutoModelForCausalLM.from_pretrained(model)
        plain = base(input_ids=ids).logits
        adapted = PeftModel.from_pretrained(base, str(trained))
        assert not torch.allclose(plain, adapted(input_ids=ids).logits, atol=1e-3)
        with adapted.disable_adapter():
            assert torch.equal(plain, adapted(input_ids=ids).logits)


def test_an_adapter_names_no_path_of_the_machine(model: Path, trained: Path) -> None:
    assert sorted(path.name for path in trained.iterdir()) == [
        "adapter_config.json",
        "adapter_model.safetensors",
        "training.json",
    ]
    settings = (trained / "adapter_config.json").read_text()
    assert str(model.parent) not in settings
    assert json.loads(settings)["base_model_name_or_path"] == model.name


def test_the_result_beside_the_weights_is_the_result(model: Path, tmp_path: Path) -> None:
    result = LoraTrainer(model, FEW_STEPS).train(TrainingJob(EXAMPLES, output_dir=tmp_path / "a", seed=1))
    assert finished_result(tmp_path / "a") == result
    assert finished_result(tmp_path / "b") is None


def test_weights_changed_after_training_are_noticed(model: Path, tmp_path: Path) -> None:
    LoraTrainer(model, FEW_STEPS).train(TrainingJob(EXAMPLES, output_dir=tmp_path / "a", seed=1))
    weights = tmp_path / "a" / "adapter_model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    with pytest.raises(FinetuneError, match="changed after training"):
        finished_result(tmp_path / "a")


def test_an_interrupted_training_leaves_nothing(model: Path, tmp_path: Path) -> None:
    def interrupt(step: int, steps: int, loss: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        LoraTrainer(model, FEW_STEPS).train(
            TrainingJob(EXAMPLES, output_dir=tmp_path / "a", seed=1, on_step=interrupt)
        )
    assert list(tmp_path.iterdir()) == []


KILLED_TRAINING = """
import os, signal, sys
from pathlib import Path
from finetune.config import FinetuneConfig
from finetune.job import TrainingJob
from finetune.trainer import LoraTrainer
from tests.finetune.tiny_model import example

LoraTrainer(sys.argv[1], FinetuneConfig()).train(TrainingJob(
    [example("c", "x = conv")], output_dir=Path(sys.argv[2]), seed=1,
    on_step=lambda step, steps, loss: os.kill(os.getpid(), signal.SIGKILL),
))
"""


def test_a_killed_training_leaves_no_adapter_and_the_next_one_clears_up(model: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", KILLED_TRAINING, str(model), str(tmp_path / "a")]
    ended = subprocess.run(command, env=environment, capture_output=True, timeout=120, check=False)
    assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()
    assert not (tmp_path / "a").exists() and list(tmp_path.iterdir())
    LoraTrainer(model, FEW_STEPS).train(TrainingJob(EXAMPLES, output_dir=tmp_path / "a", seed=1))
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_an_output_directory_in_use_is_refused(model: Path, trained: Path) -> None:
    before = sorted(trained.iterdir())
    with pytest.raises(FinetuneError, match="exists already"):
        LoraTrainer(model, FEW_STEPS).train(TrainingJob(EXAMPLES, output_dir=trained, seed=2))
    assert sorted(trained.iterdir()) == before


# Reproducible, and no trace in the process


def test_equal_inputs_give_equal_adapters_whatever_was_drawn_before(
    model: Path, trained: Path, tmp_path: Path
) -> None:
    import torch

    torch.manual_seed(4711)
    torch.rand(17)
    random.seed(4711)
    result = LoraTrainer(model, FEW_STEPS).train(TrainingJob(EXAMPLES, output_dir=tmp_path / "a", seed=1))
    assert result.adapter_hash == adapter_hash(trained)
    other_seed = LoraTrainer(model, FEW_STEPS).train(TrainingJob(EXAMPLES, output_dir=tmp_path / "b", seed=2))
    assert other_seed.adapter_hash != result.adapter_hash


def test_dropout_is_reproducible_too(model: Path, tmp_path: Path) -> None:
    trainer = LoraTrainer(model, FEW_STEPS.model_copy(update={"dropout": 0.3}))
    first = trainer.train(TrainingJob(EXAMPLES, output_dir=tmp_path / "a", seed=1))
    assert (
        trainer.train(TrainingJob(EXAMPLES, output_dir=tmp_path / "b", seed=1)).adapter_hash
        == first.adapter_hash
    )


def test_training_leaves_random_states_and_threads_as_they_were(model: Path, tmp_path: Path) -> None:
    import numpy
    import torch

    def states() -> tuple[Any, ...]:
        words = tuple(numpy.random.get_state()[1])
        return random.getstate(), words, torch.get_rng_state().tolist(), torch.get_num_threads()

    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        before = states()
        LoraTrainer(model, FEW_STEPS).train(TrainingJob(EXAMPLES, output_dir=tmp_path / "a", seed=1))
        assert states() == before
    finally:
        torch.set_num_threads(threads)


def test_training_prints_nothing(model: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    LoraTrainer(model, FEW_STEPS).train(TrainingJob(EXAMPLES, output_dir=tmp_path / "a", seed=1))
    assert capfd.readouterr() == ("", "")


# Counts and caps


def test_every_step_is_reported_and_counted(model: Path, tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    result = LoraTrainer(model, FEW_STEPS).train(
        TrainingJob(
            EXAMPLES,
            output_dir=tmp_path / "a",
            seed=1,
            on_step=lambda step, total, loss: steps.append((step, total)),
        )
    )
    assert steps == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert (result.steps, result.examples, result.truncated) == (4, 8, 0)


@pytest.mark.parametrize(("examples", "steps"), [(1, 3), (6, 3), (7, 6), (12, 6), (13, 9), (1000, 10)])
def test_planned_steps_are_whole_epochs_up_to_the_cap(examples: int, steps: int) -> None:
    config = FinetuneConfig(epochs=3, batch_size=2, gradient_accumulation=3, max_steps=10)
    assert config.planned_steps(examples) == steps


def test_an_incomplete_last_batch_is_a_step(model: Path, tmp_path: Path) -> None:
    config = FinetuneConfig(epochs=2, batch_size=2, gradient_accumulation=2)
    result = LoraTrainer(model, config).train(TrainingJob(EXAMPLES[:7], output_dir=tmp_path / "a", seed=1))
    assert result.steps == config.planned_steps(7) == 4


def test_max_steps_caps_the_epochs(model: Path, tmp_path: Path) -> None:
    config = FEW_STEPS.model_copy(update={"max_steps": 3})
    assert (
        LoraTrainer(model, config).train(TrainingJob(EXAMPLES, output_dir=tmp_path / "a", seed=1)).steps == 3
    )


def test_only_lora_matrices_are_trained(model: Path, trained: Path) -> None:
    result = TrainingResult.model_validate_json((trained / "training.json").read_text())
    attention, mlp = 4 * (64 + 64), 3 * (64 + 128)  # Inputs plus outputs of the projections of a layer.
    assert result.trainable_parameters == 2 * 16 * (attention + mlp)


def test_truncated_rows_are_counted(model: Path, tmp_path: Path) -> None:
    config = FEW_STEPS.model_copy(update={"max_length": 96})
    rows = [*EXAMPLES[:3], example("long", "x = conv\n" * 40)]
    result = LoraTrainer(model, config).train(TrainingJob(rows, output_dir=tmp_path / "a", seed=1))
    assert (result.examples, result.truncated) == (4, 1)


def test_a_row_whose_prompt_leaves_no_room_is_left_out_and_named(
    model: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    config = FEW_STEPS.model_copy(update={"max_length": 96})
    rows = [*EXAMPLES[:3], example("wordy", "x = conv", prompt="please " * 60)]
    result = LoraTrainer(model, config).train(TrainingJob(rows, output_dir=tmp_path / "a", seed=1))
    assert result.examples == 3
    assert "Left out wordy" in caplog.text


# A user's mistakes


def test_rows_that_are_all_too_long_are_an_error(model: Path, tmp_path: Path) -> None:
    config = FEW_STEPS.model_copy(update={"max_length": 40})
    with pytest.raises(FinetuneError, match=r"raise finetune\.max_length"):
        LoraTrainer(model, config).train(TrainingJob(EXAMPLES, output_dir=tmp_path / "a", seed=1))


@pytest.mark.parametrize("missing", [Path("nowhere"), "./nowhere", "a/b/c"])
def test_a_missing_model_is_an_error_at_once(missing: str | Path) -> None:
    with pytest.raises(FinetuneError, match="no model at"):
        LoraTrainer(missing, FEW_STEPS)


def test_a_directory_that_holds_no_model_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(FinetuneError, match="cannot load the model"):
        LoraTrainer(tmp_path / "empty", FEW_STEPS).train(
            TrainingJob(EXAMPLES, output_dir=tmp_path / "a", seed=1)
        )


def test_a_tokenizer_without_a_chat_template_is_an_error(tmp_path: Path) -> None:
    bare = build_tiny_model(tmp_path / "model", hidden=16, intermediate=16, layers=1, chat_template=None)
    with pytest.raises(FinetuneError, match="no chat template"):
        LoraTrainer(bare, FEW_STEPS).train(TrainingJob(EXAMPLES, output_dir=tmp_path / "a", seed=1))


def test_target_modules_that_the_model_lacks_are_an_error(model: Path, tmp_path: Path) -> None:
    config = FinetuneConfig(target_modules=("c_attn",))
    with pytest.raises(FinetuneError, match=r"finetune\.target_modules"):
        LoraTrainer(model, config).train(TrainingJob(EXAMPLES, output_dir=tmp_path / "a", seed=1))


def test_no_examples_are_an_error(model: Path, tmp_path: Path) -> None:
    with pytest.raises(FinetuneError, match="no example"):
        LoraTrainer(model, FEW_STEPS).train(TrainingJob([], output_dir=tmp_path / "a", seed=1))


def test_a_training_that_diverges_is_stopped(model: Path, tmp_path: Path) -> None:
    config = FinetuneConfig(learning_rate=1e30, epochs=20, warmup_steps=0)
    with pytest.raises(FinetuneError, match=r"lower finetune\.learning_rate"):
        LoraTrainer(model, config).train(TrainingJob(EXAMPLES, output_dir=tmp_path / "a", seed=1))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("wrong", [{"rank": 0}, {"learning_rate": 0}, {"start": "last"}, {"lr": 1e-3}])
def test_settings_out_of_range_or_unknown_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        FinetuneConfig(**wrong)


def test_every_setting_is_described() -> None:
    assert all(field.description for field in FinetuneConfig.model_fields.values())


# Which examples


POOL = [example(f"base{i:03}", f"pool {i}") for i in range(100)]


@pytest.mark.parametrize(("ratio", "replayed"), [(0.0, 0), (0.5, 4), (1.0, 8), (2.0, 16)])
def test_replay_adds_rows_in_proportion_to_the_winners(ratio: float, replayed: int) -> None:
    selected = select_examples(EXAMPLES, POOL, ratio, seed=1)
    assert selected[:8] == EXAMPLES
    assert len(selected) == 8 + replayed
    assert len({row.candidate_id for row in selected}) == len(selected)


def test_the_selection_depends_on_the_seed_and_not_on_the_order_of_the_rows() -> None:
    selected = select_examples(EXAMPLES, POOL, 1.0, seed=1)
    assert select_examples(EXAMPLES[::-1], POOL[::-1], 1.0, seed=1) == selected
    assert select_examples(EXAMPLES, POOL, 1.0, seed=2) != selected


def test_a_winner_is_not_replayed() -> None:
    selected = select_examples(EXAMPLES, [*EXAMPLES, POOL[0]], 1.0, seed=1)
    assert selected == [*EXAMPLES, POOL[0]]


def test_a_small_pool_is_used_up_and_the_log_says_so(caplog: pytest.LogCaptureFixture) -> None:
    assert len(select_examples(EXAMPLES, POOL[:3], 1.0, seed=1)) == 11
    assert "the pool holds 3" in caplog.text


def test_importing_the_trainer_loads_no_torch() -> None:
    code = "import sys, finetune.trainer, finetune.examples; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# In a process of its own

APART = FEW_STEPS.model_copy(update={"own_process": True, "max_steps": 2})


@pytest.mark.slow
def test_a_training_in_its_own_process_gives_the_same_adapter(
    model: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    here = LoraTrainer(model, APART).train(TrainingJob(EXAMPLES, output_dir=tmp_path / "a", seed=1))
    steps: list[tuple[int, int]] = []
    with caplog.at_level("INFO"):
        there = ProcessTrainer(model, APART).train(
            TrainingJob(
                EXAMPLES,
                output_dir=tmp_path / "b",
                seed=1,
                on_step=lambda step, of, _: steps.append((step, of)),
            )
        )
    assert there.adapter_hash == here.adapter_hash
    assert finished_result(tmp_path / "b") == there
    assert steps == [(1, 2), (2, 2)]
    assert f"Trained {there.adapter_hash}" in caplog.text  # the log comes through


@pytest.mark.slow
def test_a_mistake_in_the_other_process_is_the_same_mistake_here(model: Path, tmp_path: Path) -> None:
    config = APART.model_copy(update={"target_modules": ("nowhere",)})
    with pytest.raises(FinetuneError, match="target_modules"):
        ProcessTrainer(model, config).train(TrainingJob(EXAMPLES, output_dir=tmp_path / "a", seed=1))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_an_interrupted_training_ends_its_process_and_leaves_nothing(model: Path, tmp_path: Path) -> None:
    def interrupt(_step: int, _total: int, _loss: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ProcessTrainer(model, APART.model_copy(update={"max_steps": 100, "epochs": 100})).train(
            TrainingJob(EXAMPLES, output_dir=tmp_path / "a", seed=1, on_step=interrupt)
        )
    assert multiprocessing.active_children() == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_training_whose_process_is_killed_says_so(model: Path, tmp_path: Path) -> None:
    def kill(_step: int, _total: int, _loss: float) -> None:
        (child,) = multiprocessing.active_children()
        os.kill(child.pid or 0, signal.SIGKILL)

    with pytest.raises(RuntimeError, match="probably the machine ran out of memory"):
        ProcessTrainer(model, APART).train(
            TrainingJob(EXAMPLES, output_dir=tmp_path / "a", seed=1, on_step=kill)
        )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("device", "seen", "shown"),
    [
        ("cpu", "0,1", {}),
        ("cuda", None, {"CUDA_VISIBLE_DEVICES": "0"}),
        ("cuda:1", None, {"CUDA_VISIBLE_DEVICES": "1"}),
        ("cuda", "4,6", {"CUDA_VISIBLE_DEVICES": "4"}),
        ("cuda:1", "4,6", {"CUDA_VISIBLE_DEVICES": "6"}),
    ],
)
def test_the_process_sees_its_own_gpu_alone(device: str, seen: str | None, shown: dict[str, str]) -> None:
    assert visible_gpu(device, {} if seen is None else {"CUDA_VISIBLE_DEVICES": seen}) == shown


def test_a_gpu_out_of_sight_is_refused() -> None:
    with pytest.raises(FinetuneError, match="shows 1 GPUs"):
        visible_gpu("cuda:1", {"CUDA_VISIBLE_DEVICES": "4"})
