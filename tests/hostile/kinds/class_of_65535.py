# Names a class so far out that counting up to it would take room.
# task: segmentation
# with lint: FORBIDDEN at lint
# without lint: PROTOCOL_ERROR at predict
# error: class id 65535 of 3 classes
import sys

sys.modules["evaluator.child.proxy"].predict = lambda net, inputs, plan: b"\xff\xff" * (len(inputs) * 64)
