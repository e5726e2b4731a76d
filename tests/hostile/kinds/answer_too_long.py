# Answers for one input more than was asked.
# task: multi-label
# with lint: FORBIDDEN at lint
# without lint: PROTOCOL_ERROR at predict
# error: \d+ bytes of numbers for 32 images
import sys

proxy = sys.modules["evaluator.child.proxy"]
genuine = proxy.predict
proxy.predict = lambda net, inputs, plan: genuine(net, inputs, plan) + bytes(12)
