"""A closed loop with design ideas: killed anywhere it resumes, and its page shows how it covers them."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

import pytest

from corpus.ledger.writer import LedgerWriter
from cycles.config.run import RunConfig, load_config
from cycles.figures.runs import gather
from cycles.figures.studies.searches import read_search
from cycles.reporting.heat import STEPS, levels, step
from cycles.reporting.page import render
from generator.ideas.pool import IdeaPool
from generator.ideas.told import read_told
from tests.cycles.test_reporting import tags
from tests.cycles.test_search_replay import Fuse, rows
from tests.generator.ideas.small_pool import small_pool
from tests.runs import new_run, write_run
from tests.searches import Arena

POOL = small_pool(2)
CONFIG = load_config(
    "cpu-tiny", ["cycles=2", "candidates=15", "generator.batch_size=8", "corpus.seed_programs=0"]
)


def arena(ledger: LedgerWriter, pool: IdeaPool = POOL) -> Arena:
    found = Arena(ledger, CONFIG)
    found.search.bench.ideas = pool
    return found


def run_at(path: Path, config: RunConfig, pool: IdeaPool | None = POOL) -> Path:
    """Write a run, with the pool in its ledger if there is one."""
    directory = new_run(path, config)
    with LedgerWriter.open(directory.ledger_file) as ledger:
        if pool is None:
            Arena(ledger, config).run()
        else:
            ledger.add_ideas(list(pool.template.values()), list(pool.ideas.values()))
            arena(ledger, pool).run()
    return path


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_at(tmp_path_factory.mktemp("ideas") / "run", CONFIG)


def test_a_loop_with_ideas_killed_at_any_write_goes_on_to_the_ledger_of_an_unbroken_one(
    tmp_path: Path,
) -> None:
    with LedgerWriter.create(tmp_path / "whole.db") as ledger:
        arena(ledger).run()
    for writes in (3, 11, 24, 33):
        path = tmp_path / f"{writes}.db"
        with LedgerWriter.create(path) as ledger:
            fuse = Fuse(ledger, writes, after=bool(writes % 2))
            with suppress(KeyboardInterrupt):
                arena(ledger).run()
            assert fuse.left < 0
        with LedgerWriter.open(path) as ledger:
            arena(ledger).run()
        assert rows(path) == rows(tmp_path / "whole.db"), writes


def test_every_candidate_of_the_loop_tells_its_idea(run: Path) -> None:
    (data,) = gather([run])
    stories = [read_told(trial.candidate.idea or "") for trial in data.judged]
    assert len(stories) == 30 and all(story and story.mutation == "prompt" for story in stories)
    assert data.ideas is not None and data.ideas.ideas == POOL.ideas


def test_the_page_shows_every_part_of_the_template_with_its_counts(run: Path) -> None:
    page = render(gather([run]))
    section = page[page.index('id="ideas"') : page.index('id="networks"')]
    assert '<a href="#ideas">' in page
    for path in POOL.template:
        level, category, leaf = path.split("/")
        assert f"<b>{level.capitalize()} level</b>" in section
        assert f"{category}</th>" in section and f"{leaf}</th>" in section
    told = [read_told(trial.candidate.idea or "") for trial in gather([run])[0].judged]
    wanted = sum(each is not None and each.path == "network/width/scaling" for each in told)
    assert re.search(rf'scaling</th><td class="heat-\d">{wanted}</td>', section)
    assert "By ideas: evenness over 4 categories (5 sub-categories)" in section
    assert "By what programs name: evenness over 3 categories (4 sub-categories)" in section
    assert "Of 30 ideas that were carried out, 100% were by a model" in section
    assert "What went wrong" not in section


def test_a_run_without_ideas_has_no_such_section(tmp_path: Path) -> None:
    page = render(gather([write_run(tmp_path / "plain", cycles=1)]))
    assert 'id="ideas"' not in page and "#ideas" not in page


def test_a_strangers_template_makes_no_element(tmp_path: Path, run: Path) -> None:
    hostile = "<script>document.title='owned'</script>\u202e\" onclick=\"x"
    template = [leaf.model_copy(update={"says": hostile}) for leaf in POOL.template.values()]
    pool = IdeaPool(template, POOL.ideas.values())
    found, usual = (
        tags(render(gather([path]))) for path in (run_at(tmp_path / "hostile", CONFIG, pool), run)
    )
    assert found.names == usual.names
    assert not [name for name, _ in found.attributes if name.startswith("on")]


def test_a_shade_grows_with_the_logarithm_of_the_count() -> None:
    shades = [step(count, 100) for count in (0, 1, 3, 10, 30, 100)]
    assert shades[0] == 0 and shades[-1] == STEPS == step(1, 1)
    assert shades == sorted(set(shades))


def test_the_heat_map_has_each_category_before_its_leaves(run: Path) -> None:
    from cycles.figures.coverage import coverage

    (data,) = gather([run])
    found = coverage([(data.ideas, data.judged)])
    assert found is not None and found.told is not None
    maps = levels(found.told)
    assert [each.name for each in maps] == ["operator", "block", "network"]
    assert [(row.name, row.whole) for row in maps[0].rows] == [
        *(("activation", True), ("smooth", False), ("gated", False)),
        *(("normalisation", True), ("batch", False)),
    ]


def test_a_comparison_has_the_evenness_of_arms_without_ideas_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cycles.figures.studies.searches.shipped", lambda: POOL)
    figures = read_search(run_at(tmp_path / "plain", CONFIG, None))
    assert figures is not None and figures.idea_evenness is not None
    assert 0 < figures.idea_evenness <= 1
