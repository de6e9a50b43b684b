#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How long PyTorch, eager and on one thread, takes for what ml_bench's `classifier` does.

1000 epochs over 833 points in batches of 128 (the last has 65): 2 -> 8 tanh -> batch_norm -> 3, softmax cross-entropy,
Adam 1e-2. The points are all in memory and shuffled by index, which is faster than torch's DataLoader.
usage: torch_classifier.py [REPETITIONS]   (where torch is installed)
"""

import statistics
import sys
import time

import torch

EPOCHS, POINTS, BATCH = 1000, 833, 128


def train(x, y):
    torch.manual_seed(1)
    net = torch.nn.Sequential(
        torch.nn.Linear(2, 8), torch.nn.Tanh(), torch.nn.BatchNorm1d(8), torch.nn.Linear(8, 3)
    )
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-2)
    loss_of = torch.nn.CrossEntropyLoss()
    begin = time.perf_counter()
    for _ in range(EPOCHS):
        order = torch.randperm(POINTS)
        for first in range(0, POINTS, BATCH):
            batch = order[first : first + BATCH]
            loss = loss_of(net(x[batch]), y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return time.perf_counter() - begin, loss.item()


def main():
    repetitions = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(2)
    x = torch.randn(POINTS, 2, generator=generator)
    far = (x * x).sum(1)
    y = (far > 0.81).long() + (far > 2.2).long()
    runs = [train(x, y) for _ in range(repetitions)]
    seconds = [run[0] for run in runs]
    print(f"torch {torch.__version__}: {statistics.median(seconds):.3f} s (median of {repetitions}, "
          f"{min(seconds):.3f} to {max(seconds):.3f}), last loss {runs[-1][1]:.3f}")


if __name__ == "__main__":
    main()
