# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""BAOAB in eager PyTorch on the CPU: in place, without gradients, one force per step."""

import math
import os

import double_well as well
import torch


class Ensemble:
    version = f"PyTorch {torch.__version__}"

    def __init__(self, precision, walkers):
        torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
        torch.manual_seed(well.SEED)
        self.x = torch.full((walkers,), well.START, dtype=getattr(torch, precision))
        self.v, self.force, self.normals = (torch.zeros_like(self.x) for _ in range(3))

    def kick(self):
        torch.mul(self.x, self.x, out=self.force)
        self.force.neg_().add_(1).mul_(self.x).mul_(4 * well.BARRIER * 0.5 * well.DT)
        self.v.add_(self.force)

    @torch.inference_mode()
    def advance(self, steps):
        decay = math.exp(-well.FRICTION * well.DT)
        noise = math.sqrt(well.KT * (1 - decay * decay))
        self.kick()
        for step in range(steps):
            if step:
                self.v.add_(self.force)  # the second half of the kick before, at the same place
            self.x.add_(self.v, alpha=0.5 * well.DT)
            self.normals.normal_()
            self.v.mul_(decay).add_(self.normals, alpha=noise)
            self.x.add_(self.v, alpha=0.5 * well.DT)
            self.kick()

    def state(self):
        return self.x.numpy(), self.v.numpy()


if __name__ == "__main__":
    well.main(Ensemble, ["float64", "float32"])
