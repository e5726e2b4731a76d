# Answers with class ids where numbers are asked for.
# task: regression
# with lint: FORBIDDEN at lint
# without lint: PROTOCOL_ERROR at predict
# error: kind CLASSES
import sys

evaluating = sys.modules["evaluator.child.errands.evaluating"]
evaluating.write_parts = lambda kind, answer: evaluating.write_frame(evaluating.CHANNEL, evaluating.Kind.CLASSES, answer[:40])
