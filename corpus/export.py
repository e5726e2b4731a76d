"""Writes a store as JSON lines that `datasets.load_dataset("json", ...)` reads, with their provenance.

    programs.jsonl      every candidate: text, origin, and the decision about it
    evaluations.jsonl   every evaluation
    sft.jsonl           the admitted samples as conversational prompt-completion rows
    README.md           where it comes from, and what the files hold

Programs were written by a model or a grammar and are data: loading them runs nothing. This module does *not*
filter, deduplicate or split.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from corpus.errors import CorpusExistsError
from corpus.ledger import LedgerReader
from corpus.records import Admission, Candidate, Evaluation, Origin, content_id
from corpus.schema import SCHEMA_VERSION


def export_jsonl(corpus: LedgerReader, directory: Path) -> dict[str, int]:
    """Write the store into a new or empty `directory` and return the number of rows by kind.

    Raises:
        CorpusExistsError: The directory holds something, or is a file.
        OSError: It cannot be written.
    """
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise CorpusExistsError(f"{directory}: holds something already. Name a new directory.")
    directory.mkdir(parents=True, exist_ok=True)
    admissions = {admission.candidate_id: admission for admission in corpus.admissions()}
    programs = (_program(candidate, admissions.get(candidate.id)) for candidate in corpus.candidates())
    counts = {
        "programs": _write(directory / "programs.jsonl", programs),
        "evaluations": _write(directory / "evaluations.jsonl", map(_evaluation, corpus.evaluations())),
        "sft": _write(directory / "sft.jsonl", _sft_rows(corpus)),
    }
    readme = _readme(corpus, counts)
    (directory / "README.md").write_text(readme, encoding="utf-8")
    return counts


def _program(candidate: Candidate, admission: Admission | None) -> dict[str, Any]:
    row = candidate.model_dump(mode="json", exclude={"sampling"})
    row["source_id"] = None if candidate.source is None else content_id(candidate.source)
    row["sampling"] = candidate.sampling.model_dump_json() if candidate.sampling else None
    row["admitted"] = admission.admitted if admission else None
    row["reason"] = admission.reason.value if admission else None
    row["nearest_id"] = admission.nearest_id if admission else None
    row["jaccard"] = admission.jaccard if admission else None
    return row


def _evaluation(evaluation: Evaluation) -> dict[str, Any]:
    row = evaluation.model_dump(mode="json")
    row["losses"] = [loss if math.isfinite(loss) else None for loss in evaluation.losses]
    return row


def _sft_rows(corpus: LedgerReader) -> Iterable[dict[str, Any]]:
    for candidate, evaluation in corpus.admitted():
        if candidate.origin is not Origin.SAMPLED or candidate.prompt_id is None:
            continue
        prompt = corpus.prompt(candidate.prompt_id)
        yield {
            "candidate_id": candidate.id,
            "prompt": [message.model_dump() for message in prompt.messages],
            "completion": [{"role": "assistant", "content": candidate.completion}],
            "accuracy": evaluation.accuracy if evaluation else None,
        }


def _write(path: Path, rows: Iterable[Mapping[str, Any]]) -> int:
    count = 0
    with path.open("w", encoding="utf-8", errors="replace", newline="\n") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n")
            count += 1
    return count


def _readme(corpus: LedgerReader, counts: Mapping[str, int]) -> str:
    protocols = sorted({evaluation.protocol_id for evaluation in corpus.evaluations()})
    generators = sorted({candidate.generator for candidate in corpus.candidates()})
    cycles = corpus.completed_cycles()
    return f"""# Programs of an archloop run

Exported from `{corpus.path.name}` (schema {SCHEMA_VERSION}), {len(cycles)} complete cycles.

| File | Rows | Holds |
|---|---|---|
| `programs.jsonl` | {counts["programs"]} | every candidate: text, origin, whether and why it was admitted |
| `evaluations.jsonl` | {counts["evaluations"]} | how each judgement ended; validation `accuracy` |
| `sft.jsonl` | {counts["sft"]} | the admitted samples as `prompt` / `completion` chats |

- Written by: {", ".join(generators) or "nobody"}
- Evaluation protocols: {", ".join(protocols) or "none"} (accuracies compare only under one and the same)
- Similarity: {corpus.get_meta("similarity") or "not recorded"}

The programs are the output of a language model or a grammar. Read them as data; run them in a sandbox only.

```python
from datasets import load_dataset
programs = load_dataset("json", data_files="programs.jsonl", split="train")
```
"""
