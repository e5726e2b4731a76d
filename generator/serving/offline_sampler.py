"""The sampler with vLLM in this very process: no server, no HTTP, one batch of work at a time.

For batch jobs that only sample. vLLM settles the process' threads and memory policy when it starts, and its
memory comes back only when the process ends, so a process that also trains is better served by
`generator.serving.endpoint_sampler`.

This module does *not* import vLLM before the first sample is asked for.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

from corpus.records.adapters import adapter_hash
from corpus.records.chats import rendered
from corpus.records.prompts import FinishReason, Prompt, SamplingParameters
from generator.config.serving import EngineConfig
from generator.samplers.contract import (
    Choice,
    Grammar,
    Guide,
    JsonSchema,
    Regex,
    Sample,
    Sampler,
    SamplingOptions,
    model_label,
    sample_seed,
    served_name,
)
from generator.serving.vllm.command import engine_arguments, engine_environment


class OfflineSampler(Sampler):
    """Samples with a vLLM engine in this process.

    Args:
        model: Folder of a model, or its hub id.
        parameters: Temperature and the rest.
        engine: How vLLM runs it.
        device: `cpu` or a CUDA device, in PyTorch's notation.
        threads: CPU threads of the engine.
        defaults: Options of calls that name none.
    """

    def __init__(
        self,
        model: str | Path,
        parameters: SamplingParameters,
        engine: EngineConfig,
        *,
        device: str = "cpu",
        threads: int = 1,
        defaults: SamplingOptions | None = None,
    ) -> None:
        self._model, self._parameters, self._config = model, parameters, engine
        self._device, self._threads = device, threads
        self._defaults = defaults or SamplingOptions()
        self._engine: Any = None
        self._loads = itertools.count(1)
        self._lora: Any = None
        self._digest: str | None = None
        self._in_use = False

    @property
    def model_name(self) -> str:
        """`embedded`, the model's folder name, or its hub id."""
        return model_label(self._model)

    def guides(self, guide: Guide) -> bool:  # noqa: ARG002 - by every guide
        """Return True: vLLM masks by every guide."""
        return True

    def sample(
        self, prompts: Sequence[Prompt], adapter: Path | None, options: SamplingOptions | None = None
    ) -> Generator[Sample, None, None]:
        """Yield completions as they finish; see `generator.samplers.contract.Sampler`.

        Raises:
            AdapterError: The folder holds no adapter.
        """
        if self._in_use:
            raise RuntimeError("exhaust or close the iterator of the last call first: see Sampler.sample")
        options = options or self._defaults
        engine = self._started()
        lora = self._lora_request(adapter)
        self._in_use = True
        requests = {
            f"{prompt.id}#{index}": (prompt.id, index) for prompt in prompts for index in range(options.n)
        }
        try:
            for prompt in prompts:
                rendered = self._rendered(prompt)
                for index in range(options.n):
                    engine.add_request(
                        f"{prompt.id}#{index}",
                        rendered,
                        self._sampling(sample_seed(prompt, index), options),
                        lora_request=lora,
                    )
            while engine.has_unfinished_requests():
                for output in engine.step():
                    if output.finished:
                        yield _sample(*requests.pop(output.request_id), output.outputs[0])
        finally:
            if requests:
                engine.abort_request(list(requests))
            self._in_use = False

    def _started(self) -> Any:
        if self._engine is None:
            os.environ.update(engine_environment(self._device, self._threads, self._config))
            # A second process would only add start-up time: nothing here has to go on beside the engine.
            os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] = "0"
            from vllm import EngineArgs, LLMEngine

            arguments = engine_arguments(self._config, on_cpu=self._device == "cpu")
            self._engine = LLMEngine.from_engine_args(
                EngineArgs(model=str(self._model), disable_log_stats=True, **arguments)
            )
        return self._engine

    def _rendered(self, prompt: Prompt) -> dict[str, Any]:
        """Return the prompt as token ids, rendered as the other samplers do."""
        tokenizer = self._engine.get_tokenizer()
        ids = tokenizer(rendered(tokenizer, prompt.messages), add_special_tokens=False)["input_ids"]
        return {"prompt_token_ids": ids}

    def _lora_request(self, adapter: Path | None) -> Any:
        """Return vLLM's name for `adapter`: a new one whenever the content is new."""
        if adapter is None:
            return None
        from vllm.lora.request import LoRARequest

        digest = adapter_hash(adapter)
        if digest != self._digest:
            if self._lora is not None:
                self._engine.remove_lora(self._lora.lora_int_id)
            number = next(self._loads)
            self._lora = LoRARequest(served_name(number, digest), number, str(adapter.resolve()))
            self._digest = digest
        return self._lora

    def _sampling(self, seed: int, options: SamplingOptions) -> Any:
        from vllm import SamplingParams
        from vllm.sampling_params import RequestOutputKind

        return SamplingParams(
            temperature=self._parameters.temperature,
            top_k=self._parameters.top_k,
            top_p=self._parameters.top_p,
            max_tokens=self._parameters.max_new_tokens,
            seed=seed,
            stop=list(options.stop),
            logprobs=0 if options.logprobs else None,  # the drawn token's own, no others
            structured_outputs=None if options.guide is None else _structured(options.guide),
            output_kind=RequestOutputKind.FINAL_ONLY,
        )


def _sample(prompt_id: str, index: int, output: Any) -> Sample:
    reason = FinishReason(output.finish_reason)
    # As on a server: the token that ends a text is none of the completion's, a stop text's tokens are.
    ended = reason is FinishReason.STOP and output.stop_reason is None
    tokens = output.token_ids[: len(output.token_ids) - ended]
    scores = output.logprobs
    return Sample(
        prompt_id=prompt_id,
        index=index,
        text=output.text,
        finish_reason=reason,
        token_count=len(tokens),
        logprobs=None
        if scores is None
        else tuple(
            float(entry[token].logprob) for token, entry in zip(tokens, scores[: len(tokens)], strict=True)
        ),
    )


def _structured(guide: Guide) -> Any:
    from vllm.sampling_params import StructuredOutputsParams

    match guide:
        case Choice(options=options):
            return StructuredOutputsParams(choice=list(options))
        case JsonSchema(document=document):
            return StructuredOutputsParams(json=document)
        case Regex(pattern=pattern):
            return StructuredOutputsParams(regex=pattern)
        case Grammar(ebnf=ebnf):
            return StructuredOutputsParams(grammar=ebnf)
