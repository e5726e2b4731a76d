# Answers with a class that does not exist.
# with lint: FORBIDDEN at lint
# without lint: PROTOCOL_ERROR at predict
# error: class id 65535
import sys

sys.modules["evaluator.child.proxy"].predict = lambda net, images, plan: b"\xff\xff" * len(images)
