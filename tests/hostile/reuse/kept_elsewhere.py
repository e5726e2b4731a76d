# Keeps the training images in a module that was there before the program.
# without lint: REUSED_DATA at done
# error: it kept [0-9,]+ bytes
class Net(Honest):
    def learn(self, train_data):
        torch.nn.functional.seen = seen = []
        for inputs, labels in train_data:
            seen.append(inputs)
            super().learn([(inputs, labels)])
