// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How long does a sum over all ranks take, of one number and of many, and how long do the halos of a grid? Run with a launcher: mpirun -n 4 network_bench. Times
// are the maximum over ranks; root alone reports.
#include <kramers/grids/halo.hpp>
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

/// `calls` calls after each other, `bytes` of each rank in one (0: calls are counted); `rate` is the best of the repetitions,
/// with the quartiles, which tell how busy the machine was.
template <class Call>
void time_calls(benchmark::State& state, Communicator const& comm, int calls, double bytes, Call const& call) {
  std::vector<double> rates;
  for ([[maybe_unused]] auto const& iteration : state) {
    comm.barrier();
    auto const start = std::chrono::steady_clock::now();
    for (int i = 0; i < calls; ++i) call();
    double const own = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    double const slowest = comm.max(own);  // the same on all ranks, or they would stop at different repetitions
    state.SetIterationTime(slowest);
    rates.push_back(calls * (bytes > 0 ? bytes : 1) / slowest);
  }
  Quartiles const rate = quartiles(rates);
  state.counters["rate"] = *std::max_element(rates.begin(), rates.end());
  state.counters["rate_q1"] = rate.low;
  state.counters["rate_q3"] = rate.high;
  state.counters["ranks"] = comm.size();
  state.SetLabel(bytes > 0 ? "limit B/s" : "limit calls/s");
}

/// The same sum again and again; bytes are those of the numbers summed, whatever the network carries.
void allreduce(benchmark::State& state, Communicator const& comm, std::size_t bytes, int calls, bool small) {
  std::vector<double> values(bytes / sizeof(double));
  check_sum(comm, values);
  std::fill(values.begin(), values.end(), 0.0);  // whose sums stay finite
  time_calls(state, comm, calls, small ? 0 : static_cast<double>(bytes), [&] { comm.sum(std::span<double>(values)); });
  check_sum(comm, values);
}

/// Halos of one row above and below a field on a ring of ranks, two messages to each rank; bytes are those that one sends.
void halos(benchmark::State& state, Communicator const& comm, std::int64_t columns, int calls) {
  using Space = Kokkos::DefaultExecutionSpace;
  Space const exec;
  constexpr std::int64_t rows_of_rank = 4;
  auto const block = grids::block_of(rows_of_rank * comm.size(), columns, comm.rank(), comm.size());
  grids::Field<Space, double> const field(exec, "kramers::bench::halos", block, 1);
  grids::HaloExchange<Space, double> const exchange(exec, comm, grids::Edge::ring, field);
  auto const host = Kokkos::create_mirror_view(Kokkos::HostSpace(), field.view());
  auto const column = [&](std::int64_t i) { return static_cast<std::size_t>(field.left() + i); };
  auto const cell = [&](std::int64_t row, std::int64_t i) {
    std::int64_t const on_the_ring = (row + block.rows) % block.rows;
    return static_cast<double>(on_the_ring * columns + i);
  };
  for (std::int64_t j = 0; j < block.size(); ++j) {
    for (std::int64_t i = 0; i < columns; ++i)
      host(static_cast<std::size_t>(j + 1), column(i)) = cell(block.first + j, i);
  }
  Kokkos::deep_copy(exec, field.view(), host);
  double const bytes = 2.0 * static_cast<double>(columns) * sizeof(double);
  time_calls(state, comm, calls, bytes, [&] {
    exchange(exec, {field});
    exec.fence("kramers::bench::halos");
  });
  Kokkos::deep_copy(exec, host, field.view());
  exec.fence("kramers::bench::halos: result");
  agree(comm, [&] {
    for (std::int64_t const j : {std::int64_t{-1}, block.size()}) {
      for (std::int64_t i = 0; i < columns; ++i) {
        double const found = host(static_cast<std::size_t>(j + 1), column(i)), expected = cell(block.first + j, i);
        if (found == expected) continue;
        throw Error("a cell of a halo is " + std::to_string(found) + ", it must be " + std::to_string(expected));
      }
    }
  });
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
  auto const add_halos = [&](std::string const& name, std::int64_t columns, int calls, int count) {
    benchmark::RegisterBenchmark((name + "/ranks:" + std::to_string(comm.size())).c_str(),
                                 [=](benchmark::State& state) { halos(state, comm, columns, calls); })
        ->UseManualTime()
        ->Iterations(count)
        ->Unit(benchmark::kMillisecond);
  };
  add_halos("halos/smoke", 100, 1, 1);
  add_halos("halos/columns:100", 100, 1000, repetitions());
  add_halos("halos/columns:7000", 7000, 200, repetitions());
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
