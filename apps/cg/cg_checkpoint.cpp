// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cg_checkpoint.hpp"

#include <kramers/base/error.hpp>
#include <kramers/runtime/checkpoints.hpp>
#include <kramers/runtime/collective_errors.hpp>
#include <kramers/runtime/h5.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace kramers::cg {

using namespace kramers::grids;

namespace {

CheckpointFormat const format{"kramers-cg", 1};

std::uint64_t extent(std::int64_t value) {
  return static_cast<std::uint64_t>(value);
}

std::vector<CgVector> kept_vectors(CgRequest const& request) {
  return grids::kept_vectors(request.params.method, request.problem);
}

/// Numbers of the last iteration, in the order of the file.
std::vector<double> numbers_of(CgState const& state, CgResult const& result) {
  return {state.sums.rr, state.sums.ru, state.sums.wu, state.alpha, state.before, result.right_side};
}

void read_vector(h5::Reader const& file, Communicator const& comm, CgSystem& system, CgVector vector) {
  std::string const name = std::string("state/") + name_of(vector);
  std::int64_t const first = system.first_row();
  file.expect<double>(name, {extent(system.rows())});
  auto const values = file.read_rows<double>(name, extent(first), system.get(vector).size());
  agree(comm, [&] {
    auto const bad = std::ranges::find_if_not(values, [](double value) { return std::isfinite(value); });
    if (bad == values.end()) return;
    refuse_checkpoint(file.path(),
                      "row " + std::to_string(first + (bad - values.begin())) + " of '" + name + "' is not finite");
  });
  system.set(vector, [&](std::int64_t row) { return values[static_cast<std::size_t>(row - first)]; });
}

/// What the iterations before have left: those of a run that had not come to its end.
CgStart read_start(h5::Reader const& file, CgRequest const& request) {
  std::string const path = file.path().string();
  CgStart start;
  std::int64_t const iteration = checkpoint_step(file, request.params.max_iterations, "iteration", "cg.max_iterations");
  file.expect<double>("state/numbers", {numbers_of({}, {}).size()});
  auto const numbers = file.read<double>("state/numbers");
  start.state = {
      .sums = {.ru = numbers[1], .wu = numbers[2], .rr = numbers[0]}, .alpha = numbers[3], .before = numbers[4]};
  start.result.iterations = iteration;
  start.result.right_side = numbers[5];
  file.expect<double>("record/residual", {extent(iteration)});
  start.result.history = file.read<double>("record/residual");

  bool const is_classic = request.params.method == CgMethod::classic;
  bool const is_finite = std::ranges::all_of(numbers, [](double number) { return std::isfinite(number); });
  bool const is_last = iteration > 0 && start.result.history.back() == std::sqrt(start.state.sums.rr);
  if (!is_finite || !is_last || !(start.state.before > 0) || !(is_classic || start.state.alpha > 0)) {
    refuse_checkpoint(path, "'state/numbers' are not those of an iteration");
  }
  start.result.residual = start.result.history.back();
  for (std::int64_t i = 1; i <= iteration; ++i) {
    double const norm = start.result.history[static_cast<std::size_t>(i - 1)];
    if (!(norm > 0)) {
      refuse_checkpoint(path, "the residual of iteration " + std::to_string(i) + " is " + shortest_decimal(norm));
    }
    if ((i - 1) % request.params.check_every != 0 || norm >= request.params.tolerance) continue;
    throw InputError(path, 0,
                     "the checkpoint was written at iteration " + std::to_string(iteration) +
                         ", but this run ends at iteration " + std::to_string(i) + " (cg.tolerance)");
  }
  if (iteration == request.params.max_iterations) {
    throw InputError(path, 0,
                     "the checkpoint was written at iteration " + std::to_string(iteration) +
                         ", which is the last that this run allows (cg.max_iterations)");
  }
  return start;
}

}  // namespace

void write_checkpoint(std::filesystem::path const& path, Communicator const& comm, CgRequest const& request,
                      CgSystem& system, CgState const& state, CgResult const& result) {
  h5::Writer file(path, comm);
  begin_checkpoint(file, format, result.iterations, request.fingerprint);
  for (CgVector const vector : kept_vectors(request)) {
    file.write_rows(std::string("state/") + name_of(vector), system.get(vector), extent(system.first_row()),
                    extent(system.rows()));
  }
  auto const numbers = numbers_of(state, result);
  file.write("state/numbers", numbers, {numbers.size()});
  file.write("record/residual", result.history, {result.history.size()});
  file.commit();
}

CgStart read_checkpoint(std::filesystem::path const& path, Communicator const& comm, CgRequest const& request,
                        CgSystem& system) {
  h5::Reader const file = open_checkpoint(path, comm, format, request.fingerprint);
  expect_members(file, "/", {"fingerprint", "state", "record"});
  std::vector<std::string> members{"numbers"};
  for (CgVector const vector : kept_vectors(request)) members.emplace_back(name_of(vector));
  expect_members(file, "state", members);
  expect_members(file, "record", {"residual"});
  CgStart const start = read_start(file, request);
  for (CgVector const vector : kept_vectors(request)) read_vector(file, comm, system, vector);
  return start;
}

}  // namespace kramers::cg
