"""What holds for every test process: Ctrl-C works, long files come first, slow tests only where asked for."""

from __future__ import annotations

import signal

import pytest

# A test run in the background of a script ignores Ctrl-C, and what it starts would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)


LONG = {"test_cli.py", "test_docs.py", "test_endings.py", "test_resume.py", "test_search_replay.py"}
"""Files that take minutes: begun last, one of them would keep a single process busy while the other waits."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="run the tests marked slow too (some ten minutes)")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.name not in LONG)
    if not config.getoption("--slow"):
        skip = pytest.mark.skip(reason="slow: bash scripts/test --slow runs it")
        for item in items:
            if "slow" in item.keywords:
                item.add_marker(skip)
