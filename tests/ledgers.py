"""Small real ledgers for tests: candidates with given accuracies, judged by the real rule of admission."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from corpus.config import CorpusConfig
from corpus.ledger.writer import LedgerWriter
from corpus.novelty.gate import decide
from corpus.novelty.index import NoveltyIndex
from corpus.records.base import content_id
from corpus.records.candidates import Candidate, Origin
from corpus.records.evaluations import Evaluation, EvaluationStatus, Stage
from corpus.records.modules.mined import MinedModule, ModuleArgument
from corpus.records.modules.probed import ChannelRelation, ModuleProbe
from corpus.records.prompts import Message, Prompt


def prompt(cycle: int, index: int) -> Prompt:
    return Prompt(
        id=f"c{cycle:03d}/p{index:04d}",
        strategy="closed-loop",
        template="compact",
        messages=(Message(role="user", content="1x12x12 images"),),
        seed=index,
    )


def program(words: str) -> str:
    """Return a program that differs from another one in as many places as `words` does."""
    return "\n".join(f"layer_{word} = nn.{word.capitalize()}(3, {len(word)})" for word in words.split())


def candidate(cycle: int, index: int, source: str | None) -> Candidate:
    return Candidate(
        id=f"c{cycle:03d}/{index:04d}",
        origin=Origin.SAMPLED,
        source=source,
        completion=source or "no program",
        prompt_id=prompt(cycle, index).id,
        cycle=cycle,
        index=index,
        generator="test",
        token_count=10,
    )


def module(index: int) -> MinedModule:
    """Return a mined module whose every field is set, and unlike those of another index."""
    text = f"from torch import nn\n\n\nclass Scale{index}(nn.Module):\n    pass  # \u2192\n"
    return MinedModule(
        id=content_id(text),
        name=f"Scale{index}",
        origin="timm 1.0",
        location=f"layers/scale.py:Scale{index}",
        licence="MIT",
        arguments=(
            ModuleArgument(name="width", annotation="int"),
            ModuleArgument(name="act", default="nn.ReLU", keyword_only=True),
        ),
        inputs=(1, None),
        module="torch.nn" if index else None,
        text=text,
        tokens_id=content_id(f"tokens {index}"),
        flaw="has no forward" if index else None,
    )


def probe(index: int, **found: Any) -> ModuleProbe:
    """Return a probe of `module(index)` with something in every field."""
    fields = {
        "setting": {"width": "$in", "act": None, "sizes": [1, 2.5]},
        "channels": ChannelRelation.GROUPED,
        "divisor": 4,
        "parameters": 12,
        "flops": 2**40,
        "probe_channels": (8, 16),
        "probe_side": 14,
        "deterministic": True,
        "dtype": "float32",
        "structure": "ab" * 8,
        "seconds": 0.125,
    }
    return ModuleProbe.model_validate({"module_id": module(index).id} | fields | found)


def evaluation(of: Candidate, accuracy: float | None) -> Evaluation:
    complete = accuracy is not None
    return Evaluation(
        candidate_id=of.id,
        protocol_id="digits-v1/test",
        status=EvaluationStatus.COMPLETE if complete else EvaluationStatus.SHAPE_ERROR,
        stage=Stage.DONE if complete else Stage.FORWARD,
        accuracy=accuracy,
    )


def write_cycle(
    ledger: LedgerWriter, cycle: int, programs: Sequence[tuple[str, float | None]], config: CorpusConfig
) -> None:
    """Append a whole judged cycle; an accuracy of None makes an invalid program."""
    novelty = NoveltyIndex.from_ledger(ledger, config)
    candidates = [candidate(cycle, index, source) for index, (source, _) in enumerate(programs)]
    ledger.add_prompts(cycle, [prompt(cycle, index) for index in range(len(programs))])
    ledger.add_candidates(candidates)
    for row, (source, accuracy) in zip(candidates, programs, strict=True):
        judged = evaluation(row, accuracy)
        admission = decide(judged, novelty.nearest(source) if judged.valid else None, config)
        ledger.add_judgement(judged, admission)
        if admission.admitted:
            novelty.add(row.id, source)
    ledger.complete_cycle(cycle)


def new_corpus(folder: Path) -> LedgerWriter:
    return LedgerWriter.create(folder / "corpus.db")
