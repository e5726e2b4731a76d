# Gives a good answer in frames of one byte, each of which has to be read.
# task: multi-label
# with lint: FORBIDDEN at lint
# without lint: PROTOCOL_ERROR at predict
# error: 0 bytes of numbers
# with: channel
import sys


def write_parts(kind, answer):
    send(b"A", answer[:8])
    for byte in answer[8:]:
        send(b"A", bytes([byte]))


sys.modules["evaluator.child.errands.evaluating"].write_parts = write_parts
