# Answers with a tensor that says it has the right shape, and has not.
# task: multi-label
# without lint: PROTOCOL_ERROR at predict
# error: bytes of numbers for 32 images
class Lying(torch.Tensor):
    shape = property(lambda self: torch.Size([self.size(0), 3]))


class Net(Honest):
    def forward(self, x):
        answers = super().forward(x)
        return answers if self.training else torch.zeros(len(x), 5000).as_subclass(Lying)
