// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace kramers::ml {

/// Points of phase space.
struct PhasePoints {
  std::vector<double> position;  ///< [length]
  std::vector<double> velocity;  ///< [length / tau]

  std::size_t size() const { return position.size(); }
  /// (N, 2) row by row, what a network of two inputs takes.
  std::vector<double> inputs() const;
};

/// n points with uniform coordinates in [lower, upper), from Stream::test_points: point i is a function of (seed, i).
/// @throws DomainError  n < 0, a box that is empty
PhasePoints random_points(std::int64_t n, std::span<double const> lower, std::span<double const> upper,
                          std::uint64_t seed);

/// Points and what was measured there.
struct Dataset {
  PhasePoints points;
  std::vector<double> spread;  ///< [length]

  std::size_t size() const { return points.size(); }
  /// Identifies points and values, in their order.
  std::uint64_t hash() const;
};

/// Read /spread/position, velocity and spread of a file that kramers-spread has written.
///
/// @throws InputError  a dataset that is missing, empty, not finite or of other extents than the first; IoError  no file,
///                     or none that HDF5 can read
Dataset read_dataset(std::filesystem::path const& path);
/// The points alone: a file without /spread/spread will do.
PhasePoints read_points(std::filesystem::path const& path);

/// The values that part the given ones into `classes` classes of equal size: the quantiles k / classes, interpolated
/// linearly between the sorted values (Hyndman, Fan, Am. Stat. 50, 361 (1996), type 7, which NumPy's quantile takes).
///
/// @throws DomainError  classes < 2; too few different values for so many classes
std::vector<double> quantiles(std::span<double const> values, int classes);

/// Number of thresholds that each value is not below: class 0 is below all of them.
///
/// @param[in] thresholds  rising
std::vector<int> classes_of(std::span<double const> values, std::span<double const> thresholds);

/// Samples to be trained on and samples that are held out, each in rising order.
struct Split {
  std::vector<std::size_t> train, held_out;
};
/// Hold out round(share * samples), those whose numbers of Stream::held_out are the lowest.
///
/// @param[in] share  in [0, 1)
/// @throws DomainError  share out of range
Split hold_out(std::size_t samples, double share, std::uint64_t seed);

/// x -> (x - mean) / scale, feature by feature.
struct Standardisation {
  std::vector<double> mean, scale;

  /// That of the chosen rows: their mean and standard deviation; scale 1 for a feature that does not vary.
  static Standardisation of(std::span<double const> inputs, int features, std::span<std::size_t const> rows);
  /// One that leaves all as it is.
  static Standardisation none(int features);
  std::vector<double> operator()(std::span<double const> inputs) const;
};

/// Rows of a row-by-row table.
std::vector<double> rows_of(std::span<double const> table, int columns, std::span<std::size_t const> rows);
std::vector<int> rows_of(std::span<int const> values, std::span<std::size_t const> rows);

}  // namespace kramers::ml
