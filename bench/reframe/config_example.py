# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""An example to copy: one machine with a partition of CPUs and one of GPUs under Slurm. Names are yours to change."""

site_configuration = {
    "systems": [
        {
            "name": "machine",
            "descr": "an example",
            "hostnames": [".*"],
            "partitions": [
                {"name": "cpu", "scheduler": "slurm", "launcher": "srun", "environs": ["default"], "features": ["cpu"]},
                {"name": "gpu", "scheduler": "slurm", "launcher": "srun", "environs": ["default"], "features": ["cuda"],
                 "access": ["--gpus=1"]},
            ],
        }
    ],
    "environments": [{"name": "default", "cxx": "c++"}],
}
