"""The pictures of a search over trees: every module is there, marks are, and nothing overlaps or leaks."""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import pytest

from corpus.ledger.writer import LedgerWriter
from corpus.records.tasks.shape import TaskShape
from cycles.config.run import RunConfig, load_config
from cycles.figures.runs import RunData, gather
from cycles.reporting.page import render
from cycles.reporting.trees.boxes import MAX_BOXES, draw_tree
from cycles.reporting.trees.changes import changes
from cycles.run.run_directory import RunDirectory
from generator.trees.encoding import decode
from generator.trees.nodes import Tree
from generator.trees.primitives import primitives
from generator.trees.shapes import lay_out
from tests.searches import Arena

SHAPE = TaskShape(channels=1, height=12, width=12, classes=10)
LIBRARY = primitives()
TEXT = (
    "conv(16) batch_norm relu | 2x[residual(conv batch_norm relu conv; ~conv(kernel=1)) relu] "
    "cat(conv(8); max_pool(3, stride=1) conv(8, kernel=1)) gate(pool(1) conv(/4, kernel=1) sigmoid) | "
    "mean classifier"
)
TIMES = "\N{MULTIPLICATION SIGN}"
Box = tuple[float, float, float, float]


def tree(text: str) -> Tree:
    found = decode(text, LIBRARY)
    assert found is not None
    return found


def drawn(text: str, other: str | None = None) -> ElementTree.Element:
    found = tree(text)
    leaving = lay_out(found, SHAPE, LIBRARY).leaving
    marks = None if other is None else changes(tree(other), found)[1]
    return ElementTree.fromstring(draw_tree(found, LIBRARY, leaving, marks))


def boxes(picture: ElementTree.Element, kind: str) -> list[Box]:
    found = [each for each in picture.iter("rect") if each.get("class") == kind]
    return [
        (
            float(each.get("x", 0)),
            float(each.get("y", 0)),
            float(each.get("width", 0)),
            float(each.get("height", 0)),
        )
        for each in found
    ]


def apart(one: Box, two: Box) -> bool:
    return (
        one[0] + one[2] <= two[0]
        or two[0] + two[2] <= one[0]
        or one[1] + one[3] <= two[1]
        or two[1] + two[3] <= one[1]
    )


def inside(one: Box, two: Box) -> bool:
    return (
        two[0] <= one[0]
        and two[1] <= one[1]
        and (one[0] + one[2] <= two[0] + two[2] and one[1] + one[3] <= two[1] + two[3])
    )


def test_every_module_is_a_box_in_its_frames_and_no_two_overlap() -> None:
    picture = drawn(TEXT)
    modules, frames = boxes(picture, "box"), boxes(picture, "frame")
    assert len(modules) == 17 and len(frames) == 7
    assert all(apart(one, two) for one, two in combinations(modules, 2))
    assert all(
        apart(one, two) or inside(one, two) or inside(two, one) for one, two in combinations(frames, 2)
    )
    assert all(any(inside(module, frame) for frame in frames) for module in modules)
    width, height = (float(picture.get(name, 0)) for name in ("width", "height"))
    assert all(inside(each, (0, 0, width, height)) for each in [*modules, *frames])


def test_a_picture_says_names_arguments_shapes_and_repeats() -> None:
    said = " ".join("".join(each.itertext()) for each in drawn(TEXT).iter("text"))
    for words in (
        "conv 16",
        "max pool kernel 3, stride 1",
        f"2 {TIMES}",
        f"16 {TIMES} 12 {TIMES} 12",
        "branches, joined",
        "stem",
    ):
        assert words in said


def test_marks_have_signs_as_well_as_colours() -> None:
    picture = drawn(TEXT.replace("norm relu |", "norm gelu |"), TEXT)
    (marked,) = [each for each in picture.iter("g") if "added" in (each.get("class") or "").split()]
    assert "+ gelu" in "".join(marked.itertext())
    assert "1 node marked as changed" in (picture.get("aria-label") or "")


def test_a_tree_of_very_many_modules_is_counted_and_not_drawn() -> None:
    text = " ".join(["conv(4)"] * (MAX_BOXES + 1))
    found = tree(f"{text} | mean classifier")
    assert draw_tree(found, LIBRARY, {}).startswith('<p class="nothing">Too large to draw: 203 modules')


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunData:
    path = tmp_path_factory.mktemp("runs") / "trees"
    config: RunConfig = load_config(
        "cpu-tiny",
        [
            *(
                "cycles=2",
                "candidates=12",
                "corpus.seed_programs=0",
                "teaching.by=nobody",
                "corpus.novelty=key",
            ),
            *("strategy.name=llmastool", "strategy.space=trees", "evaluator.max_parameters=8000"),
        ],
    )
    directory = RunDirectory.create(path, config)
    with LedgerWriter.create(directory.ledger_file) as ledger:
        Arena(ledger, config).run()
    return gather([path])[0]


def test_a_report_shows_beliefs_the_best_tree_and_the_edits_that_led_to_it(run: RunData) -> None:
    page = render([run])
    best = run.valid[0].candidate
    section = page[page.index('id="edits"') : page.index('id="candidates"')]
    assert best.id in section and section.count('class="network tree"') % 2 == 1
    edits = section.count('class="edit"')
    assert (edits > 0) is bool(best.parents)
    assert edits == 0 or re.search(r'class="node [^"]*(added|removed|changed)', section)
    assert "Beliefs of the planner" in page and "Believed to help most" in page


def test_a_report_of_another_search_has_none_of_it(tmp_path: Path) -> None:
    config = load_config("cpu-tiny", ["cycles=1", "candidates=6", "corpus.seed_programs=0"])
    directory = RunDirectory.create(tmp_path / "run", config)
    with LedgerWriter.create(directory.ledger_file) as ledger:
        Arena(ledger, config).run()
    page = render(gather([tmp_path / "run"]))
    assert 'id="edits"' not in page and "Beliefs of the planner" not in page
