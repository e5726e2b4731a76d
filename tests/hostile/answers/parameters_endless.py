# Has parameters without end.
# without lint: TIMEOUT|OUT_OF_MEMORY at init
class Net(Honest):
    def parameters(self, recurse=True):
        while True:
            yield nn.Parameter(torch.zeros(0))
