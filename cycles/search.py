"""The search: a strategy is run again, and told what is recorded until it says something new.

The ledger holds every proposal as a candidate and every answer as a call, so nothing of a strategy is ever
saved: a run that resumes replays it, from the start of the run, or of the cycle that is due where it
remembers nothing. What it proposes again must be what is recorded; if it is not, `Diverged` names the place.
It is advanced only when its next batch is due, so that no question slips in before a fine-tuning.

It does *not* write or judge: `cycles.writing` and `cycles.judging` do, with the batch that is due.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from corpus.ledger.rows import storable
from corpus.ledger.writer import LedgerWriter
from corpus.records.candidates import Candidate
from corpus.records.prompts import Prompt
from corpus.records.search.proposals import Proposal
from corpus.records.search.trials import Trial
from cycles.bench import RunBench, diverged
from generator.prompts.asides import ASIDES
from generator.strategies.contract import Conversation, Strategy


@dataclass(frozen=True)
class Batch:
    """Proposals of one cycle that are not judged yet.

    Attributes:
        cycle: The cycle.
        proposals: All of them, by their places within the cycle, in order.
        unwritten: Those that are no candidates yet.
        whole: Whether the strategy proposed all of the cycle at once, so that nothing is to be heard before.
    """

    cycle: int
    proposals: Mapping[int, Proposal]
    unwritten: Mapping[int, Proposal]
    whole: bool


@dataclass
class _Recorded:
    """What the ledger holds of one cycle, by place within it; prompts by id."""

    cycle: int
    candidates: dict[int, Candidate]
    trials: dict[int, Trial]
    prompts: dict[str, Prompt]


@dataclass
class Search:
    """The conversation with a strategy, over the whole run.

    Attributes:
        ledger: What is recorded, and where prompts are appended.
        strategy: Who proposes.
        bench: What the strategy may touch.
        over: Whether the strategy has nothing more to try.
    """

    ledger: LedgerWriter
    strategy: Strategy
    bench: RunBench
    over: bool = False
    _conversation: Conversation | None = None
    _proposals: list[Proposal] = field(default_factory=list)
    _told: list[Trial] = field(default_factory=list)
    _recorded: _Recorded | None = None

    def due(self, cycle: int) -> Batch | None:
        """Return what is to be written and judged next in `cycle`; None once it is full, or the search over.

        Raises:
            Diverged: The strategy says other than what the ledger holds of it.
        """
        end = (cycle + 1) * self.bench.candidates
        if self._conversation is None and not self.strategy.remembers:
            self.bench.begin(cycle)
        while True:
            self._hear_what_is_recorded(end)
            settled = self.bench.place + len(self._told)
            if settled >= end or self.over:
                return None
            if len(self._told) < len(self._proposals):
                return self._batch(settled, end)
            self._advance()

    def hear(self, trial: Trial) -> None:
        """Take in what became of the next proposal."""
        self._told.append(trial)

    def _batch(self, settled: int, end: int) -> Batch:
        """Return the proposals from place `settled` on, up to the end of its cycle."""
        size = self.bench.candidates
        cycle, first = divmod(settled, size)
        here = self._proposals[len(self._told) :][: end - settled]
        proposals = {first + offset: proposal for offset, proposal in enumerate(here)}
        written = self._of(cycle).candidates
        unwritten = {place: each for place, each in proposals.items() if place not in written}
        whole = self.bench.place <= cycle * size and first + len(here) == size
        return Batch(cycle, proposals, unwritten, whole)

    def _hear_what_is_recorded(self, end: int) -> None:
        """Compare the batch with the ledger up to place `end`, and hear the trials that stand there."""
        while len(self._told) < len(self._proposals) and (place := self.bench.place + len(self._told)) < end:
            cycle, index = divmod(place, self.bench.candidates)
            recorded, proposal = self._of(cycle), self._proposals[len(self._told)]
            if index in recorded.candidates:
                _compare(proposal, recorded.candidates[index], recorded.prompts)
            if index not in recorded.trials:
                return
            self.hear(recorded.trials[index])

    def _advance(self) -> None:
        """Tell the strategy what became of its last batch, and take the next one."""
        told, self._told, self._proposals = self._told, [], []
        self.bench.hear(told)
        try:
            if self._conversation is None:
                self._conversation = self.strategy.search(self.bench)
                self._proposals = next(self._conversation)
            else:
                self._proposals = self._conversation.send(told)
        except StopIteration:
            self.over = True
            return
        if not self._proposals:
            raise ValueError(f"strategy '{self.strategy.name}' proposed an empty batch")
        self._keep_prompts()

    def _keep_prompts(self) -> None:
        """Append the prompts of a batch that are not in the ledger, and compare those that are."""
        fresh: dict[int, list[Prompt]] = {}
        for place, proposal in enumerate(self._proposals, start=self.bench.place):
            if isinstance(prompt := proposal.program, Prompt):
                cycle = place // self.bench.candidates
                known = self._of(cycle).prompts.get(prompt.id)
                if known is None:
                    fresh.setdefault(cycle, []).append(prompt)
                elif known != prompt:
                    raise diverged(f"prompt {prompt.id}", known, prompt)
        for cycle, prompts in fresh.items():
            self.ledger.add_prompts(cycle, prompts)
            self._of(cycle).prompts.update((prompt.id, prompt) for prompt in prompts)

    def _of(self, cycle: int) -> _Recorded:
        """Return what the ledger held of a cycle when the search came to it, and the prompts since."""
        if self._recorded is None or self._recorded.cycle != cycle:
            trials = {trial.candidate.index: trial for trial in self.ledger.judged(cycle)}
            waiting = {candidate.index: candidate for candidate in self.ledger.unevaluated(cycle)}
            self._recorded = _Recorded(
                cycle,
                {index: trial.candidate for index, trial in trials.items()} | waiting,
                trials,
                {prompt.id: prompt for prompt in self.ledger.prompts(cycle)},
            )
        return self._recorded


def _compare(proposal: Proposal, candidate: Candidate, prompts: Mapping[str, Prompt]) -> None:
    """Check that a candidate is what `proposal` proposes.

    Raises:
        Diverged: It is not.
    """
    program, noted = proposal.program, proposal.provenance()
    said: dict[str, object]
    held: dict[str, object]
    decisions = candidate.decisions
    if isinstance(program, Prompt):  # the writer notes behind them which of several samples it took
        decisions = decisions[: len(proposal.decisions)]
        said, held = {"prompt": program}, {"prompt": prompts.get(candidate.prompt_id or "")}
        for name, aside in ASIDES.items():
            if aside.asked(program.messages):  # the answer says them
                del noted[name]
    else:
        said, held = {"program": storable(program)}, {"program": candidate.source}
    if candidate.operator:  # earlier versions noted none of these
        kept = {name: getattr(candidate, name) for name in noted} | {"decisions": decisions}
        said, held = said | noted, held | kept
    if said != held:
        raise diverged(f"candidate {candidate.id}", held, said)
