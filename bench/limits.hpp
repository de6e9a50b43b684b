// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/core/lanes.hpp>
#include <kramers/core/math.hpp>
#include <kramers/core/philox.hpp>

#include <cmath>

#include "harness.hpp"

/// Loops that do one thing as fast as the machine can: what benchmarks are measured against, each in its repetitions, and
/// the rows of limits_bench.
namespace kramers::bench {

/// What a loop keeps busy.
enum class Unit {
  multiply_adds,      ///< one unit of work: a multiply-add of one number
  vector_operations,  ///< multiply-adds and logic in equal numbers, about the mix of the engine; one operation of one lane
  exp,                ///< one function value; math.hpp's, as are the next two
  log,
  sincos,
  philox,  ///< one block of 128 random bits
};

/// `rounds` of one kind of work in each item, with nothing to wait for: independent chains of whole vectors.
template <class Space, class T, Unit unit>
struct ArithmeticKernel {
  static constexpr int native = 64 / static_cast<int>(sizeof(T));
  static constexpr int lanes = lane_width<Space, T>;
  static constexpr int vector = lanes < native ? lanes : native;
  static constexpr int chains = unit == Unit::multiply_adds ? 12 : 8;
  static constexpr bool in_chains = unit == Unit::multiply_adds || unit == Unit::vector_operations;
  static constexpr T half = T(0.5);  // the fixed point of the multiply-adds

  Kokkos::View<double*, Space> sums;  // (items) the mean of what was computed
  std::int64_t rounds;
  T start;  // 0.5, unknown to the compiler

  /// Units of work of an item in one round.
  static constexpr double work() {
    if (in_chains) return vector * chains * (unit == Unit::vector_operations ? 2 : 1);
    return lanes;
  }

  KOKKOS_FUNCTION void operator()(std::int64_t const item) const {
    if constexpr (in_chains) {
      multiply_add(item);
    } else {
      evaluate(item);
    }
  }

  KOKKOS_FORCEINLINE_FUNCTION void multiply_add(std::int64_t const item) const {
    using Bits = math::detail::Bits<T>;
    T value[chains][vector];
    Bits bits[chains][vector];
    for (int c = 0; c < chains; ++c) {
      for (int l = 0; l < vector; ++l) {
        value[c][l] = start;
        bits[c][l] = static_cast<Bits>(l + c + item);
      }
    }
    for (std::int64_t round = 0; round < rounds; ++round) {
      auto const key = static_cast<Bits>(round);
      for (int c = 0; c < chains; ++c) {
        for_lanes<vector>([&](int const l) { value[c][l] = kramers::math::fma(value[c][l], half, T(0.25)); });
        if constexpr (unit == Unit::vector_operations) for_lanes<vector>([&](int const l) { bits[c][l] ^= key; });
      }
    }
    double total = 0;
    for (int c = 0; c < chains; ++c) {
      for (int l = 0; l < vector; ++l) {
        total += static_cast<double>(value[c][l]) + 0.0 * static_cast<double>(bits[c][l]);
      }
    }
    sums(item) = total / (chains * vector);
  }

  KOKKOS_FORCEINLINE_FUNCTION void evaluate(std::int64_t const item) const {
    T sum[lanes];
    for_lanes<lanes>([&](int const l) { sum[l] = 0; });
    for (std::int64_t round = 0; round < rounds; ++round) {
      for_lanes<lanes>([&](int const l) { sum[l] += value_at(item, round, l); });
    }
    double total = 0;
    for (int l = 0; l < lanes; ++l) total += static_cast<double>(sum[l]);
    sums(item) = total / (static_cast<double>(rounds) * lanes);
  }

  KOKKOS_FORCEINLINE_FUNCTION T value_at(std::int64_t const item, std::int64_t const round, int const l) const {
    if constexpr (unit == Unit::philox) {
      std::uint64_t a, b;
      kramers::detail::philox_pair(2026,
                                   kramers::detail::philox_counter(static_cast<std::uint64_t>(item * lanes + l),
                                                                   static_cast<std::uint64_t>(round), Stream::dynamics),
                                   a, b);
      using F = math::detail::FloatFormat<double>;
      return static_cast<T>(math::detail::from_bits(((a ^ b) >> 12) | F::one) - 1.5);
    } else {
      // Another argument in [0.5, 1) for each lane and round; the lane's is a power of two apart, so all are exact.
      T const at = start + T(l) * T(1.0 / 256) + T(round & 63) * T(1.0 / 512);
      if constexpr (unit == Unit::exp) return kramers::math::exp(at);
      if constexpr (unit == Unit::log) return kramers::math::log(at);
      if constexpr (unit == Unit::sincos) {
        T s, c;
        kramers::math::sincos_2pi(at, s, c);
        return s + c;
      }
    }
  }
};

/// Such a loop with as many items as keep every core of exec busy, or the whole device.
template <execution_space Space, class T, Unit unit>
class Arithmetic {
  using Kernel = ArithmeticKernel<Space, T, unit>;

 public:
  Arithmetic(Space const& exec, std::int64_t rounds)
      : m_exec(exec),
        m_rounds(rounds),
        m_sums("kramers::bench::Arithmetic::sums", static_cast<std::size_t>(exec.concurrency())) {}

  double work() const { return Kernel::work() * static_cast<double>(m_rounds) * static_cast<double>(m_sums.size()); }

  void run() const {
    Kokkos::parallel_for("kramers::bench::arithmetic",
                         Kokkos::RangePolicy<Space>(m_exec, 0, m_sums.extent_int(0), Kokkos::ChunkSize(1)),
                         Kernel{m_sums, m_rounds, Kernel::half});
  }

  /// @throws Error  unless what was computed last is right: the fixed point, the mean of the function's values by the
  ///                standard library, or a mean of zero within 5 standard errors of uniform numbers
  void check() const {
    auto const sums = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), m_sums);
    double const expected = expected_mean();
    double const count = static_cast<double>(m_rounds) * Kernel::lanes;
    // Sums of `rounds` numbers in T: each addition rounds the sum so far, a share of about its own size.
    double const rounding = static_cast<double>(m_rounds) * (sizeof(T) == 8 ? 1e-15 : 1e-7);
    double const bound = unit == Unit::philox ? 5 * 0.29 / std::sqrt(count) : 1e-5 + rounding;
    for (std::size_t i = 0; i < sums.size(); ++i) {
      if (std::abs(sums(i) - expected) <= bound) continue;
      throw Error("a limit's loop computed " + std::to_string(sums(i)) + " in the mean, it must be " +
                  std::to_string(expected));
    }
  }

 private:
  double expected_mean() const {
    if (Kernel::in_chains) return 0.5;
    if (unit == Unit::philox) return 0;
    double total = 0;
    for (std::int64_t round = 0; round < m_rounds; ++round) {
      for (int l = 0; l < Kernel::lanes; ++l) {
        double const at = 0.5 + l / 256.0 + static_cast<double>(round & 63) / 512;
        double const angle = 2 * 3.14159265358979323846 * at;
        total += unit == Unit::exp   ? std::exp(at)
                 : unit == Unit::log ? std::log(at)
                                     : std::sin(angle) + std::cos(angle);
      }
    }
    return total / (static_cast<double>(m_rounds) * Kernel::lanes);
  }

  Space m_exec;
  std::int64_t m_rounds;
  Kokkos::View<double*, Space> m_sums;
};

/// The limit of code whose work is operations of kind `unit`, `operations` of them at least (0: unknown). `rounds`: some
/// milliseconds, or less for code that takes less.
template <class T, Unit unit, execution_space Space>
Limit limit_of(Space const& exec, std::string const& name, double operations, std::int64_t rounds = 2'000'000) {
  Arithmetic<Space, T, unit> const loop(exec, rounds);
  loop.run();
  loop.check();
  return {.name = name,
          .timed = [=] { return measure(exec, [&] { loop.run(); }); },
          .share = operations / loop.work(),
          .cores = on_device<Space> ? 0 : exec.concurrency()};
}

}  // namespace kramers::bench
