# Sends what is no number past the evaluator's own check.
# task: regression
# with lint: FORBIDDEN at lint
# without lint: PROTOCOL_ERROR at predict
# error: not all finite
import sys

sys.modules["evaluator.child.proxy"].predict = lambda net, inputs, plan: b"\x00\x00\xc0\x7f" * (len(inputs) * 64)
