"""Programs of others as teachers: imported, with what their sources claim of them.

A claim is never compared with what this run measured, nor with a claim under another protocol: who is best is
asked within one claimed protocol alone (collection, task, data set, metric, epochs and settings). Of whom a
source says nothing but failures teaches nobody, and no prompt shows it. This module does *not* judge a
program, and chooses none that no import has let into the ledger.
"""

from __future__ import annotations

import random
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from corpus.ledger.reader import Ledger
from corpus.programs.families import block_families
from corpus.records.admissions import Admission, AdmissionReason
from corpus.records.base import derive_seed
from corpus.records.candidates import Candidate, Origin
from corpus.records.evaluations import Evaluation
from corpus.records.prompts import Message
from corpus.records.search.trials import Trial
from cycles.config.teaching import Imported, TeachingConfig
from generator.prompts.exemplars import Draw
from generator.prompts.templates import Exemplar, ProgramRequest, TemplateName, render

LETTERS_A_TOKEN = 3
"""Characters of a program that a token stands for. Our choice: SmolLM2 has 2.8 to 3.5 in the grammar's."""


def imported_teachers(ledger: Ledger, teaching: TeachingConfig) -> list[Candidate]:
    """Return the imported programs that teach under `teaching`, in the order of the ledger."""
    if teaching.imported is Imported.ALL and not teaching.imported_protocol:
        claims = _claims(ledger)
        failed = {claim.candidate_id for claim in claims} - {
            claim.candidate_id for claim in claims if claim.valid
        }
        return [row for row in _programs(ledger) if row.id not in failed]
    return [trial.candidate for trial in imported_trials(ledger, teaching)]


def imported_trials(ledger: Ledger, teaching: TeachingConfig) -> list[Trial]:
    """Return those of them of which something is claimed, each with its best claim."""
    if teaching.imported is Imported.NONE:
        return []
    programs = {row.id: row for row in _programs(ledger)}
    families = {name: block_families(row.source or "") for name, row in programs.items()}
    best: dict[tuple[object, ...], Evaluation] = {}
    for claim in _claims(ledger):
        protocol, name = claim.protocol_id, claim.candidate_id
        if name not in families or not claim.valid or claim.accuracy is None:
            continue
        if not claim.claimed_under.startswith(teaching.imported_protocol):
            continue
        place = (name,) if teaching.imported is Imported.ALL else (protocol, families[name])
        if place not in best or claim.accuracy > (best[place].accuracy or 0.0):
            best[place] = claim
    claims = {claim.candidate_id: claim for claim in best.values()}
    return [
        Trial(row, claims[name], Admission(candidate_id=name, admitted=True, reason=AdmissionReason.IMPORTED))
        for name, row in programs.items()
        if name in claims
    ]


def imported_exemplars(ledger: Ledger, teaching: TeachingConfig, max_tokens: int) -> list[Trial]:
    """Return those of them that prompts may show: no longer than an answer of so many tokens may be."""
    known, longest = imported_trials(ledger, teaching), LETTERS_A_TOKEN * max_tokens
    return [trial for trial in known if len(trial.candidate.source or "") <= longest]


@dataclass(frozen=True)
class ImprovedUpon:
    """Asks for an imported program as prompts of the run ask: for something better than what they show.

    Shown are programs of which less is claimed under the same protocol, up to as many as the run's settings
    have it; how many, chance says, since the first prompts of a run have none to show. Where prompts show no
    program, or nothing is claimed of this one, it is the plain request.

    Attributes:
        known: Returns the imported programs that may be shown, with their claims.
        request: The run's request.
        template: The run's template.
        count: The most programs in a prompt.
        draw: Who chooses them.
        seed: The run's seed.
    """

    known: Callable[[], Sequence[Trial]]
    request: ProgramRequest
    template: TemplateName
    count: int
    draw: Draw
    seed: int

    def __call__(self, candidate: Candidate) -> tuple[Message, ...]:
        """Return the chat that an imported program answers."""
        chance = random.Random(derive_seed(self.seed, "improved upon", candidate.id))
        count = chance.randint(0, self.count)
        shown = self.draw(self._weaker(candidate), count, chance) if count else []
        return render(self.template, self.request, [Exemplar.of(trial) for trial in shown])

    def _weaker(self, candidate: Candidate) -> Sequence[Trial]:
        own = self._trials.get(candidate.id)
        if own is None:
            return []
        rivals = self._ranked[own.evaluation.protocol_id]
        return rivals[: bisect_left(rivals, _claimed(own), key=_claimed)]

    @cached_property
    def _trials(self) -> Mapping[str, Trial]:
        return {trial.candidate.id: trial for trial in self.known()}

    @cached_property
    def _ranked(self) -> Mapping[str, list[Trial]]:
        """Return the trials of each claimed protocol, the weakest first."""
        found = defaultdict(list)
        for trial in sorted(self._trials.values(), key=_claimed):
            found[trial.evaluation.protocol_id].append(trial)
        return found


def _claimed(trial: Trial) -> float:
    return trial.accuracy or 0.0


def _claims(ledger: Ledger) -> list[Evaluation]:
    """Return what sources say of programs, of each program in the order of the ledger."""
    return [row for row in ledger.evaluations() if row.claimed_under]


def _programs(ledger: Ledger) -> list[Candidate]:
    return [row for row in ledger.candidates(origin=Origin.IMPORTED) if row.source is not None]
