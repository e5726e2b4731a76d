"""The writer over an endpoint: refused prompts are candidates, and what is paid for is kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from corpus.ledger.writer import LedgerWriter
from corpus.records.candidates import Candidate
from corpus.records.evaluations import EvaluationStatus
from corpus.records.prompts import FinishReason, SamplingParameters
from cycles.config.run import load_config
from evaluator.supervisor.verdict import no_code
from generator.config.serving import ServerConfig
from generator.samplers.contract import Sampler, UpstreamError
from generator.serving.endpoint_sampler import EndpointSampler
from tests.endpoint_server import EndpointServer, status
from tests.searches import Arena

COUNT = 6


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[LedgerWriter]:
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
