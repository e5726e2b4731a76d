"""What holds for every test process: Ctrl-C works, and slow tests run only where they are asked for."""

from __future__ import annotations

import signal

import pytest

# A test run in the background of a script ignores Ctrl-C, and what it starts would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="run the tests marked slow too (some ten minutes)")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--slow"):
        skip = pytest.mark.skip(reason="slow: bash scripts/test --slow runs it")
        for item in items:
            if "slow" in item.keywords:
                item.add_marker(skip)
