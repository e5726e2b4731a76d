# Begins an answer well and never ends it.
# task: segmentation
# with lint: FORBIDDEN at lint
# without lint: PROTOCOL_ERROR at predict
# error: bytes of class ids for 32 images
# with: channel
import sys


def write_parts(kind, answer):
    send(b"A", answer[:8])
    while True:
        send(b"A", bytes(4000))


sys.modules["evaluator.child.errands.evaluating"].write_parts = write_parts
