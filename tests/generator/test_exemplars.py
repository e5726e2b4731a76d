"""Which programs stand together in a prompt: any, or ones whose likeness lies in a band."""

from __future__ import annotations

import random
from itertools import combinations

import pytest

from corpus.config import CorpusConfig
from corpus.novelty.gate import decide
from corpus.novelty.similarity import Shingler
from corpus.records.search.trials import Trial
from cycles.config.run import load_config
from cycles.errors import ConfigError
from cycles.parts import exemplars_drawn
from generator.prompts.exemplars import Banded, any_of
from tests.corpus.test_similarity import edited, grammar_programs
from tests.ledgers import candidate, evaluation

SHINGLER = Shingler(7)


def trial(index: int, source: str) -> Trial:
    row = candidate(0, index, source)
    judged = evaluation(row, 0.5)
    return Trial(row, judged, decide(judged, None, CorpusConfig()))


@pytest.fixture(scope="module")
def pool() -> list[Trial]:
    chance = random.Random(0)
    texts = [edited(text, count, chance) for text in grammar_programs(10, seed=2) for count in (0, 3, 9)]
    return [trial(index, text) for index, text in enumerate(texts)]


@pytest.mark.parametrize("count", [2, 3, 4])
@pytest.mark.parametrize("band", [(0.1, 0.5), (0.3, 0.8)])
def test_each_two_of_a_prompt_are_within_the_band(
    pool: list[Trial], count: int, band: tuple[float, float]
) -> None:
    draw = Banded(*band, SHINGLER)
    drawn = [draw(pool, count, random.Random(seed)) for seed in range(8)]
    for found in drawn:
        for one, other in combinations(found, 2):
            similar = SHINGLER.similarity(one.candidate.source or "", other.candidate.source or "")
            assert band[0] <= similar <= band[1]
    assert max(map(len, drawn)) == count
    assert len({tuple(each.candidate.id for each in found) for found in drawn}) > 1


def test_one_seed_draws_one_set(pool: list[Trial]) -> None:
    drawn = [Banded(0.1, 0.6, SHINGLER)(pool, 3, random.Random(5)) for _ in range(2)]
    assert drawn[0] == drawn[1]


def test_where_nothing_fits_together_one_program_is_shown(pool: list[Trial]) -> None:
    assert len(Banded(0.9999, 0.99991, SHINGLER)(pool[::3], 3, random.Random(1))) == 1
    assert Banded(0.1, 0.6, SHINGLER)([], 3, random.Random(1)) == []


def test_without_a_band_any_are_drawn_as_ever(pool: list[Trial]) -> None:
    assert any_of(pool, 3, random.Random(4)) == random.Random(4).sample(pool, 3)
    assert len(any_of(pool[:2], 3, random.Random(4))) == 2


def test_a_band_is_a_setting_of_the_generator() -> None:
    shown = ["generator.model=Qwen/Qwen2.5-Coder-0.5B-Instruct", "generator.template=instruct"]
    banded = load_config("cpu-tiny", [*shown, "generator.exemplars=3", "generator.exemplar_band=[0.2, 0.6]"])
    assert isinstance(exemplars_drawn(banded), Banded)
    assert exemplars_drawn(load_config("cpu-tiny", shown)) is any_of
    for wrong in (["generator.exemplars=1"], ["generator.exemplars=3", "generator.exemplar_band=[0.6, 0.2]"]):
        with pytest.raises(ConfigError, match="exemplar_band is"):
            load_config("cpu-tiny", [*shown, "generator.exemplar_band=[0.2, 0.6]", *wrong])
