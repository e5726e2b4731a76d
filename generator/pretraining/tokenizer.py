"""The embedded model's tokenizer: byte-level BPE whose merges keep to one name, number, phrase or line break.

A program defines a name once and uses it later, so a name must have the same tokens in both places: words,
CamelCase names, `self.` attributes, numbers and line breaks with their indentation are separated *before*
byte pairs are merged. Phrases that the contract prescribes may become one token, since no program can
choose to write them differently. It loads with `AutoTokenizer` like any other; the bytes of every text
survive a round trip.

This module does *not* choose the text to train on (`generator.pretraining.text` does).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

PAD_TOKEN, END_TOKEN = "<|pad|>", "<|end|>"
ROLE_TOKENS = ("<|system|>", "<|user|>", "<|assistant|>")

CHAT_TEMPLATE = (
    "{% for message in messages %}{{ '<|' + message['role'] + '|>' + message['content'] }}"
    "{% if message['role'] == 'assistant' %}{{ '<|end|>' }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)

# What every program spells alike, because the contract, PyTorch or the prompt prescribes it. None of these
# holds a name that a program chooses. They make a program a quarter shorter.
_PHRASES = "|".join(
    (
        r"import torch(?:\.nn(?:\.functional)? as (?:nn|F))?(?=\n)",
        r"def (?:__init__|forward)\(self, ",
        r"def (?:supported_hyperparameters\(|train_setup\(self, prm|learn\(self, train_data)\):",
        r"in_shape: tuple, out_shape: tuple, prm: dict, device: torch\.device\):",
        r"super\(\)\.__init__\(\)",
        r"\(nn\.Module\):",
        r" in train_data:",
        r"\.(?:zero_grad|backward|step)\(\)",
        r"(?:self)?\.to\(self\.device\)",
        r"\(self\.parameters\(\), ",
        r"nn\.utils\.clip_grad_norm_",
        r"torch\.optim\.[A-Za-z]+",
        r"prm\['[a-z_]+'\]",
        r"(?:in_shape|out_shape)\[[0-3]\]",
        r"(?:padding|stride|groups|lr|momentum|weight_decay)=",
        r"bias=False",
        r" images, | classes, at most | parameters, accuracy above ",
    )
)

# The first alternative that matches wins. Spaces belong to operators and keywords, never to names: `
# Block(` and `class Block(` must spell `Block` alike.
_PIECES = "|".join(
    (
        _PHRASES,
        r"\n+ *",
        r"self\.[a-z_]+",
        r"(?:nn|F|torch|optim)\.[A-Za-z_]+(?:[0-9]d)?",
        r"[A-Z][A-Za-z]*(?:[0-9]d)?",
        r"[0-9]+",
        r" ?(?:class|def|return|import|from|for|in|if|else|as|not|and|or|is|lambda) ",
        r"[A-Za-z_]+",
        rf" ?(?:(?!{_PHRASES})[^\sA-Za-z0-9_])+ ?",
        r"\s",
    )
)


def train_tokenizer(texts: Iterable[str], vocabulary_size: int) -> PreTrainedTokenizerFast:
    """Return a tokenizer trained on `texts`.

    Args:
        texts: Rendered chats and programs.
        vocabulary_size: Number of tokens including 256 bytes and the 5 special tokens.
    """
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_PIECES), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary_size,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=[PAD_TOKEN, END_TOKEN, *ROLE_TOKENS],
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PAD_TOKEN,
        eos_token=END_TOKEN,
        additional_special_tokens=list(ROLE_TOKENS),
        padding_side="left",
        clean_up_tokenization_spaces=False,
    )
    fast.chat_template = CHAT_TEMPLATE
    return fast
