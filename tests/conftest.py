"""What holds for every test process: Ctrl-C works, long files come first, slow tests only where asked for."""

from __future__ import annotations

import signal

import pytest

# A test run in the background of a script ignores Ctrl-C, and what it starts would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)


LONG = (
    "cycles/test_resume.py",
    "cycles/test_cli.py",
    "final/test_waves.py",
    "test_docs.py",
    "tests/test_bounds.py",
    "test_vllm.py",
    "spaces/test_contract.py",
    "test_refusals.py",
    "test_canary.py",
    "test_hostile.py",
    "evaluator/test_kinds.py",
    "test_isolation.py",
)
"""Files that take about a minute or more: begun last, one of them would be waited for alone."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="run the tests marked slow too (some ten minutes)")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    items.sort(key=_turn)
    if not config.getoption("--slow"):
        skip = pytest.mark.skip(reason="slow: bash scripts/test --slow runs it")
        for item in items:
            if "slow" in item.keywords:
                item.add_marker(skip)


def _turn(item: pytest.Item) -> int:
    """Return the place of a test's file among the long ones, one behind all of them for any other."""
    path = item.path.as_posix()
    return next((place for place, name in enumerate(LONG) if path.endswith(name)), len(LONG))
