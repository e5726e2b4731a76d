# Never ends in its first forward pass.
# without lint: TIMEOUT at forward
class Net(Honest):
    def forward(self, x):
        while True:
            pass
