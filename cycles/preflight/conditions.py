"""What must hold before a run is made: said once, for the run that it refuses and for all that foretell it.

The model is not among them: to look at it takes seconds, so a run first sees that its place is good
(`cycles.assembly.start_run`). This module does *not* make or change anything.
"""

from __future__ import annotations

from collections.abc import Callable

from cycles.config.run import RunConfig
from cycles.machine.devices import check_devices
from cycles.machine.proofs import require_proof
from cycles.parts import strategy_of, task_shape
from cycles.predicting.ranking import check_ranking
from cycles.run.bringing_in import require_source
from cycles.scale.cluster import check_ray
from cycles.showing.tracking import check_tracking
from evaluator.tasks import find_data


def conditions(config: RunConfig) -> tuple[Callable[[], object], ...]:
    """Return the checks in the order of a run; each raises the `Mistake` that the run would end with."""
    local = config.scale.engine == "local"  # a node of a cluster looks for its own proof
    return (
        lambda: check_devices(config),
        *([lambda: require_proof(config.evaluator)] if local else []),
        lambda: check_tracking(config.tracking),
        lambda: check_ray(config),
        lambda: find_data(config.evaluator.task, config.evaluator.data_path),
        lambda: require_source(config),
        lambda: check_ranking(config),
        lambda: strategy_of(config),
        lambda: task_shape(config),
    )
