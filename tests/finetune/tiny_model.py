"""A real Llama and a real tokenizer, too small to know anything, made without a network in under a second."""

from __future__ import annotations

from pathlib import Path

from corpus.records.prompts import Message
from corpus.records.trainings import TrainingExample

CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|' + message['role'] + '|>' + message['content'] }}"
    "{% if message['role'] == 'assistant' %}{{ '<|end|>' }}{% endif %}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)


def build_tiny_model(
    directory: Path,
    *,
    hidden: int = 64,
    intermediate: int = 128,
    layers: int = 2,
    vocabulary: int = 512,
    chat_template: str | None = CHAT_TEMPLATE,
) -> Path:
    """Write a randomly initialised Llama with a byte-level BPE tokenizer to `directory` and return it."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<|pad|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>"]
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(["self.conv = nn.Conv2d(3, 16, 3, padding=1)\n"] * 4, trainer)
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|end|>", pad_token="<|pad|>")
    fast.chat_template = chat_template
    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=hidden,
        intermediate_size=intermediate,
        num_hidden_layers=layers,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=1024,
        tie_word_embeddings=True,
        pad_token_id=fast.pad_token_id,
        eos_token_id=fast.eos_token_id,
        bos_token_id=None,
        initializer_range=0.1,  # Small tied embeddings could not score one token far above the others.
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = LlamaForCausalLM(config)
    model.save_pretrained(directory)
    fast.save_pretrained(directory)
    return directory


def example(name: str, completion: str, prompt: str = "1x12x12 images, 10 classes") -> TrainingExample:
    """Return a training example for `completion`."""
    return TrainingExample(
        candidate_id=name, prompt=(Message(role="user", content=prompt),), completion=completion
    )
