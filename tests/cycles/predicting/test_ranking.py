"""Of several samples the best is judged: paid for, noted, the same after a kill; chance is its control."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from corpus.ledger.writer import LedgerWriter
from corpus.records.base import derive_seed
from corpus.records.evaluations import EvaluationStatus, Stage
from corpus.records.prompts import FinishReason, Message, Prompt
from corpus.records.search.probes import Probe
from corpus.records.search.proposals import DecidedBy, Decision
from corpus.records.search.transcripts import ScriptEnding, Transcript
from cycles.assembly import start_run
from cycles.carrying import Carrier
from cycles.config.arms import arm_of
from cycles.config.run import RunConfig, load_config
from cycles.errors import ConfigError
from cycles.predicting import ranking
from cycles.predicting.ranking import builds_of, by_chance, choosing_of
from cycles.predicting.zero_cost import zero_cost_script
from cycles.run.answers import Answer, Choosing, Drawn, take_best
from generator.samplers.contract import Sample
from tests.cycles.test_search_replay import Fuse, rows
from tests.searches import Arena, Hashed

SMALL = ["cycles=3", "candidates=16", "generator.batch_size=8", "corpus.seed_programs=0"]


class Sandbox(Hashed):
    """Probes what is longer than 2,000 characters as a failure, and keeps count."""

    probed = 0

    def probe(self, sources: Sequence[str]) -> list[Probe]:
        Sandbox.probed += len(sources)
        failed = Probe(failure=EvaluationStatus.SHAPE_ERROR, stage=Stage.FORWARD)
        return [failed if len(each) > 2000 else super(Sandbox, self).probe([each])[0] for each in sources]


def config(*settings: str) -> RunConfig:
    return load_config("cpu-tiny", [*SMALL, *settings])


def arena(ledger: LedgerWriter, config: RunConfig) -> Arena:
    built = Arena(ledger, config)
    built.writer.choosing = choosing_of(config, ledger, Carrier(), Sandbox)
    return built


def prompt(number: int) -> Prompt:
    message = Message(role="user", content="a network")
    return Prompt(id=f"c000/p{number}", strategy="s", template="compact", messages=(message,), seed=number)


def draw(prompts: list[Prompt]) -> Generator[Sample, None, None]:
    for each in reversed(prompts):  # as a server answers: in any order
        text = f"class Net:\n    seed = {each.seed}\n"
        yield Sample(prompt_id=each.id, text=text, finish_reason=FinishReason.STOP, token_count=7)


def taken(rank: ranking.Rank, samples: int = 4) -> dict[str, Answer]:
    prompts = [prompt(number) for number in range(5)]
    answers = {sample.prompt_id: Answer(sample) for sample in draw(prompts)}
    take_best(prompts, answers, Choosing(samples, rank, "worth"), draw)
    return answers


def test_the_best_sample_is_taken_and_all_tokens_are_counted() -> None:
    for name, answer in taken(lambda drawn: [float(each.seed) for each in drawn]).items():
        number = int(name[-1])
        seeds = [number, *[derive_seed(number, "sample", turn) for turn in (1, 2, 3)]]
        assert f"seed = {max(seeds)}\n" in answer.sample.text and answer.sample.token_count == 28
        assert answer.seed == (max(seeds) if max(seeds) != number else None)
        said = f"sample {seeds.index(max(seeds)) + 1} of 4 by worth: {max(seeds):.4g}"
        assert answer.taken == Decision(what=said, by=DecidedBy.RULE)


def test_where_nothing_is_known_the_first_is_taken_and_the_unknown_is_never_preferred() -> None:
    for name, answer in taken(lambda drawn: [None] * len(drawn)).items():
        assert f"seed = {name[-1]}\n" in answer.sample.text and answer.seed is None
        assert answer.taken is not None and answer.taken.what.endswith("unknown")
    for answer in taken(lambda drawn: [None if each.seed < 5 else -1e9 for each in drawn]).values():
        assert answer.seed is not None


def test_chance_takes_each_place_as_often() -> None:
    drawn = [Drawn(derive_seed(number), None) for number in range(4000)]
    worth = by_chance(drawn)
    fours = [worth[start : start + 4] for start in range(0, 4000, 4)]
    firsts = sum(max(range(4), key=lambda place: each[place] or 0.0) == 0 for each in fours)
    assert 200 < firsts < 300


@pytest.mark.parametrize("by", ["predictor", "probe", pytest.param("chance", marks=pytest.mark.slow)])
def test_a_run_killed_at_any_write_goes_on_to_the_ledger_of_an_unbroken_one(
    by: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ranking, "LEAST_KNOWN", 8)
    settings = config("generator.samples_per_place=3", f"generator.ranked_by={by}", "cycles=2")
    with LedgerWriter.create(tmp_path / "whole.db") as ledger:
        arena(ledger, settings).run()
        last = ledger.candidates(cycle=1)
    expected = rows(tmp_path / "whole.db")
    assert all(each.decisions[-1].what.startswith("sample ") for each in last)
    assert any(not each.decisions[-1].what.startswith("sample 1 ") for each in last)
    for writes in range(1, 60, 9):
        path = tmp_path / f"{writes}.db"
        with LedgerWriter.create(path) as ledger:
            Fuse(ledger, writes, after=bool(writes % 2))
            with suppress(KeyboardInterrupt):
                arena(ledger, settings).run()
        with LedgerWriter.open(path) as ledger:
            arena(ledger, settings).run()
        assert rows(path) == expected, writes


def test_until_enough_is_known_one_sample_is_drawn_and_rows_are_those_of_a_run_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ranking, "LEAST_KNOWN", 12)
    paths = [tmp_path / name for name in ("plain.db", "ranked.db")]
    for path, settings in zip(paths, ([], ["generator.samples_per_place=3"]), strict=True):
        Sandbox.probed = 0
        with LedgerWriter.create(path) as ledger:
            arena(ledger, config(*settings)).run()
    cycles = []
    for path in paths:
        with sqlite3.connect(path) as database:
            query = "SELECT cycle, source_id, token_count, decisions FROM candidates ORDER BY id"
            cycles.append([[row for row in database.execute(query) if row[0] == cycle] for cycle in range(3)])
    plain, ranked = cycles
    assert plain[0] == ranked[0] and plain[2] != ranked[2]
    assert sum(row[2] for row in ranked[2]) > 2 * sum(row[2] for row in plain[2])
    assert Sandbox.probed > 0


def test_what_builds_no_network_is_ranked_behind_all_others(tmp_path: Path) -> None:
    with LedgerWriter.create(tmp_path / "corpus.db") as ledger:
        asked = config("generator.samples_per_place=2", "generator.ranked_by=probe")
        choosing = choosing_of(asked, ledger, Carrier(), Sandbox)
        assert choosing is not None
        chosen = choosing(0)
    assert chosen is not None
    drawn = [Drawn(0, "x" * 3000), Drawn(1, None), Drawn(2, "x")]
    assert chosen.rank(drawn) == [None, None, 1.0]


def test_a_zero_cost_score_is_that_of_the_script(tmp_path: Path) -> None:
    asked = config("generator.samples_per_place=2", "generator.ranked_by=naswot")

    class Scoring(Sandbox):
        def execute(self, code: str) -> Transcript:
            shape, protocol = scored.task.shape, asked.evaluator
            wanted = code == zero_cost_script("good", shape, protocol)
            mark = code[code.rindex("scores ") : code.rindex(': "') + 2]
            said = f"{mark}[1.0, 2.0, 3.5, 4.0]" if wanted else "nothing"
            return Transcript(ending=ScriptEnding.FINISHED, output=said)

    from evaluator.supervisor.sandbox import SandboxedEvaluator

    scored = SandboxedEvaluator(asked.evaluator)
    with LedgerWriter.create(tmp_path / "corpus.db") as ledger:
        choosing = choosing_of(asked, ledger, Carrier(), Scoring)
        chosen = choosing(0) if choosing else None
    assert chosen is not None and chosen.words == "naswot"
    assert chosen.rank([Drawn(0, "bad"), Drawn(1, "good"), Drawn(2, None)]) == [None, 3.5, None]


def test_several_samples_of_what_is_no_prompt_are_refused(tmp_path: Path) -> None:
    asked = config("generator.samples_per_place=2", "strategy.name=evolution", "teaching.by=nobody")
    with pytest.raises(ConfigError, match="strategy 'evolution' hands in programs"):
        start_run(tmp_path / "run", asked)
    assert not (tmp_path / "run").exists()


def test_one_sample_for_each_place_needs_no_ranking_and_several_are_an_arm(tmp_path: Path) -> None:
    with LedgerWriter.create(tmp_path / "corpus.db") as ledger:
        assert choosing_of(config(), ledger, Carrier(), Sandbox) is None
    several = arm_of(config("generator.samples_per_place=4", "generator.ranked_by=chance"))
    assert several.words == "closed loop, best of 4 by chance" and several.key == "loop-best-of-4-by-chance"


def test_only_where_it_is_asked_for_is_looked_for_what_builds_and_the_run_is_an_arm() -> None:
    starts: list[None] = []

    def start() -> Sandbox:
        starts.append(None)
        return Sandbox()

    assert builds_of(config(), Carrier(), start) is None
    asked = config("generator.redraws=2", "generator.redraw_broken=true")
    assert arm_of(asked).words == "closed loop, the broken drawn again"
    builds = builds_of(asked, Carrier(), start)
    assert builds is not None and not starts and builds([]) == set()
    fine, broken = "class Net: ...", "class Net: ..." + "#" * 2000
    assert builds([fine, broken]) == {fine} and builds([broken]) == set() and len(starts) == 1
