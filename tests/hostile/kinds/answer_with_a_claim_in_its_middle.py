# Interrupts its own answer to say that it is over.
# task: regression
# with lint: FORBIDDEN at lint
# without lint: PROTOCOL_ERROR at predict
# error: 'file-sent' in stage predict
# with: channel
import sys


def write_parts(kind, answer):
    send(b"A", answer[:4096])
    say(event="file-sent")
    time.sleep(60)


sys.modules["evaluator.child.errands.evaluating"].write_parts = write_parts
