"""The whole examination: every check in the order in which a newcomer would meet the faults."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from cycles.config.run import RunConfig
from cycles.preflight.doctor import inputs, installation, machine, places
from cycles.preflight.doctor.finding import Finding


def examine(config: RunConfig, place: Path) -> Iterator[Finding]:
    """Yield what every check finds; takes some seconds, most of them to import torch.

    Args:
        config: The configuration that is to be run.
        place: Where the run's directory would be; need not exist.
    """
    yield installation.python_version()
    yield from installation.packages()
    yield installation.torch_build(config)
    yield installation.torchvision()
    yield machine.processors(config)
    yield machine.memory(config)
    yield from machine.accelerators()
    yield from machine.room_for_models(config)
    yield from machine.sandbox(config)
    yield from places.run_place(place)
    yield places.temporary_place()
    yield from inputs.model(config)
    yield from inputs.server(config)
    yield inputs.task(config)
    yield from inputs.tracking(config)
    yield from inputs.cluster(config)
