"""The corpus before the first cycle: programs of the grammar, against which novelty is judged from the start.

They are not evaluated and never exemplars; as `finetune.replay` asks, they are mixed into the fine-tuning
rows so that a narrow set of winners does not make the generator forget the rest.
"""

from __future__ import annotations

import random

from corpus.ledger.reader import Ledger
from corpus.ledger.writer import LedgerWriter
from corpus.novelty.gate import seed_admission
from corpus.records.base import derive_seed
from corpus.records.candidates import Candidate, Origin
from corpus.records.prompts import Message
from corpus.records.tasks.shape import TaskShape
from corpus.records.trainings import TrainingExample
from cycles.carrying import carries
from cycles.config.run import RunConfig
from generator.kinds.carrying import carried
from generator.prompts.templates import ProgramRequest, expected_completion, render
from generator.spaces.errors import require_side


def program_request(config: RunConfig, shape: TaskShape) -> ProgramRequest:
    """Return what the run asks its generator for: programs for its task, or ones that are carried to it."""
    return ProgramRequest(
        shape=shape.picture if carries(config) else shape,
        carried_to=shape if carries(config) and not shape.plain else None,
        max_parameters=config.evaluator.max_parameters,
        target_accuracy=config.corpus.min_accuracy,
    )


def plain_request(config: RunConfig, shape: TaskShape) -> tuple[Message, ...]:
    """Return the run's request as a chat without exemplars."""
    return render(config.generator.template, program_request(config, shape))


def plant(ledger: LedgerWriter, config: RunConfig, shape: TaskShape) -> None:
    """Put the starting corpus into a ledger that has none, in one transaction.

    Raises:
        NoRoomError: The task's picture is too small for the grammar.
    """
    if ledger.candidates(origin=Origin.SEED) or not config.corpus.seed_programs:
        return
    from generator.grammar import GRAMMAR_VERSION, sample_program

    require_side("grammar", shape.picture.height, shape.picture.width)
    seeds = []
    for index in range(config.corpus.seed_programs):
        seed = derive_seed(config.seed, "starting-corpus", index)
        cap = config.evaluator.max_parameters
        source = sample_program(random.Random(seed), shape.picture, max_parameters=cap).source
        source = source if carries(config) else carried(source, shape)
        seeds.append(Candidate.seeded(index, source, generator=f"grammar-{GRAMMAR_VERSION}", seed=seed))
    ledger.add_starting_corpus([(seed, seed_admission(seed)) for seed in seeds])


def replay_pool(ledger: Ledger, config: RunConfig, shape: TaskShape) -> list[TrainingExample]:
    """Return the starting corpus as training rows, each under the run's own prompt without exemplars."""
    template = config.generator.template
    messages = plain_request(config, shape)
    return [
        TrainingExample(
            candidate_id=seed.id, prompt=messages, completion=expected_completion(template, seed.source)
        )
        for seed in ledger.candidates(origin=Origin.SEED)
        if seed.source is not None
    ]
