// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The kernels that array frameworks are shown with: STREAM's, sin(x) + 1 over ten million numbers, and 200 million tosses of a
// coin, of which the number of heads is known.
#include <kramers/core/math.hpp>
#include <kramers/core/philox_lanes.hpp>

#include <Kokkos_Random.hpp>

#include <array>
#include <cmath>
#include <cstdint>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

#include "limits.hpp"
#include "triad.hpp"

namespace kramers::bench {

using Space = Kokkos::DefaultExecutionSpace;
using Range = Kokkos::RangePolicy<Space, Kokkos::IndexType<std::int64_t>>;

template <class T>
Kokkos::View<T*, Space> array_of(Space const& exec, std::int64_t count, T value) {
  Kokkos::View<T*, Space> array(Kokkos::view_alloc(exec, Kokkos::WithoutInitializing, "kramers::bench::array"),
                                static_cast<std::size_t>(count));
  Kokkos::deep_copy(exec, array, value);
  return array;
}

/// The rate of the memory; `share`: the least time of the contender over that of the triad, 0: not known.
Limit memory_limit(Space const& exec, Triad<Space> const& triad, double share) {
  return {.name = "memory",
          .timed = [&exec, &triad] { return measure(exec, [&] { triad.run(); }); },
          .share = share,
          .cores = on_device<Space> ? 0 : exec.concurrency()};
}

// STREAM but its triad, which is the limit here.
enum class Operation { copy, scale, add, dot };

template <Operation operation>
struct StreamKernel {
  double* a;
  double const* b;
  double const* c;

  KOKKOS_FUNCTION void operator()(std::int64_t const i) const {
    if constexpr (operation == Operation::copy) a[i] = b[i];
    if constexpr (operation == Operation::scale) a[i] = 3.0 * b[i];
    if constexpr (operation == Operation::add) a[i] = b[i] + c[i];
  }
  KOKKOS_FUNCTION void operator()(std::int64_t const i, double& sum) const { sum += b[i] * c[i]; }
};

/// b = 1, c = 2. A copy may be made without reading what it overwrites, and numbers are read faster than written: of both no
/// least time is known.
template <Operation operation>
void stream(benchmark::State& state, std::int64_t count) {
  Space const exec;
  auto const a = array_of(exec, count, 0.0), b = array_of(exec, count, 1.0), c = array_of(exec, count, 2.0);
  Triad<Space> const triad(exec, count);
  constexpr double written = overwritten<Space>;
  constexpr double bytes = operation == Operation::dot ? 16 : (operation == Operation::add ? 16 : 8) + written;
  bool const known = operation == Operation::scale || operation == Operation::add;
  bool const in_memory = 24.0 * static_cast<double>(count) > 1e8;
  Limit limit = memory_limit(exec, triad, known && in_memory ? bytes / (16 + written) : 0);
  limit.bytes = bytes * static_cast<double>(count);
  StreamKernel<operation> const kernel{a.data(), b.data(), c.data()};
  double sum = 0;
  AgainstLimit against(limit);
  std::vector<double> rates;
  for ([[maybe_unused]] auto const& iteration : state) {
    Time const time = against.measure([&] {
      return measure(exec, [&] {
        if constexpr (operation == Operation::dot) {
          Kokkos::parallel_reduce("kramers::bench::dot", Range(exec, 0, count), kernel, sum);
        } else {
          Kokkos::parallel_for("kramers::bench::stream", Range(exec, 0, count), kernel);
        }
      });
    });
    state.SetIterationTime(time.wall);
    rates.push_back(limit.bytes / time.wall);
  }
  state.counters["rate"] = quartiles(rates).median;
  against.report(state);
  constexpr std::array<double, 4> expected{1, 3, 3, 2};
  auto const want = expected[static_cast<std::size_t>(operation)];
  bool right = operation != Operation::dot || sum == want * static_cast<double>(count);
  auto const host = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), a);
  for (std::int64_t i = 0; i < count && operation != Operation::dot; ++i) {
    right = right && host(static_cast<std::size_t>(i)) == want;
  }
  if (!right) throw Error("a kernel of STREAM computed something wrong");
}

/// out = sin(x) + 1, of core's math or of Kokkos'.
template <class T, bool ours>
struct SineKernel {
  T const* x;
  T* out;
  KOKKOS_FUNCTION void operator()(std::int64_t const i) const {
    if constexpr (ours) {
      T sine, cosine;
      math::sincos_2pi(x[i] * T(0.15915494309189535), sine, cosine);
      out[i] = sine + T(1);
    } else {
      out[i] = Kokkos::sin(x[i]) + T(1);
    }
  }
};

struct SineRange {
  std::int64_t block, count;
};
/// The same for a block of numbers: on hosts vectors of them.
template <class T, bool ours>
struct SineBlocks {
  SineKernel<T, ours> kernel;
  SineRange range;
  KOKKOS_FUNCTION void operator()(std::int64_t const block) const {
    std::int64_t const first = block * range.block;
    std::int64_t const last = first + range.block < range.count ? first + range.block : range.count;
#pragma omp simd
    for (std::int64_t i = first; i < last; ++i) kernel(i);
  }
};

template <class T>
void sine_plus_one(benchmark::State& state, std::int64_t count) {
  Space const exec;
  auto const x = array_of(exec, count, T(0)), out = array_of(exec, count, T(0));
  auto const host = Kokkos::create_mirror_view(Kokkos::HostSpace(), x);
  for (std::int64_t i = 0; i < count; ++i) {
    host(static_cast<std::size_t>(i)) = static_cast<T>(static_cast<double>(i) / static_cast<double>(count));
  }
  Kokkos::deep_copy(exec, x, host);
  Triad<Space> const triad(exec, count);
  double const size = sizeof(T) / 8.0;
  bool const in_memory = 16 * size * static_cast<double>(count) > 1e8;
  Limit const limit =
      memory_limit(exec, triad, in_memory ? size * (8 + overwritten<Space>) / (16 + overwritten<Space>) : 0);
  std::int64_t const block = on_device<Space> ? 1 : 1024, blocks = (count + block - 1) / block;
  auto const timed = [&]<bool ours>(std::bool_constant<ours>) {
    SineBlocks<T, ours> const kernel{{x.data(), out.data()}, {block, count}};
    return measure(exec, [&] { Kokkos::parallel_for("kramers::bench::sine", Range(exec, 0, blocks), kernel); });
  };
  compare(state, limit, Side([&] { return timed(std::false_type{}); }, static_cast<double>(count)),
          Side([&] { return timed(std::true_type{}); }, static_cast<double>(count)));
  timed(std::true_type{});
  auto const found = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), out);
  // Half a unit of the sum, which is below 2, and two of the sine and its argument.
  double const bound = sizeof(T) == 8 ? 6e-16 : 3e-7;
  for (std::int64_t i = 0; i < count; ++i) {
    auto const k = static_cast<std::size_t>(i);
    double const exact = std::sin(static_cast<double>(host(k))) + 1;
    if (std::abs(static_cast<double>(found(k)) - exact) <= bound) continue;
    throw Error("sin(x) + 1 at x = " + std::to_string(static_cast<double>(host(k))) + " is " +
                std::to_string(static_cast<double>(found(k))) + ", it must be " + std::to_string(exact));
  }
}

// A toss is one random word of 32 bits, of which the highest says heads. coin_tosses.py counts the same.
constexpr std::uint64_t coin_seed = 2026;
constexpr std::int64_t tosses_per_block = 4;

struct CoinKernel {
  static constexpr int lanes = lane_width<Space, double>;

  KOKKOS_FUNCTION void operator()(std::int64_t const item, std::int64_t& heads) const {
    std::uint64_t id[lanes], a[lanes], b[lanes], count[lanes];
    for_lanes<lanes>([&](int const l) { id[l] = static_cast<std::uint64_t>(item * lanes + l); });
    kramers::detail::philox_pairs<lanes>(coin_seed, id, 0, Stream::dynamics, a, b);
    constexpr std::uint64_t high = std::uint64_t{1} << 63, low = std::uint64_t{1} << 31;
    for_lanes<lanes>([&](int const l) {
      count[l] = ((a[l] & high) >> 63) + ((a[l] & low) >> 31) + ((b[l] & high) >> 63) + ((b[l] & low) >> 31);
    });
    std::uint64_t sum = 0;
    for (int l = 0; l < lanes; ++l) sum += count[l];
    heads += static_cast<std::int64_t>(sum);
  }
};

/// The generator that comes with Kokkos, a random number per toss.
struct TextbookCoinKernel {
  Kokkos::Random_XorShift64_Pool<Space> pool;
  std::int64_t tosses;  // of an item
  KOKKOS_FUNCTION void operator()(std::int64_t const, std::int64_t& heads) const {
    auto generator = pool.get_state();
    for (std::int64_t i = 0; i < tosses; ++i) heads += generator.drand() < 0.5 ? 1 : 0;
    pool.free_state(generator);
  }
};

/// @param expected  heads among these tosses, by coin_tosses.py
void coin_tosses(benchmark::State& state, std::int64_t tosses, std::int64_t expected) {
  Space const exec;
  std::int64_t const items = tosses / tosses_per_block / CoinKernel::lanes;
  Kokkos::Random_XorShift64_Pool<Space> const pool(2026);
  constexpr std::int64_t per_item = 1000;
  std::int64_t ours = 0, theirs = 0;
  auto const reference = [&] {
    TextbookCoinKernel const kernel{pool, per_item};
    return measure(exec, [&] {
      Kokkos::parallel_reduce("kramers::bench::textbook_coins", Range(exec, 0, tosses / per_item), kernel, theirs);
    });
  };
  auto const contender = [&] {
    return measure(
        exec, [&] { Kokkos::parallel_reduce("kramers::bench::coins", Range(exec, 0, items), CoinKernel{}, ours); });
  };
  auto const count = static_cast<double>(tosses);
  // The limit's loop makes numbers of its bits, which takes longer than to count them: no least time.
  compare(state, limit_of<double, Unit::philox>(exec, "random bits", 0, tosses / 1000), Side(reference, count),
          Side(contender, count));
  if (ours != expected) {
    throw Error(std::to_string(ours) + " heads in " + std::to_string(tosses) + " tosses, there must be " +
                std::to_string(expected));
  }
  if (std::abs(static_cast<double>(theirs) - 0.5 * count) > 5 * 0.5 * std::sqrt(count)) {
    throw Error(std::to_string(theirs) + " heads in " + std::to_string(tosses) + " tosses of Kokkos' generator");
  }
}

}  // namespace kramers::bench

int main(int argc, char** argv) {
  using namespace kramers::bench;
  auto const add = [](std::string const& name, auto const& body, std::int64_t small, std::int64_t large) {
    for (auto const& [label, size, count] :
         {std::tuple{std::string("/smoke"), small, 1}, {"/n:" + std::to_string(large), large, repetitions()}}) {
      benchmark::RegisterBenchmark((name + label).c_str(), body, size)
          ->UseManualTime()
          ->Iterations(count)
          ->Unit(benchmark::kMillisecond);
    }
  };
  constexpr std::int64_t large = 20'000'000;
  add("f64_copy", stream<Operation::copy>, 10'000, large);
  add("f64_scale", stream<Operation::scale>, 10'000, large);
  add("f64_add", stream<Operation::add>, 10'000, large);
  add("f64_dot", stream<Operation::dot>, 10'000, large);
  add("f64_sine_plus_one", sine_plus_one<double>, 10'000, 10'000'000);
  add("f32_sine_plus_one", sine_plus_one<float>, 10'000, 10'000'000);
  auto const toss = [](benchmark::State& state, std::int64_t tosses) {
    coin_tosses(state, tosses, tosses == 512'000 ? 255'999 : 99'987'674);
  };
  add("coin_tosses", toss, 512'000, 200'000'000);
  return run(argc, argv);
}
