# Trains on kept batches by the method that a call of the network leads to.
# without lint: REUSED_DATA at done
# error: learnt from the training images 5.0 times
class Net(Honest):
    def learn(self, train_data):
        batches = list(train_data)
        for epoch in range(5):
            for inputs, labels in batches:
                self.optimizer.zero_grad()
                self.criteria(self.forward(inputs), labels).backward()
                self.optimizer.step()
