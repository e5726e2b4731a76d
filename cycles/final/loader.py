"""`load.py`, which lies beside the weights and brings the network back: it needs torch and safetensors alone.

It is a text here, because it is not run here: what it imports is a stranger's program. Words
for what goes in and comes out are filled in; shapes and hyperparameters are *not*: they are read from
`final.json`.
"""

from __future__ import annotations

from corpus.records.tasks.kinds import TaskKind
from cycles.final.records import FinalReport, Inputs

_LOADER = '''\
"""Brings the network back: `net = load()`. Needs torch and safetensors; model.py runs like your own code."""
import json
from pathlib import Path
import torch
from safetensors.torch import load_file
from model import Net

def load(folder=Path(__file__).parent, device="cpu"):
    """Return the trained network; it takes float32 {inputs} {axes}, each `{normalised}`.{answers}"""
    notes = json.loads((folder / "final.json").read_text())
    net = Net(tuple(notes["in_shape"]), tuple(notes["out_shape"]), notes["prm"], torch.device(device))
    net.load_state_dict(load_file(folder / "weights.safetensors"), strict=True)
    return net.to(device).eval()
'''

_ANSWERS = """

    Its answers are standardised: `answer * target_std + target_mean` is in the unit of the task (final.json).
    """


def loader(report: FinalReport) -> str:
    """Return the text of load.py for the network of a report."""
    axes = "(B, C, L)" if report.inputs == "signals" else "(B, C, H, W)"
    answers = _ANSWERS if report.kind is TaskKind.REGRESSION else ""
    return _LOADER.format(
        inputs=report.inputs, axes=axes, normalised=normalised(report.inputs), answers=answers
    )


def normalised(inputs: Inputs) -> str:
    """Return as an expression how an input goes in: bytes are brought to [0, 1] first."""
    one = inputs.removesuffix("s")
    return f"({one} / 255 - mean) / std" if inputs == "images" else f"({one} - mean) / std"
