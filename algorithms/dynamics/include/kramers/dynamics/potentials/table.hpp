// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace kramers::dynamics {

/// A free-energy profile as a file holds it: energies at increasing positions.
struct Table {
  /// A spline needs as many.
  static constexpr std::size_t fewest_points = 3;

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

}  // namespace kramers::dynamics
