"""Preference tuning on a tiny real Llama: what becomes likelier, against which reference, from which rows."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from corpus.records.adapters import adapter_hash
from corpus.records.trainings import TrainingResult
from finetune.config import FinetuneConfig, FinetuneError, Loss
from finetune.job import TrainingJob
from finetune.losses import balancing_weights
from finetune.process_trainer import ProcessTrainer
from finetune.trainer import LoraTrainer
from tests.finetune.tiny_model import build_tiny_model, example

GOOD = [example(f"g{i}", f"self.layer{i} = nn.Linear({7 * i}, {i})\n" * 2) for i in range(4)]
BAD = [example(f"b{i}", f"self.broken{i} = nn.Conv2d({i})\n" * 2) for i in range(4)]
PREFERENCES = [Loss.KTO, Loss.DPO]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny_model(tmp_path_factory.mktemp("tiny") / "base")


def settings(loss: Loss, **changes: Any) -> FinetuneConfig:
    return FinetuneConfig.model_validate({"loss": loss, "epochs": 4, "batch_size": 4, **changes})


def trained(
    model: Path, config: FinetuneConfig, out: Path, **changes: Any
) -> tuple[TrainingResult, list[float]]:
    losses: list[float] = []
    job = TrainingJob(
        GOOD, out, seed=1, rejected=BAD, on_step=lambda _step, _steps, loss: losses.append(loss), **changes
    )
    return LoraTrainer(model, config).train(job), losses


def log_likelihood(model: Path, adapter: Path | None, rows: list[Any]) -> float:
    """Sum of the log-probabilities of the rows' completions, with plain PEFT."""
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model)
    network: Any = AutoModelForCausalLM.from_pretrained(model)
    if adapter is not None:
        network = PeftModel.from_pretrained(network, str(adapter))
    total = 0.0
    for row in rows:
        prompt = f"<|user|>{row.prompt[0].content}<|assistant|>"
        ids = tokenizer(prompt + row.completion + "<|end|>", return_tensors="pt").input_ids
        with torch.no_grad():
            chosen = network(input_ids=ids).logits[0, :-1].log_softmax(-1).gather(1, ids[0, 1:, None])[:, 0]
        total += float(chosen[len(tokenizer(prompt).input_ids) - 1 :].sum())
    return total


@pytest.mark.parametrize("loss", PREFERENCES)
def test_what_is_preferred_becomes_likelier_than_what_is_not(model: Path, tmp_path: Path, loss: Loss) -> None:
    result, losses = trained(model, settings(loss), tmp_path / "a")
    gains = [
        log_likelihood(model, tmp_path / "a", rows) - log_likelihood(model, None, rows)
        for rows in (GOOD, BAD)
    ]
    assert gains[0] > gains[1] + 1.0
    assert losses[-1] < losses[0]
    assert (result.examples, result.rejected) == (4, 4)
    assert result.steps == {Loss.KTO: 8, Loss.DPO: 4}[loss]


@pytest.mark.parametrize(("loss", "at_rest"), [(Loss.KTO, 0.5), (Loss.DPO, math.log(2))])
def test_the_reference_is_the_base_model_also_where_a_training_goes_on(
    model: Path, tmp_path: Path, loss: Loss, at_rest: float
) -> None:
    first, losses = trained(model, settings(loss), tmp_path / "a")
    # A fresh adapter changes nothing, so that nothing is preferred yet to what the reference prefers.
    assert losses[0] == pytest.approx(at_rest, abs=1e-5)
    second, further = trained(
        model, settings(loss, start="previous"), tmp_path / "b", previous=tmp_path / "a"
    )
    # An adapter that has learnt is ahead of the reference from its first step on.
    assert further[0] < at_rest - 1e-3
    assert second.trainable_parameters == first.trainable_parameters


@pytest.mark.parametrize("loss", [Loss.KTO, pytest.param(Loss.DPO, marks=pytest.mark.slow)])
def test_equal_preferences_give_equal_adapters_in_a_process_of_their_own_too(
    model: Path, tmp_path: Path, loss: Loss
) -> None:
    config = settings(loss, max_steps=2)
    here, _ = trained(model, config, tmp_path / "a")
    there = ProcessTrainer(model, config).train(TrainingJob(GOOD, tmp_path / "b", seed=1, rejected=BAD))
    assert here.adapter_hash == there.adapter_hash == adapter_hash(tmp_path / "b")
    other = LoraTrainer(model, config).train(TrainingJob(GOOD, tmp_path / "c", seed=1, rejected=BAD[::-1]))
    assert other.adapter_hash != here.adapter_hash


@pytest.mark.parametrize("loss", PREFERENCES)
def test_a_loss_that_is_no_number_ends_the_training_and_leaves_nothing(
    model: Path, tmp_path: Path, loss: Loss
) -> None:
    with pytest.raises(FinetuneError, match=r"lower finetune\.learning_rate"):
        trained(model, settings(loss, learning_rate=1e30, max_gradient_norm=1e30), tmp_path / "a")
    assert not list(tmp_path.iterdir())


def test_a_row_that_covers_its_prompt_is_refused(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trl.trainer.kto_trainer import DataCollatorForUnpairedPreference as Collator

    collate = Collator.torch_call

    def whole(self: Any, examples: Any) -> Any:
        batch = collate(self, examples)
        return {**batch, "completion_mask": batch["attention_mask"]}

    monkeypatch.setattr(Collator, "torch_call", whole)
    with pytest.raises(RuntimeError, match="cover prompt"):
        trained(model, settings(Loss.KTO), tmp_path / "a")


def test_pairs_must_be_whole_and_one_that_does_not_fit_is_left_out(model: Path, tmp_path: Path) -> None:
    trainer = LoraTrainer(model, settings(Loss.DPO, max_length=400, max_steps=1))
    with pytest.raises(FinetuneError, match="4 chosen answers, but 3 rejected ones"):
        trainer.train(TrainingJob(GOOD, tmp_path / "a", seed=1, rejected=BAD[:3]))
    with pytest.raises(FinetuneError, match=r"set finetune\.loss to 'sft'"):
        trainer.train(TrainingJob(GOOD, tmp_path / "a", seed=1))
    long = BAD[0].model_copy(
        update={"prompt": (BAD[0].prompt[0].model_copy(update={"content": "x " * 4000}),)}
    )
    result = trainer.train(TrainingJob(GOOD, tmp_path / "a", seed=1, rejected=[long, *BAD[1:]]))
    assert (result.examples, result.rejected) == (3, 3)


def test_labels_that_are_unequally_many_count_alike() -> None:
    assert balancing_weights(10, 40) == (4.0, 1.0)
    assert balancing_weights(30, 20) == (1.0, 1.5)
    assert balancing_weights(3, 5) == (1.67, 1.0)
    assert balancing_weights(5, 0) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"loss": "dpo", "replay": 0.5}, "set replay to 0"), ({"loss": "kto", "batch_size": 1}, "batch_size")],
)
def test_settings_that_a_loss_cannot_use_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        FinetuneConfig.model_validate(changes)
