// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/dynamics/rare/regions.hpp>

#include <functional>
#include <optional>
#include <vector>

namespace kramers::dynamics {

/// A state, and the lowest point of it [length].
struct PlaneState {
  Region region;  ///< of energies V(x) alone counts
  PathPoint bottom{};
};

/// A surface and states of it, as a grid is laid over them.
struct PlaneStates {
  std::function<double(PathPoint const&)> energy;  ///< [energy]; where it is no number nobody comes
  double kT = 1;                                   ///< [energy]
  PathPoint axis{1, 0};                            ///< along which positions of states count
  PlaneState a;
  std::vector<PlaneState> targets;  ///< B, and others that end paths as B does
  double way = 1;                   ///< a length between the states [length]
};

/// What the backward equation without inertia tells of these states.
struct GridCommittor {
  /// ln q, q the probability to come to a target before A; in A a finite number below all others.
  LevelTable log_committor;
  double start = 0;  ///< the mean of ln q around A, about 1 kT up from where it is left
  /// From A to each target, for a diffusion constant of 1 [1 / length^2]; nothing where grids of 113 and of 80 cells
  /// differ from this by more than 3 %, as where states are a few cells wide and most walkers pass by them.
  std::vector<std::optional<double>> rates;
};

/// Solve div(exp(-V / kT) grad q) = 0 between A, where q = 0, and the targets, where it is 1, by finite volumes on a
/// square grid.
///
/// The grid spans what is connected with A below 8 kT above the saddle on the way to the last target, 160 cells along
/// its longer side; its edge reflects. States have the points that lie in them, of a small one the nearest to its
/// bottom: their edges are right to half a cell. Points are eliminated one by one without a subtraction, so that the
/// smallest q is as precise as the largest, some 1e-13 of itself, over any barrier; the same bits on every machine.
///
/// @throws DomainError  more than 2^18 places lie below that energy, or a target is not reached among them
/// Cost    two tenths of a second and 33 MB
/// Source  Grassmann, Taksar, Heyman, Oper. Res. 33, 1107 (1985), elimination; E, Vanden-Eijnden, J. Stat. Phys. 123,
///         503 (2006), committor and rate
GridCommittor solve_committor(PlaneStates const& states);

}  // namespace kramers::dynamics
