# Answers with a tensor that lies about its shape and its numbers: what is marked is nonsense all the same.
# without lint: BELOW_CHANCE
class Lying(torch.Tensor):
    shape = property(lambda self: torch.Size([self.size(0), 10]))

    @classmethod
    def __torch_function__(cls, function, types, arguments=(), keywords=None):
        if function in (torch.isfinite, torch.Tensor.isfinite):
            return torch.tensor([True])
        return super().__torch_function__(function, types, arguments, keywords or {})


class Net(Honest):
    def forward(self, x):
        scores = super().forward(x)
        return scores if self.training else torch.full((len(x), 5000), float("nan")).as_subclass(Lying)
