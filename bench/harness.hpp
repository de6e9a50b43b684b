// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/base/error.hpp>
#include <kramers/base/exit_code.hpp>
#include <kramers/base/guarded.hpp>
#include <kramers/core/concepts.hpp>
#include <kramers/core/spaces.hpp>
#include <kramers/runtime/kokkos_session.hpp>

#include <Kokkos_Core.hpp>

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <concepts>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <functional>
#include <iostream>
#include <string>
#include <vector>

/// The one timer of all benchmarks, the comparison of two pieces of code, and main().
namespace kramers::bench {

/// An instance of Space that runs on one core (on a device: the whole of it).
template <execution_space Space>
Space one_core() {
#ifdef KOKKOS_ENABLE_OPENMP
  if constexpr (std::same_as<Space, Kokkos::OpenMP>) return Kokkos::OpenMP(1);
#endif
  return Space();
}

/// Time that passed, and time all threads of this process computed, which other programs on the machine do not lengthen.
struct Time {
  double wall, cpu;  // [s]
};

/// What call() and all it enqueues on exec take.
template <execution_space Space, class Call>
Time measure(Space const& exec, Call const& call) {
  exec.fence("kramers::bench::before");
  auto const start = std::chrono::steady_clock::now();
  std::clock_t const cpu_start = std::clock();
  call();
  exec.fence("kramers::bench::after");
  std::clock_t const cpu_end = std::clock();
  auto const end = std::chrono::steady_clock::now();
  return {std::chrono::duration<double>(end - start).count(),
          static_cast<double>(cpu_end - cpu_start) / static_cast<double>(CLOCKS_PER_SEC)};
}

/// Median and quartiles of repeated measurements.
struct Quartiles {
  double low, median, high;
};
inline Quartiles quartiles(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  auto const at = [&](double share) {
    double const place = share * static_cast<double>(values.size() - 1);
    auto const below = static_cast<std::size_t>(place);
    std::size_t const above = std::min(below + 1, values.size() - 1);
    return values[below] + (place - static_cast<double>(below)) * (values[above] - values[below]);
  };
  return {at(0.25), at(0.5), at(0.75)};
}

/// One of two things compared: timed() runs it once, and does so many units of work (walker-steps, ...).
template <class Timed>
struct Side {
  Timed timed;  // Time()
  double work;
};
template <class Timed>
Side(Timed, double) -> Side<Timed>;

/// Repetitions of one comparison: the median then has a quartile range to believe. KRAMERS_BENCH_REPETITIONS (1 to 1000)
/// asks for fewer, for kramers-bench, which repeats whole processes.
inline int repetitions() {
  char const* const text = std::getenv("KRAMERS_BENCH_REPETITIONS");
  if (text == nullptr) return 15;
  char* end = nullptr;
  long const count = std::strtol(text, &end, 10);
  if (end != text && *end == '\0' && count >= 1 && count <= 1000) return static_cast<int>(count);
  std::cerr << "error: invalid KRAMERS_BENCH_REPETITIONS: got " << text << "; expected a number from 1 to 1000\n";
  std::exit(exit_code::usage);
}

/// A limit of the machine, measured in every repetition next to the code that it bounds.
struct Limit {
  std::string name;             // what is busy
  std::function<Time()> timed;  // runs the loop that reaches it
  double share = 0;             // the least time of the contender over that of the loop; 0: not known
  int cores = 1;                // that loop and contender run on; 0: a device
  double flops = 0, bytes = 0;  // of the contender, from and to memory; 0: not counted
};

/// Medians of the repetitions of a contender and its limit:
/// - `limit_ratio`  time of the limit's loop over that of the contender, higher is faster: what kramers-bench compares
/// - `limit_cpu_ratio`  the same by processor time
/// - `pct_limit`  the least time that the machine allows over that taken, in percent, where it is known: of processor time
///   on one core of a host, which other programs do not lengthen; with its lower quartile
/// - `flop_rate`, `intensity`  where operations and bytes are counted
/// - `cores`  that the contender may use; 0: a device
class AgainstLimit {
 public:
  explicit AgainstLimit(Limit const& limit) : m_limit(limit) {}

  /// Time the contender between two runs of the limit's loop, so that a machine that changes meets both alike.
  template <class Timed>
  Time measure(Timed const& timed) {
    Time const before = m_limit.timed(), time = timed(), after = m_limit.timed();
    m_wall.push_back((before.wall + after.wall) / 2 / time.wall);
    m_cpu.push_back((before.cpu + after.cpu) / 2 / time.cpu);
    m_seconds.push_back(time.wall);
    return time;
  }

  void report(benchmark::State& state) const {
    Quartiles const wall = quartiles(m_wall);
    state.counters["limit_ratio"] = wall.median;
    state.counters["limit_ratio_q1"] = wall.low;
    state.counters["limit_ratio_q3"] = wall.high;
    Quartiles const cpu = quartiles(m_cpu);
    if (std::isfinite(cpu.median)) state.counters["limit_cpu_ratio"] = cpu.median;
    state.counters["cores"] = m_limit.cores;
    if (m_limit.share > 0) {
      Quartiles const& ratio = m_limit.cores == 1 ? cpu : wall;
      state.counters["pct_limit"] = 100 * m_limit.share * ratio.median;
      state.counters["pct_limit_q1"] = 100 * m_limit.share * ratio.low;
    }
    if (m_limit.flops > 0) state.counters["flop_rate"] = m_limit.flops / quartiles(m_seconds).median;
    if (m_limit.flops > 0 && m_limit.bytes > 0) state.counters["intensity"] = m_limit.flops / m_limit.bytes;
    state.SetLabel("bound by " + m_limit.name);
  }

 private:
  Limit const& m_limit;
  std::vector<double> m_wall, m_cpu, m_seconds;
};

/// Time two sides next to each other once per repetition, in alternating order, so that whatever else the machine does
/// meets both, the contender between two runs of the limit. Reported: time of the contender; `rate` and `reference_rate` in units of work per
/// second; `ratio` = rate of the contender over rate of the reference in the same repetition; all as medians, with the
/// quartiles of the ratio. `cpu_ratio` is the same from processor time: the figure to read for one core of a busy machine.
template <class Reference, class Contender>
void compare(benchmark::State& state, Limit const& limit, Side<Reference> const& reference,
             Side<Contender> const& contender) {
  std::vector<double> reference_rates, rates, ratios, cpu_ratios;
  AgainstLimit against(limit);
  bool reference_first = true;
  for ([[maybe_unused]] auto const& iteration : state) {
    Time const early = reference_first ? reference.timed() : Time{};
    Time const time = against.measure(contender.timed);
    Time const reference_time = reference_first ? early : reference.timed();
    reference_first = !reference_first;
    state.SetIterationTime(time.wall);
    reference_rates.push_back(reference.work / reference_time.wall);
    rates.push_back(contender.work / time.wall);
    ratios.push_back(rates.back() / reference_rates.back());
    cpu_ratios.push_back((contender.work / time.cpu) / (reference.work / reference_time.cpu));
  }
  Quartiles const ratio = quartiles(ratios);
  state.counters["ratio"] = ratio.median;
  state.counters["ratio_q1"] = ratio.low;
  state.counters["ratio_q3"] = ratio.high;
  state.counters["cpu_ratio"] = quartiles(cpu_ratios).median;
  state.counters["rate"] = quartiles(rates).median;
  state.counters["reference_rate"] = quartiles(reference_rates).median;
  against.report(state);
}

/// Say in the report where it comes from (context.cpp, which has no kernels).
/// @param space    as programs name the default execution space
/// @param backend  as Kokkos names it
void add_context(std::string const& space, std::string const& backend);

/// Whether this build is one whose times mean something.
inline constexpr bool optimised =
#if defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    true;
#else
    false;
#endif

/// main() of every benchmark: 1 if a result is wrong (thrown as Error), the command line is, or the build is no build to
/// measure; 65 where there is no device for it.
inline int run(int argc, char** argv) {
  if (!optimised) {
    std::cerr << "error: this build is not optimised or has a sanitizer; use a Release build to measure\n";
    return 1;
  }
  try {
    KokkosSession const kokkos({}, {});
    for (auto const& warning : kokkos.warnings()) std::cerr << "warning: " << warning << '\n';
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
    add_context(space_name<Kokkos::DefaultExecutionSpace>(), Kokkos::DefaultExecutionSpace::name());
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
  } catch (std::exception const& error) {
    std::cerr << "error: " << error.what() << '\n';
    return exit_code_of(std::current_exception());
  }
  return 0;
}

}  // namespace kramers::bench
