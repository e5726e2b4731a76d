"""Several endpoints that serve one model, as one sampler: prompts are shared out by their places in a call.

Each endpoint is asked in a thread of its own, and completions are handed over as they finish. Where one fails
for good, the others finish what they were asked, and then the failure is raised: what was answered is kept.
An adapter is loaded into each of them, so its folder must be where all of them see it.

This module does *not* balance: every endpoint gets as many prompts, whatever its speed.
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from queue import SimpleQueue

from corpus.records.prompts import Prompt
from generator.samplers.contract import Guide, RequestRefused, Sample, Sampler, SamplingOptions
from generator.serving.endpoint_sampler import EndpointSampler


class ServerGroup(Sampler):
    """Samples over several endpoints.

    Args:
        members: A sampler over each of them.
    """

    def __init__(self, members: Sequence[EndpointSampler]) -> None:
        self._members = list(members)
        self._name: str | None = None

    @property
    def model_name(self) -> str:
        """What all endpoints call their model.

        Raises:
            RequestRefused: They serve models of different names.
            UpstreamError: One of them does not answer.
        """
        if self._name is None:
            names = [member.model_name for member in self._members]
            if len(set(names)) > 1:
                raise RequestRefused(
                    f"the endpoints at generator.server.url and more_urls serve different models "
                    f"({', '.join(names)}). Leave all but those of one model out, or name it: "
                    "generator.server.model."
                )
            self._name = names[0]
        return self._name

    @property
    def answers_by_batch(self) -> bool:
        """False, as of each endpoint."""
        return False

    def guides(self, guide: Guide) -> bool:
        """Return whether all of them mask by `guide`."""
        return all(member.guides(guide) for member in self._members)

    def sample(
        self, prompts: Sequence[Prompt], adapter: Path | None, options: SamplingOptions | None = None
    ) -> Generator[Sample, None, None]:
        """Yield completions as they finish; see `generator.samplers.contract.Sampler`.

        Closing the iterator waits for the completion that each endpoint is at.

        Raises:
            UpstreamError: An endpoint is gone or refuses, or they serve different models.
            AdapterError: The folder holds no adapter.
            UnsupportedOption: The settings say that the endpoints do not know such a guide.
        """
        if len(prompts) > 1:
            _ = self.model_name
        arriving: SimpleQueue[Sample | None] = SimpleQueue()  # None: an endpoint has nothing more to say
        stop = threading.Event()

        def ask(member: EndpointSampler, part: Sequence[Prompt]) -> None:
            try:
                with closing(member.sample(part, adapter, options)) as samples:
                    for sample in samples:
                        arriving.put(sample)
                        if stop.is_set():
                            return
            finally:
                arriving.put(None)

        parts = [prompts[place :: len(self._members)] for place in range(len(self._members))]
        with ThreadPoolExecutor(len(self._members), "endpoint") as threads:
            asked = [
                threads.submit(ask, member, part)
                for member, part in zip(self._members, parts, strict=True)
                if part
            ]
            try:
                talking = len(asked)
                while talking:
                    sample = arriving.get()
                    if sample is None:
                        talking -= 1
                    else:
                        yield sample
            finally:
                stop.set()
        for each in asked:
            each.result()

    def release(self) -> None:
        """Do nothing: the endpoints are somebody else's."""

    def close(self) -> None:
        """Take our adapter off every endpoint."""
        for member in self._members:
            member.close()
