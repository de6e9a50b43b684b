// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What can this machine do at most? Bandwidth of every cache and of memory, multiply-adds, functions, random bits, and what
// an empty kernel costs, on one core and on all. `rate` is in the unit that the label names.
#include <unistd.h>

#include "limits.hpp"

namespace kramers::bench {

using Space = Kokkos::DefaultExecutionSpace;

enum class Stream { triad, read };

/// a = b + scale c, or the sum of b, `passes` times over the same numbers. An item has `block` of them: beside each other
/// on hosts, every `items`-th on a device.
template <class T, bench::Stream stream>
struct StreamKernel {
  static constexpr int vector = on_device<Space> ? 1 : 64 / static_cast<int>(sizeof(T));
  static constexpr int chains = on_device<Space> ? 1 : 8;
  static constexpr int step = vector * chains;  // numbers of a block taken together
  static constexpr double arrays = stream == bench::Stream::triad ? 3 : 1;

  Kokkos::View<T*, Space> a, b, c;
  Kokkos::View<double*, Space> sums;  // (items)
  std::int64_t block, items;
  int passes;

  KOKKOS_FUNCTION void operator()(std::int64_t const item) const {
    std::int64_t const first = on_device<Space> ? item : item * block, stride = on_device<Space> ? items : 1;
    T sum[step];
    for (int l = 0; l < step; ++l) sum[l] = 0;
    for (int pass = 0; pass < passes; ++pass) {
      if constexpr (stream == bench::Stream::triad) {
        T* const KOKKOS_RESTRICT out = a.data() + first;
        T const* const KOKKOS_RESTRICT left = b.data() + first;
        T const* const KOKKOS_RESTRICT right = c.data() + first;
#pragma omp simd
        for (std::int64_t k = 0; k < block * stride; k += stride) out[k] = left[k] + T(3) * right[k];
      } else {
        T const* const in = b.data() + first;
        for (std::int64_t k = 0; k < block; k += step) {
          for (int l = 0; l < step; ++l) sum[l] += in[(k + l) * stride];
        }
      }
      asm volatile("" ::: "memory");  // or all passes but the last would be left out
    }
    double total = 0;
    for (int l = 0; l < step; ++l) total += static_cast<double>(sum[l]);
    sums(item) = total;
  }
};

struct EmptyKernel {
  KOKKOS_FUNCTION void operator()(int) const {}
};

/// Where numbers lie: `bytes` per core, or for all cores together where they share it.
struct Level {
  std::string name;
  std::int64_t bytes;
  bool shared;
};

/// Half of every cache, so that all arrays stay in it, and four times the largest.
std::vector<Level> levels() {
  if constexpr (on_device<Space>) return {{"memory", std::int64_t{1} << 30, true}};
  auto const size = [](int name, long otherwise) {
    long const found = sysconf(name);
    return static_cast<std::int64_t>(found > 0 ? found : otherwise);
  };
  std::int64_t const last = size(_SC_LEVEL3_CACHE_SIZE, 32L << 20);
  return {{"L1", size(_SC_LEVEL1_DCACHE_SIZE, 32L << 10) / 2, false},
          {"L2", size(_SC_LEVEL2_CACHE_SIZE, 1L << 20) / 2, false},
          {"L3", last / 2, true},
          {"memory", 4 * last, true}};
}

/// What limits_bench reports of a limit: its rate in `unit`, the best of the repetitions, since a limit is what can be
/// reached; with the quartiles, which tell how busy the machine was.
template <class Call>
void limit_row(benchmark::State& state, Space const& exec, double work, std::string const& unit, Call const& call) {
  std::vector<double> rates;
  call();
  for ([[maybe_unused]] auto const& iteration : state) {
    double const seconds = measure(exec, call).wall;
    state.SetIterationTime(seconds);
    rates.push_back(work / seconds);
  }
  Quartiles const rate = quartiles(rates);
  state.counters["rate"] = *std::max_element(rates.begin(), rates.end());
  state.counters["rate_q1"] = rate.low;
  state.counters["rate_q3"] = rate.high;
  state.SetLabel("limit " + unit);
}

struct Effort {
  bool all_cores;
  bool smoke;  // as little as shows that it runs
};
Space cores(Effort const& effort) {
  return effort.all_cores ? Space() : one_core<Space>();
}

template <class T, bench::Stream stream>
void bandwidth(benchmark::State& state, Effort const& effort, Level const& level) {
  using Kernel = StreamKernel<T, stream>;
  Space const exec = cores(effort);
  std::int64_t const items = exec.concurrency();
  std::int64_t const bytes = effort.smoke ? 1 << 14 : level.shared ? level.bytes / items : level.bytes;
  auto const per_number = static_cast<std::int64_t>(Kernel::arrays * sizeof(T));
  std::int64_t const block = std::max<std::int64_t>(1, bytes / per_number / Kernel::step) * Kernel::step;
  double const moved = static_cast<double>(items * block * per_number);
  int const passes = effort.smoke ? 1 : std::max(1, static_cast<int>(2e8 / moved));
  auto const count = static_cast<std::size_t>(items * block);
  // Each thread touches its own block first.
  Kokkos::View<T*, Space> a(Kokkos::view_alloc(exec, "kramers::bench::a"), stream == bench::Stream::triad ? count : 0);
  Kokkos::View<T*, Space> c(Kokkos::view_alloc(exec, "kramers::bench::c"), a.extent(0));
  Kokkos::View<T*, Space> b(Kokkos::view_alloc(exec, "kramers::bench::b"), count);
  Kokkos::deep_copy(exec, b, T(1));
  Kokkos::deep_copy(exec, c, T(2));
  Kernel const kernel{
      a,     b,     c,     Kokkos::View<double*, Space>("kramers::bench::sums", static_cast<std::size_t>(items)),
      block, items, passes};
  limit_row(state, exec, moved * passes, "B/s", [&] {
    Kokkos::parallel_for("kramers::bench::stream", Kokkos::RangePolicy<Space>(exec, 0, items, Kokkos::ChunkSize(1)),
                         kernel);
  });
  auto const sums = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), kernel.sums);
  auto const last = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), a);
  bool right = true;
  if constexpr (stream == bench::Stream::triad) {
    for (std::size_t i = 0; i < count; ++i) right = right && last(i) == T(7);
  } else {
    // Each of the partial sums is a count of ones, exact below 2^24.
    for (std::size_t i = 0; i < sums.size(); ++i) right = right && sums(i) == static_cast<double>(block) * passes;
  }
  if (!right) throw Error("a stream of " + level.name + " computed something wrong");
}

template <class T, Unit unit>
void arithmetic(benchmark::State& state, Effort const& effort, std::string const& name, double weight) {
  Space const exec = cores(effort);
  bool const chain = unit == Unit::multiply_adds || unit == Unit::vector_operations;
  Arithmetic<Space, T, unit> const loop(exec, effort.smoke ? 64 : chain ? 2'000'000 : 100'000);
  limit_row(state, exec, weight * loop.work(), name, [&] { loop.run(); });
  loop.check();
}

/// An empty kernel, and the wait for its end.
void empty_kernel(benchmark::State& state, Effort const& effort) {
  Space const exec = cores(effort);
  int const launches = effort.smoke ? 1 : 1000, items = exec.concurrency();
  limit_row(state, exec, launches, "launches/s", [&] {
    for (int i = 0; i < launches; ++i) {
      Kokkos::parallel_for("kramers::bench::empty", Kokkos::RangePolicy<Space>(exec, 0, items), EmptyKernel{});
      exec.fence("kramers::bench::empty");
    }
  });
}

}  // namespace kramers::bench

int main(int argc, char** argv) {
  using namespace kramers::bench;
  // The body gets what it is to use; one core of a device is all of it.
  auto const add = [](std::string const& name, auto const& body) {
    auto const with = [&](std::string const& label, Effort const& effort, int count) {
      benchmark::RegisterBenchmark((name + label).c_str(), [body, effort](auto& state) { body(state, effort); })
          ->UseManualTime()
          ->Iterations(count)
          ->Unit(benchmark::kMillisecond);
    };
    with("/smoke", {.all_cores = true, .smoke = true}, 1);
    if (!kramers::on_device<Space>) with("/cores:1", {.all_cores = false, .smoke = false}, repetitions());
    with("/cores:all", {.all_cores = true, .smoke = false}, repetitions());
  };
  for (Level const& level : levels()) {
    std::string const at = "/level:" + level.name;
    add("f64_triad" + at,
        [level](auto& state, auto const& effort) { bandwidth<double, Stream::triad>(state, effort, level); });
    add("f64_read" + at,
        [level](auto& state, auto const& effort) { bandwidth<double, Stream::read>(state, effort, level); });
  }
  auto const add_both = [&]<Unit unit>(std::string const& name, std::string const& per, double weight) {
    add("f64_" + name, [=](auto& state, auto const& e) { arithmetic<double, unit>(state, e, per, weight); });
    add("f32_" + name, [=](auto& state, auto const& e) { arithmetic<float, unit>(state, e, per, weight); });
  };
  add_both.operator()<Unit::multiply_adds>("multiply_adds", "flop/s", 2);
  add_both.operator()<Unit::vector_operations>("vector_operations", "operations/s", 1);
  add_both.operator()<Unit::exp>("exp", "values/s", 1);
  add_both.operator()<Unit::log>("log", "values/s", 1);
  add_both.operator()<Unit::sincos>("sincos", "values/s", 1);
  add("philox", [](auto& state, auto const& e) { arithmetic<double, Unit::philox>(state, e, "blocks/s", 1); });
  add("empty_kernel", empty_kernel);
  return run(argc, argv);
}
