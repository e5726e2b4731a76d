"""FairNAD from end to end: a real run without a model, and what stands in its ledger and on its page."""

from __future__ import annotations

import subprocess
from pathlib import Path

from corpus.ledger.reader import Ledger
from corpus.records.search.calls import Verb
from corpus.records.search.proposals import DecidedBy
from generator.ideas.pool import shipped
from generator.ideas.told import read_told
from tests.command_line import ENTRY

SETTINGS = [
    *("cycles=1", "candidates=9", "teaching.by=nobody", "corpus.novelty=key", "corpus.seed_programs=0"),
    *("evaluator.task=digits-clean", "evaluator.max_parameters=8000", "evaluator.train_images=200"),
    *("evaluator.workers=1", "strategy.settings={fair=4, pareto=2, iterative=2, start=['vgg']}"),
]


def test_without_a_model_a_run_goes_from_ideas_to_a_page(tmp_path: Path) -> None:
    run = tmp_path / "run"
    overrides = [word for each in SETTINGS for word in ("--set", each)]
    search = ["--preset", "cpu-tiny", "--strategy", "fairnad", "--space", "trees", "--llm", "none"]
    done = subprocess.run(
        [*ENTRY, "run", *search, "--out", str(run), *overrides], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    with Ledger.open(run / "corpus.db") as ledger:
        judged, calls, ideas = ledger.judged(0), ledger.calls(), ledger.ideas()
    assert len(judged) == 9 and {idea.id for idea in ideas} == set(shipped().ideas)
    start, *children = judged
    assert start.candidate.operator == "start"
    told = [read_told(each.candidate.idea or "") for each in children]
    kinds = [each.mutation for each in told if each is not None]
    assert len(kinds) == 8 and kinds[:4] == ["fair"] * 4 and set(kinds[4:6]) <= {"scale-up", "tune"}
    assert all(each.path in shipped().template for each in told if each is not None and each.path)
    ran = [each for each in judged if each.evaluation.parameters is not None]
    assert len(ran) > 5 and all((each.evaluation.parameters or 0) <= 8000 for each in ran)
    decided = {one.by for each in judged for one in each.candidate.decisions}
    assert decided == {DecidedBy.RULE, DecidedBy.CHANCE}
    verbs = [call.question.verb for call in calls]
    assert verbs.count(Verb.PROBE) >= 2 and len(verbs) - verbs.count(Verb.PROBE) <= 1
    assert "fairnad" in (run / "report.html").read_text(encoding="utf-8").lower()
