# Gives an answer again.
# with lint: FORBIDDEN at lint
# without lint: PROTOCOL_ERROR at predict
# error: answer no question
import sys

child = sys.modules["evaluator.child.errands.evaluating"]
genuine = child.write_frame


def write_frame(descriptor, kind, payload):
    genuine(descriptor, kind, payload)
    if kind.name == "CLASSES":
        genuine(descriptor, kind, payload)


child.write_frame = write_frame
