"""The closed loop with design ideas: one in each prompt, drawn fairly by the prompt's place alone."""

from __future__ import annotations

from collections import Counter

from corpus.records.prompts import Prompt
from corpus.records.search.ideas import category_of
from corpus.records.search.proposals import DecidedBy, Proposal
from generator.ideas.pool import IdeaPool
from generator.ideas.sampling import evenness
from generator.ideas.told import Told, read_told
from generator.strategies.closed_loop import ClosedLoop, Settings
from tests.generator.ideas.small_pool import small_pool
from tests.generator.strategies.benches import PlainBench


def proposals(pool: IdeaPool | None, settings: Settings | None = None, *, count: int = 50) -> list[Proposal]:
    bench = PlainBench(candidates=count)
    bench.ideas = pool
    return next(ClosedLoop(settings).search(bench))


def told(proposal: Proposal) -> Told:
    found = read_told(proposal.idea or "")
    assert found is not None
    return found


def test_each_prompt_states_the_idea_that_its_row_names() -> None:
    pool = small_pool()
    for proposal in proposals(pool):
        assert isinstance(proposal.program, Prompt)
        story = told(proposal)
        assert (story.mutation, story.notes) == ("prompt", {"by": "model"})
        assert pool.ideas[story.idea].path == story.path
        assert pool.ideas[story.idea].statement in proposal.program.messages[-1].content
        assert [each.what for each in proposal.decisions if each.by is DecidedBy.CHANCE] == ["idea"]


def test_fair_prompts_cover_categories_that_uniform_ones_forget() -> None:
    pool = small_pool(smooth=200)
    found = {}
    for sampling in ("fair", "uniform"):
        drawn = proposals(pool, Settings.model_validate({"sampling": sampling}), count=400)
        counts = Counter(category_of(told(each).path or "") for each in drawn)
        found[sampling] = evenness(counts, pool.categories) or 0.0
    assert found["fair"] > 0.95 and found["uniform"] < 0.3


def test_the_idea_of_a_prompt_depends_on_its_place_alone() -> None:
    whole = proposals(small_pool(3), count=20)
    bench = PlainBench(candidates=20)
    bench.ideas = small_pool(3)
    bench.place = 13
    assert next(ClosedLoop().search(bench)) == whole[13:]


def test_without_ideas_nothing_is_told_and_the_prompt_is_the_plain_one() -> None:
    with_ideas, plain = proposals(small_pool()), proposals(None)
    assert all(each.idea is None and len(each.decisions) == 1 for each in plain)
    for one, other in zip(with_ideas, plain, strict=True):
        assert isinstance(one.program, Prompt) and isinstance(other.program, Prompt)
        assert (one.program.id, one.program.seed) == (other.program.id, other.program.seed)
        assert one.program.messages[-1].content.startswith(other.program.messages[-1].content)
