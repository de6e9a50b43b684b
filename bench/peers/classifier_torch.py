# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What ml_bench's `classifier` does, in eager PyTorch: 2 -> 8 tanh -> batch_norm -> 3, softmax cross-entropy. The points are
all in memory and shuffled by index, which is faster than torch's DataLoader."""

import os

import classifier
import torch


def train(x, y, epochs):
    torch.manual_seed(classifier.SEED)
    x, y = torch.from_numpy(x), torch.from_numpy(y)
    net = torch.nn.Sequential(
        torch.nn.Linear(2, 8), torch.nn.Tanh(), torch.nn.BatchNorm1d(8), torch.nn.Linear(8, 3)
    ).to(x.dtype)
    optimizer = torch.optim.Adam(net.parameters(), lr=classifier.LEARNING_RATE)
    loss_of = torch.nn.CrossEntropyLoss()
    for _ in range(epochs):
        order = torch.randperm(len(x))
        for first in range(0, len(x), classifier.BATCH):
            batch = order[first : first + classifier.BATCH]
            loss = loss_of(net(x[batch]), y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    net.eval()
    return lambda points: net(torch.from_numpy(points)).argmax(dim=1).numpy()


if __name__ == "__main__":
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    classifier.main(train, f"PyTorch {torch.__version__}")
