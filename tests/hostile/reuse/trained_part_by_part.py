# Trains on kept batches without ever calling the network as a whole.
# without lint: REUSED_DATA at done
# error: learnt from the training images 5.0 times
class Net(Honest):
    def learn(self, train_data):
        batches = list(train_data)
        for epoch in range(5):
            for inputs, labels in batches:
                self.optimizer.zero_grad()
                self.criteria(self.head(self.body(inputs).flatten(1)), labels).backward()
                self.optimizer.step()
