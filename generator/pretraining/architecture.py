"""The embedded model's architecture: a Llama configuration of 1.5 million parameters.

Five heads of 32 dimensions, because vLLM's attention on CPUs knows no head of 40. This module does *not* hold
weights.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

VOCABULARY_SIZE = 1536
"""Most tokens that the tokenizer may have; the grammar's text may need fewer."""

CONTEXT_LENGTH = 2048
EMBEDDING_STD = 0.25
"""Standard deviation of the initial embeddings.

Names for the same thing (`self.criterion`, `self.loss_fn`) want one place in the tied output. From the
usual 0.02 they get there, with a cosine of 0.98, and cannot be told apart as inputs: after 3,000 steps a
model still uses one of them at random, whichever it has defined. From 0.25 it uses the right one after
320 steps.
"""


def build_model(tokenizer: PreTrainedTokenizerFast, seed: int) -> LlamaForCausalLM:
    """Return a new float32 model with as many embeddings as the tokenizer has tokens, rounded up to 64."""
    import torch
    from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM

    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=-(-len(tokenizer) // 64) * 64,
        hidden_size=160,
        intermediate_size=448,
        num_hidden_layers=4,
        num_attention_heads=5,
        num_key_value_heads=5,
        head_dim=32,
        max_position_embeddings=CONTEXT_LENGTH,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    model = LlamaForCausalLM(config)
    torch.nn.init.normal_(model.model.embed_tokens.weight, std=EMBEDDING_STD)
    model.generation_config = GenerationConfig(
        do_sample=True,
        temperature=0.8,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return model
