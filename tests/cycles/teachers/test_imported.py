"""Which programs of others teach: claims rank within one claimed protocol, and none is taught twice."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from corpus.ledger.reader import Ledger
from corpus.ledger.writer import LedgerWriter
from corpus.records.candidates import Candidate
from corpus.records.evaluations import Evaluation, EvaluationStatus, Stage
from corpus.records.exchange import ImportedEvaluation, ImportedProgram, Provenance
from corpus.records.prompts import Prompt
from cycles.bench import RunBench
from cycles.config.teaching import Imported, TeachingConfig
from cycles.teachers.imported import (
    LETTERS_A_TOKEN,
    ImprovedUpon,
    imported_exemplars,
    imported_teachers,
)
from finetune.config import Loss
from generator.prompts.exemplars import any_of
from generator.prompts.templates import Exemplar, render
from generator.strategies.closed_loop import ClosedLoop
from tests.cycles.teachers.test_contrasts import RULE, Run
from tests.generator.strategies.benches import REQUEST
from tests.ledgers import new_corpus, program, write_cycle
from tests.searches import Hashed, SeededDecider

CIFAR, SVHN = (
    "imported:lemur/img-classification_cifar-10_acc/e1/a",
    "imported:lemur/img-classification_svhn_acc/e1/a",
)
PLAIN, RESIDUAL = "x = self.conv(x)\n", "x = x + self.conv(x)\n"
CLAIMS = {  # number: the line of its forward pass, and what is claimed of it
    0: (PLAIN, {CIFAR: 0.6}),
    1: (PLAIN, {CIFAR: 0.8, SVHN: 0.2}),
    2: (RESIDUAL, {CIFAR: 0.5}),
    3: (PLAIN, {SVHN: 0.9}),
    4: (RESIDUAL, {}),
}


def network(line: str, number: int) -> str:
    return (
        "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        f"        self.conv = nn.Conv2d(3, {number + 1}, 3)\n\n"
        f"    def forward(self, x):\n        {line}        return x\n"
    )


def stranger(
    number: int, line: str, claims: Mapping[str, float], failed: Collection[str] = ()
) -> ImportedProgram:
    name = f"import/{number}"
    evaluations = tuple(
        ImportedEvaluation(
            evaluation=Evaluation(
                candidate_id=name, protocol_id=protocol, accuracy=accuracy, stage=Stage.DONE,
                status=EvaluationStatus.BELOW_CHANCE if protocol in failed else EvaluationStatus.COMPLETE,
            )
        )
        for protocol, accuracy in claims.items()
    )  # fmt: skip
    return ImportedProgram(
        candidate=Candidate.imported(name, network(line, number), generator="lemur", index=number),
        provenance=Provenance(
            candidate_id=name, source="lemur", location=f"{number}.py", licence="MIT", imported_at="2026"
        ),
        evaluations=evaluations,
    )


def bring_in(ledger: LedgerWriter) -> None:
    ledger.add_imports([stranger(number, *said) for number, said in CLAIMS.items()])


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[LedgerWriter]:
    with new_corpus(tmp_path) as made:
        bring_in(made)
        # What this run measured is no claim, however good it is.
        write_cycle(made, 0, [(program("conv relu pool"), 0.99)], RULE)
        yield made


@pytest.mark.parametrize(
    ("imported", "protocol", "expected"),
    [
        (Imported.NONE, "", []),
        (Imported.ALL, "", [0, 1, 2, 3, 4]),
        (Imported.ALL, "lemur/img-classification_svhn_acc", [1, 3]),
        (Imported.BEST_PER_FAMILY, "", [1, 2, 3]),
        (Imported.BEST_PER_FAMILY, "lemur/img-classification_cifar-10_acc", [1, 2]),
        (Imported.BEST_PER_FAMILY, "lemur/img-classification_cifar-100_acc", []),
    ],
)
def test_the_best_of_each_family_is_asked_for_within_one_claimed_protocol(
    ledger: Ledger, imported: Imported, protocol: str, expected: list[int]
) -> None:
    teaching = TeachingConfig(imported=imported, imported_protocol=protocol)
    found = imported_teachers(ledger, teaching)
    assert [row.id for row in found] == [f"import/{number}" for number in expected]


@pytest.mark.parametrize(
    ("imported", "protocol", "expected"),
    [
        (Imported.NONE, "", {}),
        (Imported.ALL, "", {0: 0.6, 1: 0.8, 2: 0.5, 3: 0.9}),
        (Imported.ALL, "lemur/img-classification_svhn_acc", {1: 0.2, 3: 0.9}),
        (Imported.BEST_PER_FAMILY, "lemur/img-classification_cifar-10_acc", {1: 0.8, 2: 0.5}),
    ],
)
def test_prompts_may_show_those_of_which_something_is_claimed(
    ledger: Ledger, imported: Imported, protocol: str, expected: dict[int, float]
) -> None:
    teaching = TeachingConfig(imported=imported, imported_protocol=protocol)
    found = imported_exemplars(ledger, teaching, 500)
    assert {trial.candidate.id: trial.accuracy for trial in found} == {
        f"import/{number}": accuracy for number, accuracy in expected.items()
    }
    assert all(Exemplar.of(trial).claimed_under.startswith("lemur/") for trial in found)


@pytest.mark.parametrize("imported", [Imported.ALL, Imported.BEST_PER_FAMILY])
def test_of_whom_a_source_says_nothing_but_failures_neither_teaches_nor_is_shown(
    ledger: LedgerWriter, imported: Imported
) -> None:
    pooled = "        x = F.max_pool2d(x, 2)\n"
    claims = {CIFAR: 0.1, SVHN: 0.3}
    failing = [stranger(5, pooled, claims, failed=claims), stranger(6, pooled, claims, failed=[CIFAR])]
    ledger.add_imports(failing)
    teaching = TeachingConfig(imported=imported)
    taught = {row.id for row in imported_teachers(ledger, teaching)}
    shown = {trial.candidate.id: trial.accuracy for trial in imported_exemplars(ledger, teaching, 500)}
    assert "import/5" not in taught | shown.keys()
    assert "import/6" in taught and shown["import/6"] == 0.3


def test_the_first_prompts_of_a_run_show_programs_of_others_with_their_claims(ledger: LedgerWriter) -> None:
    teaching = TeachingConfig(imported=Imported.ALL)
    bench = RunBench(
        ledger=ledger, request=REQUEST, template="instruct", exemplar_count=2, run_seed=0, candidates=8,
        decider=SeededDecider, sandbox=Hashed, in_force=lambda _cycle: (None, None),
        imported=partial(imported_exemplars, ledger, teaching, 500),
    )  # fmt: skip
    prompts = [proposal.program for proposal in next(ClosedLoop().search(bench))]
    shown = {name for prompt in prompts if isinstance(prompt, Prompt) for name in prompt.exemplar_ids}
    assert shown == {f"import/{number}" for number in range(4)}
    assert all("by its source 0." in str(prompt) and "Module 2" in str(prompt) for prompt in prompts)


def test_a_prompt_shows_no_program_that_is_longer_than_an_answer_may_be(ledger: Ledger) -> None:
    teaching = TeachingConfig(imported=Imported.ALL)
    lengths = [len(row.source or "") for row in imported_teachers(ledger, teaching)]
    limit = min(lengths) // LETTERS_A_TOKEN + 1
    found = imported_exemplars(ledger, teaching, limit)
    assert 0 < len(found) < len(imported_exemplars(ledger, teaching, 500))
    assert all(len(trial.candidate.source or "") <= LETTERS_A_TOKEN * limit for trial in found)


def test_imported_programs_teach_beside_the_winners_and_are_recorded_as_teachers(tmp_path: Path) -> None:
    run = Run(tmp_path)
    bring_in(run.ledger)
    teacher = run.teacher(Loss.SFT, start="previous", imported="best-per-family")
    lesson = teacher.lesson(1)
    assert lesson is not None
    job = teacher.job(lesson, lambda *_: None)
    taught = [row.candidate_id for row in job.examples]
    assert taught == ["c000/0000", "c000/0003", "import/1", "import/2", "import/3"]
    assert all(row.prompt == teacher.request for row in job.examples[2:])
    request_of = improved_upon(run.ledger, 2)
    asked = replace(teacher, asked=request_of).job(lesson, lambda *_: None).examples
    assert asked[:2] == job.examples[:2]
    assert [row.prompt for row in asked[2:]] == [request_of(row) for row in lesson.imported]
    teacher.teach(lesson, job)
    row = run.ledger.cycle_row(1)
    assert row is not None and list(row.training_ids) == taught
    # A training that goes on from this one has learnt them.
    write_cycle(run.ledger, 1, [(program("a b c"), 0.9)], RULE)
    assert [each.candidate_id for each in run.job(teacher, cycle=2).examples] == ["c001/0000"]
    run.ledger.close()


def improved_upon(ledger: Ledger, count: int, seed: int = 0) -> ImprovedUpon:
    known = partial(imported_exemplars, ledger, TeachingConfig(imported=Imported.ALL), 500)
    return ImprovedUpon(known, REQUEST, "instruct", count, any_of, seed)


def test_an_imported_program_answers_a_prompt_that_shows_those_of_which_its_source_says_less(
    ledger: Ledger,
) -> None:
    # By their best claims 2, 0 and 1 are of one protocol, the weakest first; 3 is alone in its own.
    programs = {row.id[-1]: row for row in imported_teachers(ledger, TeachingConfig(imported=Imported.ALL))}
    shown: dict[str, set[str]] = {name: set() for name in programs}
    counts = set()
    for seed in range(20):
        asked = improved_upon(ledger, 2, seed)
        for name, row in programs.items():
            chat = asked(row)
            among = {
                other
                for other, rival in programs.items()
                if (rival.source or "").rstrip() in chat[-1].content
            }
            assert len(among) == chat[-1].content.count("by its source")
            assert chat == improved_upon(ledger, 2, seed)(row)
            counts.add(len(among))
            shown[name] |= among
    assert shown == {"0": {"2"}, "1": {"0", "2"}, "2": set(), "3": set(), "4": set()}
    assert counts == {0, 1, 2}


def test_where_prompts_show_no_program_an_imported_one_answers_the_plain_request(ledger: Ledger) -> None:
    for row in imported_teachers(ledger, TeachingConfig(imported=Imported.ALL)):
        assert improved_upon(ledger, 0)(row) == render("instruct", REQUEST)


def test_pairs_have_no_part_for_who_has_no_rival(tmp_path: Path) -> None:
    run = Run(tmp_path)
    bring_in(run.ledger)
    job = run.job(run.teacher(Loss.DPO, imported="all"))
    assert len(job.examples) == len(job.rejected) == 3
    run.ledger.close()


def test_a_fine_tuning_waits_for_winners_of_the_run_however_many_are_imported(tmp_path: Path) -> None:
    run = Run(tmp_path)
    bring_in(run.ledger)
    lesson = run.teacher(Loss.SFT, least=3, imported="all").lesson(1)
    assert lesson is not None and not lesson.enough
    run.ledger.close()


@pytest.mark.parametrize("start", ["base", "previous"])
def test_imported_programs_may_teach_before_the_first_cycle(tmp_path: Path, start: str) -> None:
    run = Run(tmp_path)
    assert run.teacher(Loss.SFT, imported="all").lesson(0) is None
    teacher = run.teacher(Loss.SFT, start=start, least=2, imported="all", imported_first=True)
    empty = teacher.lesson(0)
    assert empty is not None and not empty.enough and empty.shortage == "no imported teachers"
    bring_in(run.ledger)
    lesson = teacher.lesson(0)
    assert lesson is not None and lesson.enough
    job = teacher.job(lesson, lambda *_: None)
    imports = [f"import/{number}" for number in range(5)]
    assert [row.candidate_id for row in job.examples] == imports
    teacher.teach(lesson, job)
    assert teacher.lesson(0) is None and teacher.adapter_of(0)[1] is not None
    # What one training has learnt the next does not learn again, unless it begins anew.
    own = ["c000/0000", "c000/0003"]
    again = [*own, *imports] if start == "base" else own
    assert [row.candidate_id for row in run.job(teacher, cycle=1).examples] == again
    run.ledger.close()


def test_who_must_deter_somebody_learns_nothing_before_the_first_cycle(tmp_path: Path) -> None:
    run = Run(tmp_path)
    bring_in(run.ledger)
    lesson = run.teacher(Loss.KTO, imported="all", imported_first=True).lesson(0)
    assert lesson is not None and not lesson.enough and "nobody to deter" in lesson.shortage
    run.ledger.close()
