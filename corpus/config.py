"""Configuration of the corpus: what counts as the same program, and what may enter.

This module does *not* hold paths: where the ledger lies belongs to the run.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Novelty = Literal["lexical", "structural", "both", "key"]

Search = Literal["exact", "minhash"]

Admit = Literal["auto", "absolute", "relative"]


class CorpusConfig(BaseModel):
    """Similarity, novelty and admission."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    tau: float = Field(default=0.85, gt=0.0, le=1.0)
    """Exact Jaccard similarity in (0, 1] from which on a program counts as a near-duplicate."""

    shingle_size: int = Field(default=7, ge=1, le=64)
    """Consecutive tokens in one shingle."""

    mask_numbers: bool = False
    """Whether all numbers are one token; if so, other widths and kernel sizes do not make a program new."""

    novelty: Novelty = "lexical"
    """What makes a program new: its text (Jaccard similarity below tau), the network that it builds (another
    graph of operators and shapes than any in the corpus), or both at once. A program that only changes how a
    known network is trained is new by its text alone. Without a recorded network the text decides. `key`:
    its point in the search space, where programs are too alike in their text to be told apart by it."""

    search: Search = "exact"
    """Who proposes near-duplicates: an inverted index that misses none ("exact"), or MinHash-LSH as in the
    published loop, which misses some ("minhash"). Exact Jaccard similarity decides among the proposed."""

    num_perm: int = Field(default=128, ge=2, le=4096)
    """Permutations (values) in a MinHash signature; decides under `search = "minhash"` alone."""

    bands: int = Field(default=16, ge=1)
    """Bands of the LSH, each of `num_perm // bands` rows; decides under `search = "minhash"` alone. Programs
    are proposed from a similarity of about (1 / bands)^(1 / rows) on: 0.71 for 16 bands of 8 rows."""

    minhash_seed: int = Field(default=1, ge=0, lt=2**32)
    """Seeds the MinHash permutations; decides under `search = "minhash"` alone."""

    min_accuracy: float = Field(default=0.3, ge=0.0, le=1.0)
    """Validation accuracy in [0, 1] that a program must reach to be admitted. Under `admit = "absolute"` it
    holds for every metric, as a score of which more is better: 1 minus the relative L2 error."""

    admit: Admit = "auto"
    """What a valid and new program must reach: `min_accuracy` (`absolute`), or a place among the `best_share`
    of the valid programs judged before it (`relative`). `auto`: absolute where the metric is accuracy,
    relative for every other, of which nobody knows beforehand what is much."""

    best_share: float = Field(default=0.35, gt=0.0, le=1.0)
    """Share of the valid programs judged before in the run, in (0, 1], that a program must be as good as the
    worst of, under a relative threshold. The default is the 65th percentile of the reference's rule."""

    known_valid: int = Field(default=15, ge=0)
    """Valid programs before which a relative threshold asks for nothing more than to be valid and new. The
    default is the number below which the reference's rule is lenient."""

    seed_programs: int = Field(default=64, ge=0)
    """Programs in the starting corpus."""

    @model_validator(mode="after")
    def _bands_fit_into_the_signature(self) -> CorpusConfig:
        if self.search == "minhash" and not 2 <= self.bands <= self.num_perm:
            raise ValueError(f"bands ({self.bands}) must lie between 2 and num_perm ({self.num_perm})")
        return self
