// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace kramers::dynamics {

/// A free-energy profile as a file holds it: energies at increasing positions.
struct Table {
  std::vector<double> position;  ///< [length]
  std::vector<double> energy;    ///< [energy]
};

/// Read two columns, position and energy, from a text, CSV or Grace (.xvg) file.
///
/// Lines that are blank or start with `#`, `;` or `@` are comments, and a `&` ends an .xvg data set. Columns are
/// separated by blanks or by a comma; in a file with commas the first line may hold the names of the columns.
///
/// @throws InputError  with the file: it cannot be read
///                     with its line: anything else than two finite numbers in a line, positions that do not
///                     increase from line to line, a second data set, fewer than 3 rows
Table read_table(std::filesystem::path const& path);

/// The same from text already in memory; `source` stands for the file in messages.
Table parse_table(std::string_view text, std::string const& source);

/// Hash of all numbers of a table.
std::uint64_t hash_of(Table const& table);

/// Natural cubic spline: V(x) = c0 + c1 dx + c2 dx^2 + c3 dx^3, dx = x - knot[i], between knots i and i + 1, twice
/// continuously differentiable, with V'' = 0 at both ends.
///
/// Entry i of coefficient[p] is c_p of interval i; the last entry is the straight line on from the last knot.
struct CubicSpline {
  std::vector<double> knot;
  std::array<std::vector<double>, 4> coefficient;
};

/// Spline through the points of a table.
///
/// @throws ShapeError   the columns differ in length
/// @throws DomainError  fewer than 3 points, positions that do not increase, or numbers so large or so close together
///                      that the coefficients are not finite
/// @note Cost     one tridiagonal solve, linear in the number of points
/// @see  Source   de Boor, "A Practical Guide to Splines" (1978), chapter IV
CubicSpline natural_spline(Table const& table);

}  // namespace kramers::dynamics
