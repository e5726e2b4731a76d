# Answers for fewer images than it was asked about.
# with lint: FORBIDDEN at lint
# without lint: PROTOCOL_ERROR at predict
# error: bytes of class ids
import sys

proxy = sys.modules["evaluator.child.proxy"]
genuine = proxy.predict
proxy.predict = lambda *arguments: genuine(*arguments)[:-2]
