"""The program grammar: every program it writes really builds, trains and answers."""

from __future__ import annotations

import ast
import random
from typing import Any

import pytest

from corpus.records.base import content_id
from corpus.records.tasks.shape import TaskShape
from generator.grammar import GRAMMAR_VERSION, GrammarProgram, sample_program
from generator.grammar.derivation import Choices
from generator.grammar.program import derive

SHAPES = [
    TaskShape(channels=1, height=8, width=8, classes=10),
    TaskShape(channels=1, height=12, width=12, classes=10),
    TaskShape(channels=1, height=28, width=28, classes=10),
    TaskShape(channels=3, height=32, width=32, classes=100),
    TaskShape(channels=1, height=6, width=6, classes=2),
    TaskShape(channels=3, height=9, width=14, classes=7),
]
DIGITS = SHAPES[1]
PRM = {"lr": 0.01, "momentum": 0.9, "dropout": 0.2}
FAMILIES = {
    "plain",
    "residual",
    "inception",
    "depthwise",
    "squeeze_excite",
    "dense",
    "bottleneck",
    "mlp",
}


def draw(count: int, *, seed: int = 0, shape: TaskShape = DIGITS) -> list[GrammarProgram]:
    rng = random.Random(seed)
    return [sample_program(rng, shape) for _ in range(count)]


def execute(source: str) -> dict[str, Any]:
    namespace: dict[str, Any] = {}
    exec(compile(source, "program", "exec"), namespace)
    return namespace


def build(source: str, shape: TaskShape, batch: int) -> Any:
    import torch

    image = (batch, shape.channels, shape.height, shape.width)
    return execute(source)["Net"](image, (shape.classes,), PRM, torch.device("cpu"))


def train_and_score(source: str, shape: TaskShape, seed: int) -> Any:
    """Train on two random batches; return the scores (3, classes) of other images."""
    import torch

    torch.manual_seed(seed)
    net = build(source, shape, 4)
    net.train_setup(PRM)
    size = (shape.channels, shape.height, shape.width)
    net.learn([(torch.rand(4, *size), torch.randint(shape.classes, (4,))) for _ in range(2)])
    net.eval()
    return net(torch.rand(3, *size))


def assert_programs_train(count: int, seed: int) -> None:
    rng = random.Random(seed)
    for index in range(count):
        shape = SHAPES[index % len(SHAPES)]
        program = sample_program(rng, shape)
        assert train_and_score(program.source, shape, index).shape == (3, shape.classes), program.source


@pytest.mark.parametrize("seed", [0])
def test_every_program_builds_trains_and_answers(seed: int) -> None:
    assert_programs_train(40, seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1])
def test_every_one_of_300_programs_builds_trains_and_answers(seed: int) -> None:
    assert_programs_train(300, seed)


@pytest.mark.parametrize("cap", [5_000, 500_000])
def test_no_program_exceeds_the_parameter_cap(cap: int) -> None:
    rng = random.Random(cap)
    for shape in SHAPES:
        for _ in range(4):
            net = build(sample_program(rng, shape, max_parameters=cap).source, shape, 2)
            assert sum(weight.numel() for weight in net.parameters()) <= cap


def test_the_parameter_count_of_the_construction_is_the_networks_own() -> None:
    rng = random.Random(5)
    for index in range(60):
        shape = SHAPES[index % len(SHAPES)]
        derivation = derive(Choices(rng), shape)
        net = build(derivation.program.source, shape, 2)
        count = sum(weight.numel() for weight in net.parameters())
        assert count == derivation.parameters, derivation.program.source


def test_equal_states_of_the_generator_give_equal_programs() -> None:
    assert draw(20, seed=3) == draw(20, seed=3)


def test_the_version_is_raised_when_equal_seeds_give_other_programs() -> None:
    text = "".join(program.source for program in draw(200))
    assert (GRAMMAR_VERSION, content_id(text)) == (1, "b943f012efb18d87")


def test_other_seeds_give_other_programs() -> None:
    assert not set(draw(20, seed=3)) & set(draw(20, seed=4))


def test_the_global_random_state_is_neither_read_nor_changed() -> None:
    random.seed(1)
    before, first = random.getstate(), draw(10)
    assert random.getstate() == before
    random.seed(2)
    assert draw(10) == first


def test_no_program_comes_twice_in_500() -> None:
    assert len({program.source for program in draw(500)}) == 500


def test_every_family_appears_in_500_programs() -> None:
    assert {family for program in draw(500) for family in program.families} == FAMILIES


def test_programs_are_short_enough_for_a_small_context() -> None:
    lengths = [len(program.source) for program in draw(300)]
    assert min(lengths) >= 800
    assert max(lengths) <= 1_750


def test_a_program_declares_exactly_the_hyperparameters_beside_momentum_that_it_reads() -> None:
    for program in draw(60):
        declared = execute(program.source)["supported_hyperparameters"]()
        assert declared - {"momentum"} == {name for name in PRM if f"prm['{name}']" in program.source} - {
            "momentum"
        }


def test_no_program_defines_a_class_or_function_that_it_never_uses() -> None:
    for program in draw(200):
        tree = ast.parse(program.source)
        defined = {node.name for node in tree.body if isinstance(node, ast.ClassDef | ast.FunctionDef)}
        used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        assert defined - used == {"Net", "supported_hyperparameters"}, program.source


def test_no_attribute_is_defined_and_never_read() -> None:
    for program in draw(200):
        for node in ast.parse(program.source).body:
            attributes = [name for name in ast.walk(node) if isinstance(name, ast.Attribute)]
            own = [
                item for item in attributes if isinstance(item.value, ast.Name) and item.value.id == "self"
            ]
            written = {item.attr for item in own if isinstance(item.ctx, ast.Store)}
            read = {item.attr for item in own if isinstance(item.ctx, ast.Load)}
            assert written <= read, program.source


def test_a_smaller_image_than_6x6_is_refused() -> None:
    with pytest.raises(ValueError, match="6x6"):
        sample_program(random.Random(0), TaskShape(channels=1, height=5, width=8, classes=2))


def test_a_cap_that_no_program_meets_is_reported() -> None:
    with pytest.raises(ValueError, match="at most 3 parameters"):
        sample_program(random.Random(0), DIGITS, max_parameters=3)
