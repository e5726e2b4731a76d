"""What the choice of a sampler means: one table, and nobody beside the configuration who asks by name."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import ValidationError

from generator.config.generator import GeneratorConfig
from tests.test_layering import ROOMS

ROOT = Path(__file__).parents[2]
URL = "http://host:8000/v1"

QUESTIONS = (
    "uses_vllm",
    "own_server",
    "served_elsewhere",
    "weights_here",
    "gives_memory_back",
)
MAY_ASK_BY_NAME = {"generator/config/generator.py", "cycles/parts.py"}
"""The configuration answers; the one factory chooses a class."""


@pytest.mark.parametrize(
    ("settings", "true"),
    [
        ({"sampler": "transformers"}, {"weights_here", "gives_memory_back"}),
        ({"sampler": "offline"}, {"uses_vllm", "weights_here"}),
        (
            {"sampler": "server"},
            {"uses_vllm", "own_server", "weights_here", "gives_memory_back"},
        ),
        ({"sampler": "server", "server": {"url": URL}}, {"uses_vllm", "served_elsewhere"}),
        # A URL says nothing where another sampler was chosen.
        (
            {"sampler": "transformers", "server": {"url": URL}},
            {"weights_here", "gives_memory_back"},
        ),
    ],
)
def test_the_configuration_answers_what_a_sampler_is(settings: dict[str, Any], true: set[str]) -> None:
    config = GeneratorConfig.model_validate(settings)
    assert {question for question in QUESTIONS if getattr(config, question)} == true


def comparisons(tree: ast.AST) -> Iterator[str]:
    """Yield every comparison of a sampler's setting, or of its server's URL, with something."""
    for node in ast.walk(tree):
        match node:
            case ast.Compare(left=left, comparators=others):
                sides = [left, *others]
            case ast.Match(subject=subject):
                sides = [subject]
            case _:
                continue
        if any(ast.unparse(side).endswith((".sampler", "server.url")) for side in sides):
            yield ast.unparse(node)


def test_only_the_configuration_and_the_factory_ask_for_a_sampler_by_its_name() -> None:
    asking = {
        str(path.relative_to(ROOT))
        for room in ROOMS
        for path in (ROOT / room).rglob("*.py")
        if any(comparisons(ast.parse(path.read_text(encoding="utf-8"))))
    }
    assert asking == MAY_ASK_BY_NAME


def test_a_comparison_by_name_is_found() -> None:
    names = get_args(GeneratorConfig.model_fields["sampler"].annotation)
    planted = [f"config.generator.sampler == {name!r}" for name in names]
    planted += ["s.sampler in ('server', 'offline')", "generator.server.url is None"]
    assert [list(comparisons(ast.parse(line))) for line in planted] == [[line] for line in planted]


def test_what_is_broken_cannot_be_drawn_again_without_redraws() -> None:
    with pytest.raises(ValidationError, match="redraw_broken draws nothing again"):
        GeneratorConfig(redraw_broken=True)
    assert GeneratorConfig(redraw_broken=True, redraws=2).redraw_broken
