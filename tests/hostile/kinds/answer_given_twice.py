# Gives a second answer behind the first.
# task: multi-label
# with lint: FORBIDDEN at lint
# without lint: PROTOCOL_ERROR at predict
# error: answer no question
import sys

evaluating = sys.modules["evaluator.child.errands.evaluating"]
genuine = evaluating.write_parts
evaluating.write_parts = lambda kind, answer: (genuine(kind, answer), genuine(kind, answer))
