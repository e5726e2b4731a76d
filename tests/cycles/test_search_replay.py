"""The search: what it was it still is, and killed anywhere it goes on as if it had not been."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from corpus.ledger.writer import LedgerWriter
from corpus.records.candidates import Candidate
from corpus.records.prompts import Message
from corpus.records.search.proposals import DecidedBy, Decision, Proposal
from corpus.records.search.trials import Trial
from cycles.config.run import RunConfig, load_config
from cycles.errors import Diverged
from generator.strategies.contract import Bench, Conversation, Strategy
from tests.searches import Arena

RECORDED = json.loads((Path(__file__).parent / "recorded" / "searches.json").read_text(encoding="utf-8"))
SMALL = ["cycles=3", "candidates=20", "generator.batch_size=8", "corpus.seed_programs=6"]


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@pytest.mark.parametrize("name", sorted(RECORDED))
def test_a_search_is_row_for_row_what_it_was_before_strategies_could_hear(name: str, tmp_path: Path) -> None:
    expected = RECORDED[name]
    config = load_config("cpu-tiny", [*SMALL, *expected["settings"]])
    with LedgerWriter.create(tmp_path / "corpus.db") as ledger:
        Arena(ledger, config).run()
        prompts = [each for cycle in range(3) for each in ledger.prompts(cycle)]
        assert [
            [each.id, digest(json.dumps([m.model_dump() for m in each.messages])), list(each.exemplar_ids),
             each.seed, each.template, each.strategy]
            for each in prompts
        ] == expected["prompts"]  # fmt: skip
        assert [_identity(each) for each in ledger.candidates()] == expected["candidates"]
        assert [[e.candidate_id, e.status.value, e.accuracy] for e in ledger.evaluations()] == expected[
            "evaluations"
        ]
        assert [
            [a.candidate_id, a.reason.value, a.nearest_id, a.jaccard] for a in ledger.admissions()
        ] == expected["admissions"]


def _identity(each: Candidate) -> list[Any]:
    source = each.source and digest(each.source)
    return [each.id, source, digest(each.completion), each.finish_reason and each.finish_reason.value,
            each.token_count, each.prompt_id, each.generator, each.seed, list(each.parents)]  # fmt: skip


class Toy(Strategy):
    """Asks in three ways, derives from the best so far, hands in nothing at times, and stops by itself."""

    name = "toy"

    def __init__(self, rounds: int = 12, word: str = "toy") -> None:
        self._rounds, self._word = rounds, word

    def search(self, bench: Bench) -> Conversation:
        best: str | None = None
        for turn in range(self._rounds):
            chat = (Message(role="user", content=f"{self._word} {turn}, best {best}"),)
            number = bench.model.json("planner", chat, {"type": "object"})
            text = bench.model.generate("writer", chat)
            kind = bench.model.choose("writer", chat, ["wide", "deep"])
            built = bench.probe("planner", [f"# {turn}", "# other"])
            seen = bench.execute("planner", "print(1)" * turn).output
            chance = bench.rng("toy", turn).random()
            heard = f"{text} {chance} {built[0].parameters} {seen}"
            proposals = [
                Proposal(
                    program=None if (turn + place) % 7 == 0 else f"# {number.answer.value} {heard}\n",
                    author="toy-1",
                    call=kind.call,
                    key=f"{turn}/{place}",
                    parents=() if best is None else (best,),
                    operator="toy",
                    idea=str(kind.answer.value),
                    decisions=(Decision(what="kind", by=DecidedBy.MODEL),),
                )
                for place in range(1 + turn % 4)
            ]
            trials = yield proposals
            ranked = sorted(trials, key=lambda trial: -(trial.accuracy or 0.0))
            best = ranked[0].candidate.id


class Fuse:
    """Lets so many writes through, and then fails before or after the next, as a killed process does."""

    def __init__(self, ledger: LedgerWriter, writes: int, *, after: bool) -> None:
        self.left = writes
        original: Callable[[], Any] = ledger._writing

        class Guard:
            def __enter__(guard) -> None:
                self.left -= 1
                if self.left < 0 and not after:
                    raise KeyboardInterrupt
                guard.inner = original()
                guard.inner.__enter__()

            def __exit__(guard, *raised: Any) -> None:
                guard.inner.__exit__(*raised)
                if self.left < 0 and after:
                    raise KeyboardInterrupt

        ledger._writing = Guard  # type: ignore[method-assign]


def rows(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Return all rows but for what measures time."""
    measured = {"wall_seconds", "seconds", "completed_at", "cpu_seconds"}
    with sqlite3.connect(path) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = {}
        for table in sorted(tables):
            columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
            kept = ", ".join(f'"{column}"' for column in columns if column not in measured)
            found[table] = database.execute(f"SELECT {kept} FROM {table} ORDER BY rowid").fetchall()
        return found


_NOBODY = "teaching.by=nobody"
_SMALL_POPULATION = "strategy.settings={population=5, tournament=2, batch=3}"
_COLLM = ["strategy.name=collm", "strategy.space=cells-3", "corpus.novelty=key", _NOBODY]
_SMALL_TREE = "conv(4) batch_norm relu | conv(8, stride=2) batch_norm relu | mean classifier"
_LLMASTOOL = [
    *("strategy.name=llmastool", "strategy.space=trees", "corpus.novelty=key", _NOBODY),
    f"strategy.settings={{batch=3, start=['{_SMALL_TREE}']}}",
]
_IDEAS = Path(__file__).parents[1] / "generator" / "strategies" / "fairnad" / "ideas.toml"
_FAIRNAD = [
    *("strategy.name=fairnad", "strategy.space=trees", "corpus.novelty=key", _NOBODY),
    f"strategy.ideas='{_IDEAS}'",
    "strategy.settings={fair=3, pareto=2, iterative=2, objective='accuracy,parameters', "
    f"start=['{_SMALL_TREE}'], carry='model', redraws=1}}",
]
_AGENTNAS = [
    *("strategy.name=agentnas", "strategy.space=trees", "corpus.novelty=key", _NOBODY),
    "strategy.settings={evaluations=4, alternatives=2, assemblies=2, population=4, tournament=2, batch=3}",
]
_FEEDBACK = ["strategy.name=feedback", "generator.template=instruct", "generator.model=a/b", _NOBODY]
STRATEGIES: dict[str, tuple[list[str], Callable[[], Strategy | None]]] = {
    "toy": ([], Toy),
    "closed loop": ([], lambda: None),
    "closed loop with exemplars": (RECORDED["closed loop with exemplars"]["settings"], lambda: None),
    "random search": (["strategy.name=random", _NOBODY], lambda: None),
    "evolution": (["strategy.name=evolution", _NOBODY, _SMALL_POPULATION], lambda: None),
    "portfolio": (
        [
            "strategy.name=portfolio",
            "strategy.settings.members={closed-loop={batch=3}, "
            "evolution={population=5, tournament=2, batch=3}}",
        ],
        lambda: None,
    ),
    "portfolio with continuations": (
        [
            "strategy.name=portfolio",
            "corpus.novelty=structural",
            "strategy.settings.members={closed-loop={batch=3}, edits={form='continuation', batch=3}}",
        ],
        lambda: None,
    ),
    "collm": (["strategy.settings={batch=4}", *_COLLM], lambda: None),
    "llmastool": (_LLMASTOOL, lambda: None),
    "fairnad": (_FAIRNAD, lambda: None),
    "agentnas": (_AGENTNAS, lambda: None),
    "agentnas by shared weights": (
        [*_AGENTNAS[:-1], _AGENTNAS[-1].replace("batch=3", "batch=3, search='gdas', shared_cost=3")],
        lambda: None,
    ),
    "feedback memory": ([*_FEEDBACK, "strategy.settings={batch=2}"], lambda: None),
    "hyperparameters by Optuna": (
        ["strategy.name=evolution", _NOBODY, _SMALL_POPULATION, "strategy.hyperparameters=optuna"],
        lambda: None,
    ),
    "hyperparameters by the model": (
        [*_FEEDBACK, "strategy.hyperparameters=model", "strategy.name=closed-loop"],
        lambda: None,
    ),
    "transforms by Optuna": (["strategy.transforms=optuna", "strategy.hyperparameters=random"], lambda: None),
    "collm in one role": (["strategy.settings={batch=4, roles='one'}", *_COLLM], lambda: None),
}


def settings(name: str) -> RunConfig:
    return load_config(
        "cpu-tiny", ["cycles=2", "candidates=11", *SMALL[2:3], "corpus.seed_programs=0", *STRATEGIES[name][0]]
    )


@pytest.fixture(scope="module", params=sorted(STRATEGIES))
def unbroken(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    path = tmp_path_factory.mktemp("unbroken") / "corpus.db"
    with LedgerWriter.create(path) as ledger:
        Arena(ledger, settings(request.param), STRATEGIES[request.param][1]()).run()
    return request.param, path


@pytest.mark.parametrize("after", [False, True])
def test_a_search_killed_at_any_write_goes_on_to_the_ledger_of_an_unbroken_one(
    unbroken: tuple[str, Path], tmp_path: Path, after: bool
) -> None:
    name, whole = unbroken
    expected = rows(whole)
    config, strategy = settings(name), STRATEGIES[name][1]
    for writes in range(0, 100, 10):
        path = tmp_path / f"{writes}.db"
        with LedgerWriter.create(path) as ledger:
            fuse = Fuse(ledger, writes, after=after)
            with suppress(KeyboardInterrupt):
                Arena(ledger, config, strategy()).run()
            survived = fuse.left >= 0
        with LedgerWriter.open(path) as ledger:
            Arena(ledger, config, strategy()).run()
        assert rows(path) == expected, writes
        if survived:
            return


@pytest.mark.parametrize("name", ["closed loop", "closed loop with exemplars", "random search"])
def test_what_remembers_nothing_is_replayed_from_the_cycle_that_is_due(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = load_config("cpu-tiny", ["cycles=3", "candidates=11", *SMALL[2:], *STRATEGIES[name][0]])
    with LedgerWriter.create(tmp_path / "whole.db") as ledger:
        fuse = Fuse(ledger, 1_000, after=True)
        Arena(ledger, config).run()
    with LedgerWriter.create(tmp_path / "resumed.db") as ledger:
        Fuse(ledger, (1_000 - fuse.left) * 9 // 10, after=True)
        with suppress(KeyboardInterrupt):
            Arena(ledger, config).run()
    with LedgerWriter.open(tmp_path / "resumed.db") as ledger:
        assert [ledger.is_complete(cycle) for cycle in range(3)] == [True, True, False]
        read, judged = set[int](), ledger.judged

        def noted(cycle: int) -> list[Trial]:
            read.add(cycle)
            return judged(cycle)

        monkeypatch.setattr(ledger, "judged", noted)
        Arena(ledger, config).run()
    assert read == ({0, 1, 2} if "exemplars" in name else {2})
    assert rows(tmp_path / "resumed.db") == rows(tmp_path / "whole.db")


def test_a_search_that_would_propose_otherwise_now_is_named_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "corpus.db"
    short = load_config("cpu-tiny", ["cycles=1", "candidates=9", *SMALL[2:]])
    longer = load_config("cpu-tiny", ["cycles=2", "candidates=9", *SMALL[2:]])
    with LedgerWriter.create(path) as ledger:
        Arena(ledger, short, Toy()).run()
        before = rows(path)
        with pytest.raises(Diverged, match=r"call k000000: .*\(messages\)"):
            Arena(ledger, longer, Toy(word="other")).run()
    assert rows(path) == before


def test_another_population_is_named_with_the_candidate_that_it_would_have_proposed(tmp_path: Path) -> None:
    def evolving(cycles: int, population: int) -> RunConfig:
        table = f"strategy.settings={{population={population}, tournament=2, batch=3}}"
        search = ["strategy.name=evolution", "teaching.by=nobody", table]
        return load_config("cpu-tiny", [f"cycles={cycles}", "candidates=12", *SMALL[2:], *search])

    with LedgerWriter.create(tmp_path / "corpus.db") as ledger:
        Arena(ledger, evolving(1, 5)).run()
        with pytest.raises(Diverged, match=r"candidate c000/0005: .*\(program"):
            Arena(ledger, evolving(2, 8)).run()


def test_a_strategy_that_ends_ends_the_search(tmp_path: Path) -> None:
    config = load_config("cpu-tiny", ["cycles=5", "candidates=9", *SMALL[2:]])
    with LedgerWriter.create(tmp_path / "corpus.db") as ledger:
        arena = Arena(ledger, config, Toy(rounds=4))
        arena.run()
        assert arena.search.over
        assert len(ledger.candidates(cycle=0)) + len(ledger.candidates(cycle=1)) == 1 + 2 + 3 + 4


def test_nothing_legal_is_charged_as_a_candidate_without_a_program(tmp_path: Path) -> None:
    config = load_config("cpu-tiny", ["cycles=1", "candidates=9", *SMALL[2:]])
    with LedgerWriter.create(tmp_path / "corpus.db") as ledger:
        Arena(ledger, config, Toy()).run()
        assert [trial.evaluation.status for trial in ledger.judged(0) if trial.candidate.source is None] == [
            "NO_CODE"
        ]


def test_what_a_proposal_says_of_its_origin_stands_in_the_candidates_row(tmp_path: Path) -> None:
    config = load_config("cpu-tiny", ["cycles=1", "candidates=9", *SMALL[2:]])
    with LedgerWriter.create(tmp_path / "corpus.db") as ledger:
        Arena(ledger, config, Toy()).run()
        last, calls = ledger.candidates(cycle=0)[-1], {call.id: call for call in ledger.calls()}
    assert last.operator == "toy" and last.key == "3/2" and last.parents
    assert last.decisions == (Decision(what="kind", by=DecidedBy.MODEL),)
    assert last.call_id is not None and calls[last.call_id].answer.value == last.idea
