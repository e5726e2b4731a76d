#!/usr/bin/env python
"""Measure how fast programs are generated: vLLM server, vLLM in process, transformers, a naive loop.

    .venv/bin/python scripts/bench_generation.py --rounds 2

All arms sample the same prompts of the embedded model with the same parameters, the same number of CPU
threads and one after the other in each round, so that a busy machine slows all of them. `naive` is
`model.generate` on two prompts at a time, as the reference does it. Each arm runs in a process of its own,
started and warmed before the clock.

A program counts as valid when the evaluator's lint passes it and it is built, trained and asked for its
predictions to the end: status COMPLETE or BELOW_CHANCE. `valid/min` is over generation time alone: what the
generator could feed, not what the evaluator could judge.

With `--adapter DIR` each arm is measured with that LoRA adapter too; with `--outline` the server also under
the outline grammar (`generator.samplers.outline`). It does *not* measure starting.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from corpus.config import CorpusConfig
from corpus.novelty.diversity import median_jaccard
from corpus.novelty.similarity import Shingler
from corpus.records.base import derive_seed
from corpus.records.candidates import Candidate, Origin
from corpus.records.evaluations import EvaluationStatus
from corpus.records.prompts import Prompt, SamplingParameters
from evaluator.config import EvaluatorConfig
from evaluator.supervisor.sandbox import SandboxedEvaluator
from generator.config.serving import EngineConfig, ServerConfig
from generator.embedded import embedded_model_path
from generator.prompts.extraction import extract_program
from generator.samplers.contract import SamplingOptions
from generator.samplers.outline import program_outline

ARMS = ("server", "offline", "transformers", "naive")
EXECUTED = (EvaluationStatus.COMPLETE, EvaluationStatus.BELOW_CHANCE)

HEADER = """\
| arm | adapter | tokens/s (each round) | completions/min | valid | valid/min | median Jaccard |
|---|---|---|---|---|---|---|"""

_Round = tuple[float, list[tuple[str, int]]]
"""Seconds, and the texts with their token counts."""

Draw = Callable[[Sequence[Prompt], Path | None], list[tuple[str, int]]]
"""Texts and token counts for prompts."""


def main() -> None:
    """Measure the arms in turn, print a line for each."""
    arguments = _arguments()
    parts = [(arm, adapter) for adapter in _adapters(arguments) for arm in arguments.arms]
    if arguments.outline:
        parts += [("outline", adapter) for adapter in _adapters(arguments)]
    workers = {arm: _Worker(arm, arguments) for arm in dict.fromkeys(arm for arm, _ in parts)}
    rows: dict[tuple[str, str | None], list[_Round]] = {}
    try:
        for worker in workers.values():
            worker.ready()
        for number in range(arguments.rounds):
            asked = _prompts(arguments.count, number)
            for arm, adapter in parts:
                count = min(arguments.count, arguments.naive_count) if arm == "naive" else arguments.count
                seconds, drawn = workers[arm].draw(asked[:count], adapter)
                rows.setdefault((arm, adapter), []).append((seconds, drawn))
                sys.stderr.write(f"round {number} {arm}: {seconds:.1f} s for {count} completions\n")
    finally:
        for worker in workers.values():
            worker.close()
    _print(rows, arguments)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure how fast programs are generated.")
    parser.add_argument("--count", type=int, default=100, help="completions of each arm and round (100)")
    parser.add_argument("--naive-count", type=int, default=20, help="the same for the naive loop (20)")
    parser.add_argument("--rounds", type=int, default=2, help="interleaved rounds (2)")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads of each model (1)")
    parser.add_argument("--arms", nargs="+", choices=ARMS, default=list(ARMS))
    parser.add_argument("--adapter", type=Path, help="LoRA adapter to measure with as well")
    parser.add_argument("--only-adapter", action="store_true", help="do not measure the base model")
    parser.add_argument("--outline", action="store_true", help="measure the server under the outline too")
    parser.add_argument("--kv-cache-mib", type=int, default=None, help="vLLM's cache in MiB")
    parser.add_argument("--max-num-seqs", type=int, default=128, help="vLLM's completions in flight (128)")
    parser.add_argument("--no-evaluation", action="store_true", help="tokens per second only")
    parser.add_argument("--json", action="store_true", help="one JSON object a line instead of the table")
    return parser.parse_args()


def _adapters(arguments: argparse.Namespace) -> list[str | None]:
    base: list[str | None] = [] if arguments.only_adapter else [None]
    return base + ([str(arguments.adapter)] if arguments.adapter else [])


def _prompts(count: int, number: int) -> list[Prompt]:
    from cycles.config.run import load_config
    from cycles.run.asking import plain_prompts

    seed = derive_seed("bench", number)
    return plain_prompts(load_config("cpu-tiny", [f"seed={seed}"]), 0, count)


class _Worker:
    """One arm in a process of its own."""

    def __init__(self, arm: str, arguments: argparse.Namespace) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(arm, arguments, theirs))
        self._process.start()

    def ready(self) -> None:
        self._pipe.recv()

    def draw(self, prompts: Sequence[Prompt], adapter: str | None) -> _Round:
        self._pipe.send((list(prompts), adapter))
        return self._pipe.recv()

    def close(self) -> None:
        self._pipe.close()
        self._process.join(timeout=60)
        self._process.kill()


def _serve(arm: str, arguments: argparse.Namespace, pipe: Connection) -> None:
    """Answer requests until the pipe closes; the clock runs here, so that the pipe is not measured."""
    with _drawing(arm, arguments) as draw:
        for adapter in _adapters(arguments):
            draw(_prompts(4, -1), Path(adapter) if adapter else None)
        pipe.send("ready")
        while True:
            try:
                prompts, adapter = pipe.recv()
            except EOFError:
                return
            path = Path(adapter) if adapter else None
            draw(prompts[:1], path)  # an adapter change is not generation
            start = time.monotonic()
            drawn = draw(prompts, path)
            pipe.send((time.monotonic() - start, drawn))


class _drawing:
    """The arm's way to draw, as a context."""

    def __init__(self, arm: str, arguments: argparse.Namespace) -> None:
        self._close: Callable[[], None] = lambda: None
        self._draw = self._naive(arguments) if arm == "naive" else self._sampled(arm, arguments)

    def __enter__(self) -> Draw:
        return self._draw

    def __exit__(self, *_: object) -> None:
        self._close()

    def _sampled(self, arm: str, arguments: argparse.Namespace) -> Draw:
        model, parameters, threads = embedded_model_path(), SamplingParameters(), arguments.threads
        engine = EngineConfig(kv_cache_mib=arguments.kv_cache_mib, max_num_seqs=arguments.max_num_seqs)
        options = SamplingOptions(guide=program_outline()) if arm == "outline" else SamplingOptions()
        sampler: Any
        if arm == "transformers":
            from generator.samplers.transformers import TransformersSampler

            sampler = TransformersSampler(model, parameters, batch_size=arguments.count, threads=threads)
        elif arm == "offline":
            from generator.serving.offline_sampler import OfflineSampler

            sampler = OfflineSampler(model, parameters, engine, threads=threads)
        else:
            from generator.serving.endpoint_sampler import EndpointSampler
            from generator.serving.vllm.server import VllmServer

            log = Path(f"/tmp/bench-{arm}-{os.getpid()}.log")
            server = VllmServer(model, engine, ServerConfig(), device="cpu", threads=threads, log_file=log)
            sampler = EndpointSampler(ServerConfig(), parameters, server=server)
            self._close = sampler.close
        return lambda prompts, adapter: [
            (sample.text, sample.token_count) for sample in sampler.sample(prompts, adapter, options)
        ]

    def _naive(self, arguments: argparse.Namespace) -> Draw:
        import torch
        from peft import PeftModel
        from transformers import AutoModelForCausalLM, AutoTokenizer

        torch.set_num_threads(arguments.threads)
        path, parameters = embedded_model_path(), SamplingParameters()
        tokenizer = AutoTokenizer.from_pretrained(path, padding_side="left")
        models = {None: AutoModelForCausalLM.from_pretrained(path).eval()}
        if arguments.adapter:
            base = AutoModelForCausalLM.from_pretrained(path)
            models[arguments.adapter] = PeftModel.from_pretrained(base, str(arguments.adapter)).eval()

        def pairs(prompts: Sequence[Prompt], adapter: Path | None) -> Iterator[tuple[str, int]]:
            for start in range(0, len(prompts), 2):
                chats = [[message.model_dump() for message in p.messages] for p in prompts[start : start + 2]]
                encoded = tokenizer.apply_chat_template(
                    chats, add_generation_prompt=True, return_tensors="pt", return_dict=True, padding=True
                )
                torch.manual_seed(prompts[start].seed)
                rows = models[adapter].generate(
                    **encoded,
                    do_sample=True,
                    temperature=parameters.temperature,
                    top_k=0,
                    max_new_tokens=parameters.max_new_tokens,
                )[:, encoded["input_ids"].shape[1] :]
                for row in rows:
                    text = tokenizer.decode(row, skip_special_tokens=True)
                    special = (tokenizer.pad_token_id, tokenizer.eos_token_id)
                    yield text, sum(int(token) not in special for token in row)

        return lambda prompts, adapter: list(pairs(prompts, adapter))


def _print(rows: dict[tuple[str, str | None], list[_Round]], arguments: argparse.Namespace) -> None:
    if not arguments.json:
        print(HEADER)
    for (arm, adapter), rounds in rows.items():
        seconds = sum(spent for spent, _ in rounds)
        texts = [text for _, drawn in rounds for text, _ in drawn]
        speeds = [sum(count for _, count in drawn) / spent for spent, drawn in rounds]
        valid = None if arguments.no_evaluation else _executed(texts)
        shingler = Shingler.from_config(CorpusConfig())
        similarity = median_jaccard([shingler.array(source) for source in valid or []])
        figures = {
            "arm": arm,
            "adapter": adapter is not None,
            "tokens_per_second": [round(speed) for speed in speeds],
            "completions_per_minute": round(len(texts) / seconds * 60),
            "valid": None if valid is None else round(len(valid) / len(texts), 3),
            "valid_per_minute": None if valid is None else round(len(valid) / seconds * 60),
            "median_jaccard": None if similarity is None else round(similarity, 3),
        }
        if arguments.json:
            print(json.dumps(figures), flush=True)
        else:
            print("| " + " | ".join(str(value) for value in figures.values()) + " |", flush=True)


def _executed(texts: Sequence[str]) -> list[str]:
    """Return the programs that trained and predicted."""
    candidates = [
        Candidate(
            id=f"bench/{index:04d}",
            origin=Origin.IMPORTED,
            source=extract_program(text),
            completion=text,
            index=index,
            generator="bench",
        )
        for index, text in enumerate(texts)
    ]
    with SandboxedEvaluator(EvaluatorConfig(task="digits-clean", batch_size=64)) as evaluator:
        statuses = [evaluation.status for evaluation in evaluator.evaluate(candidates)]
    judged = zip(candidates, statuses, strict=True)
    return [c.source for c, status in judged if status in EXECUTED and c.source]


if __name__ == "__main__":
    main()
