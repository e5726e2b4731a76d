"""The contract of samplers, asked of every sampler that runs without vLLM (test_vllm.py has the others)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from corpus.records.mistakes import Mistake
from corpus.records.prompts import Message, Prompt, SamplingParameters
from generator.config.serving import ServerConfig
from generator.samplers.contract import Choice, Sampler, SamplingOptions, UnsupportedOption, in_order
from generator.samplers.transformers import TransformersSampler
from generator.serving.endpoint_sampler import EndpointSampler
from tests.endpoint_server import EndpointServer
from tests.finetune.tiny_model import build_tiny_model

SHORT = SamplingParameters(max_new_tokens=12)


@pytest.fixture(scope="module")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny_model(tmp_path_factory.mktemp("tiny") / "model", hidden=32, intermediate=32)


@pytest.fixture(scope="module")
def adapter(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random adapter, strong enough to change what the model says."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    path = tmp_path_factory.mktemp("adapter")
    with torch.random.fork_rng():
        torch.manual_seed(1)
        lora = LoraConfig(
            r=4, target_modules=["q_proj", "up_proj"], init_lora_weights=False, task_type="CAUSAL_LM"
        )
        get_peft_model(AutoModelForCausalLM.from_pretrained(tiny_model), lora).save_pretrained(path)
    return path


@pytest.fixture(params=["transformers", "endpoint"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def sampler(kind: str, tiny_model: Path) -> Iterator[Sampler]:
    if kind == "transformers":
        yield TransformersSampler(tiny_model, SHORT, batch_size=3)
    else:
        with EndpointServer() as server:
            yield EndpointSampler(ServerConfig(url=server.url, backoff_seconds=0.01), SHORT)


def prompts(*seeds: int) -> list[Prompt]:
    asked = (Message(role="user", content="question"),)
    return [Prompt(id=f"p{s}", strategy="s", template="compact", seed=s, messages=asked) for s in seeds]


def texts(sampler: Sampler, *seeds: int, adapter: Path | None = None, n: int = 1) -> list[str]:
    asked = prompts(*seeds)
    answers = sampler.sample(asked, adapter, SamplingOptions(n=n))
    return [sample.text for sample in in_order(asked, answers, n)]


def test_every_prompt_has_its_completions_and_each_its_number(sampler: Sampler) -> None:
    answers = list(sampler.sample(prompts(1, 2, 3, 4), None, SamplingOptions(n=2)))
    expected = [(f"p{seed}", index) for seed in (1, 2, 3, 4) for index in (0, 1)]
    assert sorted((sample.prompt_id, sample.index) for sample in answers) == expected


def test_no_prompts_have_no_completions(sampler: Sampler) -> None:
    assert list(sampler.sample([], None)) == []


def test_the_first_of_several_completions_is_the_only_one_of_one(sampler: Sampler) -> None:
    assert texts(sampler, 1, 2, n=3)[::3] == texts(sampler, 1, 2)


def test_the_seed_decides_and_the_neighbours_do_not(sampler: Sampler) -> None:
    together = texts(sampler, 1, 2, 3, 4)
    assert [texts(sampler, seed)[0] for seed in (1, 2, 3, 4)] == together
    assert len(set(together)) == 4


def test_a_call_that_is_given_up_leaves_nothing_in_the_next(sampler: Sampler) -> None:
    expected = texts(sampler, 1, 2, 3)
    abandoned = sampler.sample(prompts(4, 5, 6), None)
    next(abandoned)
    abandoned.close()
    assert texts(sampler, 1, 2, 3) == expected


def test_a_guide_is_followed_or_refused_before_anything_is_drawn(kind: str, sampler: Sampler) -> None:
    guided = sampler.sample(prompts(1), None, SamplingOptions(guide=Choice(options=("a", "b"))))
    if kind == "endpoint":
        assert len(list(guided)) == 1
    else:
        with pytest.raises(UnsupportedOption, match=r"generator\.sampler"):
            next(guided)


def test_options_are_scored_or_the_sampler_that_can_is_named(kind: str, sampler: Sampler) -> None:
    asked = prompts(1)[0].messages
    if kind == "endpoint":
        with pytest.raises(UnsupportedOption, match=r"generator\.sampler"):
            sampler.score(asked, ["a", "b"], None)
    else:
        assert all(score < 0 for score in sampler.score(asked, ["a", "b"], None))


def test_an_adapter_shows_and_nothing_of_it_stays(sampler: Sampler, adapter: Path) -> None:
    base = texts(sampler, 1, 2)
    assert texts(sampler, 1, 2, adapter=adapter) != base
    assert texts(sampler, 1, 2) == base


def test_a_folder_that_holds_no_adapter_is_the_users_mistake(sampler: Sampler, tmp_path: Path) -> None:
    with pytest.raises(Mistake):
        texts(sampler, 1, adapter=tmp_path)


def test_a_sampler_may_be_released_at_any_time_and_answers_as_before(sampler: Sampler) -> None:
    name = sampler.model_name
    sampler.release()
    before = texts(sampler, 1, 2)
    sampler.release()
    sampler.release()
    assert texts(sampler, 1, 2) == before
    assert sampler.model_name == name != ""


def test_a_sampler_is_a_context_and_may_be_used_after_it(sampler: Sampler) -> None:
    with sampler as entered:
        assert entered is sampler
        inside = texts(sampler, 1, 2)
    sampler.close()
    assert texts(sampler, 1, 2) == inside


def test_the_context_does_not_swallow_what_its_block_raises(sampler: Sampler) -> None:
    with pytest.raises(KeyError), sampler:
        raise KeyError
