# Answers with one score more at every position.
# task: segmentation
# without lint: SHAPE_ERROR at forward
# error: returned shape \(2, 4, 8, 8\), not \(2, 3, 8, 8\)
class Net(Honest):
    def forward(self, x):
        answers = super().forward(x)
        return answers if self.training else torch.cat([answers, answers[:, :1]], 1)
