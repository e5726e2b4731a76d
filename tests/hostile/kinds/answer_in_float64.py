# Answers with numbers of twice the width.
# task: regression
# with lint: FORBIDDEN at lint
# without lint: PROTOCOL_ERROR at predict
# error: bytes of numbers for 32 images
import sys

sys.modules["evaluator.child.proxy"].answer_type = lambda kind: "<f8"
