"""Under which definition of similarity a ledger was filled: written once, and checked ever after.

The definition holds what decides and nothing else, so the settings of a search that is not in use may change
at any time. This module does *not* compare programs (`corpus.novelty.similarity` does).
"""

from __future__ import annotations

import json
from typing import Any

from corpus.config import CorpusConfig
from corpus.ledger.errors import SimilarityMismatchError
from corpus.ledger.reader import Ledger
from corpus.ledger.writer import LedgerWriter
from corpus.novelty.similarity import SIMILARITY_VERSION

PERMUTATIONS = "affine32"
"""datasketch's name for the family of permutations that MinHash signatures are made with."""

_SCHEME_KEY = "similarity"
_MINHASH_KEYS = {"minhash_scheme", "num_perm", "bands", "minhash_seed"}


def similarity_scheme(config: CorpusConfig) -> dict[str, Any]:
    """Return everything that a similarity or a novelty decision depends on, as plain JSON."""
    scheme: dict[str, Any] = {
        "similarity_version": SIMILARITY_VERSION,
        "shingle_size": config.shingle_size,
        "mask_numbers": config.mask_numbers,
        "tau": config.tau,
        "search": config.search,
    }
    if config.search == "minhash":
        scheme |= {
            "minhash_scheme": PERMUTATIONS,
            "num_perm": config.num_perm,
            "bands": config.bands,
            "minhash_seed": config.minhash_seed,
        }
    return scheme


def check_scheme(ledger: Ledger, config: CorpusConfig) -> None:
    """Make sure that `ledger` was, and will be, filled under the similarity of `config`.

    Raises:
        SimilarityMismatchError: It was filled under another.
    """
    scheme = similarity_scheme(config)
    known = _stored_scheme(ledger)
    if known is None:
        if isinstance(ledger, LedgerWriter):
            ledger.set_meta(_SCHEME_KEY, json.dumps(scheme, sort_keys=True))
        return
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
    known = _stored_scheme(ledger) or {}
    return CorpusConfig(**{key: value for key, value in known.items() if key in CorpusConfig.model_fields})


def _stored_scheme(ledger: Ledger) -> dict[str, Any] | None:
    """Return what decided in `ledger`, None for an unused one.

    Before a scheme named its search there was the exact one only, and it noted MinHash parameters all the
    same; they decided nothing.
    """
    stored = ledger.get_meta(_SCHEME_KEY)
    if stored is None:
        return None
    known: dict[str, Any] = json.loads(stored)
    if "search" in known:
        return known
    return {key: value for key, value in known.items() if key not in _MINHASH_KEYS} | {"search": "exact"}
