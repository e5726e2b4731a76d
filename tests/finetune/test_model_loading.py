"""Code models as users have them: found on this machine, loaded as asked, trained and sampled through their
own chat templates. The models are tiny and random, of the classes of Qwen2.5-Coder and DeepSeek-Coder."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from corpus.records.prompts import FinishReason, Message, Prompt, SamplingParameters
from corpus.records.tasks.shape import TaskShape
from corpus.records.trainings import TrainingExample
from finetune.config import ATTENTION_AND_MLP, FinetuneConfig, FinetuneError
from finetune.job import TrainingJob
from finetune.trainer import LoraTrainer
from generator.models.places import ModelNotFoundError, resolve_model
from generator.prompts.templates import ProgramRequest, expected_completion, render
from tests.code_models import build_deepseek, build_qwen

REQUEST = ProgramRequest(
    shape=TaskShape(channels=3, height=32, width=32, classes=10), max_parameters=500_000, target_accuracy=0.4
)
CONTRACT = render("instruct", REQUEST)
MESSAGES = (Message(role="system", content="You write code."), Message(role="user", content="Write a net."))
EXAMPLES = [
    TrainingExample(
        candidate_id=f"c{i}",
        prompt=MESSAGES,
        completion=expected_completion("instruct", f"import torch\nwidth = {i}\n"),
    )
    for i in range(4)
]
CONTRACTED = EXAMPLES[0].model_copy(update={"prompt": CONTRACT})
TWO_STEPS = FinetuneConfig(max_length=256, batch_size=1, gradient_accumulation=2, max_steps=2, min_examples=1)
GREEDY = SamplingParameters(temperature=0.0, top_k=0, top_p=1.0, max_new_tokens=8)


@pytest.fixture(scope="module", params=[build_qwen, build_deepseek], ids=["qwen", "deepseek"])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    built: Path = request.param(tmp_path_factory.mktemp("models") / "code-model")
    return built


@pytest.fixture(scope="module")
def adapter(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two steps with gradient checkpointing, as on a GPU, in float32 on the CPU."""
    directory = tmp_path_factory.mktemp("trained") / "adapter"
    config = TWO_STEPS.model_copy(update={"gradient_checkpointing": True, "learning_rate": 0.05})
    result = LoraTrainer(model, config).train(TrainingJob(EXAMPLES, output_dir=directory, seed=0))
    assert result.steps == 2 and result.truncated == 0
    return directory


def tokenizer_of(model: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(model, local_files_only=True)


# Chat templates


def test_what_is_learnt_is_the_answer_and_its_end_token(model: Path) -> None:
    from finetune.rows import render_rows

    tokenizer = tokenizer_of(model)
    ends = frozenset([tokenizer.eos_token_id])
    row = render_rows(tokenizer, [CONTRACTED], end_tokens=ends, max_length=2048)[0]
    learnt = tokenizer.decode(row.tokens[row.prompt_tokens :])
    assert learnt.strip().removesuffix(tokenizer.eos_token).strip() == EXAMPLES[0].completion
    assert tokenizer.eos_token in learnt


def test_the_prompt_that_is_trained_is_the_prompt_that_is_sampled(model: Path) -> None:
    from finetune.rows import render_rows

    tokenizer = tokenizer_of(model)
    row = render_rows(
        tokenizer, EXAMPLES[:1], end_tokens=frozenset([tokenizer.eos_token_id]), max_length=2048
    )[0]
    chat = [message.model_dump() for message in MESSAGES]
    text = tokenizer.apply_chat_template(chat, add_generation_prompt=True, tokenize=False)
    sampled = tokenizer(text, add_special_tokens=False)["input_ids"]
    assert list(row.tokens[: row.prompt_tokens]) == sampled
    if tokenizer.bos_token_id is not None:
        assert sampled.count(tokenizer.bos_token_id) == 1


# Training and sampling


def test_checkpointing_changes_nothing_but_memory(model: Path, adapter: Path, tmp_path: Path) -> None:
    plain = TWO_STEPS.model_copy(update={"learning_rate": 0.05})
    result = LoraTrainer(model, plain).train(TrainingJob(EXAMPLES, output_dir=tmp_path / "a", seed=0))
    assert result.adapter_hash == json.loads((adapter / "training.json").read_text())["adapter_hash"]


def test_all_seven_projections_are_trained(model: Path, adapter: Path) -> None:
    from safetensors import safe_open

    with safe_open(adapter / "adapter_model.safetensors", "pt") as weights:
        names = {name.split(".")[-3] for name in weights.keys()}  # noqa: SIM118 - not a dict
        moved = [bool(weights.get_tensor(name).any()) for name in weights.keys() if "lora_B" in name]  # noqa: SIM118
    assert names == set(ATTENTION_AND_MLP)
    assert all(moved) and moved


def test_the_adapter_loads_back_and_is_sampled_from(model: Path, adapter: Path) -> None:
    from generator.samplers.transformers import TransformersSampler

    sampler = TransformersSampler(model, GREEDY, batch_size=2)
    prompts = [Prompt(id="p", strategy="s", template="instruct", messages=MESSAGES, seed=1)]
    (base,) = sampler.sample(prompts, None)
    (tuned,) = sampler.sample(prompts, adapter)
    assert base.token_count == 8 and tuned.text != base.text


def test_a_released_sampler_answers_as_before(model: Path) -> None:
    from generator.samplers.transformers import TransformersSampler

    sampler = TransformersSampler(model, GREEDY, batch_size=2)
    prompts = [Prompt(id="p", strategy="s", template="instruct", messages=MESSAGES, seed=1)]
    before = list(sampler.sample(prompts, None))
    sampler.release()
    assert sampler._model is None
    assert list(sampler.sample(prompts, None)) == before


def test_every_end_token_of_the_generation_settings_ends_a_completion(model: Path, tmp_path: Path) -> None:
    """The first greedy token is declared an end token: a sampler that reads the list stops at once."""
    import shutil

    import torch
    from transformers import AutoModelForCausalLM

    from generator.samplers.transformers import TransformersSampler

    copy = tmp_path / "copy"
    shutil.copytree(model, copy)
    tokenizer = tokenizer_of(copy)
    chat = [Message(role="user", content="go").model_dump()]
    text = tokenizer.apply_chat_template(chat, add_generation_prompt=True, tokenize=False)
    ids = tokenizer(text, add_special_tokens=False, return_tensors="pt").input_ids
    with torch.no_grad():
        first = int(AutoModelForCausalLM.from_pretrained(copy)(input_ids=ids).logits[0, -1].argmax())
    settings = json.loads((copy / "generation_config.json").read_text())
    settings["eos_token_id"] = [tokenizer.eos_token_id, first]
    (copy / "generation_config.json").write_text(json.dumps(settings))
    prompt = Prompt(
        id="p", strategy="s", template="t", messages=(Message(role="user", content="go"),), seed=1
    )
    (sample,) = TransformersSampler(copy, GREEDY, batch_size=1).sample([prompt], None)
    assert (sample.token_count, sample.finish_reason) == (0, FinishReason.STOP)


# Precision


def stored_types(adapter: Path) -> set[str]:
    from safetensors import safe_open

    with safe_open(adapter / "adapter_model.safetensors", "pt") as weights:
        return {weights.get_slice(name).get_dtype() for name in weights.keys()}  # noqa: SIM118 - not a dict


def test_bfloat16_weights_get_a_float32_adapter(model: Path, tmp_path: Path) -> None:
    config = TWO_STEPS.model_copy(update={"dtype": "bfloat16", "gradient_checkpointing": True})
    LoraTrainer(model, config).train(TrainingJob(EXAMPLES[:2], output_dir=tmp_path / "a", seed=0))
    assert stored_types(tmp_path / "a") == {"F32"}


def test_the_gpu_presets_become_arguments_of_the_training_library(tmp_path: Path) -> None:
    from cycles.config.run import load_config
    from finetune.losses import _sft_arguments

    preset = load_config("gpu-24gb").finetune.model_copy(update={"device": "cpu"})
    arguments = _sft_arguments(preset, 100, 0, tmp_path)
    assert arguments.bf16 and arguments.gradient_checkpointing
    assert (arguments.per_device_train_batch_size, arguments.gradient_accumulation_steps) == (1, 8)
    assert arguments.max_length == 4096 and arguments.learning_rate == 1e-5


def test_without_bitsandbytes_four_bits_are_refused_with_the_remedy(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "bitsandbytes", None)
    config = TWO_STEPS.model_copy(update={"quantization": "nf4"})
    with pytest.raises(FinetuneError, match=r"pip install -e '\.\[quant\]'"):
        LoraTrainer(model, config).train(TrainingJob(EXAMPLES, output_dir=tmp_path / "a", seed=0))
    assert not (tmp_path / "a").exists()


def test_four_bits_train_and_the_adapter_fits_the_unquantised_model(model: Path, tmp_path: Path) -> None:
    pytest.importorskip("bitsandbytes", reason="needs bitsandbytes: pip install -e '.[quant]'")
    from generator.samplers.transformers import TransformersSampler

    config = TWO_STEPS.model_copy(
        update={
            "quantization": "nf4",
            "dtype": "bfloat16",
            "gradient_checkpointing": True,
            "learning_rate": 0.05,
        }
    )
    LoraTrainer(model, config).train(TrainingJob(EXAMPLES, output_dir=tmp_path / "a", seed=0))
    assert stored_types(tmp_path / "a") == {"F32"}  # the training library would make it bfloat16
    sampler = TransformersSampler(model, GREEDY, batch_size=2)
    prompts = [Prompt(id="p", strategy="s", template="instruct", messages=MESSAGES, seed=1)]
    assert list(sampler.sample(prompts, tmp_path / "a")) != list(sampler.sample(prompts, None))


@pytest.mark.gpu
def test_four_bits_train_on_a_gpu_and_its_memory_is_free_afterwards(model: Path, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    pytest.importorskip("bitsandbytes", reason="needs bitsandbytes: pip install -e '.[quant]'")
    from finetune.process_trainer import ProcessTrainer

    before = torch.cuda.mem_get_info()[0]
    config = TWO_STEPS.model_copy(
        update={"device": "cuda", "quantization": "nf4", "dtype": "bfloat16", "gradient_checkpointing": True}
    )
    result = ProcessTrainer(model, config).train(TrainingJob(EXAMPLES, output_dir=tmp_path / "a", seed=0))
    assert result.steps == 2
    assert torch.cuda.mem_get_info()[0] >= before - (64 << 20)


def test_a_gpu_that_is_not_there_is_refused(model: Path, tmp_path: Path) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a CUDA device")
    with pytest.raises(FinetuneError, match="no CUDA device: set it to 'cpu'"):
        LoraTrainer(model, TWO_STEPS.model_copy(update={"device": "cuda"})).train(
            TrainingJob(EXAMPLES, output_dir=tmp_path / "a", seed=0)
        )


# Where models are


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty Hugging Face cache."""
    import huggingface_hub

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


def snapshot(hub: Path, *files: str) -> Path:
    repository = hub / "models--owner--coder"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text("abc")
    folder = repository / "snapshots" / "abc"
    folder.mkdir(parents=True)
    for name in files:
        (folder / name).write_text("{}")
    return folder


def test_a_model_in_the_cache_is_found_by_its_hub_id(hub: Path) -> None:
    snapshot(hub, "config.json", "model.safetensors")
    assert resolve_model("owner/coder") == "owner/coder"


def test_a_model_that_is_not_here_names_the_command_that_downloads_it(hub: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="hf download owner/coder"):
        resolve_model("owner/coder")


def test_an_incomplete_download_names_the_missing_file(hub: Path) -> None:
    folder = snapshot(hub, "config.json", "model-00001-of-00002.safetensors")
    shards = {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": shards}))
    with pytest.raises(ModelNotFoundError, match=r"00002-of-00002\.safetensors is missing.*hf download"):
        resolve_model("owner/coder")


def test_a_folder_without_weights_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ModelNotFoundError, match=r"model\.safetensors is missing"):
        resolve_model(str(tmp_path))


def test_a_folder_with_a_model_is_itself(model: Path) -> None:
    assert resolve_model(str(model)) == model
