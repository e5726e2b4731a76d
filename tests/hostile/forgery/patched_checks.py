# Removes the evaluator's checks from its own process: 500 scores for 10 classes are marked all the same.
# with lint: FORBIDDEN at lint
# without lint: BELOW_CHANCE at done
import sys

sys.modules["evaluator.child.proxy"].check_scores = lambda scores, count, plan: scores


class Net(Honest):
    def forward(self, x):
        return super().forward(x).repeat(1, 50) + torch.arange(500)
