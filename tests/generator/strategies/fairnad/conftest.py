"""One sandbox for all tests of the folder: it takes seconds to start."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from evaluator.supervisor.sandbox import SandboxedEvaluator
from tests.generator.strategies.fairnad.building import CONFIG


@pytest.fixture(scope="package")
def sandbox() -> Iterator[SandboxedEvaluator]:
    with SandboxedEvaluator(CONFIG) as opened:
        yield opened
