// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/grids/studies/image_file.hpp>
#include <kramers/grids/studies/jacobi_study.hpp>
#include <kramers/runtime/collective_errors.hpp>
#include <kramers/runtime/provenance.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <iterator>
#include <utility>

#include "field_rows.hpp"

namespace kramers::grids {
namespace {

std::vector<std::string> const problems = {"laplace", "neumann", "stencil", "nvidia"};
std::vector<std::string> const paths = {"automatic", "plain", "blocked", "cached"};
std::vector<std::string> const orders = {"fixed", "numpy", "fast"};

template <class Enum>
Enum chosen(Config const& config, std::string_view key, std::vector<std::string> const& names) {
  return static_cast<Enum>(std::ranges::find(names, config.one_of(key, names, names.front())) - names.begin());
}

}  // namespace

JacobiRequest read_jacobi(Config const& config, CommandLine const& options, int ranks) {
  JacobiRequest request;
  request.config = &config;
  request.space = options.space;
  request.precision = options.precision;
  JacobiParams& params = request.params;
  constexpr std::int64_t most = 1 << 20;
  params.problem = chosen<JacobiProblem>(config, "jacobi.problem", problems);
  params.rows = config.bounded<std::int64_t>("grid.rows", 3, most, params.rows);
  params.columns = config.bounded<std::int64_t>("grid.columns", 3, most, params.columns);
  request.iterations = config.bounded<std::int64_t>("jacobi.iterations", 1, 1'000'000'000, request.iterations);
  request.tolerance = config.find<double>("jacobi.tolerance");
  config.check(!request.tolerance || *request.tolerance > 0, "jacobi.tolerance", "> 0");
  request.check = config.bounded<std::int64_t>("jacobi.check", 1, 1'000'000'000, request.tolerance ? 1 : request.check);
  config.check(!request.tolerance || request.check <= request.iterations, "jacobi.check",
               "at most jacobi.iterations, or the tolerance is never looked at");
  params.check_lag = config.bounded<std::int64_t>("jacobi.check_lag", 0, 1000, params.check_lag);
  config.check(params.check_lag == 0 || request.tolerance, "jacobi.check_lag",
               "0 without jacobi.tolerance: there is nothing to decide");
  params.sums = chosen<SumOrder>(config, "jacobi.sums", orders);
  params.path = chosen<SweepPath>(config, "jacobi.path", paths);
  params.depth = config.bounded<std::int64_t>("jacobi.depth", 0, 32, params.depth);
  params.overlap = config.get<bool>("jacobi.overlap", params.overlap);
  try {
    bool const device = device_of_space(request.space).has_value();
    request.plan = plan_sweeps(params, request.precision, device, thread_count(request.space), ranks);
  } catch (DomainError const& error) {
    std::string const key = error.name() == "path" || error.name() == "depth" ? "jacobi." + error.name() : "grid.rows";
    throw config.error(key, "cannot be: " + std::string(error.what()));
  }
  // How long it is and where it stops may change, and how sweeps go through memory, which leaves the bits as they are.
  nlohmann::json keys = config.effective();
  keys["precision"] = request.precision;
  request.fingerprint = checkpoint_fingerprint(
      std::move(keys), {"/jacobi/iterations", "/jacobi/tolerance", "/jacobi/path", "/jacobi/depth", "/jacobi/overlap"});
  return request;
}

std::vector<KeyNote> jacobi_keys() {
  return {
      {"grid.rows", "", "of cells, those of the boundary included"},
      {"grid.columns", "", "the same"},
      {"jacobi.problem", "", "boundary values and stencil"},
      {"jacobi.iterations", "", "to do; with a tolerance the most there may be"},
      {"jacobi.tolerance", "", "of the norm, at which the iteration ends", "none"},
      {"jacobi.check", "", "iterations from norm to norm", "100, with a tolerance 1"},
      {"jacobi.check_lag", "", "sweeps from one that is checked to the decision on its norm"},
      {"jacobi.sums", "", "order of the sums of the norm; of fast its last bits depend on threads and ranks"},
      {"jacobi.path", "", "how sweeps go through memory; the bits are the same"},
      {"jacobi.depth", "", "sweeps of a pass through memory; 0 chooses"},
      {"jacobi.overlap", "", "compute what needs no halo while halos are on their way; the bits are the same"},
      {"checkpoint.every", "iterations", "between checkpoints; 0: only when a signal ends the run"},
      {"checkpoint.file", "", "where checkpoints go", "OUTPUT.checkpoint.h5"},
      {"output.file", "", "as --output, which comes first"},
      {"output.summary", "", "as --summary, which comes first"},
  };
}

std::vector<MemoryNeed> memory_needed(JacobiRequest const& request, int ranks) {
  return {{"the fields", "grid.rows or grid.columns", 0,
           jacobi_bytes(request.params, request.plan, request.precision, ranks), true}};
}

namespace {

CheckpointFormat const format{"kramers-jacobi", 1};

void write_checkpoint(std::filesystem::path const& path, Communicator const& comm, JacobiRequest const& request,
                      JacobiResult const& result) {
  h5::Writer file(path, comm);
  begin_checkpoint(file, format, result.field->iteration(), request.fingerprint);
  detail::write_field(file, "state/p", result.field->block(), request.precision, result.field->rows());
  std::vector<double> norms = result.norms;
  for (SweepNorm const& taken : result.field->undecided()) norms.push_back(taken.norm);
  file.write("record/norms", norms, {norms.size()});
  file.commit();
}

/// The norms of a checkpoint: those of a run that had not come to its end there.
std::vector<double> read_norms(h5::Reader const& file, JacobiRequest const& request, std::int64_t iteration) {
  auto const norms = detail::read_record(file, "record/norms", iteration / request.check);
  for (std::size_t i = 0; i < norms.size(); ++i) {
    std::int64_t const of = static_cast<std::int64_t>(i + 1) * request.check;
    if (!(norms[i] >= 0)) {
      refuse_checkpoint(file.path(),
                        "the norm of iteration " + std::to_string(of) + " is " + shortest_decimal(norms[i]));
    }
    std::int64_t const end = of + request.params.check_lag;
    if (!request.tolerance || norms[i] > *request.tolerance || end > iteration) continue;
    throw InputError(file.path().string(), 0,
                     "the checkpoint was written at iteration " + std::to_string(iteration) +
                         ", but this run ends at iteration " + std::to_string(end) + " (jacobi.tolerance)");
  }
  return norms;
}

void resume(std::filesystem::path const& path, Communicator const& comm, JacobiRequest const& request,
            JacobiResult& result) {
  h5::Reader const file = open_checkpoint(path, comm, format, request.fingerprint);
  std::int64_t const iteration = checkpoint_step(file, request.iterations, "iteration", "jacobi.iterations");
  expect_members(file, "/", {"fingerprint", "state", "record"});
  expect_members(file, "state", {"p"});
  expect_members(file, "record", {"norms"});
  std::vector<SweepNorm> undecided;
  for (double const norm : read_norms(file, request, iteration)) {
    std::int64_t const of = (std::ssize(result.norms) + std::ssize(undecided) + 1) * request.check;
    if (of + request.params.check_lag <= iteration) {
      result.norms.push_back(norm);
    } else {
      undecided.push_back({of, norm});
    }
  }
  result.field->restore(detail::read_field(file, comm, "state/p", result.field->block(), request.precision), iteration,
                        undecided);
  result.first = iteration;
}

/// Sweeps between two looks at the clock and at signals: some hundredths of a second, in whole passes, and not too many
/// messages.
std::int64_t sweeps_of_a_piece(JacobiRequest const& request, int ranks) {
  constexpr std::int64_t cells = 30'000'000, messages = 1000;
  std::int64_t const pass = request.plan.depth;
  std::int64_t const passes = cells * ranks / (request.params.rows * request.params.columns * pass);
  return pass * std::clamp<std::int64_t>(passes, 1, ranks > 1 ? messages : passes + 1);
}

}  // namespace

JacobiResult compute_jacobi(JacobiRequest const& request, Communicator const& comm,
                            std::function<void(std::uint64_t)> const& tell, CheckpointPlan const& plan) {
  JacobiResult result;
  agree(comm, [&] { result.field = make_jacobi(request.space, request.precision, request.params, comm); });
  AnyJacobi& field = *result.field;
  if (plan.resumes) resume(plan.file, comm, request, result);
  std::int64_t const cells = request.params.rows * request.params.columns;
  std::int64_t const piece = sweeps_of_a_piece(request, comm.size());
  double const tolerance = request.tolerance.value_or(-1);
  auto const write = [&](std::filesystem::path const& path) { write_checkpoint(path, comm, request, result); };
  CheckpointWatch watch(comm, plan, result.first);
  tell(static_cast<std::uint64_t>(result.first * cells));
  comm.barrier();
  auto const begin = std::chrono::steady_clock::now();
  result.signal = watch.look(result.first, result.first == request.iterations, write);
  bool met = false;
  while (field.iteration() < request.iterations && !met && result.signal == 0) {
    std::int64_t const most = std::min(piece, request.iterations - field.iteration());
    auto const more = field.advance(watch.piece(field.iteration(), most), request.check, tolerance);
    result.norms.insert(result.norms.end(), more.begin(), more.end());
    met = !more.empty() && more.back() <= tolerance;
    tell(static_cast<std::uint64_t>(field.iteration() * cells));
    // Nothing goes on from a field that has converged.
    if (!met) result.signal = watch.look(field.iteration(), field.iteration() == request.iterations, write);
  }
  result.seconds = comm.max(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  if (result.signal != 0) return result;
  if (!met) {
    for (SweepNorm const& taken : field.undecided()) {
      result.norms.push_back(taken.norm);
      met = taken.norm <= tolerance;
      if (met) break;
    }
  }
  if (met) result.converged_at = std::ssize(result.norms) * request.check;
  if (request.tolerance && !met) {
    throw request.config->error(
        "jacobi.iterations", "is " + std::to_string(request.iterations) + ", after which the norm is still " +
                                 shortest_decimal(result.norms.back()) + "; take more, or a larger jacobi.tolerance");
  }
  result.hash = field.hash();
  return result;
}

nlohmann::json summarise_jacobi(JacobiRequest const& request, JacobiResult const& result, Communicator const& comm) {
  char hash[19];
  std::snprintf(hash, sizeof hash, "0x%016llx", static_cast<unsigned long long>(result.hash));
  JacobiParams const& params = request.params;
  std::int64_t const done = result.field->iteration();
  auto const swept = static_cast<double>(done - result.first);
  auto const cells = static_cast<double>(params.rows * params.columns);
  // Read and written once per sweep, which blocked sweeps come below.
  double const bytes = (request.precision == "f32" ? 8 : 16) * cells;
  nlohmann::json summary{
      {"app", "kramers-jacobi"},
      {"version", version()},
      {"space", request.space},
      {"precision", request.precision},
      {"ranks", comm.size()},
      {"threads", thread_count(request.space)},
      {"problem", problems[static_cast<std::size_t>(params.problem)]},
      {"rows", params.rows},
      {"columns", params.columns},
      {"iterations", done},
      {"converged", request.tolerance.has_value()},
      {"check", request.check},
      {"sums", name_of(params.sums)},
      {"norm_is_reproducible", params.sums != SumOrder::fast},
      {"path", name_of(request.plan.path)},
      {"depth", request.plan.depth},
      {"why", request.plan.why},
      {"overlap", request.plan.overlap},
      {"norm", nullptr},
      {"wall_s", result.seconds},
      {"state_hash", hash},
      {"memory",
       {{"state_bytes", comm.sum(result.field->bytes())}, {"peak_resident_bytes_per_rank", peak_memory(comm)}}}};
  if (params.overlap) summary["overlap_why"] = request.plan.overlap_why;
  if (request.tolerance) {
    summary["converged_at"] = result.converged_at;
    summary["check_lag"] = params.check_lag;
  }
  if (!result.norms.empty()) summary["norm"] = result.norms.back();
  if (result.first > 0) summary["resumed_at"] = result.first;
  summary["rate"] = nullptr;
  if (swept == 0) return summary;
  summary["rate"] = {{"us_per_iteration", 1e6 * result.seconds / swept},
                     {"cells_per_s", cells * swept / result.seconds},
                     {"bytes_per_s_of_plain_sweeps", bytes * swept / result.seconds}};
  return summary;
}

void write_jacobi(std::filesystem::path const& path, Communicator const& comm, JacobiRequest const& request,
                  JacobiResult const& result, nlohmann::json const& summary, InputRecord const& input) {
  h5::Writer file(path, comm);
  file.attribute("/", "app", "kramers-jacobi");
  file.attribute("/", "version", version());
  file.attribute("/", "provenance", summary.at("provenance").dump());
  file.attribute("/", "summary", summary.dump());
  write_input(file, input);
  Block const& block = result.field->block();
  auto const step = [](std::int64_t n) { return 1.0 / static_cast<double>(n - 1); };
  begin_image(file, block, {step(request.params.columns), step(request.params.rows)});
  write_image(file, block, "p", result.field->rows());
  std::vector<std::int64_t> iterations;
  for (std::size_t i = 0; i < result.norms.size(); ++i) {
    iterations.push_back(static_cast<std::int64_t>(i + 1) * request.check);
  }
  file.write("kramers/jacobi/iteration", iterations, {iterations.size()});
  file.write("kramers/jacobi/norm", result.norms, {result.norms.size()});
  file.commit();
}

}  // namespace kramers::grids
