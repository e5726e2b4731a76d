# without lint: COMPLETE
# Drives the progress bar that the reference hands in as its training data.
import torch
import torch.nn as nn


def supported_hyperparameters():
    return {"lr", "momentum"}


class Net(nn.Module):
    def __init__(self, in_shape, out_shape, prm, device):
        super().__init__()
        self.device = device
        self.body = nn.Sequential(
            nn.Conv2d(in_shape[1], 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(4), nn.Flatten()
        )
        self.head = nn.Linear(8 * 16, out_shape[0])

    def forward(self, x):
        return self.head(self.body(x))

    def train_setup(self, prm):
        self.to(self.device)
        self.criteria = nn.CrossEntropyLoss()
        self.optimizer = torch.optim.SGD(self.parameters(), lr=prm["lr"], momentum=prm["momentum"])

    def learn(self, train_data):
        train_data.set_description("epoch 1")
        for step, (inputs, labels) in enumerate(train_data):
            self.optimizer.zero_grad()
            loss = self.criteria(self(inputs), labels)
            loss.backward()
            self.optimizer.step()
            train_data.set_postfix(loss=f"{loss.item():.3f}", refresh=False)
            if step % 20 == 0:
                train_data.set_postfix_str(f"{train_data.n}/{train_data.total}")
                train_data.write(f"step {step} of {len(train_data)}")
        train_data.update(0)
        train_data.refresh()
        train_data.close()
