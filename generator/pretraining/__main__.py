"""The command behind `scripts/pretrain`: draw programs, train tokenizer and model, measure validity.

It does *not* install the result: copy `OUT/checkpoint` over `generator/embedded/model` once it is good
enough.
"""

from __future__ import annotations

import json
import logging
import time
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

logger = logging.getLogger("generator.pretraining")

TOKENIZER_TEXTS = 4000
"""Examples that the tokenizer is trained on; more do not change the merges of so small a vocabulary much."""


def pretrain(
    out: Annotated[Path, typer.Option(help="Folder for checkpoint, state and log of validity.")],
    programs: Annotated[int, typer.Option(help="Number of distinct programs.", min=8)] = 12_000,
    epochs: Annotated[int, typer.Option(help="Passes over them.", min=1)] = 1,
    seed: Annotated[int, typer.Option(help="Seeds the programs, the weights and the order.")] = 0,
    batch_size: Annotated[int, typer.Option(help="Programs in an optimiser step.", min=1)] = 8,
    measure_minutes: Annotated[
        float, typer.Option(help="Minutes between two measurements of validity; 0 measures at the end only.")
    ] = 10.0,
    samples: Annotated[int, typer.Option(help="Programs sampled for the last measurement.", min=1)] = 200,
    threads: Annotated[
        int, typer.Option(help="CPU threads; two are 1.7 times as fast as one on idle cores.", min=1)
    ] = 1,
    text: Annotated[
        str,
        typer.Option(help="`programs` from scratch; `copies`, then `edits` with repairs, from START."),
    ] = "programs",
    start: Annotated[
        str, typer.Option(help="Model whose weights and tokenizer `copies` and `edits` go on from.")
    ] = "embedded",
) -> None:
    """Pre-train the embedded model on text of the grammar; continue if OUT holds a state."""
    if text not in ("programs", "copies", "edits"):
        raise typer.BadParameter("choose programs, copies or edits", param_hint="--text")
    import torch
    from transformers.utils import logging as transformers_logging

    from generator.models.loading import load_model, load_tokenizer
    from generator.models.places import resolve_model
    from generator.pretraining.architecture import VOCABULARY_SIZE, build_model
    from generator.pretraining.copying import draw_copies
    from generator.pretraining.edit_text import draw_edit_examples
    from generator.pretraining.text import draw_examples, encode, grammar_source
    from generator.pretraining.tokenizer import train_tokenizer
    from generator.pretraining.training import Pretrainer, Schedule

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    transformers_logging.disable_progress_bar()
    torch.set_num_threads(threads)
    out.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    if text == "programs":
        examples = list(draw_examples(grammar_source, programs, seed))
        texts = [
            part
            for example in examples[:TOKENIZER_TEXTS]
            for part in (*(message.content for message in example.prompt), example.completion)
        ]
        tokenizer = train_tokenizer(texts, VOCABULARY_SIZE)
        model = build_model(tokenizer, seed)
    else:
        examples = list(draw_edit_examples(programs, seed)) if text == "edits" else []
        place = resolve_model(start)
        tokenizer, model = load_tokenizer(place), load_model(place)
    encoded = [encode(tokenizer, example) for example in examples]
    if text == "copies":
        encoded = list(draw_copies(tokenizer, programs, seed))
    logger.info("drew %d examples in %.0f s", len(encoded), time.monotonic() - started)
    lengths = sorted(len(example.tokens) for example in encoded)
    logger.info(
        "%d tokens a pass, vocabulary %d, prompt %d, program p50 %d p90 %d max %d",
        sum(lengths), len(tokenizer), encoded[0].prompt_length,
        lengths[len(lengths) // 2], lengths[len(lengths) * 9 // 10], lengths[-1],
    )  # fmt: skip
    schedule = Schedule(epochs=epochs, batch_size=batch_size, seed=seed)
    pretrainer = Pretrainer(model, tokenizer, encoded, schedule, out)
    pretrainer.resume()
    while pretrainer.step < len(pretrainer.batches):
        pretrainer.run(measure_minutes * 60 if measure_minutes else None)
        if pretrainer.step < len(pretrainer.batches):
            _measure(pretrainer.checkpoint, out, pretrainer.step, 64)
    _measure(pretrainer.checkpoint, out, pretrainer.step, samples)


def _measure(checkpoint: Path, out: Path, step: int, count: int) -> None:
    """Log the share of `count` sampled programs that execute and append it to `validity.jsonl`."""
    from generator.pretraining.measurement import measure_validity

    counts = measure_validity(checkpoint, count, seed=step)
    logger.info("step %d validity %s", step, dict(Counter(counts).most_common()))
    with (out / "validity.jsonl").open("a") as file:
        file.write(json.dumps({"step": step, "verdicts": counts}) + "\n")


if __name__ == "__main__":
    typer.run(pretrain)
