"""`load.py`, which lies beside the weights and brings the network back: it needs torch and safetensors alone.

It is a text here, because it is not run here: what it imports is a stranger's program. This module does *not*
fill anything in; the shapes and hyperparameters are read from `final.json`.
"""

LOADER = '''\
"""Brings the network back: `net = load()`. Needs torch and safetensors; model.py runs like your own code."""
import json
from pathlib import Path
import torch
from safetensors.torch import load_file
from model import Net

def load(folder=Path(__file__).parent, device="cpu"):
    """Return the trained network; it takes float32 images (B, C, H, W), each `(image / 255 - mean) / std`."""
    notes = json.loads((folder / "final.json").read_text())
    net = Net(tuple(notes["in_shape"]), tuple(notes["out_shape"]), notes["prm"], torch.device(device))
    net.load_state_dict(load_file(folder / "weights.safetensors"), strict=True)
    return net.to(device).eval()
'''
