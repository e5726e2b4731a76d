"""A network in the ONNX format, for any number of inputs, written with torch alone.

Torch's older exporter (`dynamo=False`, by tracing) writes the file by itself; only to look for functions
that somebody added in onnxscript does it ask for the package `onnx`. There are none here, so that step is
left out: it is the one private name of torch that is used, and torch is pinned.

This module does *not* check the file, and a trace follows one way through the program: a network whose way
depends on its inputs is not what it traces.
"""

from __future__ import annotations

import io
import warnings

import torch
from torch import Tensor, nn

from evaluator.channel.layout import tensor_names
from evaluator.channel.plan import Plan
from evaluator.child.train_data import Normalisation

OPSET = 20
_TRACED_INPUTS = 2


def onnx_file(net: nn.Module, examples: Tensor, plan: Plan) -> bytes:
    """Return `net` as ONNX: normalised float32 inputs `(batch, *input_shape)` to `(batch, *output_shape)`.

    They are called as `evaluator.channel.layout.tensor_names` has it.

    Args:
        net: The network, in evaluation mode.
        examples: Training inputs, as in `TrainingSet`; the trace follows the first two.
        plan: The protocol.

    Raises:
        torch.onnx.errors.OnnxExporterError: It holds something that ONNX has no operator for.
    """
    from torch.onnx._internal.torchscript_exporter import onnx_proto_utils

    onnx_proto_utils._add_onnxscript_fn = lambda model, _opsets: model
    torch.backends.mha.set_fastpath_enabled(False)  # one operator for all of attention, which ONNX has not
    inputs = Normalisation(plan)(examples[:_TRACED_INPUTS])
    names = tensor_names(plan.shape)
    file = io.BytesIO()
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            net,
            (inputs,),
            file,
            dynamo=False,
            opset_version=OPSET,
            dynamic_axes={name: {0: "batch"} for name in names},
            input_names=names[:1],
            output_names=names[1:],
        )
    return file.getvalue()
