# without lint: COMPLETE
# Reads an image row by row.
import torch
import torch.nn as nn


def supported_hyperparameters():
    return {"lr", "momentum"}


class Net(nn.Module):
    def __init__(self, in_shape, out_shape, prm, device):
        super().__init__()
        self.rnn = nn.GRU(in_shape[1] * in_shape[3], 32, batch_first=True, bidirectional=True)
        self.head = nn.Linear(64, out_shape[0])

    def forward(self, x):
        rows = x.permute(0, 2, 1, 3).flatten(2)
        states, _ = self.rnn(rows)
        return self.head(states[:, -1])

    def train_setup(self, prm):
        self.criteria = nn.CrossEntropyLoss()
        self.optimizer = torch.optim.RMSprop(self.parameters(), lr=prm["lr"] / 10)

    def learn(self, train_data):
        for inputs, labels in train_data:
            self.optimizer.zero_grad()
            loss = self.criteria(self(inputs), labels)
            loss.backward()
            self.optimizer.step()
