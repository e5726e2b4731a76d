# Keeps the targets of every example that it was shown.
# task: regression
# without lint: REUSED_DATA at done
# error: it kept [\d,]+ bytes
class Net(Honest):
    def learn(self, train_data):
        self.kept = []

        def noted():
            for inputs, targets in train_data:
                self.kept.append(targets.clone())
                yield inputs, targets

        super().learn(Batches(noted(), train_data.criterion))
        self.kept = torch.cat(self.kept)


class Batches:
    def __init__(self, batches, criterion):
        self.batches, self.criterion = batches, criterion

    def __iter__(self):
        return iter(self.batches)
