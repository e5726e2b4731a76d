"""The collector of cycles is still while a report is made, and as it was afterwards."""

from __future__ import annotations

import gc

import pytest

from cycles.showing.collector import collector_at_rest


@pytest.mark.parametrize("enabled", [True, False])
def test_the_collector_rests_and_is_as_it_was_whatever_happens(enabled: bool) -> None:
    @collector_at_rest()
    def failing() -> None:
        assert not gc.isenabled()
        raise ValueError

    before = gc.isenabled()
    try:
        (gc.enable if enabled else gc.disable)()
        with collector_at_rest(), pytest.raises(ValueError, match=""):
            failing()
        assert gc.isenabled() is enabled
    finally:
        (gc.enable if before else gc.disable)()
