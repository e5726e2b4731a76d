# Builds more weights than there is memory.
# without lint: OUT_OF_MEMORY at init
class Net(Honest):
    def __init__(self, in_shape, out_shape, prm, device):
        super().__init__(in_shape, out_shape, prm, device)
        self.wide = nn.Linear(2**16, 2**16)
