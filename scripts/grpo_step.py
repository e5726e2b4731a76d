#!/usr/bin/env python
"""One step of GRPO on the CPU: the embedded model writes, the real evaluator rewards, TRL updates an adapter.

    .venv/bin/python scripts/grpo_step.py --generations 4

Group relative policy optimisation (DeepSeekMath, arXiv 2402.03300): the model answers one prompt several
times, each answer is rewarded, and what is better than the mean of its group becomes likelier. The reward is
the validation accuracy that the sandboxed evaluator gives under the preset's protocol, 0 for a program that
is not valid. Printed are the statuses, the reward of each answer, the last loss, and how far the adapter
moved. Where all rewards of a group are equal there is nothing to learn, and nothing moves.

It shows that the parts fit; it is *not* a way of teaching that a run offers. It makes no server and uses no
vLLM: TRL generates with transformers, in this process.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import Counter
from typing import Any

import datasets
import torch
import transformers
from peft import LoraConfig, get_peft_model
from trl import GRPOConfig, GRPOTrainer

from corpus.records.candidates import Candidate, Origin
from cycles.carrying import carrier_for
from cycles.config.run import RunConfig, load_config
from cycles.parts import build_sandbox, task_shape
from cycles.run.starting_corpus import plain_request
from evaluator.supervisor.sandbox import SandboxedEvaluator
from finetune.base_model import load_base
from generator.models.places import resolve_model
from generator.prompts.extraction import extract_program


class Reward:
    """Judges completions as a run would, and keeps what came of each.

    Attributes:
        judged: Status and reward of every completion so far, in order.
    """

    __name__ = "validation_accuracy"  # TRL logs a reward under its name

    def __init__(self, config: RunConfig, sandbox: SandboxedEvaluator) -> None:
        self._carrier, self._sandbox = carrier_for(config, task_shape(config)), sandbox
        self.judged: list[tuple[str, float]] = []

    def __call__(self, completions: list[list[dict[str, str]]], **_: Any) -> list[float]:
        """Return the validation accuracy of each completion's program in [0, 1], 0 where it is not valid."""
        candidates = [self._candidate(place, each[0]["content"]) for place, each in enumerate(completions)]
        found = list(self._sandbox.evaluate(candidates))
        rewards = [each.accuracy or 0.0 if each.valid else 0.0 for each in found]
        self.judged += [(each.status.value, reward) for each, reward in zip(found, rewards, strict=True)]
        return rewards

    def _candidate(self, place: int, text: str) -> Candidate:
        written = Candidate(
            id=f"grpo/{len(self.judged) + place:04d}", origin=Origin.SAMPLED, source=extract_program(text),
            completion=text, generator="grpo", index=place,
        )  # fmt: skip
        return self._carrier.candidate(written)


def main() -> None:
    """Take the step and print what came of it."""
    arguments = _arguments()
    config = load_config("cpu-tiny", arguments.overrides)
    transformers.set_seed(arguments.seed)
    torch.set_num_threads(config.finetune.threads)
    tokenizer, base = load_base(resolve_model(config.generator.model), config.finetune)
    lora = LoraConfig(
        r=config.finetune.rank,
        lora_alpha=config.finetune.alpha,
        target_modules=list(config.finetune.target_modules),
        task_type="CAUSAL_LM",
    )
    request = [each.model_dump() for each in plain_request(config, task_shape(config))]
    with tempfile.TemporaryDirectory() as nowhere, build_sandbox(config) as sandbox:
        reward = Reward(config, sandbox)
        trainer = GRPOTrainer(
            model=get_peft_model(base, lora),
            reward_funcs=[reward],
            args=_settings(config, arguments, nowhere),
            train_dataset=datasets.Dataset.from_list([{"prompt": request}] * arguments.steps),
            processing_class=tokenizer,
        )
        trainer.remove_callback(transformers.PrinterCallback)  # what is printed is one line
        before = _adapter(trainer.model)
        trainer.train()
        moved = float((_adapter(trainer.model) - before).norm())
    steps = [each for each in trainer.state.log_history if "loss" in each]
    figures = {
        "steps": len(steps),
        "statuses": dict(Counter(status for status, _ in reward.judged)),
        "rewards": [round(value, 4) for _, value in reward.judged],
        "loss": steps[-1]["loss"],
        "moved": moved,
    }
    print(json.dumps(figures))


def _settings(config: RunConfig, arguments: argparse.Namespace, directory: str) -> GRPOConfig:
    sampling = config.generator.sampling
    return GRPOConfig(
        output_dir=directory,
        max_steps=arguments.steps,
        per_device_train_batch_size=arguments.generations,
        num_generations=arguments.generations,
        max_completion_length=sampling.max_new_tokens,
        temperature=sampling.temperature,
        learning_rate=arguments.learning_rate,
        lr_scheduler_type="constant",
        seed=arguments.seed,
        use_cpu=True,
        bf16=False,
        gradient_checkpointing=False,
        dataloader_pin_memory=False,
        logging_steps=1,
        report_to="none",
        save_strategy="no",
        disable_tqdm=True,
    )


def _adapter(model: Any) -> torch.Tensor:
    """Return all trainable weights as one vector."""
    return torch.cat([each.detach().flatten().clone() for each in model.parameters() if each.requires_grad])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Take one step of GRPO with the real evaluator as reward.")
    parser.add_argument("--generations", type=int, default=4, help="answers in a group, at least 2")
    parser.add_argument("--steps", type=int, default=1, help="optimiser steps, a group each")
    parser.add_argument("--learning-rate", type=float, default=1e-4, help="AdamW's, constant")
    parser.add_argument("--seed", type=int, default=0, help="seeds the answers and the adapter")
    parser.add_argument("--set", dest="overrides", action="append", default=[], help="a run's setting")
    return parser.parse_args()


if __name__ == "__main__":
    main()
