"""The two final waves, to be read first.

    first    the best of the run, trained in earnest with several fresh seeds, measured on the validation
             split; the best mean wins
    second   the winner, trained on training and validation images together; what that leaves is kept,
             looked at without the test split, and measured on it once

All that is measured are rows of the ledger, under protocols of their own, so running the waves again *is*
going on with them: what has a row is not done again. A winner that cannot be taken home is passed over before
the test split is read, so that no choice ever follows that reading.

This module does *not* write the folder, and trains nothing itself: the sandbox does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from corpus.ledger.writer import LedgerWriter
from corpus.records.candidates import Candidate
from corpus.records.evaluations import Evaluation
from corpus.records.mistakes import Mistake
from corpus.records.tasks.kinds import Metric
from cycles.carrying import carrier_of
from cycles.config.run import RunConfig
from cycles.figures.quantities import counted, duration
from cycles.figures.records import Rate
from cycles.figures.statistics import wilson
from cycles.final.entrants import Entrant, Standing, best_entrants, judged_programs, standings, with_seed
from cycles.final.records import Measured, PassedOver
from cycles.final.settings import FinalSettings
from cycles.final.weights import WeightsStore
from cycles.judging import Evaluator
from cycles.run.interruption import Interruption
from cycles.showing.waves import WaveObserver
from evaluator.config import EvaluatorConfig
from evaluator.supervisor.final.workshop import Conversion, Rehearsal, Training, Workshop

_STEPS = 4
"""Of the second wave: train, load, convert, test."""


class NothingToTakeHome(Mistake):
    """No network of the run can be taken home."""


class FirstSandbox(AbstractContextManager[Evaluator], Protocol):
    """A sandbox of the first wave, which starts when it is entered."""

    protocol_id: str


class Luggage(NamedTuple):
    """What one network leaves in the second wave.

    Attributes:
        training: Its weights, and what they were trained with.
        rehearsal: How it did without the test split.
        conversion: Its ONNX file, or why there is none.
        test: Its accuracy on the test split, or the score of another metric.
        protocol_id: The protocol of that measurement.
        isolation: How its program was contained.
        target_mean: Mean of each channel of a regression's targets, whose unit its answers are not in.
        target_std: Standard deviation of each channel, likewise.
    """

    training: Training
    rehearsal: Rehearsal
    conversion: Conversion
    test: Rate | Measured
    protocol_id: str
    isolation: str
    target_mean: tuple[float, ...]
    target_std: tuple[float, ...]


class TakenHome(NamedTuple):
    """All that the waves came to.

    Attributes:
        ranking: The first wave, best first.
        passed_over: Winners that could not be taken home.
        winner: The network that could.
        luggage: What it leaves.
    """

    ranking: tuple[Standing, ...]
    passed_over: tuple[PassedOver, ...]
    winner: Standing
    luggage: Luggage


@dataclass
class Waves:
    """The final waves of one run.

    Attributes:
        config: The run's configuration.
        settings: How many networks, epochs and seeds.
        ledger: Holds what the run judged, and gets the rows of both waves.
        evaluator: Returns the sandbox of the first wave for a protocol.
        workshop: Returns the sandbox of the second wave for a protocol.
        store: Where the winner's weights are kept.
        machine_id: The machine that measures.
        observer: Is told what happens.
        interruption: Says at safe points whether to stop.
    """

    config: RunConfig
    settings: FinalSettings
    ledger: LedgerWriter
    evaluator: Callable[[EvaluatorConfig], FirstSandbox]
    workshop: Callable[[EvaluatorConfig], AbstractContextManager[Workshop]]
    store: WeightsStore
    machine_id: str
    observer: WaveObserver
    interruption: Interruption

    def run(self) -> TakenHome:
        """Do what is left of both waves.

        Raises:
            NothingToTakeHome: The run has no valid network, or none that can be trained in earnest.
        """
        return self.second(self.first(self.entrants()))

    def entrants(self) -> list[Entrant]:
        """Return the networks of the first wave, with the texts that were judged."""
        judged = judged_programs(self.ledger, self.config.cycles)
        found = best_entrants(judged, self.settings.top)
        if not found:
            raise NothingToTakeHome(
                f"{self.ledger.path.parent}: none of its {len(judged)} judged programs is valid, so there is "
                "no network to train. Go on with the run, or start one with more candidates."
            )
        carrier = carrier_of(self.ledger)
        return [
            each._replace(candidate=carrier.candidate(each.candidate)) for each in with_seed(found, judged)
        ]

    def first(self, entrants: Sequence[Entrant]) -> list[Standing]:
        """Train what is not trained yet with each seed, and return the ranking."""
        sandboxes = [self.evaluator(protocol) for protocol in self.settings.first_wave(self.config)]
        missing = [self._missing(sandbox.protocol_id, entrants) for sandbox in sandboxes]
        if any(missing):
            self.observer.started("first wave", sum(map(len, missing)))
            self._announce(entrants)
            for sandbox, candidates in zip(sandboxes, missing, strict=True):
                if candidates:
                    self._train_all(sandbox, candidates)
            self.observer.finished()
        trainings: defaultdict[str, list[Evaluation]] = defaultdict(list)
        for sandbox in sandboxes:
            for row in self.ledger.evaluations(protocol_id=sandbox.protocol_id):
                trainings[row.candidate_id].append(row)
        ranking = standings(entrants, trainings)
        if not ranking:
            status = trainings[entrants[0].candidate.id][0].status
            raise NothingToTakeHome(
                f"{self.ledger.path.parent}: none of its best {len(entrants)} networks learns over "
                f"{self.settings.epochs} epochs (the first: {status}). Try other --epochs, or a larger --top."
            )
        return ranking

    def second(self, ranking: Sequence[Standing]) -> TakenHome:
        """Take home the first of the ranking that can be."""
        passed_over: list[PassedOver] = []
        with self.workshop(self.settings.second_wave(self.config)) as workshop:
            self.observer.note(f"Sandbox: {workshop.isolation}")
            for standing in ranking:
                self.observer.started("second wave", _STEPS)
                found = self._take_home(workshop, standing)
                self.observer.finished()
                if not isinstance(found, Evaluation):
                    return TakenHome(tuple(ranking), tuple(passed_over), standing, found)
                reason = found.error or f"it ended in stage {found.stage}"
                passed_over.append(
                    PassedOver(candidate_id=found.candidate_id, status=found.status, reason=reason)
                )
                self.observer.note(f"{found.candidate_id} cannot be taken home: {found.status}, {reason}")
        raise NothingToTakeHome(
            f"{self.ledger.path.parent}: none of the {len(ranking)} networks of the first wave can be taken "
            f"home; the best: {passed_over[0].status}, {passed_over[0].reason}. Try a larger --top."
        )

    def _announce(self, entrants: Sequence[Entrant]) -> None:
        """Say what the first wave is to do, and how long that is by the times of the search."""
        searched = self.config.evaluator
        passes = self.settings.epochs / searched.epochs * self.settings.seeds / searched.workers
        seconds = sum(each.searched.wall_seconds for each in entrants) * passes
        self.observer.note(
            f"first wave: {counted(len(entrants), 'network')}, {counted(self.settings.seeds, 'seed')}, "
            f"{counted(self.settings.epochs, 'epoch')}; about {duration(seconds)} in all "
            "at the speed of the search"
        )
        complete = len(self.ledger.completed_cycles())
        if complete < self.config.cycles:
            self.observer.note(
                f"the run has completed {complete} of {counted(self.config.cycles, 'cycle')}: "
                "the best so far take part"
            )

    def _missing(self, protocol_id: str, entrants: Sequence[Entrant]) -> list[Candidate]:
        done = {row.candidate_id for row in self.ledger.evaluations(protocol_id=protocol_id)}
        return [each.candidate for each in entrants if each.candidate.id not in done]

    def _train_all(self, sandbox: FirstSandbox, candidates: Sequence[Candidate]) -> None:
        with sandbox as evaluator, closing(evaluator.evaluate(candidates)) as results:
            for result in results:
                self._record(result)
                self.observer.step(result.candidate_id, result)
                self.interruption.check()

    def _take_home(self, workshop: Workshop, standing: Standing) -> Luggage | Evaluation:
        """Return what a network leaves behind, or how its way home ended before the test split was read."""
        candidate = standing.entrant.candidate
        failed = self._row(candidate, workshop.training_id)
        if failed is not None:
            return failed
        training = self.store.find(candidate.id, workshop.training_id) or workshop.train(candidate)
        if isinstance(training, Evaluation):
            return self._record(training)
        self.store.keep(candidate.id, workshop.training_id, training)
        self._done("trained")
        rehearsal = workshop.rehearse(candidate, training.weights)
        if isinstance(rehearsal, Evaluation):
            return self._record(rehearsal)
        self._done("loaded and timed")
        conversion = workshop.convert(candidate, training.weights)
        self._done("converted")
        target_mean, target_std = workshop.target_unit or ((), ())
        return Luggage(
            training=training,
            rehearsal=rehearsal,
            conversion=conversion,
            test=self._tested(workshop, candidate, training),
            protocol_id=workshop.test_id,
            isolation=workshop.isolation,
            target_mean=target_mean,
            target_std=target_std,
        )

    def _tested(self, workshop: Workshop, candidate: Candidate, training: Training) -> Rate | Measured:
        """Return the score on the test split, which is read where no row says that it was."""
        row, fact = self._row(candidate, workshop.test_id), f"final-test-images:{workshop.test_id}"
        if row is None:
            test = workshop.test(candidate, training.weights)
            self.ledger.set_meta(fact, str(test.images))
            row = self._record(test.evaluation)
        self.observer.step("tested", row)
        if row.accuracy is None:
            # Whoever now turned to the next network would choose by the test split.
            raise NothingToTakeHome(
                f"{candidate.id}: its measurement on the test split ended as {row.status}: {row.error}. "
                "No other network is tried after that. Start anew with another number of --epochs."
            )
        images = int(self.ledger.get_meta(fact) or 0)
        if row.metric is not Metric.ACCURACY:
            return Measured(score=row.accuracy, total=images)
        return wilson(round(row.accuracy * images), images)

    def _done(self, step: str) -> None:
        self.observer.step(step)
        self.interruption.check()

    def _row(self, candidate: Candidate, protocol_id: str) -> Evaluation | None:
        rows = self.ledger.evaluations(protocol_id=protocol_id)
        return next((row for row in rows if row.candidate_id == candidate.id), None)

    def _record(self, evaluation: Evaluation) -> Evaluation:
        evaluation = evaluation.model_copy(update={"machine_id": self.machine_id})
        self.ledger.add_evaluation(evaluation)
        return evaluation
