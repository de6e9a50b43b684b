# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# The potentials that programs offer: name in inputs = its kind in <kramers/dynamics/potentials/name.hpp>,
# or = in another header.
set(KRAMERS_POTENTIALS
    harmonic=HarmonicKind
    double_well=DoubleWellKind
    cosine=CosineKind
    tabulated=TabulatedKind
    tabulated_2d=Tabulated2dKind
    mueller_brown=MuellerBrownKind
    expression=ExpressionKind=studies/expression_kind.hpp
    expression_2d=Expression2dKind=studies/expression_kind.hpp)
# Those of them in which kramers-rare follows paths: with states that walkers come back to.
set(KRAMERS_PATH_POTENTIALS harmonic double_well tabulated tabulated_2d mueller_brown expression_2d)
