# Learns from each batch five times.
# task: segmentation
# without lint: REUSED_DATA at done
# error: learnt from the training images 5.0 times
class Net(Honest):
    def learn(self, train_data):
        for inputs, targets in train_data:
            for _ in range(5):
                self.optimizer.zero_grad()
                train_data.criterion(self(inputs), targets).backward()
                self.optimizer.step()
