# Answers in a shape that would fit by broadcasting.
# task: signal-regression
# without lint: SHAPE_ERROR at forward
# error: returned shape \(2, 1, 1\), not \(2, 1, 32\)
class Net(Honest):
    def forward(self, x):
        answers = super().forward(x)
        return answers if self.training else answers.mean(2, keepdim=True)
