# without lint: COMPLETE
# Attention over channels by einsum, and a filter in the frequency domain.
import torch
import torch.nn as nn


def supported_hyperparameters():
    return ["lr", "momentum"]


class FourierFilter(nn.Module):
    def __init__(self, channels, height, width):
        super().__init__()
        self.filter = nn.Parameter(torch.randn(channels, height, width // 2 + 1, 2) * 0.1 + 1)

    def forward(self, x):
        spectrum = torch.fft.rfft2(x, norm="ortho") * torch.view_as_complex(self.filter)
        return torch.fft.irfft2(spectrum, s=x.shape[-2:], norm="ortho")


class Net(nn.Module):
    def __init__(self, in_shape, out_shape, prm, device):
        super().__init__()
        _, channels, height, width = in_shape
        self.lift = nn.Conv2d(channels, 12, 1)
        self.fourier = FourierFilter(12, height, width)
        self.query, self.key = nn.Parameter(torch.eye(12)), nn.Parameter(torch.eye(12))
        self.head = nn.Linear(12 * 16, out_shape[0])

    def forward(self, x):
        x = torch.relu(self.fourier(self.lift(x)))
        q, k = torch.einsum("bchw,cd->bdhw", x, self.query), torch.einsum("bchw,cd->bdhw", x, self.key)
        mix = torch.softmax(torch.einsum("bchw,bdhw->bcd", q, k) / x[0, 0].numel(), dim=-1)
        x = torch.einsum("bcd,bdhw->bchw", mix, x) + x
        return self.head(nn.functional.adaptive_avg_pool2d(x, 4).flatten(1))

    def train_setup(self, prm):
        self.criteria = nn.CrossEntropyLoss()
        self.optimizer = torch.optim.SGD(self.parameters(), lr=prm["lr"], momentum=prm["momentum"])

    def learn(self, train_data):
        for inputs, labels in train_data:
            self.optimizer.zero_grad()
            loss = self.criteria(self(inputs), labels)
            loss.backward()
            self.optimizer.step()
