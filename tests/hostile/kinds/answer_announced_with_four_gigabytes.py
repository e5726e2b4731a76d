# Announces an answer of four gigabytes.
# task: regression
# with lint: FORBIDDEN at lint
# without lint: PROTOCOL_ERROR at predict
# error: the limit is 4096
# with: channel
import sys


def write_parts(kind, answer):
    os.write(3, b"A\xff\xff\xff\xff" + answer[:1000])
    time.sleep(60)


sys.modules["evaluator.child.errands.evaluating"].write_parts = write_parts
