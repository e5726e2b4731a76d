"""Which of several samples is judged: each is ranked before any of them is trained.

The predictor of a cycle is trained on the cycles before it, from rows alone, so that a run that resumes ranks
as an unbroken one does. It knows code and graph; a probe in the sandbox gives the graph of a sample. What is
learnt is the score, with 0 for a network that was built and then failed or was ended early. A program that
builds no network is ranked behind all others, whatever they are ranked by; by chance alone it is not, since
nothing is run there.

The sandbox is one of its own, beside that of the judge, who may be at work at the same time. This module does
*not* draw samples (`cycles.run.answers` does) or judge them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from corpus.ledger.reader import Ledger
from corpus.records.base import derive_seed
from corpus.records.search.probes import Probe
from corpus.records.search.proposals import DecidedBy
from cycles.bench import Sandbox
from cycles.carrying import Carrier
from cycles.config.run import RunConfig
from cycles.errors import ConfigError
from cycles.parts import task_shape
from cycles.predicting.features import Features, Group, code_features, features, graph_features
from cycles.predicting.model import LEAST_KNOWN, Predictor
from cycles.predicting.rows import known_programs
from cycles.predicting.zero_cost import zero_cost_scores
from cycles.run.answers import Builds, Choosing, Drawn, Rank


def check_ranking(config: RunConfig) -> None:
    """Do nothing where a run draws one sample for each place, or its strategy leaves programs to be sampled.

    Raises:
        ConfigError: There are to be several samples, and the strategy hands in programs instead of prompts.
    """
    name, samples = config.strategy.name, config.generator.samples_per_place
    if samples > 1 and not config.strategy.prompts:
        raise ConfigError(
            f"generator.samples_per_place is {samples}, but strategy '{name}' hands in programs, of which "
            "there are no samples: set it to 1, or strategy.name to 'closed-loop'."
        )


def choosing_of(
    config: RunConfig, ledger: Ledger, carrier: Carrier, start: Callable[[], Sandbox]
) -> Callable[[int], Choosing | None] | None:
    """Return how one of several samples is taken in each cycle, None where the run draws one for each place.

    Args:
        config: The run's configuration.
        ledger: Its ledger.
        carrier: Turns what was written into what is judged.
        start: Starts a sandbox for the ranking; called once, when there is something to rank.
    """
    samples, words = config.generator.samples_per_place, config.generator.ranked_by
    if samples == 1:
        return None
    if words == "chance":
        return lambda _cycle: Choosing(samples, by_chance, words, DecidedBy.CHANCE)
    sandbox = functools.cache(start)
    if words == "predictor":
        predicting = Predicting(ledger, config.seed, carrier, sandbox)

        def predicted(cycle: int) -> Choosing | None:
            rank = predicting.rank_of(cycle)
            return None if rank is None else Choosing(samples, rank, words)

        return predicted
    if words == "probe":
        return lambda _cycle: Choosing(samples, _by_probe(carrier, sandbox()), words)
    rank = _by_score(words, config, carrier, sandbox)
    return lambda _cycle: Choosing(samples, rank(), words)


def builds_of(config: RunConfig, carrier: Carrier, start: Callable[[], Sandbox]) -> Builds | None:
    """Return who finds what builds no network, so that it is drawn again; None where the run judges it.

    Args:
        config: The run's configuration.
        carrier: Turns what was written into what is judged.
        start: Starts a sandbox for it; called once, when there is something to look at.
    """
    if not config.generator.redraw_broken:
        return None
    sandbox = functools.cache(start)

    return lambda sources: _built(sources, carrier, sandbox()) if sources else set()


def by_chance(drawn: Sequence[Drawn]) -> list[float | None]:
    """Return a seeded draw for each sample."""
    return [derive_seed(each.seed, "chance") / 2**31 for each in drawn]


@dataclass
class Predicting:
    """Makes the predictor of each cycle.

    Attributes:
        ledger: What was judged.
        seed: The run's seed.
        carrier: Turns what was written into what is judged.
        sandbox: Returns where samples are probed.
    """

    ledger: Ledger
    seed: int
    carrier: Carrier
    sandbox: Callable[[], Sandbox]
    _rows: list[list[tuple[Features, float]]] = field(default_factory=list)
    _predictors: dict[int, Predictor | None] = field(default_factory=dict)

    def rank_of(self, cycle: int) -> Rank | None:
        """Return how the samples of `cycle` are ranked, None while too few networks are known."""
        if cycle not in self._predictors:  # a search that listens asks for each of its batches
            self._predictors[cycle] = self._trained(cycle)
        predictor = self._predictors[cycle]
        if predictor is None:
            return None
        sandbox = self.sandbox()

        def rank(drawn: Sequence[Drawn]) -> list[float | None]:
            built = _probes([each.source for each in drawn], self.carrier, sandbox)
            rows = {
                source: code_features(source) | graph_features(probe.graph, probe.parameters, probe.flops)
                for source, probe in built.items()
                if probe.passed
            }
            said = dict(zip(rows, predictor.predict(list(rows.values())), strict=True))
            return [said.get(each.source or "") for each in drawn]

        return rank

    def _trained(self, cycle: int) -> Predictor | None:
        for earlier in range(len(self._rows), cycle):
            self._rows.append(self._of(earlier))
        known = [row for rows in self._rows[:cycle] for row in rows]
        if len(known) < LEAST_KNOWN:
            return None
        predictor = Predictor(derive_seed(self.seed, "predictor", cycle))
        return predictor.fit([row for row, _ in known], [score for _, score in known])

    def _of(self, cycle: int) -> list[tuple[Features, float]]:
        groups = (Group.CODE, Group.GRAPH)
        return [
            (
                features(each.source, groups, graph=each.graph, evaluation=each.evaluation),
                each.evaluation.accuracy or 0.0,
            )
            for each in known_programs(self.ledger, [cycle])
        ]


def _by_probe(carrier: Carrier, sandbox: Sandbox) -> Rank:
    def rank(drawn: Sequence[Drawn]) -> list[float | None]:
        built = _built([each.source for each in drawn], carrier, sandbox)
        return [1.0 if each.source in built else None for each in drawn]

    return rank


def _by_score(
    name: str, config: RunConfig, carrier: Carrier, sandbox: Callable[[], Sandbox]
) -> Callable[[], Rank]:
    """Return who returns the ranking by a zero-cost score, once the sandbox is started."""
    shape = task_shape(config)

    def begin() -> Rank:
        execute = sandbox().execute

        def rank(drawn: Sequence[Drawn]) -> list[float | None]:
            sources = dict.fromkeys(each.source for each in drawn if each.source is not None)
            scores = {
                source: zero_cost_scores(execute, carrier.source(source), shape, config.evaluator)[name]
                for source in sources
            }
            return [scores.get(each.source or "") for each in drawn]

        return rank

    return begin


def _built(sources: Sequence[str | None], carrier: Carrier, sandbox: Sandbox) -> set[str]:
    """Return those programs that build a network."""
    return {source for source, probe in _probes(sources, carrier, sandbox).items() if probe.passed}


def _probes(sources: Sequence[str | None], carrier: Carrier, sandbox: Sandbox) -> Mapping[str, Probe]:
    """Return what programs build, each probed once; None stands for a sample without one."""
    programs = list(dict.fromkeys(each for each in sources if each is not None))
    probes = sandbox.probe([carrier.source(each) for each in programs])
    return dict(zip(programs, probes, strict=True))
