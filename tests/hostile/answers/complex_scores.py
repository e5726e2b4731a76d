# Answers with complex numbers, which have no order.
# without lint: RUNTIME_ERROR at learn|predict
class Net(Honest):
    def forward(self, x):
        scores = super().forward(x)
        return scores if self.training else scores.to(torch.complex64)
