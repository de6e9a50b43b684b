// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How near is a sweep of Jacobi's iteration to the memory's rate and to a plain loop with OpenMP, what do several sweeps per
// pass gain, and what does an iteration with its norm take where the grid stays in the cache of one core? How near are conjugate gradients to the memory's
// rate, and what do they take in a cache?
#include <kramers/grids/cg.hpp>
#include <kramers/grids/channel/any_channel.hpp>
#include <kramers/grids/jacobi/any_jacobi.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "limits.hpp"
#include "triad.hpp"

namespace kramers::bench {

using namespace kramers::grids;

using Space = Kokkos::DefaultExecutionSpace;

constexpr double sweep_bytes = 8 + overwritten<Space>;

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

/// Laplace's equation as one writes it down: two arrays, and OpenMP's pragma before the loop over rows. Builds without OpenMP
/// have the same loop on one thread.
class TextbookJacobi {
 public:
  TextbookJacobi(std::int64_t n, int threads) : m_n(n), m_threads(threads) {
    JacobiParams params;
    params.rows = params.columns = n;
    auto const last = boundary_sines(params);
    for (auto* const field : {&m_new, &m_old}) {  // each thread touches first what it sweeps later
      *field = std::make_unique_for_overwrite<double[]>(static_cast<std::size_t>(n * n));
      double* const values = field->get();
#pragma omp parallel for num_threads(threads)
      for (std::int64_t i = 0; i < n; ++i) std::fill_n(values + i * n, n, 0.0);
      std::copy(last.begin(), last.end(), values + (n - 1) * n);
    }
    for (double const value : last) m_edge += value * value;
  }

  /// So many sweeps. Returns the norm of the last.
  double advance(std::int64_t sweeps) {
    for (std::int64_t i = 0; i < sweeps; ++i) {
      std::swap(m_new, m_old);
      sweep(m_new.get(), m_old.get());
    }
    return norm(m_new.get(), m_old.get());
  }

  bool equals(std::vector<double> const& field) const { return std::equal(field.begin(), field.end(), m_new.get()); }

 private:
  void sweep(double* to, double const* from) const {
#pragma omp parallel for num_threads(m_threads)
    for (std::int64_t i = 1; i < m_n - 1; ++i) {
      double const *const row = from + i * m_n, *const south = row + m_n, *const north = row - m_n;
      for (std::int64_t j = 1; j < m_n - 1; ++j) {
        to[i * m_n + j] = 0.25 * (((row[j + 1] + row[j - 1]) + south[j]) + north[j]);
      }
    }
  }
  double norm(double const* to, double const* from) const {
    double change = 0, all = m_edge;
#pragma omp parallel for num_threads(m_threads) reduction(+ : change, all)
    for (std::int64_t i = 1; i < m_n - 1; ++i) {
      for (std::int64_t j = 1; j < m_n - 1; ++j) {
        double const before = from[i * m_n + j], difference = to[i * m_n + j] - before;
        change += difference * difference;
        all += before * before;
      }
    }
    return std::sqrt(change / all);
  }

  std::int64_t m_n;
  [[maybe_unused]] int m_threads;  // what does not know OpenMP passes over the pragmas
  std::unique_ptr<double[]> m_new, m_old;
  double m_edge = 0;  // squares of the boundary
};

void add_quartiles(benchmark::State& state, std::string const& name, std::vector<double> const& values) {
  Quartiles const found = quartiles(values);
  state.counters[name] = found.median;
  state.counters[name + "_q1"] = found.low;
  state.counters[name + "_q3"] = found.high;
}

/// Blocked sweeps against plain ones, with the norm of every tenth; the plain ones against the memory, and on hosts both
/// against the textbook.
void blocked_over_plain(benchmark::State& state, std::int64_t n) {
  Space const exec;
  constexpr std::int64_t sweeps = 10;
  std::unique_ptr<TextbookJacobi> textbook;
  if constexpr (!on_device<Space>) textbook = std::make_unique<TextbookJacobi>(n, exec.concurrency());
  auto const plain = jacobi_of(n, SweepPath::plain), blocked = jacobi_of(n, SweepPath::automatic);
  Triad<Space> const triad(exec, n * n);
  auto const cells = static_cast<double>(n * n);
  // Both fields of a smaller grid stay in caches where the three arrays of the triad do not: no bound.
  bool const bound_by_memory = 2 * sizeof(double) * cells > 1e8;
  Limit const limit{"memory",
                    [&] { return measure(exec, [&] { triad.run(); }); },
                    bound_by_memory ? sweep_bytes * cells / triad.bytes() : 0,
                    on_device<Space> ? 0 : exec.concurrency(),
                    0,
                    0};
  AgainstLimit against(limit);
  std::vector<double> ratios, seconds, plain_over_textbook, blocked_over_textbook;
  double norm = 0, textbook_norm = 0;
  for ([[maybe_unused]] auto const& iteration : state) {
    Time const time = against.measure([&] {
      Time const all = measure(exec, [&] { norm = plain->advance(sweeps, sweeps, 0).back(); });
      return Time{all.wall / sweeps, all.cpu / sweeps};
    });
    Time const other = measure(exec, [&] { blocked->advance(sweeps, sweeps, 0); });
    state.SetIterationTime(time.wall);
    seconds.push_back(other.wall / sweeps);
    ratios.push_back(time.wall / seconds.back());
    if (textbook) {
      Time const loop = measure(exec, [&] { textbook_norm = textbook->advance(sweeps); });
      plain_over_textbook.push_back(loop.wall / sweeps / time.wall);
      blocked_over_textbook.push_back(loop.wall / other.wall);
    }
  }
  add_quartiles(state, "ratio", ratios);
  state.counters["rate"] = cells / quartiles(seconds).median;
  against.report(state);
  expect_same(*plain, *blocked);
  if (!textbook) return;
  if (!textbook->equals(plain->rows())) throw Error("the textbook has another field");
  // The order of its sums depends on the number of threads.
  if (!(std::abs(textbook_norm / norm - 1) < 1e-9)) throw Error("the textbook has another norm");
  add_quartiles(state, "plain_over_textbook", plain_over_textbook);
  add_quartiles(state, "blocked_over_textbook", blocked_over_textbook);
}

/// One core, the norm of every iteration.
void cached(benchmark::State& state, std::int64_t n) {
  Space const exec = one_core<Space>();
  constexpr std::int64_t sweeps = 1000;
  auto const jacobi = jacobi_of(n, SweepPath::automatic);
  auto const plain = jacobi_of(n, SweepPath::plain);
  auto const cells = static_cast<double>(n * n * sweeps);
  std::vector<double> cpu;
  auto const timed = [&] {
    Time const time = measure(exec, [&] { jacobi->advance(sweeps, 1, 0); });
    cpu.push_back(time.cpu);
    return time;
  };
  // Each cell takes three sums and a product, and for the norm a difference and two multiply-adds.
  constexpr double operations = 7;
  compare(state, limit_of<double, Unit::multiply_adds>(exec, "the vector unit", operations * cells, 1'000'000),
          Side([&] { return measure(exec, [&] { plain->advance(sweeps, 1, 0); }); }, cells), Side(timed, cells));
  state.counters["cpu_us_per_iteration"] = 1e6 * quartiles(cpu).median / static_cast<double>(sweeps);
  expect_same(*plain, *jacobi);
}

std::unique_ptr<CgSystem> cg_of(CgProblem const& problem) {
  auto system =
      make_cg_system(space_name<Space>(), problem, vectors_of(CgMethod::classic, problem), Communicator::self());
  system->set(CgVector::b, [](std::int64_t) { return 1.0; });
  return system;
}

/// Iterations of classic conjugate gradients against the memory: p = r + beta p, p.A p, and x and r with A p computed again
/// move 72 bytes a row, none of which is read only to be overwritten.
void cg_over_memory(benchmark::State& state, std::int64_t n) {
  Space const exec;
  constexpr int iterations = 10;
  constexpr double bytes_per_row = 72;
  CgProblem problem;
  problem.n = n;
  auto const system = cg_of(problem);
  system->copy(CgVector::r, CgVector::b);
  Triad<Space> const triad(exec, n * n);
  auto const rows = static_cast<double>(n * n);
  Limit const limit{"memory",
                    [&] { return measure(exec, [&] { triad.run(); }); },
                    bytes_per_row * rows / triad.bytes(),
                    on_device<Space> ? 0 : exec.concurrency(),
                    0,
                    0};
  AgainstLimit against(limit);
  std::vector<double> seconds;
  double rr = 0;
  for ([[maybe_unused]] auto const& iteration : state) {
    Time const time = against.measure([&] {
      Time const all = measure(exec, [&] {
        for (int i = 0; i < iterations; ++i) {
          static_cast<void>(system->direction(CgVector::r, 0.5));
          rr = system->step(1e-3);
        }
      });
      return Time{all.wall / iterations, all.cpu / iterations};
    });
    state.SetIterationTime(time.wall);
    seconds.push_back(time.wall);
  }
  state.counters["rate"] = rows / quartiles(seconds).median;
  against.report(state);
  if (!(rr > 0)) throw Error("conjugate gradients have no residual");
}

/// The same as one writes it down: a loop for each vector that changes. Returns the number of iterations.
int textbook_cg(std::int64_t n, std::vector<double>& x) {
  auto const size = static_cast<std::size_t>(n * n), m = static_cast<std::size_t>(n);
  std::vector<double> r(size, 1.0), p(size + 2 * m, 0.0), q(size);  // p between two rows of zeros
  x.assign(size, 0.0);
  std::copy(r.begin(), r.end(), p.begin() + n);
  auto const dot = [](std::vector<double> const& a, double const* b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
    return sum;
  };
  double rr = dot(r, r.data());
  for (int i = 1;; ++i) {
    for (std::size_t k = 0; k < size; ++k) {
      double const* const at = p.data() + m + k;
      q[k] = 4 * at[0] - at[-1] - at[1] - at[-n] - at[n];
    }
    double const alpha = rr / dot(q, p.data() + m);
    for (std::size_t k = 0; k < size; ++k) x[k] += alpha * p[m + k];
    for (std::size_t k = 0; k < size; ++k) r[k] -= alpha * q[k];
    double const before = rr;
    rr = dot(r, r.data());
    if (std::sqrt(rr) < 1e-10) return i;
    for (std::size_t k = 0; k < size; ++k) p[m + k] = r[k] + rr / before * p[m + k];
  }
}

/// One core, to 1e-10, against the textbook: the wrapped matrix, whose iterations are published.
void cg_cached(benchmark::State& state, std::int64_t n) {
  Space const exec = one_core<Space>();
  CgProblem problem;
  problem.matrix = CgMatrix::wrapped;
  problem.n = n;
  CgParams params;
  params.max_iterations = n * n;
  auto const system = cg_of(problem);
  std::vector<double> x, cpu_seconds;
  CgResult found;
  int by_textbook = 0;
  compare(state, limit_of<double, Unit::vector_operations>(exec, "the vector unit", 0, 100'000),
          Side([&] { return measure(exec, [&] { by_textbook = textbook_cg(n, x); }); }, 1),
          Side(
              [&] {
                Time const time = measure(exec, [&] { found = solve_cg(*system, problem, params); });
                cpu_seconds.push_back(time.cpu);
                return time;
              },
              1));
  state.counters["cpu_ms_per_solution"] = 1e3 * quartiles(cpu_seconds).median;
  state.counters["iterations"] = static_cast<double>(found.iterations);
  if (std::abs(found.iterations - by_textbook) > 2 || found.iterations != (n == 10 ? 35 : 364)) {
    throw Error("conjugate gradients took " + std::to_string(found.iterations) + " iterations");
  }
}

/// One core, to 1e-10: the Laplacian, whose iterations are published.
void cg_five_point(benchmark::State& state, std::int64_t n) {
  Space const exec = one_core<Space>();
  Limit const limit = limit_of<double, Unit::vector_operations>(exec, "the vector unit", 0, 100'000);
  CgProblem problem;
  problem.n = n;
  CgParams params;
  params.max_iterations = n * n;
  auto const system = cg_of(problem);
  AgainstLimit against(limit);
  std::vector<double> seconds, cpu_seconds;
  CgResult found;
  for ([[maybe_unused]] auto const& iteration : state) {
    Time const time =
        against.measure([&] { return measure(exec, [&] { found = solve_cg(*system, problem, params); }); });
    state.SetIterationTime(time.wall);
    seconds.push_back(time.wall);
    cpu_seconds.push_back(time.cpu);
  }
  against.report(state);
  state.counters["rate"] = 1 / quartiles(seconds).median;
  state.counters["cpu_ms_per_solution"] = 1e3 * quartiles(cpu_seconds).median;
  state.counters["iterations"] = static_cast<double>(found.iterations);
  if (found.iterations != (n == 10 ? 15 : 225)) {
    throw Error("conjugate gradients took " + std::to_string(found.iterations) + " iterations");
  }
}

/// The channel of CFD Python until it stops, on one core: 499 steps, each with 50 sweeps of the pressure.
void channel(benchmark::State& state, std::int64_t steps) {
  Space const exec = one_core<Space>();
  Limit const limit = limit_of<double, Unit::vector_operations>(exec, "the vector unit", 0, 100'000);
  AgainstLimit against(limit);
  std::vector<double> cpu;
  for ([[maybe_unused]] auto const& iteration : state) {
    auto const flow = make_channel(space_name<Space>(), "f64", ChannelParams(), Communicator::self());
    Time const time = against.measure([&] { return measure(exec, [&] { flow->advance(steps, 1e-3); }); });
    if (steps >= 499 && flow->step() != 499) throw Error("the flow stops at another step");
    state.SetIterationTime(time.wall);
    cpu.push_back(time.cpu);
  }
  against.report(state);
  state.counters["cpu_ms"] = 1e3 * quartiles(cpu).median;
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
  benchmark::RegisterBenchmark("jacobi_blocked_over_plain/n:1000", blocked_over_plain, 1000)
      ->UseManualTime()
      ->Iterations(repetitions())
      ->Unit(benchmark::kMicrosecond);
  add("jacobi_cached", cached, 20, 100);
  add("cg_over_memory", cg_over_memory, 200, 2000);
  add("cg_cached", cg_cached, 10, 100);
  add("cg_five_point", cg_five_point, 10, 100);
  benchmark::RegisterBenchmark("channel/smoke", channel, 2)->UseManualTime()->Iterations(1);
  benchmark::RegisterBenchmark("channel/steps:499", channel, 2000)
      ->UseManualTime()
      ->Iterations(repetitions())
      ->Unit(benchmark::kMicrosecond);
  return run(argc, argv);
}
