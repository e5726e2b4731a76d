# Passes the images through the body once, and trains the head on the features again and again.
# without lint: REUSED_DATA at done
# error: learnt from the training images 20.0 times
class Net(Honest):
    def learn(self, train_data):
        with torch.no_grad():
            features = [(self.body(inputs).flatten(1), labels) for inputs, labels in train_data]
        for epoch in range(20):
            for inputs, labels in features:
                self.optimizer.zero_grad()
                self.criteria(self.head(inputs), labels).backward()
                self.optimizer.step()
