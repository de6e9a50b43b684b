// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How near is a sweep of Jacobi's iteration to the memory's rate, what do several sweeps per pass gain, and what does an
// iteration with its norm take where the grid stays in the cache of one core?
#include <kramers/grids/jacobi/any_jacobi.hpp>

#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "limits.hpp"

namespace kramers::bench {

using namespace kramers::grids;

using Space = Kokkos::DefaultExecutionSpace;

// Bytes that a processor moves for each number, which reads what it will overwrite; a device does not.
constexpr double overwritten = on_device<Space> ? 8 : 16;
constexpr double triad_bytes = 16 + overwritten;
constexpr double sweep_bytes = 8 + overwritten;

struct TriadKernel {
  double* a;
  double const* b;
  double const* c;
  KOKKOS_FUNCTION void operator()(std::int64_t const i) const { a[i] = b[i] + 3.0 * c[i]; }
};

/// a = b + 3 c over arrays of the same memory as the fields of a grid.
class Triad {
 public:
  Triad(Space const& exec, std::int64_t count) : m_exec(exec), m_count(count) {
    auto const n = static_cast<std::size_t>(count);
    for (auto* const column : {&m_a, &m_b, &m_c}) {
      *column = Kokkos::View<double*, Space>(Kokkos::view_alloc(exec, "kramers::bench::triad"), n);
    }
  }
  double bytes() const { return triad_bytes * static_cast<double>(m_count); }
  void run() const {
    Kokkos::parallel_for("kramers::bench::triad",
                         Kokkos::RangePolicy<Space, Kokkos::IndexType<std::int64_t>>(m_exec, 0, m_count),
                         TriadKernel{m_a.data(), m_b.data(), m_c.data()});
  }

 private:
  Space m_exec;
  std::int64_t m_count;
  Kokkos::View<double*, Space> m_a, m_b, m_c;
};

std::unique_ptr<AnyJacobi> jacobi_of(std::int64_t n, SweepPath path, std::int64_t depth = 0) {
  JacobiParams params;
  params.rows = params.columns = n;
  params.path = path;
  params.depth = depth;
  return make_jacobi(space_name<Space>(), "f64", params, Communicator::self());
}

void expect_same(AnyJacobi& a, AnyJacobi& b) {
  if (a.iteration() != b.iteration() || a.hash() != b.hash()) throw Error("two paths have different fields");
}

/// Blocked sweeps against plain ones, with the norm of every tenth; the plain ones against the memory.
void blocked_over_plain(benchmark::State& state, std::int64_t n) {
  Space const exec;
  constexpr std::int64_t sweeps = 10;
  auto const plain = jacobi_of(n, SweepPath::plain), blocked = jacobi_of(n, SweepPath::automatic);
  Triad const triad(exec, n * n);
  auto const cells = static_cast<double>(n * n);
  Limit const limit{"memory",
                    [&] { return measure(exec, [&] { triad.run(); }); },
                    sweep_bytes * cells / triad.bytes(),
                    on_device<Space> ? 0 : exec.concurrency(),
                    0,
                    0};
  AgainstLimit against(limit);
  std::vector<double> ratios, seconds;
  for ([[maybe_unused]] auto const& iteration : state) {
    Time const time = against.measure([&] {
      Time const all = measure(exec, [&] { plain->advance(sweeps, sweeps, 0); });
      return Time{all.wall / sweeps, all.cpu / sweeps};
    });
    Time const other = measure(exec, [&] { blocked->advance(sweeps, sweeps, 0); });
    state.SetIterationTime(time.wall);
    seconds.push_back(other.wall / sweeps);
    ratios.push_back(time.wall / seconds.back());
  }
  Quartiles const ratio = quartiles(ratios);
  state.counters["ratio"] = ratio.median;
  state.counters["ratio_q1"] = ratio.low;
  state.counters["ratio_q3"] = ratio.high;
  state.counters["rate"] = cells / quartiles(seconds).median;
  against.report(state);
  expect_same(*plain, *blocked);
}

/// One core, the norm of every iteration.
void cached(benchmark::State& state, std::int64_t n) {
  Space const exec = one_core<Space>();
  constexpr std::int64_t sweeps = 1000;
  auto const jacobi = jacobi_of(n, SweepPath::automatic);
  auto const plain = jacobi_of(n, SweepPath::plain);
  auto const cells = static_cast<double>(n * n * sweeps);
  compare(state, limit_of<double, Unit::vector_operations>(exec, "the vector unit", 0, 100'000),
          Side([&] { return measure(exec, [&] { plain->advance(sweeps, 1, 0); }); }, cells),
          Side([&] { return measure(exec, [&] { jacobi->advance(sweeps, 1, 0); }); }, cells));
  state.counters["us_per_iteration"] = 1e6 * static_cast<double>(n * n) / state.counters["rate"].value;
  expect_same(*plain, *jacobi);
}

}  // namespace kramers::bench

int main(int argc, char** argv) {
  using namespace kramers::bench;
  auto const add = [](std::string const& name, auto const& body, std::int64_t small, std::int64_t large) {
    for (auto const& [label, n, count] : {std::tuple{std::string("/smoke"), small, 1},
                                          std::tuple{"/n:" + std::to_string(large), large, repetitions()}}) {
      benchmark::RegisterBenchmark((name + label).c_str(), body, n)
          ->UseManualTime()
          ->Iterations(count)
          ->Unit(benchmark::kMicrosecond);
    }
  };
  add("jacobi_blocked_over_plain", blocked_over_plain, 200, 7000);
  add("jacobi_blocked_over_plain", blocked_over_plain, 210, 1000);
  add("jacobi_cached", cached, 20, 100);
  return run(argc, argv);
}
