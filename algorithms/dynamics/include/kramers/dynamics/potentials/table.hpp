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

/// A free-energy profile as a file holds it: energies at increasing positions.
struct Table {
  /// A spline needs as many.
  static constexpr std::size_t fewest_points = 3;

  std::vector<double> position;  ///< [length]
  std::vector<double> energy;    ///< [energy]
  double period = 0;             ///< [length]; 0: not periodic
};

/// What of a file is a profile, where the file alone does not say.
struct TableChoice {
  std::optional<std::array<std::int64_t, 2>> columns;  ///< of position and energy, counted from 1
  std::optional<std::int64_t> set;                     ///< which data set, counted from 1
};

/// Read the columns of position and energy of a text, CSV, PLUMED or Grace (.xvg) file. Nothing is converted.
///
/// Lines that are blank or start with `#`, `;` or `@` are comments, and a `&` ends an .xvg data set. Columns are
/// separated by blanks or by a comma; in a file with commas the first line may hold the names of the columns. Without a
/// choice there are two, or those that the header of PLUMED names (`#! FIELDS x fes der_x`): position, energy, then
/// derivatives, which are ignored. Its lines `#! SET` may give a period (`periodic_x true`, `min_x -pi`, `max_x pi`)
/// and how many points there are at least (`nbins_x`).
///
/// @throws InputError  with the file: it cannot be read, it has no such set, or fewer points than 3 or than announced
///                     with its line: a line without the columns, what is no finite number in them, positions that do
///                     not increase from line to line, a second data set where none is chosen, a grid of two coordinates
Table read_table(std::filesystem::path const& path, TableChoice const& choice = {});

/// The same from text already in memory; `source` stands for the file in messages.
Table parse_table(std::string_view text, std::string const& source, TableChoice const& choice = {});

/// The table as one period of a profile; a last point that is the first one again, a period later, is left out.
///
/// @throws DomainError  the table is longer than the period, or as long and its energies at the ends differ
Table with_period(Table table, double period);

/// Hash of all numbers of a table.
std::uint64_t hash_of(Table const& table);

}  // namespace kramers::dynamics
