import json

import pytest
import torch

from corpus.records.prompts import Prompt, SamplingParameters
from corpus.records.tasks.shape import TaskShape
from generator.embedded import embedded_model_path
from generator.pretraining.validity import VALID, verdicts
from generator.prompts.extraction import extract_program
from generator.prompts.templates import ProgramRequest, render
from generator.samplers.transformers import TransformersSampler

PATH = embedded_model_path()
PROJECTIONS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
REQUEST = ProgramRequest(
    shape=TaskShape(channels=1, height=12, width=12, classes=10), max_parameters=500_000, target_accuracy=0.5
)
CHAT = [message.model_dump() for message in render("compact", REQUEST)]


@pytest.fixture(scope="module")
def model():
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(PATH, local_files_only=True)


@pytest.fixture(scope="module")
def tokenizer():
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(PATH, local_files_only=True)


def test_the_folder_weighs_at_most_16_megabytes():
    assert sum(path.stat().st_size for path in PATH.iterdir()) <= 16e6


def test_it_is_a_plain_llama_without_code_of_its_own():
    config = json.loads((PATH / "config.json").read_text())
    assert config["architectures"] == ["LlamaForCausalLM"]
    assert "auto_map" not in config
    assert not list(PATH.glob("*.py"))


def test_weights_are_float32_safetensors(model):
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    assert [path.name for path in PATH.glob("*.safetensors")] == ["model.safetensors"]


def test_model_and_tokenizer_agree_on_tokens(model, tokenizer):
    assert model.config.vocab_size >= len(tokenizer)
    assert model.config.eos_token_id == model.generation_config.eos_token_id == tokenizer.eos_token_id
    assert model.config.pad_token_id == tokenizer.pad_token_id != tokenizer.eos_token_id


def test_heads_have_a_size_that_vllm_serves_on_a_cpu(model):
    assert model.config.head_dim in {32, 64, 80, 96, 112, 128, 160, 192, 224, 256}


def test_the_chat_template_renders_a_prompt_in_few_tokens(tokenizer):
    text = tokenizer.apply_chat_template(CHAT, add_generation_prompt=True, tokenize=False)
    assert text == f"<|user|>{CHAT[0]['content']}<|assistant|>"
    assert len(tokenizer(text)["input_ids"]) <= 40


def test_the_answer_in_the_template_ends_with_the_end_token(tokenizer):
    text = tokenizer.apply_chat_template([*CHAT, {"role": "assistant", "content": "x = 1"}], tokenize=False)
    assert text.endswith("<|assistant|>x = 1" + tokenizer.eos_token)


def test_names_for_the_same_thing_are_told_apart(model, tokenizer):
    names = tokenizer.convert_tokens_to_ids(["self.criterion", "self.loss_fn", "self.criteria"])
    rows = torch.nn.functional.normalize(model.get_input_embeddings().weight[names].detach(), dim=-1)
    similarities = rows @ rows.T - torch.eye(len(names))
    assert similarities.max() < 0.8


def test_lora_attaches_to_all_seven_projections_of_every_layer(model):
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(r=16, lora_alpha=32, target_modules=PROJECTIONS, task_type="CAUSAL_LM")
    adapted = get_peft_model(model, config)
    try:
        names = [name for name, _ in adapted.named_parameters() if "lora_A" in name]
        assert len(names) == len(PROJECTIONS) * model.config.num_hidden_layers
        trainable = sum(parameter.numel() for parameter in adapted.parameters() if parameter.requires_grad)
        assert trainable > 100_000
    finally:
        adapted.unload()


def test_the_sampler_calls_it_embedded():
    assert TransformersSampler(PATH, SamplingParameters(), batch_size=1).model_name == "embedded"


def test_a_fair_share_of_its_programs_executes_and_room_to_learn_is_left():
    prompts = [
        Prompt(
            id=f"p{seed}", strategy="s", template="compact", messages=render("compact", REQUEST), seed=seed
        )
        for seed in range(64)
    ]
    sampler = TransformersSampler(
        PATH, SamplingParameters(temperature=0.8, max_new_tokens=640), batch_size=64
    )
    sources = [extract_program(completion.text) for completion in sampler.sample(prompts, None)]
    share = verdicts(sources, [REQUEST.shape] * len(sources)).count(VALID) / len(sources)
    assert 0.2 <= share <= 0.8
