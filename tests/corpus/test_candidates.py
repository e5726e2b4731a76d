"""Candidates that no model wrote: what they say of themselves."""

from __future__ import annotations

import pytest

from corpus.records.candidates import Candidate, Origin


@pytest.mark.parametrize(
    ("made", "identifier", "origin", "index", "seed"),
    [
        (Candidate.seeded(4, "x = 1\n", generator="g", seed=9), "seed/0004", Origin.SEED, 4, 9),
        (Candidate.imported("net.py", "x = 1\n", generator="g"), "net.py", Origin.IMPORTED, 0, None),
    ],
)
def test_a_program_that_no_model_wrote_is_its_own_completion(
    made: Candidate, identifier: str, origin: Origin, index: int, seed: int | None
) -> None:
    assert (made.id, made.origin, made.index, made.seed) == (identifier, origin, index, seed)
    assert made.source == made.completion == "x = 1\n"
    assert (made.generator, made.cycle, made.prompt_id, made.finish_reason) == ("g", None, None, None)
