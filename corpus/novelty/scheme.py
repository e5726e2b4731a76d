"""Under which definition of similarity a ledger was filled: written once, and checked ever after.

This module does *not* compare programs (`corpus.novelty.similarity` does).
"""

from __future__ import annotations

import json
from typing import Any

from corpus.config import CorpusConfig
from corpus.ledger.errors import SimilarityMismatchError
from corpus.ledger.reader import Ledger
from corpus.ledger.writer import LedgerWriter
from corpus.novelty.similarity import SIMILARITY_VERSION

SCHEME = "affine32"


def similarity_scheme(config: CorpusConfig) -> dict[str, Any]:
    """Return everything that a similarity, a novelty decision or a signature depends on, as plain JSON."""
    return {
        "similarity_version": SIMILARITY_VERSION,
        "shingle_size": config.shingle_size,
        "mask_numbers": config.mask_numbers,
        "tau": config.tau,
        "minhash_scheme": SCHEME,
        "num_perm": config.num_perm,
        "bands": config.bands,
        "minhash_seed": config.minhash_seed,
    }


_SCHEME_KEY = "similarity"


def check_scheme(ledger: Ledger, config: CorpusConfig) -> None:
    """Make sure that `ledger` was, and will be, filled under the similarity of `config`.

    Raises:
        SimilarityMismatchError: It was filled under another.
    """
    scheme = similarity_scheme(config)
    stored = ledger.get_meta(_SCHEME_KEY)
    if stored is None:
        if isinstance(ledger, LedgerWriter):
            ledger.set_meta(_SCHEME_KEY, json.dumps(scheme, sort_keys=True))
        return
    known = json.loads(stored)
    changed = [
        f"{key} {known.get(key)} -> {scheme.get(key)}"
        for key in sorted(known.keys() | scheme.keys())
        if known.get(key) != scheme.get(key)
    ]
    if changed:
        raise SimilarityMismatchError(
            f"{ledger.path}: filled under another definition of similarity ({', '.join(changed)}). "
            "Go on with the settings and the archloop version of that run, or start a new one."
        )


def stored_config(ledger: Ledger) -> CorpusConfig:
    """Return the definition of similarity that `ledger` was filled under, the default for an unused one."""
    stored = ledger.get_meta("similarity")
    known = {} if stored is None else json.loads(stored)
    return CorpusConfig(**{key: value for key, value in known.items() if key in CorpusConfig.model_fields})
