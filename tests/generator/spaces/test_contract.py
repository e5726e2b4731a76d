"""What every space does, whichever it is."""

from __future__ import annotations

import random
import string
from typing import Any

import pytest

from corpus.records.candidates import Candidate
from corpus.records.evaluations import EvaluationStatus
from corpus.records.tasks.shape import TaskShape
from evaluator.config import EvaluatorConfig
from evaluator.supervisor.sandbox import SandboxedEvaluator
from evaluator.tasks import task_names
from generator.spaces.catalogue import build_space, space_names
from generator.spaces.errors import NoRoomError, UnknownSpaceError
from tests.generator.spaces.building import DIGITS, SHAPES, build, images, scaled

CAP = 500_000
each_space = pytest.mark.parametrize("name", space_names())


def walk(name: str, count: int, shape: TaskShape = DIGITS) -> list[Any]:
    """Return as many points, drawn and edited in turn."""
    space, rng = build_space(name, shape, CAP), random.Random(name)
    points: list[Any] = []
    while len(points) < count:
        drawn = space.sample(rng)
        points += [drawn, space.mutate(drawn, rng)[0]]
    return points


@each_space
def test_what_is_drawn_or_edited_is_legal_and_survives_its_encoding(name: str) -> None:
    space = build_space(name, DIGITS, CAP)
    for point in walk(name, scaled(name, 2_000)):
        assert space.legal(point)
        assert space.decode(space.encode(point)) == point
        assert "\n" not in space.encode(point)


@each_space
@pytest.mark.parametrize("cap", [5_000, CAP])
def test_an_edit_always_leads_to_another_network(name: str, cap: int) -> None:
    space, rng = build_space(name, DIGITS, cap), random.Random(4)
    point = space.sample(rng)
    for _ in range(scaled(name, 1_000)):
        changed, operator = space.mutate(point, rng)
        assert space.legal(changed) and operator
        assert changed != point and space.key(changed) != space.key(point)
        point = changed


@each_space
def test_edits_alone_lead_about_in_the_whole_space(name: str) -> None:
    """A walk of edits alone comes to see as many networks as draws do, or nearly."""
    space, rng = build_space(name, DIGITS, CAP), random.Random(5)
    point, walked, drawn = space.sample(rng), set(), set()
    for _ in range(scaled(name, 600)):
        point, _ = space.mutate(point, rng)
        walked.add(space.key(point))
        drawn.add(space.key(space.sample(rng)))
    assert len(walked) >= 0.6 * len(drawn)


@each_space
def test_equal_states_of_the_generator_give_equal_points(name: str) -> None:
    assert walk(name, 50) == walk(name, 50)


@each_space
def test_rendering_is_deterministic_and_told_apart_by_the_key(name: str) -> None:
    space = build_space(name, DIGITS, CAP)
    programs: dict[str, str] = {}
    for point in walk(name, scaled(name, 1_000)):
        assert programs.setdefault(space.key(point), space.render(point)) == space.render(point)
    assert len(set(programs.values())) == len(programs)


@each_space
@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: f"{shape.channels}x{shape.height}x{shape.width}")
def test_programs_build_with_the_parameters_foretold_and_answer(name: str, shape: TaskShape) -> None:
    import torch

    space: Any = build_space(name, shape, CAP)
    for point in walk(name, scaled(name, 34), shape):
        net = build(space.render(point), shape)
        count = sum(weight.numel() for weight in net.parameters() if weight.requires_grad)
        assert count == space.parameters(point) <= CAP, space.encode(point)
        with torch.no_grad():
            assert net(images(shape, 2)).shape == (2, shape.classes)


@each_space
@pytest.mark.parametrize("cap", [3_000, 20_000])
def test_a_small_cap_on_parameters_is_kept(name: str, cap: int) -> None:
    space: Any = build_space(name, DIGITS, cap)
    rng = random.Random(6)
    for _ in range(scaled(name, 200)):
        assert space.parameters(space.sample(rng)) <= cap


@pytest.mark.parametrize("name", [each for each in space_names() if each != "grammar"])
def test_a_cap_below_every_network_is_a_mistake(name: str) -> None:
    """The grammar has no smallest network: it draws, and says after many draws that none was small enough."""
    with pytest.raises(NoRoomError, match=r"needs [\d,]+ parameters .* the cap is 100"):
        build_space(name, DIGITS, 100)


@each_space
def test_images_that_are_too_small_are_a_mistake(name: str) -> None:
    with pytest.raises(NoRoomError, match="at least 6x6"):
        build_space(name, TaskShape(channels=1, height=5, width=9, classes=2), CAP)


def damaged(text: str, rng: random.Random) -> str:
    """Return an encoding with a few characters lost, doubled or replaced."""
    letters = list(text)
    for _ in range(rng.randint(1, 4)):
        place = rng.randrange(len(letters))
        replacement = ("", letters[place] * 2, rng.choice(string.printable), "\0", "²", "é")
        letters[place] = rng.choice(replacement) or "|"
    return "".join(letters)


@each_space
def test_a_damaged_encoding_is_a_legal_point_or_none(name: str) -> None:
    space, rng = build_space(name, DIGITS, CAP), random.Random(7)
    found = 0
    for point in walk(name, scaled(name, 3_000)):
        text = damaged(space.encode(point), rng)
        decoded = space.decode(text)
        assert decoded is None or space.legal(decoded)
        found += decoded is not None
    assert found < scaled(name, 2_000)


@each_space
@pytest.mark.parametrize("text", ["", "|", "~" * 10_000, "|" * 999, "plain w٤ k3 b1", "\ud800", "x" * 10**6])
def test_what_is_no_encoding_is_none(name: str, text: str) -> None:
    assert build_space(name, DIGITS, CAP).decode(text) is None


@each_space
def test_the_description_holds_an_encoding_that_is_legal_and_names_no_data_set(name: str) -> None:
    space = build_space(name, DIGITS, CAP)
    lines = space.describe().splitlines()
    assert any(space.decode(line) is not None for line in lines)
    named = {*task_names(), "cifar", "imagenet", "mnist", "nas-bench", "nasbench", "digit"} - {"images"}
    assert [name for name in named if name in space.describe().lower()] == []


def test_the_sandbox_trains_what_the_spaces_write() -> None:
    programs = [
        build_space(name, DIGITS, CAP).render(point) for name in space_names() for point in walk(name, 2)
    ]
    trials = [Candidate.imported(f"p/{index}", each, generator="test") for index, each in enumerate(programs)]
    with SandboxedEvaluator(EvaluatorConfig(workers=1, train_images=400)) as evaluator:
        statuses = [evaluation.status for evaluation in evaluator.evaluate(trials)]
    assert set(statuses) <= {EvaluationStatus.COMPLETE, EvaluationStatus.BELOW_CHANCE}
    assert EvaluationStatus.COMPLETE in statuses


def test_an_unknown_space_is_a_mistake_with_a_suggestion() -> None:
    with pytest.raises(UnknownSpaceError, match=r"no search space 'cell'\. Did you mean 'cells'\?"):
        build_space("cell", DIGITS, CAP)
