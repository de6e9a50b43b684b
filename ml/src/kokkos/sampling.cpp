// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What is drawn at random outside of kernels: apart, because core's generator needs Kokkos.
#include <kramers/base/error.hpp>
#include <kramers/core/philox.hpp>
#include <kramers/ml/dataset.hpp>
#include <kramers/ml/network.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace kramers::ml {
namespace {

/// In (-1, 1), never an end: 53 random bits for every precision, so that fp32 starts from the rounded fp64 numbers.
double signed_uniform(std::uint64_t seed, int index) {
  PhiloxBlock const block = philox_block(seed, static_cast<std::uint64_t>(index), 0, Stream::initial_parameters);
  std::uint64_t const bits = (std::uint64_t{block.w0} << 32 | block.w1) >> 11;
  return (static_cast<double>(bits) + 0.5) * 0x1p-52 - 1.0;
}

}  // namespace

template <class T>
std::vector<T> initial_parameters(NetworkSpec const& network, Initialisation rule, std::uint64_t seed) {
  ArenaTable const table = arena_of(network);
  std::vector<T> values(static_cast<std::size_t>(table.parameter_extent), T(0));
  for (ArrayEntry const& entry : table.parameters) {
    LayerSpec const& layer = network.layers()[static_cast<std::size_t>(entry.layer)];
    bool const weight = entry.name.ends_with(".weight");
    auto const first = values.begin() + entry.offset;
    if (layer.kind == LayerKind::batch_norm) {
      std::fill_n(first, entry.size, weight ? T(1) : T(0));
      continue;
    }
    if (rule == Initialisation::glorot && !weight) continue;
    double const bound = rule == Initialisation::glorot ? std::sqrt(6.0 / (layer.inputs + layer.outputs))
                                                        : 1.0 / std::sqrt(layer.inputs);
    for (int i = 0; i < entry.size; ++i) first[i] = static_cast<T>(bound * signed_uniform(seed, entry.offset + i));
  }
  return values;
}

template std::vector<float> initial_parameters<float>(NetworkSpec const&, Initialisation, std::uint64_t);
template std::vector<double> initial_parameters<double>(NetworkSpec const&, Initialisation, std::uint64_t);

Split hold_out(std::size_t samples, double share, std::uint64_t seed) {
  expects(share >= 0 && share < 1, "held_out", share, "in [0, 1)");
  std::vector<std::uint64_t> numbers(samples);
  for (std::size_t i = 0; i < samples; ++i) {
    PhiloxBlock const block = philox_block(seed, i, 0, Stream::held_out);
    numbers[i] = std::uint64_t{block.w0} << 32 | block.w1;
  }
  std::vector<std::size_t> order(samples);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return numbers[i]; });
  auto const held = static_cast<std::ptrdiff_t>(std::llround(share * static_cast<double>(samples)));
  Split split{{order.begin() + held, order.end()}, {order.begin(), order.begin() + held}};
  std::ranges::sort(split.train);
  std::ranges::sort(split.held_out);
  return split;
}

PhasePoints random_points(std::int64_t n, std::span<double const> lower, std::span<double const> upper,
                          std::uint64_t seed) {
  expects(n >= 0, "number of random points", n, ">= 0");
  expects_extent("lower corner", std::ssize(lower), 2);
  expects_extent("upper corner", std::ssize(upper), 2);
  for (std::size_t f = 0; f < lower.size(); ++f)
    expects(lower[f] < upper[f], "upper corner", upper[f], "> lower corner");
  PhasePoints points;
  auto const within = [&](std::size_t f, std::uint32_t high, std::uint32_t low) {
    std::uint64_t const bits = (std::uint64_t{high} << 32 | low) >> 11;
    return lower[f] + (upper[f] - lower[f]) * (static_cast<double>(bits) * 0x1p-53);
  };
  for (std::int64_t i = 0; i < n; ++i) {
    PhiloxBlock const block = philox_block(seed, static_cast<std::uint64_t>(i), 0, Stream::test_points);
    points.position.push_back(within(0, block.w0, block.w1));
    points.velocity.push_back(within(1, block.w2, block.w3));
  }
  return points;
}

}  // namespace kramers::ml
