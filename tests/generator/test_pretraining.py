import json
import random
import subprocess
import sys

import pytest
import torch

from corpus.records.prompts import Message
from corpus.records.tasks.shape import TaskShape
from generator.pretraining.batching import IGNORED, batch_indices, collate
from generator.pretraining.optimizer import Muon, build_optimizers, learning_rate_factor, orthogonalize
from generator.pretraining.text import EncodedExample, PretrainingExample, draw_examples, draw_request, encode
from generator.pretraining.tokenizer import train_tokenizer
from generator.pretraining.training import Pretrainer, Schedule, completion_loss
from generator.pretraining.validity import VALID, verdicts

PROGRAM = """import torch
import torch.nn as nn


def supported_hyperparameters():
    return {"lr", "momentum"}


class Net(nn.Module):
    def __init__(self, in_shape, out_shape, prm, device):
        super().__init__()
        self.device = device
        self.block1 = nn.Conv2d(in_shape[1], 12, 3)
        self.head = nn.Linear(12, out_shape[0])

    def forward(self, x):
        return self.head(self.block1(x).mean((2, 3)))

    def train_setup(self, prm):
        self.to(self.device)
        self.criterion = nn.CrossEntropyLoss()
        self.optimizer = torch.optim.SGD(self.parameters(), lr=prm["lr"])

    def learn(self, train_data):
        for inputs, labels in train_data:
            self.optimizer.zero_grad()
            self.criterion(self(inputs), labels).backward()
            self.optimizer.step()
"""
SHAPE = TaskShape(channels=1, height=8, width=8, classes=10)


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer([PROGRAM] * 5, 512)


def example(program: str = PROGRAM) -> PretrainingExample:
    return PretrainingExample((Message(role="user", content="1x8x8 images"),), program)


def tiny_model(tokenizer, seed: int = 0):
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(seed)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer), hidden_size=32, intermediate_size=64, num_hidden_layers=1,
            num_attention_heads=2, tie_word_embeddings=True,
        )
    )  # fmt: skip


# --- tokenizer


@pytest.mark.parametrize(
    "text",
    [PROGRAM, "", "\n", "a  b\t\r\n c", "naïve = 'ü€𝄞'", "x=1.50e-3\n\n\n    y", "  lead", "<| no token |>"],
)
def test_every_text_survives_a_round_trip(tokenizer, text):
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    assert tokenizer.decode(ids) == text


def test_no_token_reaches_across_a_line(tokenizer):
    for token in tokenizer.get_vocab():
        text = tokenizer.convert_tokens_to_string([token])
        assert "\n" not in text.strip("\n ") and not (text.startswith("\n") and text.strip())


@pytest.mark.parametrize("name", ["MixedBlock", "self.block", "narrow_stage", "self.to_scores"])
def test_a_name_has_the_same_tokens_wherever_it_stands(name):
    contexts = ["\n    {}(", " {} =", "({})", "= {}(", "return {}(", "class {}:", ", {},"]
    tokenizer = train_tokenizer([context.format(name) * 9 for context in contexts], 400)
    expected = tokenizer(name, add_special_tokens=False)["input_ids"]
    for context in contexts:
        ids = tokenizer(context.format(name), add_special_tokens=False)["input_ids"]
        assert any(ids[at : at + len(expected)] == expected for at in range(len(ids)))


def test_numbers_are_never_merged_with_their_surroundings():
    line = "\n        self.block12 = Mix(64*3, 128, x[7], 0.25, y2)"
    tokenizer = train_tokenizer([line * 50], 400)
    pieces = [tokenizer.decode([token]) for token in tokenizer(line, add_special_tokens=False)["input_ids"]]
    assert [piece for piece in pieces if any(char.isdigit() for char in piece)] == [
        "12", "64", "3", "128", "7", "0", "25", "2"
    ]  # fmt: skip


def test_the_chat_template_puts_the_answer_right_after_the_generation_prompt(tokenizer):
    chat = [{"role": "user", "content": "a"}]
    opening = tokenizer.apply_chat_template(chat, add_generation_prompt=True, tokenize=False)
    full = tokenizer.apply_chat_template([*chat, {"role": "assistant", "content": "b"}], tokenize=False)
    assert full == opening + "b<|end|>"


def test_encoding_is_what_the_chat_template_gives_for_the_whole_conversation(tokenizer):
    encoded = encode(tokenizer, example())
    chat = [{"role": "user", "content": "1x8x8 images"}, {"role": "assistant", "content": PROGRAM}]
    assert list(encoded.tokens) == tokenizer.apply_chat_template(chat, return_dict=True)["input_ids"]


# --- text


def test_an_example_depends_on_seed_and_index_alone():
    def source(rng: random.Random, shape: TaskShape, cap: int) -> str:
        return f"{shape} {cap} {rng.random()}"

    assert list(draw_examples(source, 9, seed=1))[:4] == list(draw_examples(source, 4, seed=1))
    assert list(draw_examples(source, 4, seed=1)) != list(draw_examples(source, 4, seed=2))


def test_the_program_is_drawn_for_the_shape_and_the_cap_of_its_prompt():
    def source(rng: random.Random, shape: TaskShape, cap: int) -> str:
        return (
            f"{shape.channels}x{shape.height}x{shape.width} images, {shape.classes} classes, at most {cap} "
        )

    for drawn in draw_examples(source, 50, seed=0):
        assert drawn.prompt[0].content.startswith(drawn.completion)


def test_requests_cover_small_and_large_images_and_many_numbers_of_classes():
    requests = [draw_request(random.Random(seed)) for seed in range(2000)]
    small = sum(request.shape.height <= 12 for request in requests) / len(requests)
    assert 0.4 < small < 0.65
    assert {request.shape.channels for request in requests} == {1, 3}
    assert min(request.shape.classes for request in requests) == 2
    assert max(request.shape.classes for request in requests) == 100


# --- batches


def encoded(length: int, prompt: int = 2, first: int = 10) -> EncodedExample:
    return EncodedExample(tuple(range(first, first + length)), prompt)


def test_labels_are_the_next_tokens_of_the_completion_only():
    batch = collate([encoded(6, prompt=3), encoded(4, prompt=1)], pad_id=0)
    assert batch.tokens.tolist() == [[10, 11, 12, 13, 14, 15], [10, 11, 12, 13, 0, 0]]
    skip = IGNORED
    assert batch.labels.tolist() == [[skip, skip, 13, 14, 15, skip], [11, 12, 13, skip, skip, skip]]


def test_an_epoch_visits_every_example_once():
    batches = list(batch_indices([5] * 1003, 8, random.Random(0)))
    assert sorted(index for batch in batches for index in batch) == list(range(1003))


def test_batches_waste_little_on_padding():
    rng = random.Random(0)
    lengths = [rng.randint(100, 600) for _ in range(4000)]
    padded = sum(
        len(batch) * max(lengths[index] for index in batch) for batch in batch_indices(lengths, 8, rng)
    )
    assert padded < 1.05 * sum(lengths)


def test_padding_and_neighbours_do_not_change_the_loss(tokenizer):
    model = tiny_model(tokenizer)
    short, long = encoded(9), encoded(30, first=20)
    alone = completion_loss(model, collate([short], 0))
    batch = collate([short, long], 0)
    batch.labels[1] = IGNORED
    torch.testing.assert_close(completion_loss(model, batch), alone)


# --- optimiser


def test_orthogonalised_matrices_keep_their_singular_vectors_and_lose_their_scale():
    torch.manual_seed(0)
    for shape in ((3, 24, 40), (3, 40, 24), (1, 16, 16)):
        matrices = torch.randn(shape)
        result = orthogonalize(matrices)
        values = torch.linalg.svdvals(result)
        assert values.max() < 1.25
        assert values.median() > 0.65
        u, _, v = torch.linalg.svd(matrices, full_matrices=False)
        diagonal = u.mT @ result @ v.mT
        off = diagonal - torch.diag_embed(diagonal.diagonal(dim1=1, dim2=2))
        assert off.abs().max() < 1e-3


def test_muon_agrees_with_torch_muon_up_to_bfloat16():
    torch.manual_seed(0)
    ours, theirs = (torch.nn.Parameter(torch.ones(24, 16)) for _ in range(2))
    optimizers = [Muon([ours], lr=0.02), torch.optim.Muon([theirs], lr=0.02, weight_decay=0.1)]
    for _ in range(5):
        gradient = torch.randn(24, 16)
        for parameter, optimizer in zip((ours, theirs), optimizers, strict=True):
            parameter.grad = gradient.clone()
            optimizer.step()
    torch.testing.assert_close(ours, theirs, atol=5e-3, rtol=0)


def test_matrices_go_to_muon_and_embeddings_and_norms_to_adamw(tokenizer):
    model = tiny_model(tokenizer)
    muon, adamw = build_optimizers(model)
    counts = [
        sum(parameter.numel() for group in optimizer.param_groups for parameter in group["params"])
        for optimizer in (muon, adamw)
    ]
    assert sum(counts) == sum(parameter.numel() for parameter in model.parameters())
    assert all(parameter.ndim == 2 for parameter in muon.param_groups[0]["params"])
    assert any(parameter is model.model.embed_tokens.weight for parameter in adamw.param_groups[0]["params"])


def test_the_learning_rate_warms_up_stays_and_falls_to_a_twentieth():
    assert learning_rate_factor(0, 1000) == pytest.approx(0.02)
    assert learning_rate_factor(49, 1000) == learning_rate_factor(500, 1000) == 1.0
    assert learning_rate_factor(750, 1000) == pytest.approx(0.525)
    assert learning_rate_factor(1000, 1000) == pytest.approx(0.05)


# --- training


def make_pretrainer(tokenizer, directory, examples=16, epochs=6):
    texts = [encode(tokenizer, example(f"x = {index}\ny = self.block{index}\n")) for index in range(examples)]
    return Pretrainer(
        tiny_model(tokenizer), tokenizer, texts, Schedule(epochs=epochs, batch_size=4), directory
    )


def test_training_lowers_the_loss(tokenizer, tmp_path):
    pretrainer = make_pretrainer(tokenizer, tmp_path, epochs=30)
    whole = collate(pretrainer.examples, tokenizer.pad_token_id)
    before = float(completion_loss(pretrainer.model, whole).detach())
    pretrainer.run()
    assert pretrainer.step == len(pretrainer.batches) == 120
    assert float(completion_loss(pretrainer.model, whole).detach()) < 0.5 * before


def test_a_resumed_training_ends_in_the_weights_of_an_unbroken_one(tokenizer, tmp_path):
    unbroken = make_pretrainer(tokenizer, tmp_path / "a")
    unbroken.run()
    broken = make_pretrainer(tokenizer, tmp_path / "b")
    broken.run(seconds=0)  # one step
    assert broken.step == 1
    resumed = make_pretrainer(tokenizer, tmp_path / "b")
    resumed.resume()
    resumed.run()
    for one, other in zip(unbroken.model.parameters(), resumed.model.parameters(), strict=True):
        assert torch.equal(one, other)


def test_a_state_of_another_training_is_refused(tokenizer, tmp_path):
    make_pretrainer(tokenizer, tmp_path).run(seconds=0)
    other = make_pretrainer(tokenizer, tmp_path, examples=32)
    with pytest.raises(ValueError, match="of 24 steps, not 48"):
        other.resume()


def test_the_checkpoint_loads_like_any_model(tokenizer, tmp_path):
    from transformers import AutoModelForCausalLM, AutoTokenizer

    pretrainer = make_pretrainer(tokenizer, tmp_path)
    pretrainer.run()
    loaded = AutoModelForCausalLM.from_pretrained(pretrainer.checkpoint)
    assert torch.equal(loaded.model.embed_tokens.weight, pretrainer.model.model.embed_tokens.weight)
    restored = AutoTokenizer.from_pretrained(pretrainer.checkpoint)
    assert restored(PROGRAM)["input_ids"] == tokenizer(PROGRAM)["input_ids"]
    assert restored.chat_template == tokenizer.chat_template


@pytest.mark.slow
def test_the_command_leaves_a_model_and_a_record_of_its_validity(tmp_path):
    from transformers import AutoModelForCausalLM

    command = [sys.executable, "-m", "generator.pretraining", "--out", str(tmp_path)]
    subprocess.run([*command, "--programs", "16", "--epochs", "1", "--samples", "2"], check=True)
    record = json.loads((tmp_path / "validity.jsonl").read_text())
    assert record["step"] == 2
    assert sum(record["verdicts"].values()) == 2
    assert AutoModelForCausalLM.from_pretrained(tmp_path / "checkpoint").num_parameters() > 1e6


# --- validity


@pytest.mark.slow
def test_verdicts_name_what_went_wrong_in_the_order_of_the_programs():
    hang = PROGRAM.replace("        return self.head", "        while True: pass\n        return self.head")
    cases = {
        PROGRAM: VALID,
        "class Net(:": "SyntaxError",
        PROGRAM.replace("nn.Linear(12,", "nn.Linear(13,"): "RuntimeError",
        PROGRAM.replace("out_shape[0]", "11"): "Shape",
        PROGRAM.replace("self.block1(x)", "self.block2(x)"): "AttributeError",
        "print('ok')\n" + PROGRAM.replace("class Net", "class Other"): "KeyError",
        hang: "Timeout",
        "import os\nos._exit(0)\n": "Crash",
        "raise SystemExit\n": "SystemExit",
    }
    programs: list[str | None] = [*cases, None, PROGRAM]
    found = verdicts(programs, [SHAPE] * len(programs), seconds=2.0)
    assert found == [*cases.values(), "NoCode", VALID]
