# Keeps copies in one large tensor and trains on them in large batches.
# without lint: REUSED_DATA at done
# error: learnt from the training images 6.0 times
class Net(Honest):
    def learn(self, train_data):
        batches = [(inputs.clone(), labels.clone()) for inputs, labels in train_data]
        inputs, labels = (torch.cat(each) for each in zip(*batches))
        for epoch in range(6):
            super().learn(zip(inputs.split(100), labels.split(100)))
