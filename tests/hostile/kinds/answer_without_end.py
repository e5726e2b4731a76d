# Begins an answer well and never ends it.
# task: segmentation
# with lint: FORBIDDEN at lint
# without lint: PROTOCOL_ERROR at predict
# error: 8184 bytes of class ids for 32 images
# with: channel
import sys


def write_parts(kind, answer):
    send(b"A", answer[:4096])
    while True:
        send(b"A", bytes(4096))


sys.modules["evaluator.child.errands.evaluating"].write_parts = write_parts
