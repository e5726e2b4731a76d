"""Does a server really apply the adapter that it says it loaded? A short fixed continuation tells.

The server continues a fixed prompt greedily and reports the log-probability of each token. Under `peft` the
same tokens are scored by PEFT in this process, in float32, and must agree; under `base` they must differ from
what the base model gives by more than a server's noise. Servers are known to load an adapter and ignore it,
or to serve another one.

This module does *not* load adapters into servers.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from corpus.records.prompts import SamplingParameters
from generator.samplers.contract import UpstreamError
from generator.serving.chat import Reply
from generator.serving.endpoint import Endpoint

PROBE_TOKENS = 24
PROBE_TEXT = "1x12x12 images, 10 classes, at most 200000 parameters, accuracy above 0.50"
TOLERANCE = 1e-3
"""Largest difference of a log-probability in nats: kernels in float32 differ by some 1e-5, and an adapter
that is missing or another one shifts some token by far more."""
NOISE = 1e-2
"""Largest difference of a log-probability in nats between two answers of one model on one server. Measured on
the embedded model over batches of 1 to 16 and five paddings: 5e-7 in float32, 0.008 in bfloat16. Two steps of
training shift some token of the probe by 0.03."""


async def check_against_peft(endpoint: Endpoint, name: str, model: str | Path, adapter: Path) -> None:
    """Check that `name` on `endpoint` is `adapter` on `model`.

    Raises:
        UpstreamError: It is not.
    """
    reply = await probe(endpoint, name)
    if reply.token_ids is None or reply.prompt_token_ids is None or reply.logprobs is None:
        raise UpstreamError(
            f"{endpoint.url} does not report token ids, so {name} cannot be compared with PEFT. "
            "Set generator.server.probe to 'base'."
        )
    expected = peft_log_probabilities(model, adapter, reply.prompt_token_ids, reply.token_ids)
    worst = largest_difference(reply.logprobs, expected)
    if worst > TOLERANCE:
        raise UpstreamError(
            f"{endpoint.url} does not serve {adapter} as {name}: log-probabilities differ from PEFT's by "
            f"{worst:.3g} nats. Stop the server and resume."
        )


async def check_against_base(endpoint: Endpoint, name: str, base: str) -> None:
    """Check that `name` on `endpoint` answers unlike the base model.

    Raises:
        UpstreamError: It answers alike, but for noise.
    """
    with_adapter, without = await probe(endpoint, name), await probe(endpoint, base)
    if alike(with_adapter, without):
        raise UpstreamError(
            f"{endpoint.url} ignores the adapter {name}: it answers the probe as {base} does. Mend the "
            "server; an adapter that changes next to nothing needs generator.server.probe 'none'."
        )


def alike(one: Reply, other: Reply) -> bool:
    """Return whether two answers to the probe are the same but for a server's noise."""
    if one.text != other.text:
        return False
    if one.logprobs is None or other.logprobs is None:
        return True
    if len(one.logprobs) != len(other.logprobs):
        return False
    return largest_difference(one.logprobs, other.logprobs) <= NOISE


async def probe(endpoint: Endpoint, name: str) -> Reply:
    """Return the greedy continuation of the probe by the model called `name`."""
    greedy = SamplingParameters(temperature=0, max_new_tokens=PROBE_TOKENS)
    return await endpoint.chat(
        {
            "model": name,
            "messages": [{"role": "user", "content": PROBE_TEXT}],
            "temperature": greedy.temperature,
            "max_tokens": greedy.max_new_tokens,
            "logprobs": True,
            "return_token_ids": True,
        }
    )


def largest_difference(found: Sequence[float], expected: Sequence[float]) -> float:
    """Return the largest absolute difference of two equally long series, 0 for empty ones."""
    return max((abs(a - b) for a, b in zip(found, expected, strict=True)), default=0.0)


def peft_log_probabilities(
    model: str | Path, adapter: Path, prompt_ids: Sequence[int], token_ids: Sequence[int]
) -> list[float]:
    """Return the log-probability of each of `token_ids` after `prompt_ids`, by PEFT in float32 on the CPU."""
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()
    base = AutoModelForCausalLM.from_pretrained(
        model, local_files_only=True, trust_remote_code=False, dtype=torch.float32
    )
    policy = PeftModel.from_pretrained(base, str(adapter), is_trainable=False).eval()
    tokens = torch.tensor([[*prompt_ids, *token_ids]])  # (1, P + T)
    with torch.inference_mode():
        scores = policy(input_ids=tokens).logits[0, len(prompt_ids) - 1 : -1].log_softmax(-1)  # (T, V)
    drawn = torch.tensor(list(token_ids), dtype=torch.long)
    return [float(value) for value in scores.gather(1, drawn[:, None])[:, 0]]
