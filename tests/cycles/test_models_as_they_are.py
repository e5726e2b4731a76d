"""Models as users have them: each fault is one line, before anything is made, and the same everywhere."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from typer.testing import CliRunner

from corpus.records.adapters import AdapterError
from corpus.records.chats import ChatTemplateError, prefill, question, rendered, takes_system
from corpus.records.mistakes import Mistake
from corpus.records.prompts import Message, Prompt, SamplingParameters
from cycles.assembly import start_run
from cycles.cli.app import app
from cycles.config.run import RunConfig, load_config
from cycles.preflight.doctor import inputs
from cycles.preflight.doctor.finding import Level
from cycles.preflight.dry_run import dry_run
from cycles.run.models import check_model
from finetune.config import FinetuneConfig, FinetuneError
from finetune.job import TrainingJob
from finetune.trainer import LoraTrainer
from generator.models.loading import ModelError, end_tokens, load_tokenizer
from generator.samplers.transformers import TransformersSampler
from tests.finetune.tiny_model import CHAT_TEMPLATE, build_tiny_model, example

Break = Callable[[Path], None]
CHAT = (Message(role="system", content="Be brief."), Message(role="user", content="Write a net."))
NO_SYSTEM = (
    "{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
)
WITHOUT_SYSTEM = {
    "refuses": NO_SYSTEM + CHAT_TEMPLATE,
    "leaves out": CHAT_TEMPLATE.replace("{{ '<|'", "{% if message['role'] != 'system' %}{{ '<|'", 1).replace(
        "message['content'] }}", "message['content'] }}{% endif %}", 1
    ),
}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture
def copy(model: Path, tmp_path: Path) -> Path:
    return shutil.copytree(model, tmp_path / "model")


def template(text: str | None) -> Break:
    def write(folder: Path) -> None:
        path = folder / "chat_template.jinja"
        path.unlink() if text is None else path.write_text(text)

    return write


def settings(file: str, *gone: str, **values: object) -> Break:
    def write(folder: Path) -> None:
        path = folder / file
        kept = {key: value for key, value in json.loads(path.read_text()).items() if key not in gone}
        path.write_text(json.dumps(kept | values))

    return write


def all_of(*breaks: Break) -> Break:
    def write(folder: Path) -> None:
        for each in breaks:
            each(folder)

    return write


def cut(folder: Path) -> None:
    weights = folder / "model.safetensors"
    os.truncate(weights, weights.stat().st_size - 1)


def garbled(file: str, text: str) -> Break:
    return lambda folder: (folder / file).write_text(text) and None


OWN_CODE = {"AutoConfig": "code.C", "AutoModelForCausalLM": "code.M"}
NO_END = all_of(
    settings("tokenizer_config.json", "eos_token", "pad_token"),
    settings("config.json", "eos_token_id"),
    settings("generation_config.json", "eos_token_id"),
)
CANNOT_SAMPLE = {
    "no template": (template(None), ChatTemplateError, "no chat template"),
    "broken template": (template("{{ messages[0"), ChatTemplateError, "does not render"),
    "refuses all": (template("{{ raise_exception('never') }}"), ChatTemplateError, "never"),
    "own code": (settings("config.json", model_type="own", auto_map=OWN_CODE), ModelError, "code of its own"),
    "own tokenizer": (
        settings("tokenizer_config.json", tokenizer_class="T", auto_map={"AutoTokenizer": ["t.T", None]}),
        ModelError,
        "code of its own",
    ),
    "unknown": (settings("config.json", model_type="from-the-future"), ModelError, "from-the-future"),
    "no language model": (settings("config.json", model_type="vit"), ModelError, "no causal language model"),
    "ill-typed": (settings("config.json", hidden_size="wide"), ModelError, "hidden_size"),
    "no JSON": (garbled("config.json", "{"), ModelError, "damaged"),
    "no tokenizer": (garbled("tokenizer.json", '{"model": 3}'), ModelError, "damaged"),
    "cut weights": (cut, ModelError, "damaged"),
    "no end token": (NO_END, ModelError, "no end token"),
}
CANNOT_LEARN = {
    "opens thoughts": (
        template(CHAT_TEMPLATE.replace("{{ '<|assistant|>' }}", "{{ '<|assistant|><think>\n' }}")),
        FinetuneError,
        "chat template opens an answer that is sampled with '<think>",
    ),
    "renders no answer": (
        template(
            CHAT_TEMPLATE.replace(
                "{% endfor %}",
                "{% if message.role == 'assistant' %}"
                "{{ raise_exception('no answers') }}{% endif %}{% endfor %}",
            )
        ),
        FinetuneError,
        "no answers",
    ),
    "never closes": (
        template(CHAT_TEMPLATE.replace("{{ '<|end|>' }}", "")),
        FinetuneError,
        "no end token",
    ),
}


def configured(model: Path, *more: str) -> RunConfig:
    return load_config("smoke", [f"generator.model={json.dumps(str(model))}", *more])


@pytest.mark.parametrize("name", [*CANNOT_SAMPLE, *CANNOT_LEARN])
def test_a_model_that_cannot_do_it_is_one_line_everywhere_and_nothing_is_made(
    name: str, copy: Path, tmp_path: Path
) -> None:
    breaks, kind, words = {**CANNOT_SAMPLE, **CANNOT_LEARN}[name]
    breaks(copy)
    config = configured(copy)
    with pytest.raises(kind) as raised:
        start_run(tmp_path / "run", config)
    said = str(raised.value)
    assert words in said and "\n" not in said.replace("\\n", ""), said
    assert not (tmp_path / "run").exists()
    plan = dry_run(config)
    assert said in plan.obstacles and not plan.possible
    (finding,) = inputs.model(config)
    assert (finding.level, finding.says) == (Level.FAULT, said)


@pytest.mark.parametrize("name", [*CANNOT_SAMPLE, *CANNOT_LEARN])
def test_generate_stops_before_its_folder_is_made_and_only_at_what_sampling_needs(
    name: str, copy: Path, tmp_path: Path
) -> None:
    breaks, kind, words = {**CANNOT_SAMPLE, **CANNOT_LEARN}[name]
    breaks(copy)
    chosen = ["--set", f"generator.model={json.dumps(str(copy))}", "--set", "generator.max_new_tokens=2"]
    result = CliRunner().invoke(app, ["generate", "-n", "1", "--out", str(tmp_path / "out"), *chosen])
    if name in CANNOT_LEARN:
        assert result.exit_code == 0, result.output
    else:
        assert isinstance(result.exception, kind) and words in str(result.exception)
        assert not (tmp_path / "out").exists()


def test_who_learns_nothing_is_not_asked_to_be_teachable(copy: Path) -> None:
    CANNOT_LEARN["opens thoughts"][0](copy)
    check_model(configured(copy, 'teaching.by="nobody"'))


def test_a_model_that_answers_elsewhere_is_not_looked_for_here(copy: Path) -> None:
    template(None)(copy)
    elsewhere = ["generator.sampler=server", 'generator.server.url="http://host/v1"']
    check_model(configured(copy, *elsewhere, 'teaching.by="nobody"'))
    with pytest.raises(ChatTemplateError):
        check_model(configured(copy, *elsewhere))


# What works nonetheless


@pytest.mark.parametrize("how", WITHOUT_SYSTEM)
def test_a_template_without_a_system_role_gets_its_text_in_the_users_turn(how: str, copy: Path) -> None:
    template(WITHOUT_SYSTEM[how])(copy)
    tokenizer = load_tokenizer(copy)
    assert rendered(tokenizer, CHAT) == "<|user|>Be brief.\n\nWrite a net.<|assistant|>"
    assert not takes_system(tokenizer)


def test_a_template_with_a_system_role_renders_it(model: Path) -> None:
    tokenizer = load_tokenizer(model)
    assert rendered(tokenizer, CHAT) == "<|system|>Be brief.<|user|>Write a net.<|assistant|>"
    assert takes_system(tokenizer)


def test_an_answer_that_has_begun_is_rendered_as_transformers_would(copy: Path) -> None:
    tokenizer = load_tokenizer(copy)
    chat = (*CHAT, Message(role="assistant", content="import torch\n\n\nclass Net:"))
    theirs = tokenizer.apply_chat_template(
        [each.model_dump() for each in chat], continue_final_message=True, tokenize=False
    )
    assert rendered(tokenizer, chat) == theirs
    assert rendered(tokenizer, chat).removesuffix(prefill(chat)) == rendered(tokenizer, question(chat))
    assert question(CHAT) == CHAT and prefill(CHAT) == ""


SHORT = FinetuneConfig(max_length=64, batch_size=2, max_steps=1, min_examples=1)
NO_PAD = settings("tokenizer_config.json", "eos_token", "pad_token")


@pytest.mark.parametrize("breaks", [NO_PAD, template(NO_SYSTEM + CHAT_TEMPLATE)], ids=["no pad", "no system"])
def test_it_is_sampled_from_and_trained(breaks: Break, copy: Path, tmp_path: Path) -> None:
    breaks(copy)
    check_model(configured(copy))
    tokenizer = load_tokenizer(copy)
    assert tokenizer.pad_token_id is not None and end_tokens(copy, tokenizer) == {1}
    prompts = [
        Prompt(id=f"p{seed}", strategy="s", template="t", seed=seed, messages=(*CHAT[:1], turn))
        for seed, turn in enumerate((CHAT[1], Message(role="user", content="Longer. " * 4)))
    ]
    sampler = TransformersSampler(copy, SamplingParameters(max_new_tokens=4), batch_size=2)
    assert len(list(sampler.sample(prompts, None))) == 2
    rows = [example(f"c{n}", "x = 1\n" * (n + 1)).model_copy(update={"prompt": CHAT}) for n in range(2)]
    assert LoraTrainer(copy, SHORT).train(TrainingJob(rows, tmp_path / "adapter", seed=0)).steps == 1


# Target modules and adapters


@pytest.mark.parametrize(
    ("targets", "missed"),
    [
        (("q_proj", "qkv_proj"), "qkv_proj"),
        (("proj",), "proj"),
        (("self_attn.q_proj", "mlp.q_proj"), "mlp.q_proj"),
        (("q_proj", "v_proj"), None),
        (("self_attn.q_proj",), None),
    ],
)
def test_a_target_module_that_matches_no_layer_is_named(
    targets: tuple[str, ...], missed: str | None, model: Path, tmp_path: Path
) -> None:
    config = configured(model, f"finetune.target_modules={json.dumps(targets)}")
    if missed is None:
        check_model(config)
        return
    trainer = LoraTrainer(model, SHORT.model_copy(update={"target_modules": targets}))
    for attempt in (
        lambda: check_model(config),
        lambda: trainer.train(TrainingJob([example("c", "x = 1\n")], tmp_path / "adapter", seed=0)),
    ):
        with pytest.raises(FinetuneError, match=f"no layer called {missed}. Choose among q_proj, k_proj"):
            attempt()


@pytest.fixture(scope="module")
def adapter(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained") / "adapter"
    LoraTrainer(model, SHORT).train(TrainingJob([example("c", "x = 1\n")], folder, seed=0))
    return folder


def edited(change: Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]]) -> Break:
    def write(folder: Path) -> None:
        weights = folder / "adapter_model.safetensors"
        save_file(change(load_file(weights)), weights)

    return write


def shortened(folder: Path) -> None:
    weights = folder / "adapter_model.safetensors"
    os.truncate(weights, weights.stat().st_size - 8)


@pytest.mark.parametrize(
    ("breaks", "words"),
    [
        (lambda folder: (folder / "adapter_config.json").unlink(), "adapter_config.json is missing"),
        (lambda folder: (folder / "adapter_model.safetensors").unlink(), "no readable adapter weights"),
        (garbled("adapter_config.json", "[]"), "no settings of a LoRA adapter"),
        (garbled("adapter_config.json", "{}"), "no settings of a LoRA adapter"),
        (garbled("adapter_model.safetensors", "no weights at all"), "no readable adapter weights"),
        (settings("adapter_config.json", peft_type="IA3"), "kind IA3"),
        (settings("adapter_config.json", r=3), "says rank 3"),
        (shortened, "no readable adapter weights"),
        (edited(lambda w: {f"{name}.x": each for name, each in w.items()}), "holds no LoRA weights"),
        (edited(lambda w: {k.replace("layers.1", "layers.7"): v for k, v in w.items()}), "no layer"),
        (edited(lambda w: {name: each[:, :7].copy() for name, each in w.items()}), "the adapter 7"),
    ],
    ids=[
        "no settings", "no weights", "list", "empty", "text", "another kind", "another rank", "cut",
        "no LoRA", "deeper model", "narrower model",
    ],
)  # fmt: skip
def test_an_adapter_that_is_none_or_anothers_is_one_line(
    breaks: Break, words: str, model: Path, adapter: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(adapter, tmp_path / "adapter")
    breaks(folder)
    config = configured(model)
    with pytest.raises(AdapterError, match=words) as raised:
        check_model(config, adapter=folder)
    assert "\n" not in str(raised.value)
    sampler = TransformersSampler(model, SamplingParameters(max_new_tokens=2), batch_size=1)
    prompt = Prompt(id="p", strategy="s", template="t", messages=CHAT, seed=0)
    with pytest.raises(AdapterError, match=words):
        list(sampler.sample([prompt], folder))


def test_an_adapter_of_this_model_fits(model: Path, adapter: Path) -> None:
    check_model(configured(model), adapter=adapter)


def test_the_embedded_model_passes(tmp_path: Path) -> None:
    for preset in ("smoke", "cpu-tiny"):
        check_model(load_config(preset))


def test_every_fault_is_the_users_to_mend() -> None:
    assert all(issubclass(kind, Mistake) for kind in (ModelError, ChatTemplateError, AdapterError))
