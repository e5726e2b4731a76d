# Writes the training images into a buffer that was there before any came, past the count of versions.
# without lint: REUSED_DATA at done
# error: it kept [0-9,]+ bytes
class Net(Honest):
    def __init__(self, in_shape, out_shape, prm, device):
        super().__init__(in_shape, out_shape, prm, device)
        self.register_buffer("memory", torch.zeros(1000, 64))

    def learn(self, train_data):
        place = 0
        for inputs, labels in train_data:
            rows = inputs.flatten(1)[: len(self.memory) - place]
            self.memory.data[place : place + len(rows)] = rows
            place += len(rows)
            super().learn([(inputs, labels)])
