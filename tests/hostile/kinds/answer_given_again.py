# Gives its first answer, which was a good one, to every question.
# task: segmentation
# with lint: FORBIDDEN at lint
# without lint: PROTOCOL_ERROR at predict
# error: answer no question
import sys

evaluating = sys.modules["evaluator.child.errands.evaluating"]
genuine, given = evaluating.write_parts, []


def write_parts(kind, answer):
    given.append(answer)
    genuine(kind, given[0])


evaluating.write_parts = write_parts
