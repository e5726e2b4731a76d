"""The writer over an endpoint: refused prompts are candidates, and what is paid for is kept."""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

import pytest

from corpus.ledger.writer import LedgerWriter
from corpus.novelty.diversity import skeleton
from corpus.records.base import derive_seed
from corpus.records.candidates import Candidate
from corpus.records.evaluations import EvaluationStatus
from corpus.records.prompts import FinishReason, Prompt, SamplingParameters
from cycles.config.run import load_config
from cycles.run.answers import Builds
from evaluator.supervisor.verdict import no_code
from generator.config.serving import ServerConfig
from generator.samplers.contract import Sample, Sampler, SamplingOptions, UpstreamError
from generator.serving.endpoint_sampler import EndpointSampler
from tests.endpoint_server import EndpointServer, status
from tests.searches import Arena

COUNT = 6


@pytest.fixture
def ledger(tmp_path: Path) -> Generator[LedgerWriter, None, None]:
    with LedgerWriter.create(tmp_path / "corpus.db") as fresh:
        yield fresh


def endpoint_sampler(server: EndpointServer) -> EndpointSampler:
    config = ServerConfig(url=server.url, attempts=1, backoff_seconds=0.0, concurrency=1)
    return EndpointSampler(config, SamplingParameters())


def write_cycle(ledger: LedgerWriter, sampler: Sampler) -> dict[int, Candidate]:
    config = load_config("cpu-tiny", [f"candidates={COUNT}", "generator.batch_size=4"])
    arena = Arena(ledger, config)
    arena.writer.sampler = lambda: sampler
    batch = arena.search.due(0)
    if batch is not None:
        for _ in arena.writer.write(0, batch.unwritten, lambda: None):
            pass
    return {candidate.index: candidate for candidate in ledger.candidates(cycle=0)}


def test_a_refused_prompt_is_a_candidate_without_a_program_that_holds_the_servers_words(
    ledger: LedgerWriter,
) -> None:
    seeds: list[int] = []

    def third(body: dict[str, Any]) -> str | None:
        if body["seed"] not in seeds:
            seeds.append(body["seed"])
        return "the prompt was\n\x1b[31mfiltered" if seeds[2:3] == [body["seed"]] else None

    with EndpointServer(refuses=third) as server:
        candidates = write_cycle(ledger, endpoint_sampler(server))
    (candidate,) = [each for each in candidates.values() if each.finish_reason is FinishReason.REFUSED]
    assert candidate.source is None and "the prompt was" in candidate.completion
    evaluation = no_code(candidate, "protocol")
    assert evaluation.status is EvaluationStatus.NO_CODE
    assert "HTTP 400: the prompt was ?[31mfiltered" in (evaluation.error or "")
    assert len(candidates) == COUNT


def test_what_was_answered_before_a_batch_broke_off_is_kept_and_the_rest_is_as_it_would_have_been(
    ledger: LedgerWriter, tmp_path: Path
) -> None:
    with EndpointServer() as server, LedgerWriter.create(tmp_path / "unbroken.db") as other:
        unbroken = write_cycle(other, endpoint_sampler(server))

    def answered(_body: dict[str, Any]) -> None:
        if len(server.chats()) == 3:
            server.faults.append(status(500))

    with EndpointServer(refuses=answered) as server:
        with pytest.raises(UpstreamError, match="500"):
            write_cycle(ledger, endpoint_sampler(server))
        assert len(ledger.candidates(cycle=0)) == 2
        assert write_cycle(ledger, endpoint_sampler(server)) == unbroken
        assert len(server.chats()) == COUNT + 1


def test_a_batch_whose_rows_depend_on_one_another_is_kept_whole_or_not_at_all(ledger: LedgerWriter) -> None:
    class Batched(EndpointSampler):
        @property
        def answers_by_batch(self) -> bool:
            return True

    with EndpointServer(status(500)) as server:
        config = ServerConfig(url=server.url, attempts=1, backoff_seconds=0.0)
        with pytest.raises(UpstreamError, match="500"):
            write_cycle(ledger, Batched(config, SamplingParameters()))
    assert ledger.candidates(cycle=0) == []


def redrawing(
    ledger: LedgerWriter, sampler: Sampler, redraws: int, builds: Builds | None = None
) -> dict[int, Candidate]:
    config = load_config("cpu-tiny", [f"candidates={COUNT}", "generator.batch_size=4"])
    arena = Arena(ledger, config)
    arena.writer.sampler, arena.writer.redraws, arena.writer.builds = lambda: sampler, redraws, builds
    batch = arena.search.due(0)
    if batch is not None:
        for _ in arena.writer.write(0, batch.unwritten, lambda: None):
            pass
    return {candidate.index: candidate for candidate in ledger.candidates(cycle=0)}


class Counting(Sampler):
    """Answers a prompt by how often it was asked."""

    def __init__(self) -> None:
        self.asked = Counter[str]()

    @property
    def model_name(self) -> str:
        return "counting"

    @abstractmethod
    def said(self, prompt: Prompt, number: int) -> str:
        """Return the answer to a prompt that is asked for the `number`-th time."""

    def sample(
        self, prompts: Sequence[Prompt], adapter: Path | None, options: SamplingOptions | None = None
    ) -> Generator[Sample, None, None]:
        for prompt in prompts:
            self.asked[prompt.id] += 1
            text = self.said(prompt, self.asked[prompt.id])
            yield Sample(prompt_id=prompt.id, text=text, finish_reason=FinishReason.STOP, token_count=10)


class Repeating(Counting):
    """Answers with one design, but for numbers, until it was asked a prompt more than `patience` times."""

    def __init__(self, patience: int) -> None:
        super().__init__()
        self.patience = patience

    def said(self, prompt: Prompt, number: int) -> str:
        layers = int(prompt.id[-2:]) if number > self.patience else 0
        return f"class Net:\n    width = {prompt.seed}\n" + "    depth = 1\n" * layers


def test_a_design_that_the_run_has_is_drawn_again_and_all_its_tokens_count(ledger: LedgerWriter) -> None:
    sampler = Repeating(patience=1)
    written = redrawing(ledger, sampler, redraws=2)
    assert len({skeleton(each.source or "") for each in written.values()}) == COUNT
    first, *others = written.values()
    assert (first.seed, first.token_count) == (None, 10)
    assert [each.token_count for each in others] == [20] * (COUNT - 1)
    for each in others:
        prompt = next(prompt for prompt in ledger.prompts(0) if prompt.id == each.prompt_id)
        assert each.seed == derive_seed(prompt.seed, "again", 1) and str(each.seed) in (each.source or "")


def test_after_the_last_redraw_an_answer_is_taken_as_it_is(ledger: LedgerWriter) -> None:
    sampler = Repeating(patience=9)
    written = redrawing(ledger, sampler, redraws=2)
    assert len({skeleton(each.source or "") for each in written.values()}) == 1
    assert [each.token_count for each in written.values()] == [10, *[30] * (COUNT - 1)]


class Stumbling(Counting):
    """Answers a prompt with its own design; the first `faults` times it builds no network, the very first
    holds no program."""

    def __init__(self, faults: int) -> None:
        super().__init__()
        self.faults = faults

    def said(self, prompt: Prompt, number: int) -> str:
        if number == 1 and self.faults:
            return "no program"
        text = "class Net:\n" + "    depth = 1\n" * int(prompt.id[-2:]) + f"    width = {number}\n"
        return text + "    broken = 1\n" if number <= self.faults else text


class Looks:
    """Says what builds, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, sources: Sequence[str]) -> set[str]:
        self.asked += sources
        return {each for each in sources if "broken" not in each}


@pytest.mark.parametrize("faults", [0, 1, 2, 3])
def test_what_builds_no_network_is_drawn_again_and_each_program_is_looked_at_once(
    ledger: LedgerWriter, faults: int
) -> None:
    looks = Looks()
    written = redrawing(ledger, Stumbling(faults), redraws=3, builds=looks)
    assert len(written) == COUNT
    for each in written.values():
        assert each.token_count == 10 * (faults + 1)
        assert each.source is not None and "broken" not in each.source
    assert len(looks.asked) == len(set(looks.asked))


def test_what_builds_no_network_after_the_last_redraw_is_judged_as_it_is(ledger: LedgerWriter) -> None:
    written = redrawing(ledger, Stumbling(9), redraws=2, builds=Looks())
    assert all("broken" in (each.source or "") and each.token_count == 30 for each in written.values())


def test_without_looking_what_builds_no_network_is_kept(ledger: LedgerWriter) -> None:
    written = redrawing(ledger, Stumbling(9), redraws=2)
    assert all(each.source is None and each.token_count == 10 for each in written.values())


def test_a_run_that_stops_between_batches_draws_again_what_an_unbroken_one_does(
    ledger: LedgerWriter, tmp_path: Path
) -> None:
    class Breaking(Repeating):
        def sample(
            self, prompts: Sequence[Prompt], adapter: Path | None, options: SamplingOptions | None = None
        ) -> Generator[Sample, None, None]:
            if any(prompt.id.endswith("4") for prompt in prompts):
                raise UpstreamError("gone")
            yield from super().sample(prompts, adapter, options)

    with LedgerWriter.create(tmp_path / "unbroken.db") as other:
        unbroken = redrawing(other, Repeating(patience=1), redraws=2)
    with pytest.raises(UpstreamError):
        redrawing(ledger, Breaking(patience=1), redraws=2)
    assert len(ledger.candidates(cycle=0)) == 4
    assert redrawing(ledger, Repeating(patience=1), redraws=2) == unbroken
