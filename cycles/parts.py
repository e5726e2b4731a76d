"""The parts of a run, each built from its configuration. `cycles.assembly` puts them together.

Together with it the only place that knows concrete classes. Heavy ones are imported when they are built.
"""

from __future__ import annotations

import functools
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corpus.config import CorpusConfig
from corpus.ledger.reader import Ledger
from corpus.novelty.similarity import Shingler, jaccard
from corpus.records.tasks.shape import TaskShape
from cycles.config.run import RunConfig
from cycles.errors import ConfigError
from cycles.machine.proofs import require_proof
from cycles.modules.stock import library_of
from evaluator.supervisor.demands import require_fit
from evaluator.tasks import task_spec
from finetune.job import Trainer
from generator.models.places import resolve_model
from generator.models.weights import weights_hash
from generator.prompts.exemplars import Banded, Draw, any_of
from generator.samplers.contract import Sampler
from generator.spaces.catalogue import build_space
from generator.spaces.contract import Space
from generator.strategies.catalogue import build_strategy
from generator.strategies.contract import Strategy
from generator.strategies.retrieving import Retrieving
from generator.strategies.tuning import tuned

if TYPE_CHECKING:
    from evaluator.supernet.inherited import SupernetEvaluator
    from evaluator.supervisor.sandbox import SandboxedEvaluator
    from evaluator.tabular.answering import TabularEvaluator

logger = logging.getLogger(__name__)


def task_shape(config: RunConfig) -> TaskShape:
    """Return what the configured task asks for, as programs see it.

    Raises:
        TaskDataError: There is no such task here, or the evaluator's settings do not fit it.
    """
    settings = config.evaluator
    spec = task_spec(settings.task, settings.data_path)
    require_fit(spec, settings)
    return spec.resized(settings.resize).shape


def space_of(config: RunConfig, ledger: Ledger | None = None) -> Space[Any]:
    """Return the search space that the configuration names, for its task and its cap on parameters.

    A space holds image classifiers; those for another kind of task are carried to it (`cycles.carrying`).

    Args:
        config: The run's configuration.
        ledger: The run's ledger, which holds the modules of its trees; None where there is no run.
    """
    cap, library = config.evaluator.max_parameters, library_of(config, ledger)
    return build_space(config.strategy.space, task_shape(config).picture, max_parameters=cap, library=library)


def strategy_of(config: RunConfig, ledger: Ledger | None = None) -> Strategy:
    """Return the strategy that the configuration names, over the space that it names if it searches one."""
    settings = config.strategy
    space = space_of(config, ledger) if settings.over_space else None
    strategy = build_strategy(settings.name, settings.settings, space)
    library = library_of(config, ledger) if settings.blocks else None
    if library is not None:
        strategy = Retrieving(strategy, library, settings.blocks, settings.blocks_by, likeness(config.corpus))
    strategy = tuned(strategy, "hyperparameters", settings.hyperparameters)
    if settings.transforms != "protocol" and not task_shape(config).of_whole_images:
        raise ConfigError(
            f"strategy.transforms changes images of which a class or labels are said, and the task "
            f"'{config.evaluator.task}' has none: leave it out"
        )
    return tuned(strategy, "transforms", settings.transforms)


def likeness(config: CorpusConfig) -> Callable[[str, str], float]:
    """Return the exact Jaccard similarity of two programs, as the novelty gate has it."""
    shingles = functools.lru_cache(maxsize=4096)(Shingler.from_config(config).shingles)
    return lambda first, second: jaccard(shingles(first), shingles(second))


def build_sampler(
    config: RunConfig, log_file: Path | None = None, notify: Callable[[str], None] = logger.info
) -> Sampler:
    """Return the sampler that the configuration names; as a context it stops a server of ours.

    Args:
        config: The run's configuration.
        log_file: Where a server of ours writes its log; None for nowhere.
        notify: Is told what is done with servers and adapters, a line at a time.
    """
    settings = config.generator
    if settings.sampler == "transformers":
        from generator.samplers.transformers import TransformersSampler

        return TransformersSampler(
            resolve_model(settings.model),
            settings.sampling,
            batch_size=settings.batch_size,
            threads=settings.threads,
            device=settings.device,
        )
    from generator.serving.samplers import offline_sampler, server_sampler

    if settings.sampler == "offline":
        return offline_sampler(settings, lora_rank=config.finetune.rank)
    log_file = log_file or Path(os.devnull)
    return server_sampler(settings, lora_rank=config.finetune.rank, log_file=log_file, notify=notify)


def base_model_hash(config: RunConfig) -> str | None:
    """Return the content hash of the generator's base model, None where no model of this machine writes."""
    if not config.generator.weights_here:
        return None
    return weights_hash(resolve_model(config.generator.model))


def build_sandbox(config: RunConfig) -> SandboxedEvaluator:
    """Return the sandboxed evaluator, not yet started.

    Raises:
        UsageError: It would run programs on a GPU, and none was seen to be contained on this machine's.
    """
    from evaluator.supervisor.sandbox import SandboxedEvaluator

    require_proof(config.evaluator)
    return SandboxedEvaluator(config.evaluator)


def build_table(config: RunConfig) -> TabularEvaluator:
    """Return the evaluator that answers from the table that the configuration names."""
    from evaluator.tabular.answering import build_tabular

    return build_tabular(config.evaluator, seed=config.seed)


def build_supernet(config: RunConfig, home: Path) -> SupernetEvaluator:
    """Return the evaluator by inherited weights, not yet trained; what it trains is kept in `home`."""
    from corpus.records.base import content_id
    from evaluator.supernet.config import SupernetConfig
    from evaluator.supernet.inherited import SupernetEvaluator
    from generator.spaces.cells import CellSpace

    space = space_of(config)
    if not isinstance(space, CellSpace):
        raise ValueError(f"no supernet over the space '{config.strategy.space}'")
    cells = space.by_program()
    settings = SupernetConfig(
        task=config.evaluator.task,
        operators=space.operators,
        width=space.width,
        reductions=space.reductions,
    )
    return SupernetEvaluator(settings, lambda each: cells.get(content_id(each.completion)), home)


def exemplars_drawn(config: RunConfig) -> Draw:
    """Return who chooses the programs that one prompt shows."""
    band = config.generator.exemplar_band
    return any_of if band is None else Banded(*band, Shingler.from_config(config.corpus))


def build_trainer(config: RunConfig) -> Trainer:
    """Return the LoRA trainer over the generator's own model."""
    model = resolve_model(config.generator.model)
    # Beside other work a training needs one too: threads and chance are settings of a whole process.
    if config.finetune.runs_in_own_process or config.teaching.late:
        from finetune.process_trainer import ProcessTrainer

        return ProcessTrainer(model, config.finetune)
    from finetune.trainer import LoraTrainer

    return LoraTrainer(model, config.finetune)
