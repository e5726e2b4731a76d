"""The figures of searches and of arms against each other, from ledgers whose figures are known by hand."""

from __future__ import annotations

import re
from math import log10
from pathlib import Path

import pytest

from corpus.ledger.reader import Ledger
from cycles.config.run import RunConfig, load_config
from cycles.config.study import RetestConfig
from cycles.figures.studies.pairs import Outcome, compare_arms
from cycles.figures.studies.retests import Retests
from cycles.figures.studies.searches import SearchFigures, read_search
from cycles.figures.studies.tables import grids, markdown
from cycles.reporting.studies.page import render_study
from cycles.run.run_directory import RunDirectory
from tests.studies import add_retests, write_search


def config(seed: int = 0, *settings: str) -> RunConfig:
    return load_config("cpu-tiny", [f"seed={seed}", "cycles=2", "candidates=4", *settings])


def figures(path: Path, plan: RetestConfig | None = None) -> SearchFigures:
    found = read_search(path, plan)
    assert found is not None
    return found


def retests_of(path: Path) -> Retests:
    directory = RunDirectory(path)
    with Ledger.open(directory.ledger_file) as ledger:
        return Retests.of(ledger, directory.config())


def search(seed: int, *, arm: str = "arm", **changed: object) -> SearchFigures:
    known: dict[str, object] = {
        **{"run": f"{arm}-{seed}", "arm": arm, "seed": seed, "evaluations": 4, "protocols": ("p",)},
        **{"curve": (0.0, 0.5, 0.5, 0.8), "best": 0.8, "best_id": "c", "retested_id": None, "retests": ()},
        **{"retested": None, "area": 0.45, "hypervolume": 0.4, "valid": 0.5, "mean_valid": 0.6},
        **{"family_entropy_bits": 1.5, "unique_skeletons": 1.0},
    }
    return SearchFigures.model_validate(known | changed)


def test_failed_programs_are_charged_on_the_axis_of_the_curve(tmp_path: Path) -> None:
    path = write_search(tmp_path / "run", config(), [[None, 0.4, None, 0.2], [0.3, 0.8, None, 0.5]])
    found = figures(path)
    assert found.curve == (0.0, 0.4, 0.4, 0.4, 0.4, 0.8, 0.8, 0.8)
    assert (found.evaluations, found.best, found.best_id) == (8, 0.8, "c001/0001")
    assert found.area == pytest.approx(4.0 / 8)
    assert found.valid == 0.75
    assert found.mean_valid == pytest.approx((0.3 + 0.8 + 0.5) / 3)


def test_the_hypervolume_is_of_accuracy_and_the_logarithm_of_size(tmp_path: Path) -> None:
    path = write_search(tmp_path / "run", config(), [[0.4, 0.6], [0.6, None]], parameters=1000)
    cap = config().evaluator.max_parameters
    assert figures(path).hypervolume == pytest.approx(0.6 * (log10(cap) - 3) / (log10(cap) - 2))


def test_a_run_without_a_valid_program_has_figures(tmp_path: Path) -> None:
    found = figures(write_search(tmp_path / "run", config(), [[None, None], [None, None]]))
    assert (found.best, found.best_id, found.area, found.hypervolume) == (0.0, None, 0.0, 0.0)
    assert found.mean_valid is None and found.retested is None
    assert retests_of(tmp_path / "run").due(RetestConfig()) == []


def test_the_best_network_is_due_on_fresh_seeds_and_the_mean_is_the_figure(tmp_path: Path) -> None:
    path = write_search(tmp_path / "run", config(), [[0.4, 0.9], [0.8, None]])
    due = retests_of(path).due(RetestConfig(seeds=3))
    assert [each.candidate.id for each in due] == ["c000/0001"] * 3
    seeds = [each.seed for each in due]
    assert len({*seeds, config().evaluator.seed}) == 4
    add_retests(path, {("c000/0001", seeds[0]): 0.9, ("c000/0001", seeds[1]): 0.6})
    assert [each.seed for each in retests_of(path).due(RetestConfig(seeds=3))] == [seeds[2]]
    assert figures(path, RetestConfig(seeds=3)).retested is None
    assert figures(path).retests == (0.9, 0.6)
    add_retests(path, {("c000/0001", seeds[2]): None})
    assert figures(path, RetestConfig(seeds=3)).retested == pytest.approx(0.5)


def test_a_seed_of_the_search_is_never_a_fresh_one(tmp_path: Path) -> None:
    path = write_search(tmp_path / "run", config(), [[0.4, 0.9], [0.8, None]])
    taken = retests_of(path).due(RetestConfig(seeds=3))[1].seed
    again = write_search(tmp_path / "again", config(0, f"evaluator.seed={taken}"), [[0.4, 0.9], [0.8, None]])
    seeds = [each.seed for each in retests_of(again).due(RetestConfig(seeds=3))]
    assert len(seeds) == 3 and taken not in seeds


def test_paired_runs_are_tested_anew_on_the_same_seeds(tmp_path: Path) -> None:
    one = write_search(tmp_path / "one", config(7), [[0.4, 0.9]])
    other = write_search(tmp_path / "other", config(7, "teaching.by=nobody"), [[0.7, 0.5]])
    plan = RetestConfig()
    assert [r.seed for r in retests_of(one).due(plan)] == [r.seed for r in retests_of(other).due(plan)]


def test_of_several_networks_the_best_on_seeds_of_its_own_is_scored_on_others(tmp_path: Path) -> None:
    path = write_search(tmp_path / "run", config(), [[0.9, 0.8], [0.7, None]])
    plan = RetestConfig(seeds=2, top=2)
    due = retests_of(path).due(plan)
    assert {each.candidate.id for each in due} == {"c000/0000", "c000/0001"} and len(due) == 4
    lucky = {(r.candidate.id, r.seed): 0.5 if r.candidate.id == "c000/0000" else 0.8 for r in due}
    add_retests(path, lucky)
    scoring = retests_of(path).due(plan)
    assert [each.candidate.id for each in scoring] == ["c000/0001"] * 2
    assert not {each.seed for each in scoring} & {each.seed for each in due}
    add_retests(path, {(each.candidate.id, each.seed): 0.7 for each in scoring})
    assert figures(path, plan).retests == (0.7, 0.7)


def test_other_protocols_of_the_ledger_are_no_retests(tmp_path: Path) -> None:
    path = write_search(tmp_path / "run", config(), [[0.9, 0.8]])
    seed = retests_of(path).due(RetestConfig(seeds=1))[0].seed
    with Ledger.open(RunDirectory(path).ledger_file) as ledger:
        row = ledger.evaluations()[0]
    from corpus.ledger.writer import LedgerWriter

    with LedgerWriter.open(RunDirectory(path).ledger_file) as ledger:
        for other in (f"digits-v1/test/e1/b16/s{seed}/p00000001", f"digits-v1/e9/b16/s{seed}/p00000002"):
            ledger.add_evaluation(row.model_copy(update={"protocol_id": other}))
    assert len(retests_of(path).due(RetestConfig(seeds=1))) == 1


@pytest.mark.parametrize(
    ("second", "outcome", "words"),
    [
        ([0.70, 0.71, 0.69, 0.70, 0.68], Outcome.BETTER, "one finds the better network than two: +0.104 ["),
        ([0.90, 0.91, 0.89, 0.90, 0.88], Outcome.WORSE, "one loses to two: -0.096 [-0."),
        ([0.80, 0.81, 0.79, 0.78, 0.82], Outcome.NOT_SHOWN, "no difference shown between one and two: "),
    ],
)
def test_a_verdict_needs_the_whole_interval_on_one_side(
    second: list[float], outcome: Outcome, words: str
) -> None:
    first = [0.80, 0.80, 0.80, 0.80, 0.80]
    arms = {
        "one": [search(seed, retested=value) for seed, value in enumerate(first)],
        "two": [search(seed, retested=value) for seed, value in enumerate(second)],
    }
    (pair,) = compare_arms("study", arms).pairs
    assert pair.outcome is outcome
    assert pair.sentence.startswith(words) and pair.sentence.endswith(", 5 seeds")
    deciding = pair.differences[0]
    assert deciding.key == "retested" and deciding.low <= deciding.value <= deciding.high


def test_four_pairs_get_no_verdict_however_large_the_difference(tmp_path: Path) -> None:
    arms = {
        "one": [search(seed, best=0.9) for seed in range(4)],
        "two": [search(seed, best=0.1) for seed in range(4)],
    }
    (pair,) = compare_arms("study", arms).pairs
    assert pair.outcome is Outcome.TOO_FEW
    assert "4 seeds, not re-tested" in pair.sentence


def test_differences_are_of_pairs_and_not_of_means() -> None:
    spread = [0.1, 0.3, 0.5, 0.7, 0.9]
    arms = {
        "one": [search(seed, retested=value + 0.01) for seed, value in enumerate(spread)],
        "two": [search(seed, retested=value) for seed, value in enumerate(spread)],
    }
    (pair,) = compare_arms("study", arms).pairs
    assert pair.outcome is Outcome.BETTER
    assert pair.differences[0].low == pytest.approx(0.01)


def test_runs_of_other_budgets_protocols_or_seeds_are_no_pairs() -> None:
    base = [search(seed) for seed in range(3)]
    for other in (
        [search(seed, evaluations=8) for seed in range(3)],
        [search(seed, protocols=("q",)) for seed in range(3)],
        [search(seed) for seed in range(3, 6)],
    ):
        found = compare_arms("study", {"one": base, "two": other})
        assert not found.pairs and "cannot be compared" in found.remarks[0]


def test_the_markdown_holds_verdicts_tables_and_what_they_mean() -> None:
    arms = {
        name: [search(seed, retested=value) for seed in range(5)]
        for name, value in (("a|b", 0.9), ("c", 0.8))
    }
    said = markdown(compare_arms("study", arms))
    assert said.startswith("- a|b finds the better network than c: +0.100 [0.100, 0.100], 5 seeds.\n")
    assert "| a\\|b | 0.900 | 0.900 | 0.900 | 0.900 | 0.900 | 0.900 |" in said
    assert "| re-tested best | 0.900 [0.900, 0.900] | 0.800 [0.800, 0.800] |" in said
    assert "the test split is not read" in said


def test_the_note_says_how_many_intervals_leave_zero_out_by_chance() -> None:
    arms = {name: [search(seed, retested=0.5) for seed in range(5)] for name in ("a", "b", "c")}
    study = compare_arms("study", arms)
    intervals = 3 * len(study.pairs[0].differences)
    assert intervals > 3 and study.by_chance == intervals / 20
    assert f"at least {intervals / 20:.1f} of these intervals" in markdown(study)
    alone = compare_arms("study", {name: runs[:1] for name, runs in arms.items()})
    assert alone.pairs and alone.by_chance == 0 and "by chance" not in markdown(alone)


def test_the_page_tells_twelve_arms_apart() -> None:
    names = [f"{group} by {end}" for group in ("best of four", "transforms") for end in "abcdef"]
    page = render_study(compare_arms("study", {name: [search(seed) for seed in range(5)] for name in names}))
    looks = re.findall(r'<span class="key ([^"]*)">', page)
    labels = re.findall(r'<text[^>]* class="end"[^>]*>([^<]*)</text>', page)
    assert len(set(looks)) == len(set(labels)) == 12 == len(looks)
    assert page.count('class="hue-0 dashed"') == 2  # its line and its label


def test_the_page_draws_every_arm_and_trusts_no_name() -> None:
    arms = {"<b>one": [search(seed) for seed in range(5)], "two": [search(seed) for seed in range(5)]}
    study = compare_arms("a <script> of names", arms, ["Not finished."])
    page = render_study(study)
    assert page.count('class="line"') == 2 and page.count('class="band"') == 2
    assert "<script" not in page and "<b>one" not in page and "&lt;b&gt;one" in page
    assert all(pair.sentence.replace("<", "&lt;").replace(">", "&gt;") in page for pair in study.pairs)
    assert all(grid.caption.replace("'", "&#39;") in page for grid in grids(study))


@pytest.mark.parametrize("count", [2, 4, 5, 12])
def test_however_many_arms_and_pairs_there_are_a_table_can_be_read(count: int) -> None:
    arms = {
        f"arm {place}": [search(seed, best=0.5 + place / 100) for seed in range(5)] for place in range(count)
    }
    study = compare_arms("study", arms)
    last, step = f"{0.49 + count / 100:.3f}", "-0.010 [-0.010, -0.010]"
    _, by_arm, differences = grids(study)
    for grid, named in (
        (by_arm, list(arms)),
        (differences, [f"{pair.first} - {pair.second}" for pair in study.pairs]),
    ):
        figures = [quantity.title for quantity in study.quantities]
        across, down = list(grid.headings[1:]), [row[0] for row in grid.rows]
        assert (across, down) in ((named, figures), (figures, named))
        assert grid.headings[0] == ("figure" if down == figures else "arm" if grid is by_arm else "pair")
        assert len(grid.headings) <= 10 and {len(row) for row in grid.rows} == {len(grid.headings)}
        cells = {
            frozenset((row[0], head)): cell
            for row in grid.rows
            for head, cell in zip(grid.headings, row, strict=True)
        }
        assert cells[frozenset((named[-1], "best"))] == (
            f"{last} [{last}, {last}]" if grid is by_arm else step
        )
