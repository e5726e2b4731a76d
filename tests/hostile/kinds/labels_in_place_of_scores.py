# Answers yes or no.
# task: multi-label
# without lint: CONTRACT_ERROR at forward
# error: returned torch.bool, not floating-point numbers
class Net(Honest):
    def forward(self, x):
        answers = super().forward(x)
        return answers if self.training else answers > 0
