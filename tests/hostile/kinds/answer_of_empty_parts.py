# Begins an answer well and goes on with nothing, again and again.
# task: segmentation
# with lint: FORBIDDEN at lint
# without lint: PROTOCOL_ERROR at predict
# error: 0 bytes of class ids
# with: channel
import sys


def write_parts(kind, answer):
    send(b"A", answer[:8])
    while True:
        send(b"A", b"")


sys.modules["evaluator.child.errands.evaluating"].write_parts = write_parts
