"""The table of cells, and the evaluator that answers from it."""

from __future__ import annotations

import itertools
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pydantic import ValidationError

from corpus.records.base import content_id
from corpus.records.candidates import Candidate
from corpus.records.evaluations import EvaluationStatus, Stage
from evaluator.config import EvaluatorConfig
from evaluator.tables.catalogue import TABLES, UnknownTableError, table_file, table_spec
from evaluator.tables.table import Table, read_table, read_test_accuracies, write_table
from evaluator.tabular.answering import TabularEvaluator, build_tabular
from evaluator.tasks import task_spec
from generator.spaces.catalogue import build_space
from generator.spaces.cells import CellSpace

ROOT = Path(__file__).resolve().parents[2]
CONFIG = EvaluatorConfig(table="cells-3-digits")


@pytest.fixture(scope="module")
def table() -> Table:
    return read_table(table_file("cells-3-digits"))


@pytest.fixture(scope="module")
def space() -> CellSpace:
    built = build_space("cells-3", task_spec("digits").shape, CONFIG.max_parameters)
    assert isinstance(built, CellSpace)
    return built


def draw(space: CellSpace, count: int) -> list[Candidate]:
    rng = random.Random(0)
    programs = [space.render(space.sample(rng)) for _ in range(count)]
    return [Candidate.imported(f"t/{index}", each, generator="test") for index, each in enumerate(programs)]


@pytest.mark.parametrize("name", sorted(TABLES))
def test_a_table_holds_every_point_of_its_space_under_three_seeds(name: str) -> None:
    table, spec = read_table(table_file(name)), table_spec(name)
    space = build_space(spec.space, task_spec(spec.task).shape, EvaluatorConfig().max_parameters)
    assert isinstance(space, CellSpace)
    cells = space.points()
    assert [row.point for row in table.rows] == [space.encode(cell) for cell in cells]
    for cell, row in zip(cells, table.rows, strict=True):
        assert (row.key, row.program) == (space.key(cell), content_id(space.render(cell)))
        assert row.parameters == space.parameters(cell)
        assert len(row.validation) == len(table.head.protocols) == 3
    assert len(read_test_accuracies(table_file(name))) == len(cells) == 729


def test_the_table_ranks_networks(table: Table) -> None:
    """Accuracies of one seed foretell those of another, or there would be nothing to search for."""
    from scipy.stats import spearmanr

    networks = {row.key: row.validation for row in table.rows}.values()
    columns = list(zip(*networks, strict=True))
    pairs = [spearmanr(one, other).statistic for one, other in itertools.combinations(columns, 2)]
    assert min(pairs) >= 0.5


def test_a_candidate_gets_one_of_the_accuracies_of_its_network(table: Table, space: CellSpace) -> None:
    rows = {row.program: row for row in table.rows}
    candidates = draw(space, 50)
    evaluations = list(TabularEvaluator(table, seed=3).evaluate(candidates))
    for candidate, evaluation in zip(candidates, evaluations, strict=True):
        row = rows[content_id(candidate.completion)]
        assert evaluation.candidate_id == candidate.id and evaluation.stage is Stage.DONE
        assert evaluation.accuracy in row.validation
        assert (evaluation.parameters, evaluation.flops) == (row.parameters, row.flops)
        assert evaluation.valid == (evaluation.accuracy > 0.12)


def test_equal_seeds_hear_equal_noise_and_others_other(table: Table, space: CellSpace) -> None:
    candidates = draw(space, 50)
    heard = [list(TabularEvaluator(table, seed=seed).evaluate(candidates)) for seed in (3, 3, 4)]
    assert heard[0] == heard[1] != heard[2]


def test_one_network_under_two_ids_need_not_get_one_accuracy(table: Table, space: CellSpace) -> None:
    program = draw(space, 1)[0].completion
    twins = [Candidate.imported(f"t/{index}", program, generator="test") for index in range(30)]
    assert len({each.accuracy for each in TabularEvaluator(table, seed=0).evaluate(twins)}) > 1


def test_a_program_that_is_not_in_the_table_breaks_its_contract(table: Table) -> None:
    stranger = Candidate.imported("t/0", "import torch\n", generator="test")
    nothing = stranger.model_copy(update={"source": None})
    unknown, empty = TabularEvaluator(table, seed=0).evaluate([stranger, nothing])
    assert unknown.status is EvaluationStatus.CONTRACT_ERROR and "the space 'cells-3' alone" in str(
        unknown.error
    )
    assert empty.status is EvaluationStatus.NO_CODE


def test_a_hundred_answers_take_milliseconds(table: Table, space: CellSpace) -> None:
    evaluator, candidates = TabularEvaluator(table, seed=0), draw(space, 100)
    started = time.process_time()
    assert len(list(evaluator.evaluate(candidates))) == 100
    assert time.process_time() - started < 0.1


def test_test_accuracies_are_out_of_the_evaluators_reach(space: CellSpace, tmp_path: Path) -> None:
    """Whatever they are, what the evaluator holds and says is the same, but for the name of the table."""
    file = table_file("cells-3-digits")
    table, poisoned = read_table(file), tmp_path / "poisoned.tsv.gz"
    write_table(poisoned, table.head, table.rows, [(0.123456789,) * 3] * len(table.rows))
    other = read_table(poisoned)
    assert (other.head, other.rows) == (table.head, table.rows)
    with TabularEvaluator(other, seed=0) as evaluator:
        said = [each.model_dump_json() for each in evaluator.evaluate(draw(space, 20))]
        assert not any("0.123456789" in each for each in [*said, repr(vars(evaluator))])


def test_the_protocol_names_the_table_and_what_it_was_trained_by(table: Table) -> None:
    evaluator = build_tabular(CONFIG, seed=0)
    assert evaluator.protocol_id == f"table:cells-3-digits-{table.fingerprint}/{table.head.protocols[0]}"
    assert [each.split("/")[3] for each in table.head.protocols] == ["s0", "s1", "s2"]


def test_a_table_of_another_task_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"is of the task 'digits', evaluator.task is 'texshapes'"):
        EvaluatorConfig(task="texshapes", table="cells-3-digits")


def test_an_unknown_table_is_a_mistake_with_a_suggestion() -> None:
    with pytest.raises(UnknownTableError, match="Did you mean 'cells-3-digits'"):
        table_spec("cells-3-digit")


@pytest.mark.slow
def test_rows_are_what_the_sandbox_finds(table: Table) -> None:
    """To the last digit, on the processor that made the table: another one rounds otherwise."""
    made_on = table.head.versions["processor"]
    if made_on not in Path("/proc/cpuinfo").read_text(encoding="utf-8"):
        pytest.skip(f"the table was made on a processor '{made_on}'")
    keys = random.Random(table.fingerprint).sample(sorted({row.key for row in table.rows}), 3)
    command = [sys.executable, str(ROOT / "scripts" / "make_table.py"), "--only", *keys]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr
