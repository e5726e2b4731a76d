"""One judging worker: a sandbox of its own, in a process of its own, on some node of the cluster.

It knows nothing of Ray, of a ledger or of the other workers; whoever starts it compares what it says of its
node with the run (`unlike`). This module does *not* start it: `cycles.scale.crew` does.
"""

from __future__ import annotations

import functools
import hashlib
import socket
from pathlib import Path

from corpus.records.base import Record
from corpus.records.candidates import Candidate
from corpus.records.evaluations import Evaluation
from corpus.records.machines import Machine
from corpus.records.mistakes import Mistake
from corpus.records.search.probes import Probe
from corpus.records.search.transcripts import Transcript
from cycles.machine.proofs import require_proof
from cycles.run.run_directory import environment
from evaluator.channel.stopping import StopRule
from evaluator.config import EvaluatorConfig
from evaluator.isolation.tiers import Tier
from evaluator.supervisor.sandbox import SandboxedEvaluator

_ROOT = Path(__file__).resolve().parents[2]
_CODE = ("corpus", "evaluator", "cycles/scale")
"""What a judgement rests on: folders whose text must be the same on every node."""


class Greeting(Record):
    """What a worker says of its node, once its sandbox runs.

    Attributes:
        node: The node's host name.
        code: The content address of the code that judges there.
        protocol_id: The protocol that it judges under, as that node's data have it.
        machine: The node's description.
        tier: How programs are contained there; None where they are not.
        isolation: The same for people.
    """

    node: str
    code: str
    protocol_id: str
    machine: Machine
    tier: Tier | None
    isolation: str


class JudgingWorker:
    """A sandbox with one place. `start` comes first, `close` last.

    Args:
        config: The run's protocol and limits.
    """

    def __init__(self, config: EvaluatorConfig) -> None:
        self._config = config.model_copy(update={"workers": 1})

    def start(self) -> Greeting | str:
        """Start the sandbox: some seconds. What keeps this node from judging is returned in a line.

        Raises:
            SandboxError: The machinery broke.
        """
        try:
            require_proof(self._config)
            self._sandbox = SandboxedEvaluator(self._config).__enter__()
        except Mistake as error:
            return f"{socket.gethostname()}: {error}"
        machine = this_machine()
        self._machine_id = machine.id
        return Greeting(
            node=socket.gethostname(),
            code=code_digest(),
            protocol_id=self._sandbox.protocol_id,
            machine=machine,
            tier=self._sandbox.tier,
            isolation=self._sandbox.isolation,
        )

    def evaluate(self, job: tuple[Candidate, StopRule | None]) -> Evaluation:
        """Return the evaluation of a candidate under a rule, which names this machine."""
        candidate, stop = job
        (result,) = self._sandbox.evaluate([candidate], stop)
        return result.model_copy(update={"machine_id": self._machine_id})

    def probe(self, source: str) -> Probe:
        """Return what a program builds."""
        (result,) = self._sandbox.probe([source])
        return result

    def execute(self, code: str) -> Transcript:
        """Return what a script prints, and how it ended."""
        return self._sandbox.execute(code)

    def close(self) -> None:
        """End the sandbox."""
        self._sandbox.__exit__(None, None, None)


def this_machine() -> Machine:
    """Return the description of the machine that this runs on."""
    return Machine.model_validate(environment())


@functools.cache
def code_digest() -> str:
    """Return the content address of the code that a judgement rests on, as it lies on this machine."""
    digest = hashlib.sha256()
    for folder in _CODE:
        for path in sorted((_ROOT / folder).rglob("*.py")):
            digest.update(f"{path.relative_to(_ROOT)}\n".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def unlike(greeting: Greeting, protocol_id: str) -> str | None:
    """Return what would make a node's judgements other than this machine's, with the remedy; None if nothing.

    Args:
        greeting: What the node says of itself.
        protocol_id: The run's protocol, as the data on this machine have it.
    """
    if greeting.code != code_digest():
        return f"{greeting.node}: its archloop is not the one of this machine. Install the same there."
    torch, theirs = (each.packages.get("torch") for each in (this_machine(), greeting.machine))
    if theirs != torch:
        return f"{greeting.node}: its torch is {theirs}, this machine has {torch}. Install the same there."
    if greeting.protocol_id != protocol_id:
        return (
            f"{greeting.node}: its protocol is {greeting.protocol_id}, this machine's {protocol_id}: the "
            "task's files differ. Copy them to the same place on every node."
        )
    return None
