# without lint: COMPLETE
# Three schedulers, label smoothing, weight decay by groups, and a loss that is returned.
from torch import nn, optim
from torch.optim import lr_scheduler


def supported_hyperparameters():
    return {"lr", "momentum", "batch", "transform"}


class Net(nn.Module):
    def __init__(self, in_shape, out_shape, prm, device):
        super().__init__()
        layers = []
        width = in_shape[1]
        for out in (8, 16):
            layers += [nn.Conv2d(width, out, 3, padding=1, bias=False), nn.BatchNorm2d(out), nn.SiLU(inplace=True)]
            width = out
        self.features = nn.Sequential(*layers, nn.AdaptiveAvgPool2d((2, 2)), nn.Flatten())
        self.classifier = nn.Linear(width * 4, out_shape[0])

    def forward(self, x):
        return self.classifier(self.features(x))

    def train_setup(self, prm):
        decayed = [each for each in self.parameters() if each.ndim > 1]
        others = [each for each in self.parameters() if each.ndim <= 1]
        groups = [{"params": decayed, "weight_decay": 5e-4}, {"params": others, "weight_decay": 0.0}]
        self.criterion = nn.CrossEntropyLoss(label_smoothing=0.1)
        self.optimizer = optim.SGD(groups, lr=prm["lr"], momentum=prm["momentum"], nesterov=True)
        warm = lr_scheduler.LinearLR(self.optimizer, 0.1, total_iters=10)
        cosine = lr_scheduler.CosineAnnealingLR(self.optimizer, T_max=60)
        self.scheduler = lr_scheduler.SequentialLR(self.optimizer, [warm, cosine], milestones=[10])

    def learn(self, train_data):
        total, steps = 0.0, len(train_data)
        for step, (inputs, labels) in enumerate(train_data):
            self.optimizer.zero_grad()
            loss = self.criterion(self(inputs), labels)
            loss.backward()
            self.optimizer.step()
            self.scheduler.step()
            total += loss.item()
        return total / max(steps, 1)
