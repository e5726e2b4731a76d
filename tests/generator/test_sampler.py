import subprocess
import sys
from pathlib import Path

import pytest
import torch
from pydantic import ValidationError

from corpus.records.adapters import AdapterError
from corpus.records.prompts import FinishReason, Message, Prompt, SamplingParameters
from generator.config.generator import GeneratorConfig
from generator.pretraining.tokenizer import train_tokenizer
from generator.samplers.decoding import choose
from generator.samplers.transformers import TransformersSampler

TEXT = "import torch\n\nclass Net:\n    def forward(self, x):\n        return self.head(x) + 12\n" * 3


@pytest.fixture(scope="module")
def model_path(tmp_path_factory) -> Path:
    """A tiny Llama with random weights: it ends a text at random, after some dozens of tokens."""
    from transformers import LlamaConfig, LlamaForCausalLM

    path = tmp_path_factory.mktemp("tiny") / "tiny-llama"
    tokenizer = train_tokenizer([TEXT], 300)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=32, intermediate_size=64, num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=512, eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id,
        initializer_range=0.3,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(path)
    tokenizer.save_pretrained(path)
    return path


def make_adapter(model_path: Path, path: Path, seed: int) -> Path:
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(seed)
    base = AutoModelForCausalLM.from_pretrained(model_path)
    config = LoraConfig(
        r=4, target_modules=["q_proj", "up_proj"], init_lora_weights=False, task_type="CAUSAL_LM"
    )
    get_peft_model(base, config).save_pretrained(path)
    return path


def prompts(*seeds: int) -> list[Prompt]:
    """Prompts of different lengths, so that batches need padding."""
    return [
        Prompt(
            id=f"p{seed}", strategy="s", template="compact", seed=seed,
            messages=(Message(role="user", content="class " * (seed % 4 + 1)),),
        )
        for seed in seeds
    ]  # fmt: skip


def sampler(model_path: Path, batch_size: int = 8, **parameters: float) -> TransformersSampler:
    return TransformersSampler(
        model_path, SamplingParameters(**{"max_new_tokens": 60, **parameters}), batch_size
    )


def texts(source: TransformersSampler, *seeds: int, adapter: Path | None = None) -> list[str]:
    return [completion.text for completion in source.sample(prompts(*seeds), adapter)]


def test_completions_come_in_the_order_of_the_prompts(model_path):
    completions = list(sampler(model_path, batch_size=3).sample(prompts(*range(8)), None))
    assert [completion.prompt_id for completion in completions] == [f"p{seed}" for seed in range(8)]


def test_a_batch_is_handed_over_before_the_next_one_starts(model_path, monkeypatch):
    source = sampler(model_path, batch_size=2)
    stream = source.sample(prompts(*range(6)), None)
    next(stream)
    monkeypatch.setattr(source, "_sample_batch", lambda *_: pytest.fail("the second batch was started"))
    next(stream)


def test_equal_seeds_give_equal_completions(model_path):
    assert texts(sampler(model_path), *range(8)) == texts(sampler(model_path), *range(8))


def test_another_seed_gives_another_completion(model_path):
    first, second = texts(sampler(model_path), 1, 5)  # the same text in the prompt
    assert first != second


def test_the_state_of_the_global_generator_does_not_matter(model_path):
    source = sampler(model_path)
    torch.manual_seed(1)
    first = texts(source, *range(4))
    torch.manual_seed(2)
    assert texts(source, *range(4)) == first


@pytest.mark.parametrize("temperature", [0.0, 0.8])
def test_a_completion_does_not_depend_on_its_neighbours(model_path, temperature):
    together = texts(sampler(model_path, temperature=temperature), *range(8))
    alone = texts(sampler(model_path, batch_size=1, temperature=temperature), *range(8))
    assert together == alone


def test_greedy_is_what_generate_gives(model_path):
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model, tokenizer = (
        AutoModelForCausalLM.from_pretrained(model_path),
        AutoTokenizer.from_pretrained(model_path),
    )
    expected = []
    for prompt in prompts(*range(8)):
        encoded = tokenizer.apply_chat_template(
            [message.model_dump() for message in prompt.messages],
            add_generation_prompt=True, return_tensors="pt", return_dict=True,
        )  # fmt: skip
        output = model.generate(**encoded, do_sample=False, max_new_tokens=60)
        expected.append(
            tokenizer.decode(output[0, encoded["input_ids"].shape[1] :], skip_special_tokens=True)
        )
    assert texts(sampler(model_path, temperature=0), *range(8)) == expected


def test_a_cache_that_outgrows_its_buffer_changes_nothing(model_path, monkeypatch):
    expected = texts(sampler(model_path), *range(8))
    monkeypatch.setattr("generator.samplers.decoding._GROWTH", 1)
    assert texts(sampler(model_path), *range(8)) == expected


def test_top_k_of_one_is_greedy(model_path):
    greedy = texts(sampler(model_path, temperature=0), *range(4))
    assert texts(sampler(model_path, temperature=2, top_k=1), *range(4)) == greedy


def test_the_finish_reason_tells_an_end_from_a_cut(model_path):
    completions = list(sampler(model_path, max_new_tokens=30).sample(prompts(*range(40)), None))
    reasons = {completion.finish_reason for completion in completions}
    assert reasons == {FinishReason.STOP, FinishReason.LENGTH}
    assert all(
        completion.token_count == 30
        for completion in completions
        if completion.finish_reason == FinishReason.LENGTH
    )
    assert all(
        completion.token_count < 30
        for completion in completions
        if completion.finish_reason == FinishReason.STOP
    )


def test_a_prompt_that_fills_the_context_is_refused(model_path):
    long = Prompt(
        id="p", strategy="s", template="t", seed=0, messages=(Message(role="user", content="class " * 600),)
    )
    with pytest.raises(ValueError, match="fills the model's context"):
        list(sampler(model_path).sample([long], None))


def test_an_adapter_changes_the_completions(model_path, tmp_path):
    adapter = make_adapter(model_path, tmp_path / "a", seed=1)
    source = sampler(model_path)
    assert texts(source, *range(8), adapter=adapter) != texts(source, *range(8))


def test_nothing_of_an_adapter_remains_on_the_base_model(model_path, tmp_path):
    source = sampler(model_path)
    before = {name: weight.clone() for name, weight in source._load(None).state_dict().items()}
    list(source.sample(prompts(1), make_adapter(model_path, tmp_path / "a", seed=1)))
    after = source._load(None).state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_nothing_of_an_adapter_remains_under_the_next_one(model_path, tmp_path):
    first, second = (make_adapter(model_path, tmp_path / name, seed) for name, seed in (("a", 1), ("b", 2)))
    switched = sampler(model_path)
    list(switched.sample(prompts(1), first))
    assert texts(switched, *range(8), adapter=second) == texts(sampler(model_path), *range(8), adapter=second)


def test_new_weights_under_an_old_name_are_noticed(model_path, tmp_path):
    source = sampler(model_path)
    first = texts(source, *range(8), adapter=make_adapter(model_path, tmp_path / "a", seed=1))
    assert texts(source, *range(8), adapter=make_adapter(model_path, tmp_path / "a", seed=2)) != first


def test_a_folder_without_an_adapter_is_named_in_the_error(model_path, tmp_path):
    with pytest.raises(AdapterError, match=r"adapter_config\.json is missing"):
        list(sampler(model_path).sample(prompts(1), tmp_path))


def test_the_model_is_named_after_its_folder(model_path):
    assert sampler(model_path).model_name == "tiny-llama"


def test_draws_follow_the_softmax_at_the_temperature():
    logits = torch.tensor([[0.0, 1.0, 2.0, -1.0]])
    uniforms = (torch.arange(20_000, dtype=torch.float64) + 0.5) / 20_000
    drawn = choose(logits.expand(20_000, -1), uniforms, SamplingParameters(temperature=0.5))
    shares = torch.bincount(drawn, minlength=4) / 20_000
    assert torch.allclose(shares, (logits[0] / 0.5).softmax(-1), atol=2e-4)


@pytest.mark.parametrize(
    ("filters", "kept"),
    [
        ({"top_k": 2}, {1, 2}),
        ({"top_p": 0.5}, {2}),
        ({"top_p": 0.7}, {1, 2}),
        ({"top_k": 3, "top_p": 0.99}, {0, 1, 2}),
    ],
)
def test_filters_keep_the_likeliest_tokens(filters, kept):
    logits = torch.tensor([[0.0, 1.0, 2.0, -1.0]])  # probabilities .09 .24 .64 .03
    uniforms = (torch.arange(1000, dtype=torch.float64) + 0.5) / 1000
    drawn = choose(logits.expand(1000, -1), uniforms, SamplingParameters(temperature=1, **filters))
    assert set(drawn.tolist()) == kept


def test_the_extremes_of_the_unit_interval_never_draw_an_excluded_token():
    logits = torch.tensor([[-torch.inf, 1.0, 1.0, -torch.inf]]).expand(2, -1)
    uniforms = torch.tensor([0.0, 1 - 2**-53], dtype=torch.float64)
    assert choose(logits, uniforms, SamplingParameters(temperature=1)).tolist() == [1, 2]


def test_the_configuration_gives_the_parameters_of_sampling():
    config = GeneratorConfig(temperature=0.5, top_k=3, top_p=0.9, max_new_tokens=7)
    assert config.sampling == SamplingParameters(temperature=0.5, top_k=3, top_p=0.9, max_new_tokens=7)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"temprature": 1.0}, "temprature"),
        ({"exemplars": 2}, "exemplars must be 0 with template 'compact'"),
        ({"template": "instruct"}, "the embedded model understands template 'compact' only"),
        ({"temperature": -1.0}, "greater than or equal to 0"),
    ],
)
def test_a_configuration_that_cannot_work_is_refused(settings, message):
    with pytest.raises(ValidationError, match=message):
        GeneratorConfig(**settings)


def test_the_configuration_loads_without_torch():
    code = "import sys; import generator.config.generator; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
