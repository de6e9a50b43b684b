// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kramers::dynamics {

/// One axis of a surface: evenly spaced positions first, first + spacing, ...
struct SurfaceAxis {
  std::int64_t points = 0;
  double first = 0, spacing = 0;  ///< [length]
  double period = 0;              ///< [length]; 0: not periodic
};

/// A free-energy surface: energies on a full grid of evenly spaced positions.
struct Surface {
  /// A spline needs as many along each axis.
  static constexpr std::int64_t fewest_points = 3;
  /// Coefficients of more would take more than 32 MiB.
  static constexpr std::int64_t most_points = 262144;
  /// How far positions may be from even ones, in spacings: files hold few digits.
  static constexpr double rounding = 0.01;

  std::array<SurfaceAxis, 2> axis;  ///< x, y
  std::vector<double> energy;       ///< (axis[0].points, axis[1].points), row by row [energy]
};

/// Read x, y and energy of a text, CSV or PLUMED file, a line for each point of the grid, in any order; or a matrix of
/// gmx sham, XPM, which begins with a comment of C, at the centres of its pixels. Nothing is converted.
///
/// Lines that are blank or start with `#`, `;` or `@` are comments. Columns are separated by blanks or by a comma; in a
/// file with commas the first line may hold the names of the columns. Without a choice there are three, or those that
/// the header of PLUMED names (`#! FIELDS phi psi file.free der_phi der_psi`): x, y, energy, then derivatives, which
/// are ignored. Its lines `#! SET` may give periods (`periodic_phi true`, `min_phi -pi`, `max_phi pi`), with which
/// the grid remains to be closed, and how many points there are at least along each axis (`nbins_phi`).
///
/// @param[in] columns  of x, y and energy, counted from 1
/// @throws InputError  with the file: it cannot be read, lacks a point of the grid, has fewer than 3 positions along an
///                     axis or than announced, or positions that are not evenly spaced
///                     with its line: a line without the columns, what is no finite number in them, a point that comes
///                     twice, the first one beyond Surface::most_points
/// @note Cost  a sort of all points
Surface read_surface(std::filesystem::path const& path, std::optional<std::array<std::int64_t, 3>> const& columns = {});

/// The same from text already in memory; `source` stands for the file in messages.
Surface parse_surface(std::string_view text, std::string const& source,
                      std::optional<std::array<std::int64_t, 3>> const& columns = {});

/// The surface with a period along an axis (0: x, 1: y), its points evenly spread over the period; last points that are
/// the first ones again, a period later, are left out.
///
/// @throws DomainError  the period is not a whole number of spacings, the grid is longer than it, or as long and the
///                      energies at its ends differ
Surface with_period(Surface surface, int axis, double period);

/// Hash of all numbers of a surface.
std::uint64_t hash_of(Surface const& surface);

}  // namespace kramers::dynamics
