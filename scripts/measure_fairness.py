#!/usr/bin/env python
"""Measure how evenly ideas are drawn from a pool in which one category has nearly all of them.

    .venv/bin/python scripts/measure_fairness.py --ideas 2000 --share 0.9

The pool is the shipped one, to which copies of the ideas of one category are added under other names until
that category has the given share of all ideas: so many ideas about one thing is what a language model makes
of papers when it is asked for ideas. From it, ideas are drawn fairly (category, then sub-category, then idea)
and uniformly among ideas.

    evenness      entropy of how often each was drawn over its greatest, log K, for the K categories and the K
                  sub-categories of the template
    largest       share of the draws that the most drawn category has
    never drawn   sub-categories that came up in no draw

The bar: drawn fairly, the evenness over categories is at least .95, drawn uniformly it is below. It does
*not* measure whether a search finds better networks by it.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import random
from collections import Counter
from collections.abc import Mapping
from typing import get_args

from corpus.records.base import derive_seed
from generator.ideas.pool import IdeaPool, shipped
from generator.ideas.sampling import Sampling, draw, evenness

BAR = 0.95
"""Evenness over categories that fair drawing must reach."""

Row = Mapping[str, float]


def main() -> None:
    """Read the arguments, draw, print."""
    arguments = _arguments()
    pool = lopsided(arguments.category, arguments.share)
    table = {each: figures(pool, each, arguments.ideas, arguments.seed) for each in get_args(Sampling)}
    met = table["fair"]["categories"] >= BAR > table["uniform"]["categories"]
    if arguments.json:
        print(json.dumps({"ideas": len(pool.ideas), "sampling": table, "met": met}))
        return
    held = sum(idea.category == arguments.category for idea in pool.ideas.values())
    print(
        f"{held:,} of {len(pool.ideas):,} ideas ({held / len(pool.ideas):.1%}) are of {arguments.category}\n"
    )
    print(formatted(table, arguments.ideas))
    print(
        f"\nthe bar is an evenness of {BAR} over categories, which drawing uniformly must miss: "
        f"{'met' if met else 'MISSED'}"
    )


def lopsided(category: str, share: float) -> IdeaPool:
    """Return the shipped pool with so many copies of a category's ideas that it has a share of all of them.

    Args:
        category: A category with its level: `operator/activation`.
        share: In [0, 1); where it has more already, nothing is added.
    """
    pool = shipped()
    own = [idea for idea in pool.ideas.values() if idea.category == category]
    wanted = math.ceil(share / (1 - share) * (len(pool.ideas) - len(own)))
    copies = itertools.islice(
        (idea.model_copy(update={"id": f"{idea.id}-{turn}"}) for turn in itertools.count(2) for idea in own),
        max(wanted - len(own), 0),
    )
    return IdeaPool(pool.template.values(), [*pool.ideas.values(), *copies])


def figures(pool: IdeaPool, sampling: Sampling, count: int, seed: int) -> Row:
    """Return the row of one way to draw."""
    rng = random.Random(derive_seed(seed, "fairness", sampling))
    ideas = [draw(pool, rng, sampling) for _ in range(count)]
    categories, paths = Counter(idea.category for idea in ideas), Counter(idea.path for idea in ideas)
    return {
        "categories": evenness(categories, pool.categories) or 0.0,
        "sub-categories": evenness(paths, pool.template) or 0.0,
        "largest": max(categories.values()) / count,
        "never drawn": len(pool.template) - len(paths),
    }


def formatted(table: Mapping[str, Row], count: int) -> str:
    """Return a table for people."""
    lines = [
        f"| {count:,} ideas drawn | evenness over categories | over sub-categories | largest | never drawn |",
        "|---|---|---|---|---|",
    ]
    for sampling, row in table.items():
        lines.append(
            f"| {sampling} | {row['categories']:.3f} | {row['sub-categories']:.3f} | {row['largest']:.1%} "
            f"| {row['never drawn']:g} |"
        )
    return "\n".join(lines)


def _share(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 0.99:
        raise argparse.ArgumentTypeError("a share lies between 0 and 0.99")
    return value


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("at least one idea is drawn")
    return value


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure how evenly ideas are drawn from a lopsided pool.")
    parser.add_argument("--ideas", type=_positive, default=2000, help="ideas drawn in each way (2000)")
    parser.add_argument("--share", type=_share, default=0.9, help="share of one category's ideas (0.9)")
    parser.add_argument(
        "--category",
        choices=shipped().categories,
        default="block/residual-and-multi-branch",
        metavar="CATEGORY",
        help="which one (block/residual-and-multi-branch)",
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of all draws (0)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser.parse_args()


if __name__ == "__main__":
    main()
