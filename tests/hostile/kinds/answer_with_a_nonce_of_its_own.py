# Answers with a nonce that nobody gave it.
# task: signal-regression
# with lint: FORBIDDEN at lint
# without lint: PROTOCOL_ERROR at predict
# error: numbers that answer no question
import sys

evaluating = sys.modules["evaluator.child.errands.evaluating"]
genuine = evaluating.write_parts
evaluating.write_parts = lambda kind, answer: genuine(kind, bytes(8) + answer[8:])
