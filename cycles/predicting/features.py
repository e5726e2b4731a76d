"""What a program is described by, in numbers, before its training is over: groups of features by name.

    code    the text: canonical tokens, layers and the like by name, families of blocks, literal numbers
    graph   the recorded network: operators, depth, widths, parameters, FLOPs
    curve   the first of the noted training losses
    scores  zero-cost scores (`cycles.predicting.zero_cost`)

A count is put in as it is or as a logarithm, which is one to a forest of trees. What a program lacks is
missing, which a predictor fills in; a layer that it does not have is a count of 0. This module does *not* run
programs, and does not predict.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from math import isfinite, log10, nan

from corpus.programs.apis import Layers
from corpus.programs.families import FAMILIES, block_families
from corpus.programs.parsing import parse_or_none
from corpus.programs.tokens import canonical_tokens
from corpus.records.evaluations import Evaluation
from corpus.records.graphs import NetworkGraph
from evaluator.channel.messages import MAX_LOSSES

Features = dict[str, float]
"""Numbers by name; the name begins with the group and a slash. NaN stands for a missing one."""

_JOINING = frozenset({"add", "cat", "mul"})
_HUGE = 10**9
"""From here on a whole number is no width, kernel or the like, and is not read."""


class Group(StrEnum):
    """A group of features."""

    CODE = "code"
    """The program's text."""
    GRAPH = "graph"
    """The recorded network."""
    CURVE = "curve"
    """The first part of the loss curve."""
    SCORES = "scores"
    """Zero-cost scores."""


def code_features(source: str) -> Features:
    """Return what a text shows: sizes, what of torch it names, families, and the numbers written in it."""
    tokens = canonical_tokens(source)
    found: Features = {"tokens": len(tokens), "distinct_tokens": len(set(tokens))}
    families = block_families(source)
    found |= {f"family_{name}": float(name in families) for name in FAMILIES}
    tree = parse_or_none(source)
    if tree is not None:
        named = Counter(_imported(tree))
        found |= {f"name_{name}": float(count) for name, count in named.items()}
        found["names"] = float(named.total())
        whole = sorted(_whole_numbers(tree))
        found |= {
            "numbers": float(len(whole)),
            "largest_number": float(whole[-1]) if whole else nan,
            "median_number": float(whole[len(whole) // 2]) if whole else nan,
        }
    return _named(Group.CODE, found)


def graph_features(
    graph: NetworkGraph | None, parameters: int | None = None, flops: int | None = None
) -> Features:
    """Return what a network is made of.

    Args:
        graph: The network as recorded, None where there is none.
        parameters: Number of its trainable parameters.
        flops: Forward FLOPs for one input.
    """
    found: Features = {"parameters": _log(parameters), "flops": _log(flops)}
    if graph is not None:
        operators = Counter(node.op for node in graph.nodes)
        found |= {f"op_{name}": float(count) for name, count in operators.items()}
        widths = [node.shape[1] for node in graph.nodes if node.op == "convolution" and len(node.shape) > 1]
        sides = [node.shape[-1] for node in graph.nodes if node.op == "convolution" and len(node.shape) > 2]
        weights = [node.shape for node in graph.nodes if node.op == "parameter"]
        kernels = [shape[-1] for shape in weights if len(shape) > 2]
        found |= {
            "nodes": float(len(graph.nodes)),
            "edges": float(graph.edge_count),
            "depth": float(_depth(graph)),
            "layers": float(sum(len(shape) > 1 for shape in weights)),
            "branching": float(sum(len(node.inputs) > 1 and node.op in _JOINING for node in graph.nodes)),
            "widest": _most(widths),
            "narrowest": -_most([-each for each in widths]),
            "first_width": float(widths[0]) if widths else nan,
            "last_width": float(widths[-1]) if widths else nan,
            "last_side": float(sides[-1]) if sides else nan,
            "mean_side": sum(sides) / len(sides) if sides else nan,
            "largest_kernel": _most(kernels),
            "entering_classifier": float(weights[-2][-1]) if len(weights) > 1 and weights[-2] else nan,
        }
    return _named(Group.GRAPH, found)


def curve_features(losses: Sequence[float], places: int) -> Features:
    """Return the first `places` of the noted losses, the lowest of them, and how far they fell.

    Args:
        losses: Of a training, the means of up to 16 equal parts.
        places: How many of the 16 are known, at least 1.
    """
    seen = list(losses[:places])
    if len(losses) < MAX_LOSSES:  # parts of another size are no measure
        seen = []
    found: Features = {f"loss_{place}": seen[place] if seen else nan for place in range(places)}
    found["lowest"] = min(seen, default=nan)
    found["fall"] = seen[0] - seen[-1] if seen else nan
    return _named(Group.CURVE, found)


def score_features(scores: Mapping[str, float | None]) -> Features:
    """Return zero-cost scores as features."""
    return _named(Group.SCORES, {name: nan if value is None else value for name, value in scores.items()})


def features(
    source: str,
    groups: Iterable[Group],
    *,
    graph: NetworkGraph | None = None,
    evaluation: Evaluation | None = None,
    places: int = 4,
    scores: Mapping[str, float | None] | None = None,
) -> Features:
    """Return the features of one judged program, of the groups asked for.

    Args:
        source: Its text.
        groups: Which groups.
        graph: Its network.
        evaluation: Its judgement, from which only parameters, FLOPs and the first losses are taken.
        places: How many losses are known.
        scores: Its zero-cost scores.
    """
    found: Features = {}
    wanted = set(groups)
    if Group.CODE in wanted:
        found |= code_features(source)
    if Group.GRAPH in wanted:
        sizes = (evaluation.parameters, evaluation.flops) if evaluation else (None, None)
        found |= graph_features(graph, *sizes)
    if Group.CURVE in wanted and evaluation is not None:
        found |= curve_features(evaluation.losses, places)
    if Group.SCORES in wanted and scores is not None:
        found |= score_features(scores)
    return found


def _named(group: Group, found: Mapping[str, float]) -> Features:
    return {f"{group}/{name}": value if isfinite(value) else nan for name, value in found.items()}


def _imported(tree: ast.Module) -> Iterable[str]:
    """Yield the last word of each use of an imported name, such as `torch.nn.Conv2d`; no methods."""
    return (name.rpartition(".")[2] for name in Layers.of(tree).api_names(tree) if "." in name)


def _whole_numbers(tree: ast.Module) -> Iterable[int]:
    numbers = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return (each for each in numbers if type(each) is int and each < _HUGE)


def _depth(graph: NetworkGraph) -> int:
    """Return the number of operators on the longest way through a network."""
    depths: list[int] = []
    for node in graph.nodes:
        depths.append(1 + max((depths[each] for each in node.inputs if each >= 0), default=0))
    return max(depths)


def _most(values: Sequence[int]) -> float:
    return float(max(values)) if values else nan


def _log(count: int | None) -> float:
    return log10(count) if count else nan
