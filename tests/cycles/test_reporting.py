"""The report's figures, verdict and data, and that nothing a program wrote becomes markup."""

from __future__ import annotations

import base64
import gzip
import json
import re
import subprocess
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from corpus.records.evaluations import EvaluationStatus
from corpus.records.graphs import GraphNode, NetworkGraph
from corpus.records.search.hyperparameters import Hyperparameter
from corpus.records.text import visible
from cycles.config.run import RunConfig
from cycles.config.teaching import Teachers
from cycles.figures.comparison import Outcome, between, verdict
from cycles.figures.runs import gather
from cycles.figures.statistics import wilson
from cycles.reporting.arms import OUTCOME_OF, arms_of
from cycles.reporting.charts import pareto_front
from cycles.reporting.drawing import draw
from cycles.reporting.page import render
from cycles.reporting.payload import payload
from cycles.reporting.sections import compared
from cycles.reporting.svg import Frame, nice_ticks, short, spread
from cycles.reporting.text import json_for_html, shown
from tests.command_line import ENTRY
from tests.runs import SMALL, network, new_run, write_run

HOSTILE = (
    "</script><script>document.title='owned'</script>",
    "<img src=x onerror=\"document.title='owned'\">'\"&amp;\u2028\u2029",
    "access = 'user\u202e \u2066# only for admins\u2069 \u2066'\x00\x07\x1b[31m",
    "\ud800 lone, 网络, 🧠, e\u0301",
    "x = 1\n" * 60_000,
)


class Tags(HTMLParser):
    """Collects what a browser would take for elements and attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.scripts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.attributes += attrs
        if tag == "script":
            self.scripts.append("")

    def handle_data(self, data: str) -> None:
        if self.names and self.names[-1] == "script":
            self.scripts[-1] += data


def tags(page: str) -> Tags:
    found = Tags()
    found.feed(page)
    found.close()
    return found


def details(page: str) -> dict[str, Any]:
    """Return the details of all candidates, by row."""
    blocks = re.findall(r'id="block-\d+">([^<]*)</script>', page)
    found: dict[str, Any] = {}
    for block in blocks:
        found |= json.loads(gzip.decompress(base64.b64decode(block)))
    return found


def test_every_status_has_its_place_in_the_legend() -> None:
    assert set(OUTCOME_OF) == set(EvaluationStatus)


def test_hostile_text_makes_no_element_and_no_attribute(tmp_path: Path) -> None:
    # Statuses of hostile programs are what they are: here they are the best ones, shown everywhere.
    hostile = write_run(tmp_path / "a", cycles=2, texts=HOSTILE, error="".join(HOSTILE[:3]))
    tame = write_run(tmp_path / "b", cycles=2)
    page = render(gather([hostile]))
    found, usual = tags(page), tags(render(gather([tame])))
    assert set(found.names) <= set(usual.names)
    assert found.names.count("script") == usual.names.count("script")
    assert not [name for name, _ in found.attributes if name.startswith("on")]
    assert "<img" not in page and "\u202e" not in page and "\u2028" not in page


def test_embedded_json_can_end_no_script(tmp_path: Path) -> None:
    text = json_for_html({"a": HOSTILE[0] + HOSTILE[1]})
    assert not set("<>&\u2028\u2029") & set(text)
    assert json.loads(text)["a"] == HOSTILE[0] + HOSTILE[1]


def test_signs_that_turn_or_hide_text_are_spelled_out() -> None:
    assert visible("a\u202eb\x1b[1m\u200b") == "a⟨U+202E⟩b⟨U+001B⟩[1m⟨U+200B⟩"
    assert visible("tab\there\nline") == "tab\there\nline"


def test_a_text_of_ten_megabytes_is_cut_and_says_so() -> None:
    cut = shown("x" * 10_000_000)
    assert len(cut) < 41_000 and cut.endswith("9,960,000 more characters are not shown")


@pytest.mark.slow
def test_a_program_of_ten_megabytes_has_a_small_page(tmp_path: Path) -> None:
    texts = ["import torch\n" + "x = 1\n" * 1_700_000, "(" * 5_000_000 + "\n" + "é" * 5_000_000]
    page = render(gather([write_run(tmp_path / "run", cycles=1, count=2, valid_share=1.0, texts=texts)]))
    assert len(page.encode()) < 1_000_000
    assert all(each["source"].endswith("more characters are not shown") for each in details(page).values())


def test_the_page_allows_its_own_script_alone_and_no_request(tmp_path: Path) -> None:
    page = render(gather([write_run(tmp_path / "run", cycles=1)]))
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    said = policy[1].replace("&#39;", "'")
    assert "default-src 'none'" in said and "connect-src 'none'" in said and "unsafe" not in said
    assert "http://" not in re.sub(r"http://www\.w3\.org/2000/svg", "", page)
    assert "https://" not in page


@pytest.mark.parametrize(("cycles", "share"), [(3, 0.0), (1, 0.5), (1, 0.0), (2, 1.0)])
def test_extreme_runs_have_a_page(tmp_path: Path, cycles: int, share: float) -> None:
    page = render(gather([write_run(tmp_path / "run", cycles=cycles, valid_share=share)]))
    assert ("No valid program yet." in page) == (share == 0.0)
    assert "nan" not in "".join(re.findall(r' (?:d|x|y|cx|cy|x1|y1|height)="([^"]*)"', page))


def test_a_run_that_has_only_begun_has_a_page(tmp_path: Path) -> None:
    directory = new_run(tmp_path / "run", RunConfig(cycles=2, corpus=SMALL))
    page = render(gather([directory.path]))
    assert "No cycle is complete yet." in page and "0 of 2 cycles are complete." in page


def test_without_a_control_the_page_says_so(tmp_path: Path) -> None:
    runs = gather([write_run(tmp_path / "run")])
    assert verdict(runs).comparisons == []
    assert "no control given" in render(runs)


def test_a_difference_within_chance_is_not_met(tmp_path: Path) -> None:
    loop = write_run(tmp_path / "loop", count=20)
    frozen = write_run(tmp_path / "frozen", count=20, teachers=Teachers.NOBODY)
    found = verdict(gather([loop, frozen]))
    assert [row.outcome for row in found.deciding] == [Outcome.NOT_MET]
    assert found.deciding[0].difference.value == 0.0


def test_a_clear_difference_is_met_and_shown(tmp_path: Path) -> None:
    loop = write_run(tmp_path / "loop", count=40, valid_share=0.9)
    frozen = write_run(tmp_path / "frozen", count=40, valid_share=0.2, teachers=Teachers.NOBODY)
    runs = gather([loop, frozen])
    row = verdict(runs).deciding[0]
    assert row.outcome is Outcome.MET and row.difference.low > 0 and row.pairs == 1
    assert 'class="badge met"' in render(runs)


def test_several_seeds_are_paired_and_the_seeds_are_the_unit(tmp_path: Path) -> None:
    runs = [
        write_run(tmp_path / f"{teachers}-{seed}", seed=seed, count=10, valid_share=share, teachers=teachers)
        for seed, loop_share in ((0, 0.9), (1, 0.8), (2, 0.9))
        for teachers, share in ((Teachers.WINNERS, loop_share), (Teachers.NOBODY, 0.2))
    ]
    valid = next(row for row in verdict(gather(runs)).comparisons if row.figure == "valid rate")
    assert valid.pairs == 3
    # Differences .7, .6, .7: mean .6667, standard error .0333, t(2) = 4.303.
    assert valid.difference.value == pytest.approx(0.6667, abs=1e-3)
    assert valid.difference.low == pytest.approx(0.6667 - 4.3027 * 0.03333, abs=1e-3)


def test_runs_of_other_seeds_are_not_compared(tmp_path: Path) -> None:
    loop = write_run(tmp_path / "loop", seed=0)
    frozen = write_run(tmp_path / "frozen", seed=1, teachers=Teachers.NOBODY)
    found = verdict(gather([loop, frozen]))
    assert found.comparisons == [] and "cannot be compared" in found.remarks[0]


def test_the_interval_of_a_difference_of_rates_is_newcombes() -> None:
    # Newcombe 1998, Statistics in Medicine 17, table II, method 10 for 56/70 - 48/80: [.0524, .3339].
    found = between(wilson(56, 70), wilson(48, 80))
    assert (found.low, found.high) == (pytest.approx(0.0524, abs=1e-4), pytest.approx(0.3339, abs=1e-4))


def test_best_values_are_marked_where_runs_differ(tmp_path: Path) -> None:
    strong = write_run(tmp_path / "strong", valid_share=1.0)
    weak = write_run(tmp_path / "weak", valid_share=0.25, seed=1)
    headings, rows = compared(gather([strong, weak]))
    column = headings.index("valid, last cycle")
    assert [cells[column].best for _, cells in rows] == [True, False]
    assert not any(cells[headings.index("minutes")].best for _, cells in rows)


def test_equal_names_of_runs_are_told_apart(tmp_path: Path) -> None:
    runs = gather([write_run(tmp_path / side / "run", cycles=1) for side in ("left", "right")])
    assert [run.name for run in runs] == ["left/run", "right/run"]


def test_the_front_holds_what_nothing_smaller_equals(tmp_path: Path) -> None:
    (run,) = gather([write_run(tmp_path / "run", cycles=2)])
    front = pareto_front(run.valid)
    sizes = [row.evaluation.parameters or 0 for row in front]
    scores = [row.evaluation.accuracy or 0 for row in front]
    assert sizes == sorted(set(sizes)) and scores == sorted(set(scores))
    for row in run.valid:
        size, score = row.evaluation.parameters or 0, row.evaluation.accuracy or 0
        assert any(s <= size and a >= score for s, a in zip(sizes, scores, strict=True))


def test_every_candidate_is_in_the_table_and_its_program_in_the_file(tmp_path: Path) -> None:
    runs = gather([write_run(tmp_path / "run", cycles=3, count=8)])
    page = render(runs)
    data = json.loads(tags(page).scripts[0])
    assert len(data["columns"]["id"]) == 24
    known = details(page)
    assert sorted(map(int, known)) == list(range(24))
    assert known["0"]["source"] == runs[0].judged[0].candidate.source
    assert data["links"]["8"] == [0]  # c001/0000 came from c000/0000


def test_what_a_candidate_alone_is_trained_with_is_in_its_details(tmp_path: Path) -> None:
    (run,) = gather([write_run(tmp_path / "run", cycles=1, count=4)])
    own = {
        "hyperparameters": (Hyperparameter(name="lr", value=0.05), Hyperparameter(name="<b>", value=1)),
        "transforms": (Hyperparameter(name="flip", value=0.5),),
    }
    run.judged[0] = run.judged[0]._replace(candidate=run.judged[0].candidate.model_copy(update=own))
    known = details(render([run]))
    assert known["0"]["hyperparameters"] == "lr 0.05, <b> 1" and known["0"]["transforms"] == "flip 0.5"
    assert "hyperparameters" not in known["1"] and "transforms" not in known["1"]


def test_a_small_budget_keeps_the_admitted_and_says_what_is_left_out(tmp_path: Path) -> None:
    texts = [f"# {index}\n" + f"layer_{index} = {index}\n" * 9000 for index in range(12)]
    runs = gather([write_run(tmp_path / "run", cycles=1, count=12, texts=texts)])
    whole = payload(runs, [])
    assert whole.left_out == 0
    found = payload(runs, [], budget=len(whole.blocks[0]) + 10)
    columns = json.loads(found.table)["columns"]
    assert 0 < found.left_out < 12
    kept = [row for row, block in enumerate(columns["block"]) if block >= 0]
    admitted = [row for row in range(12) if runs[0].judged[row].admission.admitted]
    assert set(admitted) <= set(kept)


def test_equal_ledgers_give_equal_data(tmp_path: Path) -> None:
    runs = gather([write_run(tmp_path / "run")])
    assert payload(runs, []) == payload(gather([tmp_path / "run"]), [])


def test_a_drawing_names_every_layer_and_keeps_the_skip() -> None:
    svg = draw(network(8))
    assert re.findall(r'class="op"[^>]*>([^<]*)<', svg) == ["input", "conv 3\u00d73", "relu", "add"]
    assert svg.count('class="edge"') == 4


def test_a_long_chain_and_a_wide_fan_are_drawn_without_overlap() -> None:
    nodes = [GraphNode(op="input", shape=(-1, 4))]
    nodes += [GraphNode(op="exp", inputs=(0,), shape=(-1, 4)) for _ in range(6)]
    nodes.append(GraphNode(op="cat", inputs=tuple(range(1, 7)), shape=(-1, 24)))
    svg = draw(NetworkGraph(nodes=tuple(nodes)))
    boxes = [(float(x), float(y)) for x, y in re.findall(r'<rect x="([-\d.]+)" y="([-\d.]+)"', svg)]
    row = sorted(x for x, y in boxes if y == boxes[1][1])
    assert len(row) == 6
    assert all(right - left >= 186 for left, right in pairwise(row))


def test_a_network_of_a_thousand_layers_is_named_and_not_drawn() -> None:
    nodes = [GraphNode(op="input", shape=(-1, 4))]
    nodes += [GraphNode(op="exp", inputs=(index,), shape=(-1, 4)) for index in range(1000)]
    assert "Too large to draw: 1001 layers" in draw(NetworkGraph(nodes=tuple(nodes)))


def test_a_control_is_an_arm_of_its_own(tmp_path: Path) -> None:
    runs = gather([write_run(tmp_path / "f", teachers=Teachers.NOBODY), write_run(tmp_path / "l")])
    assert [arm.name for arm in arms_of(runs)] == ["closed loop", "frozen control"]


def test_ticks_are_round_and_labels_stand_apart() -> None:
    assert nice_ticks(0, 1) == [0, 0.25, 0.5, 0.75, 1.0]
    assert nice_ticks(0, 0.93) == [0, 0.25, 0.5, 0.75]
    places = spread([10, 11, 12, 90], 13, 0, 100)
    assert all(b - a >= 13 for a, b in pairwise(sorted(places)))
    assert [short(v) for v in (0.353, 12, 3400, 1_200_000)] == ["0.353", "12", "3.4k", "1.2M"]


def test_a_frame_of_one_value_divides_by_nothing() -> None:
    frame = Frame((3.0, 3.0), (0.0, 0.0))
    assert frame.x(3.0) > 0 and frame.y(0.0) > 0


def test_report_writes_the_page_and_keeps_its_table_and_json(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", cycles=2)
    said = subprocess.run([*ENTRY, "report", str(run)], capture_output=True, text=True, check=True)
    assert "median Jaccard" in said.stdout and "report.html" in said.stdout
    assert (run / "report.html").read_text().startswith("<!doctype html>")
    assert len((run / "metrics.jsonl").read_text().splitlines()) == 2
    command = [*ENTRY, "report", str(run), "--json", "--no-html"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert [json.loads(line)["cycle"] for line in lines] == [0, 1]


def test_report_of_several_runs_names_them_and_writes_where_it_is_told(tmp_path: Path) -> None:
    runs = [write_run(tmp_path / "loop"), write_run(tmp_path / "frozen", teachers=Teachers.NOBODY)]
    page = tmp_path / "both.html"
    command = [*ENTRY, "report", *map(str, runs), "--out", str(page), "--json"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert {json.loads(line)["run"] for line in lines} == {str(run) for run in runs}
    assert "The runs compared" in page.read_text()
    assert not (runs[0] / "report.html").exists()


@pytest.mark.parametrize("extra", [["{run}"], ["--out", "{run}"], ["--out", "{run}/no/where.html"]])
def test_a_report_that_cannot_be_is_one_clear_line(tmp_path: Path, extra: list[str]) -> None:
    run = write_run(tmp_path / "run", cycles=1)
    command = [*ENTRY, "report", str(run), *(part.format(run=run) for part in extra)]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    assert said.returncode == 2 and said.stderr.count("\n") == 1
