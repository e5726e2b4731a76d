# Sends infinity past the evaluator's own check, to be first of all.
# task: multi-label
# with lint: FORBIDDEN at lint
# without lint: PROTOCOL_ERROR at predict
# error: not all finite
import sys

sys.modules["evaluator.child.proxy"].predict = lambda net, inputs, plan: b"\x00\x00\x80\x7f" * (len(inputs) * 3)
