# Answers for an image as a whole where every position is asked for.
# task: regression
# without lint: SHAPE_ERROR at forward
# error: returned shape \(2, 1\), not \(2, 1, 8, 8\)
class Net(Honest):
    def forward(self, x):
        answers = super().forward(x)
        return answers if self.training else answers.mean((2, 3))
