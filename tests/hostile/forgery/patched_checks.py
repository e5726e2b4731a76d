# Removes the evaluator's checks from its own process: the supervisor makes its own.
# with lint: FORBIDDEN at lint
# without lint: PROTOCOL_ERROR at predict
# error: class id
import sys

sys.modules["evaluator.child.proxy"].check_scores = lambda scores, count, plan: None


class Net(Honest):
    def forward(self, x):
        return super().forward(x).repeat(1, 50) + torch.arange(500)
