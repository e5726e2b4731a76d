"""Options are scored as a plain loop over their tokens scores them, whatever stands beside them."""

from __future__ import annotations

from pathlib import Path

import pytest

from corpus.records.chats import rendered
from corpus.records.prompts import Message, SamplingParameters
from generator.models.loading import load_model, load_tokenizer
from generator.samplers.contract import PromptTooLong
from generator.samplers.transformers import TransformersSampler
from tests.code_models import build_deepseek
from tests.finetune.tiny_model import build_tiny_model

CHAT = (Message(role="user", content="What next?"),)
OPTIONS = ("conv", "a depthwise convolution, then a pointwise one", "pool", "nn.Conv2d(3, 16, 3)")


@pytest.fixture(scope="module", params=[build_tiny_model, build_deepseek], ids=["llama", "deepseek"])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = request.param(tmp_path_factory.mktemp("model") / "model")
    return path


@pytest.fixture(scope="module")
def adapter(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random adapter, strong enough to change what the model prefers."""
    import torch
    from peft import LoraConfig, get_peft_model

    path = tmp_path_factory.mktemp("adapter")
    with torch.random.fork_rng():
        torch.manual_seed(1)
        lora = LoraConfig(
            r=4, target_modules=["q_proj", "up_proj"], init_lora_weights=False, task_type="CAUSAL_LM"
        )
        get_peft_model(load_model(model), lora).save_pretrained(path)
    return path


def by_the_loop(path: Path, adapter: Path | None) -> list[float]:
    """Return the mean log-probabilities, token by token, each after the whole text before it."""
    import torch
    from peft import PeftModel

    tokenizer, model = load_tokenizer(path), load_model(path).eval()
    if adapter is not None:
        model = PeftModel.from_pretrained(model, str(adapter)).eval()
    chat = tokenizer(rendered(tokenizer, CHAT), add_special_tokens=False)["input_ids"]
    means = []
    for option in OPTIONS:
        so_far, logs = list(chat), []
        for token in tokenizer(option, add_special_tokens=False)["input_ids"]:
            with torch.inference_mode():
                scores = model(input_ids=torch.tensor([so_far])).logits[0, -1].double()
            logs.append(float(scores[token] - scores.logsumexp(0)))
            so_far.append(token)
        means.append(sum(logs) / len(logs))
    return means


def sampler(model: Path, batch_size: int = 10) -> TransformersSampler:
    return TransformersSampler(model, SamplingParameters(max_new_tokens=8), batch_size=batch_size)


@pytest.mark.parametrize("adapted", [False, True], ids=["base", "adapter"])
def test_scores_are_those_of_a_plain_loop(model: Path, adapter: Path, adapted: bool) -> None:
    under = adapter if adapted else None
    assert sampler(model).score(CHAT, OPTIONS, under) == pytest.approx(by_the_loop(model, under), abs=1e-4)


def test_an_adapter_shows_in_the_scores_and_nothing_of_it_stays(model: Path, adapter: Path) -> None:
    scoring = sampler(model)
    base = scoring.score(CHAT, OPTIONS, None)
    assert scoring.score(CHAT, OPTIONS, adapter) != pytest.approx(base, abs=1e-2)
    assert scoring.score(CHAT, OPTIONS, None) == base


def test_the_options_beside_it_do_not_move_a_score(model: Path) -> None:
    together = sampler(model).score(CHAT, OPTIONS, None)
    assert sampler(model, batch_size=1).score(CHAT, OPTIONS, None) == pytest.approx(together, abs=1e-4)


def test_an_option_without_tokens_and_one_beyond_the_context_are_refused(model: Path) -> None:
    with pytest.raises(ValueError, match="without tokens"):
        sampler(model).score(CHAT, ["conv", ""], None)
    with pytest.raises(PromptTooLong, match="context"):
        sampler(model).score(CHAT, ["conv " * 4000], None)
