"""The data set card of an export: README.md with the front matter that the hub and `datasets` read.

The front matter is made by `huggingface_hub` and `datasets` themselves. The hub's own validation
(`DatasetCard.validate`) needs the network and runs when a data set is pushed, *not* here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from corpus.exchange.exporting.column_types import features
from corpus.exchange.exporting.columns import CONFIGS
from corpus.exchange.exporting.writing import WHOLE, data_file
from corpus.exchange.front_matter import read_front_matter
from corpus.novelty.minhash import TEXT_RECIPE, TEXT_SCHEME
from corpus.records.exchange import NO_LICENCE
from corpus.records.tasks.kinds import Metric

if TYPE_CHECKING:
    from huggingface_hub import DatasetCardData

CARD = "README.md"
TAG = "archloop"
_TAGS = (TAG, "neural-architecture-search", "pytorch", "code", "machine-generated")

HUB_LICENCES = frozenset(
    {"agpl-3.0", "apache-2.0", "bsd-2-clause", "bsd-3-clause", "cc-by-4.0", "cc-by-sa-4.0", "cc0-1.0"}
    | {"gpl-2.0", "gpl-3.0", "isc", "lgpl-2.1", "lgpl-3.0", "mit", "mpl-2.0", "unlicense"}
)
"""Licence ids that the hub shares with SPDX; any other is `other` there, with its name beside it."""

MOST_LISTED = 20
"""Items of one kind that a card names; their number may grow with the ledger."""

Counts = Mapping[str, Mapping[str, int]]
"""Rows by configuration and split."""


class ExportNotes(BaseModel):
    """What an export says of itself beyond its rows; whoever knows the run fills it in.

    Attributes:
        name: The data set's name.
        licence: SPDX expression of the programs that were not imported.
        base_model: Name of the model that the run started from.
        hardware: The machine, in words.
        software: Versions of the packages that matter, by name.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = "Programs of an archloop run"
    licence: str = NO_LICENCE
    base_model: str = "not recorded"
    hardware: str = "not recorded"
    software: dict[str, str] = {}


class LedgerFacts(BaseModel):
    """What the ledger says of the whole export.

    Attributes:
        generators: Who wrote the programs.
        sampling: Distinct sampling parameters, each as JSON.
        protocols: Protocols of the evaluations.
        metrics: What their scores stand for.
        licences: Licences of the rows, as SPDX expressions.
        imported_from: Collections that programs were imported from.
        similarity: The definition of similarity, as JSON.
        machines: The machines that wrote and judged, by id, in words.
        schema_version: The ledger's schema.
        cycles: Complete cycles.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    generators: tuple[str, ...]
    sampling: tuple[str, ...]
    protocols: tuple[str, ...]
    metrics: tuple[Metric, ...] = ()
    licences: tuple[str, ...]
    imported_from: tuple[str, ...]
    similarity: str
    machines: dict[str, str]
    schema_version: int
    cycles: int


def write_card(directory: Path, notes: ExportNotes, facts: LedgerFacts, counts: Counts) -> None:
    """Write README.md for an export with `counts` rows."""
    from huggingface_hub import DatasetCard

    metadata = card_data(directory, notes, facts, counts)
    DatasetCard(f"---\n{metadata.to_yaml()}\n---\n\n{_body(notes, facts, counts)}").save(directory / CARD)


def card_data(directory: Path, notes: ExportNotes, facts: LedgerFacts, counts: Counts) -> DatasetCardData:
    """Return the front matter; configurations without rows are left out, since nothing could load them.

    `num_bytes` of a split is the size of its file in `directory`: what it takes in memory nobody measured.
    """
    from datasets import DatasetInfo, SplitDict, SplitInfo
    from datasets.info import DatasetInfosDict
    from huggingface_hub import DatasetCardData

    infos = DatasetInfosDict()
    configs: list[dict[str, Any]] = []
    for config, splits in counts.items():
        filled = {split: rows for split, rows in splits.items() if rows}
        if not filled:
            continue
        sizes = {split: (directory / data_file(config, split)).stat().st_size for split in filled}
        infos[config] = DatasetInfo(
            features=features(CONFIGS[config]),
            splits=SplitDict(
                {
                    split: SplitInfo(name=split, num_bytes=sizes[split], num_examples=rows)
                    for split, rows in filled.items()
                }
            ),
            download_size=sum(sizes.values()),
            config_name=config,
        )
        files = [{"split": split, "path": data_file(config, split)} for split in filled]
        configs.append({"config_name": config, "data_files": files})
    if configs:
        configs[0]["default"] = True
    data = DatasetCardData(
        pretty_name=notes.name,
        language=["code"],
        tags=list(_TAGS),
        task_categories=["text-generation"],
        annotations_creators=["machine-generated"],
        language_creators=["machine-generated"],
        source_datasets=["original"],
        size_categories=[size_category(sum(counts.get("programs", {}).values()))],
        configs=configs,
        **licence_metadata(facts.licences, CARD),
    )
    if infos:
        infos.to_dataset_card_data(data)
    return data


def is_export(directory: Path) -> bool:
    """Return whether `directory` holds an export of archloop, by its card."""
    card = directory / CARD
    try:
        return card.is_file() and TAG in read_front_matter(card).tags
    except (OSError, ValueError):
        return False


def size_category(rows: int) -> str:
    """Return the hub's name for the order of magnitude of `rows`."""
    bounds = (("n<1K", 10**3), ("1K<n<10K", 10**4), ("10K<n<100K", 10**5), ("100K<n<1M", 10**6))
    return next((name for name, bound in bounds if rows < bound), "1M<n<10M")


def licence_metadata(licences: Iterable[str], link: str) -> dict[str, Any]:
    """Return the front matter's keys for what programs are licensed under.

    Args:
        licences: SPDX expressions.
        link: The file that says whose licence is which, where they differ.
    """
    known = sorted(licences)
    if known == [NO_LICENCE] or not known:
        return {"license": "unknown"}
    if len(known) == 1 and known[0].lower() in HUB_LICENCES:
        return {"license": known[0].lower()}
    return {"license": "other", "license_name": "per-row", "license_link": link}


def listed(items: Sequence[str], mark: str = "", separator: str = ", ") -> str:
    """Return the first items in words, and how many more there are: a card is read by people.

    Args:
        items: What is to be listed.
        mark: What stands before and after each item, such as a backtick.
        separator: What stands between two.
    """
    shown = [f"{mark}{item}{mark}" for item in items[:MOST_LISTED]]
    more = [f"and {len(items) - MOST_LISTED:,} more"] if len(items) > MOST_LISTED else []
    return separator.join([*shown, *more])


def _body(notes: ExportNotes, facts: LedgerFacts, counts: Counts) -> str:
    table = "\n".join(
        f"| `{config}` | {sum(splits.values())} | {_splits(splits)} | {_summary(config)} |"
        for config, splits in counts.items()
    )
    software = ", ".join(f"{name} {version}" for name, version in notes.software.items())
    example = "programs" if sum(counts.get("programs", {}).values()) else "CONFIG"
    return f"""# {notes.name}

> **Machine-generated, executable code.** Every program here was written by a language model or a grammar, or
> imported from elsewhere. Nobody reviewed it. Read it as data; run it in a sandbox only.

| Configuration | Rows | Splits | Each row is |
|---|---|---|---|
{table}

```python
from datasets import load_dataset
programs = load_dataset("path/to/this/directory", "{example}")
```

## Splits

Near-duplicates (exact Jaccard similarity of token shingles) never lie in two of train, validation and test. A
program's split was frozen when it was first exported. `excluded` holds programs that link near-duplicates of
different splits, and rows whose prompt shows a program of another split: use them for neither learning nor
measuring. Similarity: `{facts.similarity}`

## Deduplicate against it

Column `minhash` of `programs` is the MinHash signature of `source` under the scheme `{TEXT_SCHEME}`, by
[datasketch](https://ekzhu.com/datasketch/): runs of 7 words or signs of the text as it stands, comments and
names included; SHA-1; 128 permutations of its family `affine32` under seed 1. So you sign a program of yours:

```python
{TEXT_RECIPE}```

And so you find the programs that it resembles; LSH guesses, so compare the texts that it names:

```python
from datasketch import MinHashLSH

index = MinHashLSH(threshold=0.85, num_perm=128)
for row in (row for split in programs.values() for row in split if row["minhash"]):
    index.insert(row["id"], MinHash(seed=1, hashvalues=row["minhash"], scheme="affine32"))
index.query(archloop_minhash_1(open("mine.py").read()))
```

## Provenance

- Written by: {listed(facts.generators) or "nobody"}; base model: {notes.base_model}
- Complete cycles: {facts.cycles}
- Sampling: {listed(facts.sampling, "`", "; ") or "no model sampled"}
- Protocols: {listed(facts.protocols, "`") or "none"}. Accuracies compare only under one
  and the same; those of `imported:` protocols are claims of others.{_metrics(facts)}
- Imported from: {listed(facts.imported_from) or "nowhere"}
- Hardware: {notes.hardware}{_machines(facts)}
- Software: {software or "not recorded"}; ledger schema {facts.schema_version}

## Licences

Column `licence` of `programs`, and of `modules` and `ideas` where there are any, states the licence of each
row (SPDX; NOASSERTION: nobody stated one); an idea's is that of what was read for it. In this
export: {listed(facts.licences) or "no rows"}.
"""


def _metrics(facts: LedgerFacts) -> str:
    """Return what scores stand for, unless all of them are accuracies."""
    if set(facts.metrics) <= {Metric.ACCURACY}:
        return ""
    meanings = "; ".join(
        f"`{metric}`: {f'1 - {metric.words}, at least 0' if metric.less_is_better else metric.words}"
        for metric in facts.metrics
    )
    return (
        "\n- Column `accuracy` holds a score in [0, 1], more is better; column `metric` says of what: "
        f"{meanings}."
    )


def _machines(facts: LedgerFacts) -> str:
    lines = [f"\n  - `{identifier}`: {text}" for identifier, text in facts.machines.items()]
    more = f"\n  - and {len(lines) - MOST_LISTED:,} more" if len(lines) > MOST_LISTED else ""
    return "".join(lines[:MOST_LISTED]) + more


def _splits(splits: Mapping[str, int]) -> str:
    if set(splits) == {WHOLE}:
        return "in column `split`"
    return ", ".join(f"{split} {rows}" for split, rows in splits.items()) or "none"


def _summary(config: str) -> str:
    return (CONFIGS[config].__doc__ or "").splitlines()[0].rstrip(".")
