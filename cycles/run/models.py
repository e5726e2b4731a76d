"""Whether the generator's model can do what a run asks of it, found before anything is made.

Runs, dry runs, the doctor and the single steps all ask here, so that they find the same. Tokenizer,
configuration and the headers of the weights are opened; weights are *not* loaded.
"""

from __future__ import annotations

from pathlib import Path

from corpus.records.adapters import adapter_hash
from corpus.records.chats import rendered
from corpus.records.tasks.shape import TaskShape
from corpus.records.trainings import TrainingExample
from cycles.config.run import RunConfig
from generator.models.places import resolve_model
from generator.prompts.templates import ProgramRequest, TemplateName, expected_completion, render

_REQUEST = ProgramRequest(
    shape=TaskShape(channels=3, height=32, width=32, classes=10), max_parameters=500_000, target_accuracy=0.5
)


def check_model(config: RunConfig, *, trains: bool | None = None, adapter: Path | None = None) -> None:
    """Check the generator's model, where this machine needs it to sample or to train.

    Args:
        config: The run's configuration.
        trains: Whether it is fine-tuned; None: as the configuration says.
        adapter: A LoRA adapter that it shall have on, None for none.

    Raises:
        ModelNotFoundError: It is not on this machine, or incomplete.
        ModelError: It is damaged, needs code of its own, is no causal language model, or has no end token.
        ChatTemplateError: Its chat template is missing, or does not render the run's prompts.
        FinetuneError: It cannot be fine-tuned as configured.
        AdapterError: The adapter is none, or not this model's.
    """
    trains = config.learns if trains is None else trains
    if adapter is not None:
        adapter_hash(adapter)  # raises for what is none, before anything is loaded
    if not (trains or (config.strategy.asks_model and config.generator.weights_here)):
        return
    place = resolve_model(config.generator.model)
    from generator.models.loading import check_weights, end_tokens, load_config, load_tokenizer, skeleton

    settings = load_config(place)
    tokenizer = load_tokenizer(place)
    example = _example(config.generator.template)
    rendered(tokenizer, example.prompt)
    check_weights(place)
    ends = end_tokens(place, tokenizer)
    model = skeleton(settings, place)
    if trains:
        from finetune.suitability import check_suitable, layer_kinds

        check_suitable(tokenizer, layer_kinds(model), example, ends, config.finetune)
    if adapter is not None:
        from generator.models.adapter_fit import check_adapter

        check_adapter(adapter, model, config.generator.model)


def _example(template: TemplateName) -> TrainingExample:
    """Return an example as a run with this template teaches it."""
    return TrainingExample(
        candidate_id="example",
        prompt=render(template, _REQUEST),
        completion=expected_completion(template, "import torch\n"),
    )
