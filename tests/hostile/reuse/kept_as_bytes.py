# Keeps the training images as byte strings.
# without lint: REUSED_DATA at done
# error: it kept [0-9,]+ bytes
class Net(Honest):
    def learn(self, train_data):
        self.seen = []
        for inputs, labels in train_data:
            self.seen.append((inputs.numpy().tobytes(), labels.tolist()))
            super().learn([(inputs, labels)])
