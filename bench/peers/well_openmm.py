# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The ensemble in OpenMM, in units of nm, ps and kJ/mol. It knows particles with three coordinates only, each of which is a
walker here, so that none of its work is lost."""

import math
import os

import double_well as well
import numpy
import openmm

GAS_CONSTANT = 0.00831446261815324  # kJ/(mol K)


def middle():
    """OpenMM's own scheme, whose velocities stand half a step behind those of BAOAB."""
    integrator = openmm.LangevinMiddleIntegrator(well.KT / GAS_CONSTANT, well.FRICTION, well.DT)
    integrator.setRandomNumberSeed(well.SEED)
    return integrator


def baoab():
    integrator = openmm.CustomIntegrator(well.DT)
    decay = math.exp(-well.FRICTION * well.DT)
    integrator.addGlobalVariable("decay", decay)
    integrator.addGlobalVariable("noise", math.sqrt(well.KT * (1 - decay * decay)))
    integrator.addUpdateContextState()
    for variable, expression in (("v", "v + 0.5*dt*f/m"), ("x", "x + 0.5*dt*v"), ("v", "decay*v + noise*gaussian/sqrt(m)"),
                                 ("x", "x + 0.5*dt*v"), ("v", "v + 0.5*dt*f/m")):
        integrator.addComputePerDof(variable, expression)
    integrator.setRandomNumberSeed(well.SEED)
    return integrator


class Ensemble:
    version = f"OpenMM {openmm.Platform.getOpenMMVersion()}"

    def __init__(self, variant, walkers):
        scheme, platform = variant.split("_")
        system = openmm.System()
        force = openmm.CustomExternalForce("barrier*((x*x-1)^2 + (y*y-1)^2 + (z*z-1)^2)")
        force.addGlobalParameter("barrier", well.BARRIER)
        for particle in range(walkers // 3):
            system.addParticle(1.0)
            force.addParticle(particle, [])
        system.addForce(force)
        properties = {"Threads": os.environ["OMP_NUM_THREADS"]} if platform == "CPU" else {}
        self.integrator = {"middle": middle, "baoab": baoab}[scheme]()
        self.context = openmm.Context(system, self.integrator, openmm.Platform.getPlatformByName(platform), properties)
        self.context.setPositions(numpy.full((walkers // 3, 3), well.START))
        self.context.setVelocities(numpy.zeros((walkers // 3, 3)))

    def advance(self, steps):
        self.integrator.step(steps)

    def state(self):
        found = self.context.getState(getPositions=True, getVelocities=True)
        return found.getPositions(asNumpy=True)._value, found.getVelocities(asNumpy=True)._value


if __name__ == "__main__":
    well.main(Ensemble, [f"{scheme}_{platform}" for scheme in ("middle", "baoab") for platform in ("CPU", "Reference")])
