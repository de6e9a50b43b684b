// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/base/hash.hpp>
#include <kramers/ml/dataset.hpp>
#include <kramers/runtime/h5.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>

namespace kramers::ml {
namespace {

std::vector<double> read_column(h5::Reader const& file, std::string const& name) {
  std::string const source = file.path().string();
  if (!file.has(name)) {
    throw InputError(source, 0,
                     "has no dataset " + name + "; give a file that kramers-spread has written with --output");
  }
  auto const extents = file.extents(name);
  if (extents.size() != 1) {
    throw InputError(source, 0, name + " has " + std::to_string(extents.size()) + " dimensions, but must have one");
  }
  auto values = file.read<double>(name);
  if (values.empty()) throw InputError(source, 0, name + " is empty; there is nothing to learn");
  auto const bad = std::ranges::find_if_not(values, [](double value) { return std::isfinite(value); });
  if (bad != values.end()) {
    throw InputError(source, 0,
                     name + " holds a value that is not finite at index " + std::to_string(bad - values.begin()));
  }
  return values;
}

void expect_rows(h5::Reader const& file, std::string const& name, std::size_t got, std::size_t want) {
  if (got == want) return;
  throw InputError(file.path().string(), 0,
                   name + " has " + std::to_string(got) + " values, but /spread/position has " + std::to_string(want));
}

PhasePoints points_of(h5::Reader const& file) {
  PhasePoints points{read_column(file, "/spread/position"), read_column(file, "/spread/velocity")};
  expect_rows(file, "/spread/velocity", points.velocity.size(), points.size());
  return points;
}

}  // namespace

std::vector<double> PhasePoints::inputs() const {
  std::vector<double> rows;
  rows.reserve(2 * size());
  for (std::size_t i = 0; i < size(); ++i) {
    rows.push_back(position[i]);
    rows.push_back(velocity[i]);
  }
  return rows;
}

std::uint64_t Dataset::hash() const {
  std::uint64_t sum = 0, place = 0;
  for (auto const* const column : {&points.position, &points.velocity, &spread}) {
    for (double const value : *column) sum += hash_element(place++, std::bit_cast<std::uint64_t>(value));
  }
  return sum;
}

Dataset read_dataset(std::filesystem::path const& path) {
  h5::Reader const file(path, Communicator::self());
  Dataset data{points_of(file), read_column(file, "/spread/spread")};
  expect_rows(file, "/spread/spread", data.spread.size(), data.size());
  return data;
}

PhasePoints read_points(std::filesystem::path const& path) {
  return points_of(h5::Reader(path, Communicator::self()));
}

std::vector<double> quantiles(std::span<double const> values, int classes) {
  expects(classes >= 2, "classes", classes, ">= 2");
  std::vector<double> sorted(values.begin(), values.end());
  std::ranges::sort(sorted);
  std::vector<double> thresholds;
  for (int k = 1; k < classes && !sorted.empty(); ++k) {
    double const place = static_cast<double>(sorted.size() - 1) * k / classes;
    auto const below = static_cast<std::size_t>(place);
    double const above = sorted[std::min(below + 1, sorted.size() - 1)];
    thresholds.push_back(std::lerp(sorted[below], above, place - static_cast<double>(below)));
  }
  bool const rising = std::ranges::adjacent_find(thresholds, std::greater_equal<>()) == thresholds.end();
  expects(!sorted.empty() && rising && sorted.front() < thresholds.front() && sorted.back() >= thresholds.back(),
          "classes", classes, "no more than the values can be parted into by quantiles; many of them are equal");
  return thresholds;
}

std::vector<int> classes_of(std::span<double const> values, std::span<double const> thresholds) {
  std::vector<int> classes;
  classes.reserve(values.size());
  for (double const value : values) {
    classes.push_back(static_cast<int>(std::ranges::upper_bound(thresholds, value) - thresholds.begin()));
  }
  return classes;
}

Standardisation Standardisation::none(int features) {
  auto const n = static_cast<std::size_t>(features);
  return {std::vector<double>(n, 0.0), std::vector<double>(n, 1.0)};
}

Standardisation Standardisation::of(std::span<double const> inputs, int features, std::span<std::size_t const> rows) {
  Standardisation result = none(features);
  auto const n = static_cast<std::size_t>(features);
  auto const count = static_cast<double>(rows.size());
  for (std::size_t f = 0; f < n && !rows.empty(); ++f) {
    double sum = 0, squares = 0;
    for (std::size_t const row : rows) sum += inputs[row * n + f];
    double const mean = sum / count;
    for (std::size_t const row : rows) squares += (inputs[row * n + f] - mean) * (inputs[row * n + f] - mean);
    result.mean[f] = mean;
    if (squares > 0) result.scale[f] = std::sqrt(squares / count);
  }
  return result;
}

std::vector<double> Standardisation::operator()(std::span<double const> inputs) const {
  std::vector<double> result(inputs.begin(), inputs.end());
  for (std::size_t i = 0; i < result.size(); ++i) {
    result[i] = (result[i] - mean[i % mean.size()]) / scale[i % mean.size()];
  }
  return result;
}

std::vector<double> rows_of(std::span<double const> table, int columns, std::span<std::size_t const> rows) {
  auto const n = static_cast<std::size_t>(columns);
  std::vector<double> result;
  result.reserve(rows.size() * n);
  for (std::size_t const row : rows) {
    auto const chosen = table.subspan(row * n, n);
    result.insert(result.end(), chosen.begin(), chosen.end());
  }
  return result;
}

std::vector<int> rows_of(std::span<int const> values, std::span<std::size_t const> rows) {
  std::vector<int> result;
  result.reserve(rows.size());
  for (std::size_t const row : rows) result.push_back(values[row]);
  return result;
}

}  // namespace kramers::ml
