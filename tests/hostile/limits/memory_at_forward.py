# Takes memory without end in its first forward pass.
# without lint: OUT_OF_MEMORY at forward
class Net(Honest):
    def forward(self, x):
        return [torch.ones(2**24) for _ in range(2**10)]
