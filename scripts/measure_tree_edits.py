#!/usr/bin/env python
"""Measure which share of edits still trains: of trees, of the grammar's programs, of a model's free code.

    .venv/bin/python scripts/measure_tree_edits.py --parents 20 --edits 200

Every arm edits as many parents as often. `tree` makes edits of trees of our own modules, `grammar` those of
the grammar's programs. The embedded model was never taught to edit, and its template shows it no program:
`rewritten` gives it a program of the grammar up to a line drawn at random, and it writes the rest, which is
the free-code edit that it can make; `written` are programs that it writes from nothing, without a parent.

    legal text   the sandbox's lint let it pass: Python parses it, and it keeps the contract
    built        its network was built, below the cap on parameters, and gave scores (a probe)
    trainable    it trained for the epoch and predicted: status COMPLETE, or BELOW_CHANCE, which ran as well
    changed      of the built, those whose recorded graph is another than their parent's
    as meant     of the built trees, those that the gate lets through: the graph shows the operation
    adaptors     in the children, beyond those of their parents

Shares are of all edits, but `changed` and `as meant`; with 95% Wilson intervals. It does *not* measure
whether an edit makes a network better.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from corpus.programs.structure import structure_of
from corpus.records.base import derive_seed
from corpus.records.candidates import Candidate
from corpus.records.evaluations import EvaluationStatus, Stage
from corpus.records.prompts import SamplingParameters
from corpus.records.search.probes import Probe
from corpus.records.tasks.shape import TaskShape
from cycles.figures.statistics import wilson
from evaluator.config import EvaluatorConfig
from evaluator.supervisor.sandbox import SandboxedEvaluator
from evaluator.tasks import task_spec
from generator.spaces.programs import ProgramSpace
from generator.spaces.trees import TreeSpace
from generator.trees.edits.adaptors import adaptors
from generator.trees.edits.gate import verdict

TRAINABLE = (EvaluationStatus.COMPLETE, EvaluationStatus.BELOW_CHANCE)
BAR = 0.97
"""Share of tree edits that must be trainable."""

BATCH = 20
"""Programs that the model writes at a time."""


class Edit(NamedTuple):
    """One edit: the programs before and after, None where there is none, and the operation."""

    parent: str | None
    child: str | None
    operation: str
    adaptors: int = 0


class Judged(NamedTuple):
    """What became of an edit."""

    edit: Edit
    before: Probe | None
    after: Probe | None
    status: EvaluationStatus
    error: str


def main() -> None:
    """Read the arguments; edit, judge and print, arm by arm."""
    arguments = _arguments()
    shape = task_spec(arguments.task).shape
    config = EvaluatorConfig(
        task=arguments.task, workers=arguments.workers, max_parameters=arguments.max_parameters
    )
    table = {}
    with SandboxedEvaluator(config) as evaluator:
        for arm in arguments.arms:
            edits = ARMS[arm](arguments, shape)
            judged = judge(evaluator, edits)
            table[arm] = figures(judged, gated=arm == "tree")
            sys.stderr.write(f"{arm}: {failures(judged) or 'no failure'}\n")
    print(json.dumps(table, default=lambda rate: rate.model_dump()) if arguments.json else formatted(table))
    if "tree" in table and not arguments.json:
        share = table["tree"]["trainable"].value
        verb = "met" if share >= BAR else "MISSED"
        print(f"\ntree edits: {share:.1%} trainable, the bar is {BAR:.0%}: {verb}")


def tree_edits(arguments: argparse.Namespace, shape: TaskShape) -> list[Edit]:
    """Return edits of trees of our own modules."""
    space = TreeSpace(shape, max_parameters=arguments.max_parameters)
    found = []
    for rng, parent in _drawn(space, arguments):
        child, operation = space.mutate(parent, rng)
        more = adaptors(child, shape, space.library) - adaptors(parent, shape, space.library)
        found.append(Edit(space.render(parent), space.render(child), operation, max(more, 0)))
    return found


def grammar_edits(arguments: argparse.Namespace, shape: TaskShape) -> list[Edit]:
    """Return edits of the grammar's programs."""
    space = ProgramSpace(shape, max_parameters=arguments.max_parameters)
    found = []
    for rng, parent in _drawn(space, arguments):
        child, operation = space.mutate(parent, rng)
        found.append(Edit(space.render(parent), space.render(child), operation))
    return found


def rewritten(arguments: argparse.Namespace, shape: TaskShape) -> list[Edit]:
    """Return programs of the grammar whose end the embedded model wrote anew."""
    space = ProgramSpace(shape, max_parameters=arguments.max_parameters)
    pairs = [(space.render(parent), rng) for rng, parent in _drawn(space, arguments)]
    begun = ["\n".join(_beginning(source.splitlines(), rng)) for source, rng in pairs]
    written = complete(begun, arguments, shape)
    return [Edit(pair[0], child, "rewrite") for pair, child in zip(pairs, written, strict=True)]


def written(arguments: argparse.Namespace, shape: TaskShape) -> list[Edit]:
    """Return programs that the embedded model wrote from nothing."""
    return [Edit(None, text, "write") for text in complete([""] * arguments.edits, arguments, shape)]


ARMS: Mapping[str, Callable[[argparse.Namespace, TaskShape], list[Edit]]] = {
    "tree": tree_edits,
    "grammar": grammar_edits,
    "rewritten": rewritten,
    "written": written,
}


def _drawn(space: Any, arguments: argparse.Namespace) -> list[tuple[random.Random, Any]]:
    """Return a source of chance and a parent for each edit; edits of one parent stand side by side."""
    rng = random.Random(derive_seed(arguments.seed, "parents"))
    parents = [space.sample(rng) for _ in range(arguments.parents)]
    each = -(-arguments.edits // arguments.parents)
    places = [divmod(index, each) for index in range(arguments.edits)]
    return [
        (random.Random(derive_seed(arguments.seed, "edit", *place)), parents[place[0]]) for place in places
    ]


def _beginning(lines: Sequence[str], rng: random.Random) -> Sequence[str]:
    """Return the lines up to one within the part that builds the network and passes images through it."""
    last = next((index for index, line in enumerate(lines) if "def train_setup" in line), len(lines) - 1)
    first = next((index for index, line in enumerate(lines) if line.startswith("class ")), 0)
    return lines[: rng.randint(min(first + 1, last), last)]


def complete(begun: Sequence[str], arguments: argparse.Namespace, shape: TaskShape) -> list[str | None]:
    """Return the programs that the embedded model makes of beginnings, as it answers the plain request."""
    import torch

    from corpus.records.chats import rendered
    from generator.embedded import embedded_model_path
    from generator.models.loading import load_model, load_tokenizer
    from generator.prompts.extraction import extract_program
    from generator.prompts.templates import ProgramRequest, render

    torch.set_num_threads(1)
    torch.manual_seed(derive_seed(arguments.seed, "model") % 2**63)
    tokenizer: Any = load_tokenizer(embedded_model_path())
    tokenizer.padding_side = "left"
    model: Any = load_model(embedded_model_path()).eval()
    request = ProgramRequest(shape=shape, max_parameters=arguments.max_parameters, target_accuracy=0.5)
    chat, parameters = rendered(tokenizer, render("compact", request)), SamplingParameters()
    found: list[str | None] = []
    for start in range(0, len(begun), BATCH):
        texts = [chat + text for text in begun[start : start + BATCH]]
        encoded = tokenizer(texts, return_tensors="pt", padding=True, add_special_tokens=False)
        rows = model.generate(
            input_ids=encoded["input_ids"],
            attention_mask=encoded["attention_mask"],
            do_sample=True,
            temperature=parameters.temperature,
            top_k=0,
            max_new_tokens=parameters.max_new_tokens,
        )[:, encoded["input_ids"].shape[1] :]
        answers = tokenizer.batch_decode(rows, skip_special_tokens=True)
        ends = zip(begun[start : start + BATCH], answers, strict=True)
        found += [extract_program(beginning + answer) for beginning, answer in ends]
    return found


def judge(evaluator: SandboxedEvaluator, edits: Sequence[Edit]) -> list[Judged]:
    """Probe parents and children, and train the children for the protocol's epoch."""
    sources = list(dict.fromkeys(text for edit in edits for text in edit[:2] if text is not None))
    probes = dict(zip(sources, evaluator.probe(sources), strict=True))
    children = [
        Candidate.imported(f"edit/{index:04d}", edit.child or "", generator=edit.operation, index=index)
        for index, edit in enumerate(edits)
    ]
    told = {each.candidate_id: each for each in evaluator.evaluate(children)}
    judged = []
    for candidate, edit in zip(children, edits, strict=True):
        evaluation = told[candidate.id]
        before = probes[edit.parent] if edit.parent is not None else None
        after = probes[edit.child] if edit.child is not None else None
        judged.append(Judged(edit, before, after, evaluation.status, evaluation.error or ""))
    return judged


def figures(judged: Sequence[Judged], *, gated: bool) -> dict[str, Any]:
    """Return the figures of an arm, whose operations the gate knows or does not."""
    built = [each for each in judged if each.after is not None and each.after.passed]
    with_parent = [each for each in built if each.before is not None]
    early = (Stage.EXTRACT, Stage.LINT)
    legal = sum(each.after is not None and each.after.stage not in early for each in judged)
    return {
        "edits": len(judged),
        "legal text": wilson(legal, len(judged)),
        "built": wilson(len(built), len(judged)),
        "trainable": wilson(sum(each.status in TRAINABLE for each in judged), len(judged)),
        "changed": wilson(sum(map(_changed, with_parent)), len(with_parent)) if with_parent else None,
        "as meant": wilson(sum(map(_meant, with_parent)), len(with_parent)) if gated else None,
        "adaptors": sum(each.edit.adaptors for each in judged),
    }


def _changed(each: Judged) -> bool:
    graphs = [
        probe.graph for probe in (each.before, each.after) if probe is not None and probe.graph is not None
    ]
    return len(graphs) < 2 or structure_of(graphs[0]).exact != structure_of(graphs[1]).exact


def _meant(each: Judged) -> bool:
    assert each.before is not None and each.after is not None
    return verdict(each.before, each.after, each.edit.operation) is None


def failures(judged: Sequence[Judged]) -> str:
    """Return how edits failed, and which operations they were."""
    counts = Counter(
        f"{each.status} by {each.edit.operation}: {each.error[:60]}"
        for each in judged
        if each.status not in TRAINABLE
    )
    return "; ".join(f"{count} {what}" for what, count in counts.most_common(12))


def formatted(table: Mapping[str, Mapping[str, Any]]) -> str:
    """Return a table for people."""
    names = list(next(iter(table.values())))
    lines = ["| arm | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for arm, row in table.items():
        lines.append(f"| {arm} | " + " | ".join(map(_cell, row.values())) + " |")
    return "\n".join(lines)


def _cell(value: Any) -> str:
    if value is None or isinstance(value, int):
        return "-" if value is None else str(value)
    return f"{value.value:.1%} [{value.low:.0%}, {value.high:.0%}]"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure which share of edits still trains.")
    parser.add_argument("--parents", type=int, default=20, help="programs that are edited (20)")
    parser.add_argument("--edits", type=int, default=200, help="edits of each arm (200)")
    parser.add_argument("--arms", nargs="+", choices=ARMS, default=list(ARMS))
    parser.add_argument("--task", default="digits", help="what is trained (digits)")
    parser.add_argument("--max-parameters", type=int, default=100_000, help="cap on parameters (100,000)")
    parser.add_argument("--workers", type=int, default=2, help="programs judged at a time (2)")
    parser.add_argument("--seed", type=int, default=0, help="seed of parents, edits and the model (0)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser.parse_args()


if __name__ == "__main__":
    main()
