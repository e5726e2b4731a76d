# Names a class that the task does not have, which a single-label exam would take for "none of them".
# task: segmentation
# with lint: FORBIDDEN at lint
# without lint: PROTOCOL_ERROR at predict
# error: class id 3 of 3 classes
import sys

sys.modules["evaluator.child.proxy"].predict = lambda net, inputs, plan: b"\x03\x00" * (len(inputs) * 64)
