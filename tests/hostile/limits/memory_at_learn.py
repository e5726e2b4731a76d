# Keeps the graph of every step.
# without lint: OUT_OF_MEMORY at learn
class Net(Honest):
    def learn(self, train_data):
        kept = []
        for inputs, labels in train_data:
            kept.append(self(inputs).exp().repeat(1000, 1000))
