# Goes over the training images five times, as an ordinary data loader allows: there is only one pass to get.
# without lint: COMPLETE
class Net(Honest):
    def learn(self, train_data):
        steps = 0
        for epoch in range(5):
            for inputs, labels in train_data:
                self.optimizer.zero_grad()
                self.criteria(self(inputs), labels).backward()
                self.optimizer.step()
                steps += 1
        if steps != len(train_data):
            raise Escaped(steps)
