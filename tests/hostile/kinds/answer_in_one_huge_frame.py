# Sends a whole answer in one frame, larger than any may be.
# task: regression
# with lint: FORBIDDEN at lint
# without lint: PROTOCOL_ERROR at predict
# error: the limit is 4096
# with: channel
import sys

sys.modules["evaluator.child.errands.evaluating"].write_parts = lambda kind, answer: send(b"A", answer)
