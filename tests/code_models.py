"""Tiny random models of the classes of two real code models, with tokenizers that behave as theirs do.

The vocabulary and the weights are ours and know nothing; what is as in the real ones is the architecture's
class, the rules by which text is split, the special tokens, and the structure of the chat template.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

QWEN_TEMPLATE = (
    "{% if messages[0]['role'] != 'system' %}"
    "{{ '<|im_start|>system\nYou write code.<|im_end|>\n' }}{% endif %}"
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)

DEEPSEEK_TEMPLATE = (
    "{{ bos_token }}"
    "{% if messages[0]['role'] != 'system' %}{{ 'You write code.\n' }}{% endif %}"
    "{% for message in messages %}"
    "{% if message['role'] == 'system' %}{{ message['content'] }}"
    "{% elif message['role'] == 'user' %}{{ '### Instruction:\n' + message['content'] + '\n' }}"
    "{% else %}{{ '### Response:\n' + message['content'] + '\n<|EOT|>\n' }}{% endif %}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '### Response:' }}{% endif %}"
)

_QWEN_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}|"
    r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)

_TEXT = [
    "### Instruction:\nWrite a PyTorch image classifier.\n### Response:\n```python\nimport torch\n```\n",
    "system\nuser\nassistant\n```python\nself.conv = nn.Conv2d(3, 16, 3, padding=1)\n```\n",
] * 4

_SIZES: dict[str, Any] = {
    "vocab_size": 512,
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "max_position_embeddings": 2048,
    "tie_word_embeddings": False,
    "initializer_range": 0.1,
}


def build_qwen(directory: Path) -> Path:
    """Write a model as Qwen2.5-Coder-Instruct is one: grouped queries, two end tokens, no start token."""
    from tokenizers import Regex, pre_tokenizers
    from transformers import Qwen2Config, Qwen2ForCausalLM

    split = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_QWEN_SPLIT), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    fast = _tokenizer(split, special, eos="<|im_end|>", pad="<|endoftext|>", bos=None)
    fast.chat_template = QWEN_TEMPLATE
    config = Qwen2Config(**_SIZES, num_key_value_heads=2, eos_token_id=2, pad_token_id=0)
    return _written(Qwen2ForCausalLM, config, fast, directory, end_ids=[2, 0])


def build_deepseek(directory: Path) -> Path:
    """Write a model as DeepSeek-Coder-7B-instruct-v1.5 is one: Llama's class, and a start token."""
    from tokenizers import Regex, pre_tokenizers, processors
    from transformers import LlamaConfig, LlamaForCausalLM

    split = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(r"[\r\n]"), behavior="isolated"),
            pre_tokenizers.Split(Regex(r"\s?\p{L}+"), behavior="isolated"),
            pre_tokenizers.Split(Regex(r"\s?\p{P}+"), behavior="isolated"),
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    start, end, pad = "<｜begin▁of▁sentence｜>", "<|EOT|>", "<｜end▁of▁sentence｜>"  # noqa: RUF001
    fast = _tokenizer(split, [start, end, pad], eos=end, pad=pad, bos=start)
    # Plain encoding adds the start token, and the template brings one too: both together would be a fault.
    fast.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{start} $A", special_tokens=[(start, 0)]
    )
    fast.chat_template = DEEPSEEK_TEMPLATE
    config = LlamaConfig(**_SIZES, num_key_value_heads=4, bos_token_id=0, eos_token_id=1, pad_token_id=2)
    return _written(LlamaForCausalLM, config, fast, directory, end_ids=1)


def _tokenizer(split: Any, special: list[str], *, eos: str, pad: str, bos: str | None) -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = split
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=_SIZES["vocab_size"],
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_TEXT, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=eos, pad_token=pad, bos_token=bos)


def _written(kind: Any, config: Any, tokenizer: Any, directory: Path, *, end_ids: int | list[int]) -> Path:
    import torch

    with torch.random.fork_rng():
        torch.manual_seed(1)
        model = kind(config)
    model.generation_config.eos_token_id = end_ids
    model.save_pretrained(directory)
    tokenizer.save_pretrained(directory)
    return directory
