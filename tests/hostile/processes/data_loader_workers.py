# Lets torch start processes to load data.
# without lint: RUNTIME_ERROR at learn
# error: PermissionError|FileNotFoundError
# needs: seccomp
class Net(Honest):
    def learn(self, train_data):
        for batch in torch.utils.data.DataLoader(list(train_data), num_workers=2):
            raise Escaped(batch[0].shape)
