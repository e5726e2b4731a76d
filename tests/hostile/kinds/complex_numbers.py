# Answers with numbers that have an imaginary part.
# task: regression
# without lint: CONTRACT_ERROR at forward
# error: returned torch.complex64, not floating-point numbers
class Net(Honest):
    def forward(self, x):
        answers = super().forward(x)
        return answers if self.training else answers.to(torch.complex64)
