// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How long does a sum over all ranks take, of one number and of many? Run with a launcher: mpirun -n 4 network_bench. Times
// are the maximum over ranks; root alone reports.
#include <kramers/runtime/collective_errors.hpp>
#include <kramers/runtime/communicator.hpp>

#include <ostream>
#include <span>
#include <string_view>

#include "harness.hpp"

namespace kramers::bench {

/// Of the ranks that are not root: says nothing.
class Silent : public benchmark::BenchmarkReporter {
 public:
  Silent() { SetOutputStream(&m_nowhere); }
  bool ReportContext(Context const& /*context*/) override { return true; }
  void ReportRuns(std::vector<Run> const& /*runs*/) override {}

 private:
  std::ostream m_nowhere{nullptr};
};

/// Collective. @throws Error  on all ranks, if a sum is wrong on one of them
void check_sum(Communicator const& comm, std::span<double> values) {
  auto const term = [](std::size_t i, int rank) { return static_cast<double>(static_cast<int>(i % 7) + rank); };
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = term(i, comm.rank());
  comm.sum(values);
  agree(comm, [&] {
    int const ranks = comm.size();
    for (std::size_t i = 0; i < values.size(); ++i) {
      double const expected = ranks * term(i, 0) + 0.5 * ranks * (ranks - 1);
      if (values[i] == expected) continue;
      throw Error("a sum over ranks is " + std::to_string(values[i]) + ", it must be " + std::to_string(expected));
    }
  });
}

/// Calls of the same sum after each other; `rate` is the best of the repetitions, in calls or in bytes of the numbers summed
/// (of each rank, whatever the network carries), with the quartiles, which tell how busy the machine was.
void allreduce(benchmark::State& state, Communicator const& comm, std::size_t bytes, int calls, bool small) {
  std::vector<double> values(bytes / sizeof(double));
  double const work = calls * (small ? 1 : static_cast<double>(bytes));
  std::vector<double> rates;
  check_sum(comm, values);
  std::fill(values.begin(), values.end(), 0.0);  // whose sums stay finite
  for ([[maybe_unused]] auto const& iteration : state) {
    comm.barrier();
    auto const start = std::chrono::steady_clock::now();
    for (int call = 0; call < calls; ++call) comm.sum(std::span<double>(values));
    double const own = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    double const slowest = comm.max(own);  // the same on all ranks, or they would stop at different repetitions
    state.SetIterationTime(slowest);
    rates.push_back(work / slowest);
  }
  check_sum(comm, values);
  Quartiles const rate = quartiles(rates);
  state.counters["rate"] = *std::max_element(rates.begin(), rates.end());
  state.counters["rate_q1"] = rate.low;
  state.counters["rate_q3"] = rate.high;
  state.counters["ranks"] = comm.size();
  state.SetLabel(small ? "limit calls/s" : "limit B/s");
}

/// What only root may do is taken from the command line of the others: they would all write the same file.
/// @throws UsageError  each rank would choose its own order of the rows, and wait for the others in theirs
void prepare_arguments(Communicator const& comm, int& argc, char** argv) {
  int kept = 1;
  for (int i = 1; i < argc; ++i) {
    std::string_view const word = argv[i];
    if (word.starts_with("--benchmark_enable_random_interleaving")) {
      throw UsageError(
          "invalid --benchmark_enable_random_interleaving: ranks must run the same rows in the same order");
    }
    if (comm.is_root() || !word.starts_with("--benchmark_out")) argv[kept++] = argv[i];
  }
  argc = kept;
}

void add_rows(Communicator const& comm) {
  auto const add = [&](std::string const& name, std::size_t bytes, int calls, bool small, int count) {
    benchmark::RegisterBenchmark((name + "/ranks:" + std::to_string(comm.size())).c_str(),
                                 [=](benchmark::State& state) { allreduce(state, comm, bytes, calls, small); })
        ->UseManualTime()
        ->Iterations(count)
        ->Unit(benchmark::kMillisecond);
  };
  add("allreduce/smoke", 1 << 10, 1, true, 1);
  add("allreduce/bytes:8", 8, 1000, true, repetitions());
  add("allreduce/bytes:65536", 1 << 16, 100, false, repetitions());
  add("allreduce/bytes:8388608", 1 << 23, 4, false, repetitions());
}

int run_over_ranks(Communicator const& comm, int argc, char** argv) {
  if (!optimised) throw Error("this build is not optimised or has a sanitizer; use a Release build to measure");
  if (comm.size() == 1) throw UsageError("invalid number of ranks: got 1; expected at least 2, as of mpirun -n 2");
  prepare_arguments(comm, argc, argv);
  KokkosSession const kokkos({}, {});  // the report says how Kokkos is built
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return exit_code::usage;
  add_context(space_name<Kokkos::DefaultExecutionSpace>(), Kokkos::DefaultExecutionSpace::name());
  add_rows(comm);
  Silent silent;
  if (comm.is_root()) {
    benchmark::RunSpecifiedBenchmarks();
  } else {
    benchmark::RunSpecifiedBenchmarks(&silent);
  }
  benchmark::Shutdown();
  return 0;
}

}  // namespace kramers::bench

int main(int argc, char** argv) {
  kramers::MpiSession const session(argc, argv);
  auto const comm = kramers::Communicator::world();
  return kramers::run_guarded(comm, "network_bench", [&] { return kramers::bench::run_over_ranks(comm, argc, argv); });
}
