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

namespace kramers::grids {
namespace {

std::vector<std::string> const problems = {"laplace", "neumann", "stencil", "nvidia"};
std::vector<std::string> const paths = {"automatic", "plain", "blocked", "cached"};

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
  params.sums =
      config.one_of("jacobi.sums", {"fixed", "numpy"}, "fixed") == "numpy" ? SumOrder::numpy : SumOrder::fixed;
  params.path = chosen<SweepPath>(config, "jacobi.path", paths);
  params.depth = config.bounded<std::int64_t>("jacobi.depth", 0, 32, params.depth);
  try {
    bool const device = device_of_space(request.space).has_value();
    request.plan = plan_sweeps(params, request.precision, device, thread_count(request.space), ranks);
  } catch (DomainError const& error) {
    std::string const key = error.name() == "path" || error.name() == "depth" ? "jacobi." + error.name() : "grid.rows";
    throw config.error(key, "cannot be: " + std::string(error.what()));
  }
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
      {"jacobi.sums", "", "order of the sums of the norm"},
      {"jacobi.path", "", "how sweeps go through memory; the bits are the same"},
      {"jacobi.depth", "", "sweeps of a pass through memory; 0 chooses"},
      {"output.file", "", "as --output, which comes first"},
      {"output.summary", "", "as --summary, which comes first"},
  };
}

std::vector<MemoryNeed> memory_needed(JacobiRequest const& request, int ranks) {
  return {{"the fields", "grid.rows or grid.columns", 0,
           jacobi_bytes(request.params, request.plan, request.precision, ranks), true}};
}

JacobiResult compute_jacobi(JacobiRequest const& request, Communicator const& comm,
                            std::function<void(std::uint64_t)> const& tell) {
  JacobiResult result;
  agree(comm, [&] { result.field = make_jacobi(request.space, request.precision, request.params, comm); });
  AnyJacobi& field = *result.field;
  std::int64_t const cells = request.params.rows * request.params.columns;
  // Between two looks at the clock: a tenth of a second, and whole passes.
  std::int64_t const piece = std::max<std::int64_t>(32, 100'000'000 / cells);
  double const tolerance = request.tolerance.value_or(-1);
  comm.barrier();
  auto const begin = std::chrono::steady_clock::now();
  bool met = false;
  while (field.iteration() < request.iterations && !met) {
    auto const more = field.advance(std::min(piece, request.iterations - field.iteration()), request.check, tolerance);
    result.norms.insert(result.norms.end(), more.begin(), more.end());
    met = !more.empty() && more.back() <= tolerance;
    tell(static_cast<std::uint64_t>(field.iteration() * cells));
  }
  result.seconds = comm.max(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
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
      {"sums", params.sums == SumOrder::numpy ? "numpy" : "fixed"},
      {"path", name_of(request.plan.path)},
      {"depth", request.plan.depth},
      {"why", request.plan.why},
      {"norm", nullptr},
      {"wall_s", result.seconds},
      {"state_hash", hash},
      {"memory",
       {{"state_bytes", comm.sum(result.field->bytes())}, {"peak_resident_bytes_per_rank", peak_memory(comm)}}}};
  if (!result.norms.empty()) summary["norm"] = result.norms.back();
  summary["rate"] = {{"us_per_iteration", 1e6 * result.seconds / static_cast<double>(done)},
                     {"cells_per_s", cells * static_cast<double>(done) / result.seconds},
                     {"bytes_per_s_of_plain_sweeps", bytes * static_cast<double>(done) / result.seconds}};
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
