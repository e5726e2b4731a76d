"""A run without its costs: a real ledger, search, writer and judge, over stand-ins that know seeds alone.

`Seeded` writes programs of the grammar, one by each prompt's seed; `Hashed` judges a program by its text's
hash. Neither depends on the machine, so that ledgers can be compared between machines and versions.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Generator, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from corpus.ledger.writer import LedgerWriter
from corpus.novelty.gate import AdmissionGate
from corpus.records.base import derive_seed
from corpus.records.candidates import Candidate
from corpus.records.evaluations import Evaluation, EvaluationStatus, Stage
from corpus.records.prompts import FinishReason, Message, Prompt
from corpus.records.search.calls import Answer, AnswerPath
from corpus.records.search.probes import Probe
from corpus.records.search.transcripts import ScriptEnding, Transcript
from corpus.records.tasks.shape import TaskShape
from cycles.bench import RunBench
from cycles.carrying import note_carrying
from cycles.config.run import RunConfig
from cycles.judging import Judge
from cycles.limits.stopping import Stopping
from cycles.parts import strategy_of, task_shape
from cycles.run.ideas import ideas_of, keep_ideas
from cycles.run.starting_corpus import plant, program_request
from cycles.search import Search
from cycles.writing import Writer
from generator.grammar import sample_program
from generator.samplers.contract import Sample, Sampler, SamplingOptions
from generator.strategies.contract import Strategy


class Seeded(Sampler):
    """Writes a program of the grammar for each prompt, by its seed; sometimes none."""

    model_name = "seeded"

    def __init__(self, shape: TaskShape) -> None:
        self._shape = shape

    def sample(
        self, prompts: Sequence[Prompt], adapter: Path | None, options: SamplingOptions | None = None
    ) -> Generator[Sample, None, None]:
        for prompt in prompts:
            seed = derive_seed("answer", prompt.seed, str(adapter))
            text = sample_program(random.Random(seed), self._shape).source
            if prompt.seed % 5 == 0:
                text = "I cannot."
            yield Sample(
                prompt_id=prompt.id, text=text, finish_reason=FinishReason.STOP, token_count=len(text) // 4
            )


class Hashed:
    """Judges a program by the hash of its text: a third of them are invalid."""

    def evaluate(
        self, candidates: Iterable[Candidate], _stop: object = None
    ) -> Generator[Evaluation, None, None]:
        for candidate in candidates:
            known: dict[str, Any] = {"candidate_id": candidate.id, "protocol_id": "hashed"}
            if candidate.source is None:
                yield Evaluation(**known, status=EvaluationStatus.NO_CODE, stage=Stage.DONE)
                continue
            number = int(hashlib.sha256(candidate.source.encode()).hexdigest()[:8], 16)
            if number % 3 == 0:
                failed = EvaluationStatus.SHAPE_ERROR
                yield Evaluation(**known, status=failed, stage=Stage.FORWARD, error="no")
            else:
                yield Evaluation(
                    **known, status=EvaluationStatus.COMPLETE, stage=Stage.DONE,
                    accuracy=(number % 1000) / 1000, parameters=number % 5000,
                )  # fmt: skip

    def probe(self, sources: Sequence[str]) -> list[Probe]:
        return [
            Probe(failure=None, stage=Stage.DONE, parameters=len(each), output_shape=(1, 2))
            for each in sources
        ]

    def execute(self, code: str) -> Transcript:
        return Transcript(ending=ScriptEnding.FINISHED, output=f"{len(code)} characters")


class SeededDecider:
    """Answers by the seed of the question alone: numbers as text, documents of a schema, options.

    Every fifth document cannot be used. Texts in documents are cells, some of an operator that there is not.
    """

    def generate(self, messages: Sequence[Message], *, seed: int, adapter: Path | None = None) -> Answer:
        return Answer(value=f"{seed % 97}", path=AnswerPath.FREE, model="seeded", token_count=1)

    def json(
        self, messages: Sequence[Message], schema: Any, *, seed: int, adapter: Path | None = None
    ) -> Answer:
        if "properties" not in schema:
            return Answer(value={"number": seed % 5}, path=AnswerPath.PARSED, model="seeded", token_count=2)
        if seed % 5 == 0:
            return Answer(value=None, path=AnswerPath.RULE, text="I cannot.", model="seeded", token_count=3)
        document = shaped(schema, random.Random(seed))
        return Answer(value=document, path=AnswerPath.PARSED, model="seeded", token_count=2)

    def choose(
        self, messages: Sequence[Message], options: Sequence[str], *, seed: int, adapter: Path | None = None
    ) -> Answer:
        return Answer(value=options[seed % len(options)], path=AnswerPath.CHANCE)


def shaped(schema: Mapping[str, Any], rng: random.Random) -> Any:
    """Return a document of a schema of objects, lists, words, numbers and texts; of several the first."""
    if "enum" in schema:
        return rng.choice(schema["enum"])
    if "anyOf" in schema:
        return shaped(schema["anyOf"][0], rng)
    if schema["type"] == "object":
        return {name: shaped(inner, rng) for name, inner in schema["properties"].items()}
    if schema["type"] == "array":
        count = rng.randint(schema.get("minItems", 0), schema.get("maxItems", 3))
        return [shaped(schema["items"], rng) for _ in range(count)]
    if schema["type"] == "integer":
        return rng.randint(1, 9)
    edges = [rng.choice(("none", "skip", "conv3x3", "conv3x3", "skip", "lstm")) for _ in range(6)]
    return "|{}~0|+|{}~0|{}~1|+|{}~0|{}~1|{}~2|".format(*edges)


class Arena:
    """A run of `config` over an open ledger, with stand-ins for its model and its evaluator."""

    def __init__(
        self, ledger: LedgerWriter, config: RunConfig, strategy: Strategy | None = None, **parts: Any
    ) -> None:
        shape = task_shape(config)
        carrier = note_carrying(ledger, config, shape)
        plant(ledger, config, shape)
        keep_ideas(ledger, config)
        self.ledger, self.config = ledger, config
        bench = RunBench(
            ledger=ledger,
            request=program_request(config, shape),
            template=config.generator.template,
            exemplar_count=config.generator.exemplars,
            run_seed=config.seed,
            candidates=config.candidates,
            decider=parts.get("decider", SeededDecider),
            sandbox=lambda: carrier.sandbox(parts.get("sandbox", Hashed)()),
            in_force=lambda _cycle: (None, None),
            ideas=ideas_of(ledger),
        )
        self.search = Search(ledger, strategy or strategy_of(config), bench)
        self.writer = Writer(
            ledger=ledger,
            sampler=lambda: parts.get("sampler", Seeded)(shape.picture),
            sampling=config.generator.sampling,
            batch_size=config.generator.batch_size,
            in_force=lambda _cycle: (None, None),
            generator_hash=lambda: None,
            machine_id=None,
        )
        gate = AdmissionGate.from_ledger(ledger, config.corpus)
        evaluator = parts.get("evaluator", Hashed)
        self.judging = Judge(
            ledger=ledger,
            gate=gate,
            evaluator=lambda: carrier.sandbox(evaluator()),
            machine_id=None,
            stopping=Stopping(ledger, config.stopping),
        )

    def run(self) -> None:
        """Write and judge what is left of every cycle."""
        for cycle in range(self.config.cycles):
            while not self.ledger.is_complete(cycle) and (batch := self.search.due(cycle)) is not None:
                for _ in self.writer.write(cycle, batch.unwritten, lambda: None):
                    pass
                for trial in self.judging.judge(cycle, self.ledger.unevaluated(cycle)):
                    self.search.hear(trial)
            self.ledger.complete_cycle(cycle)
