// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cg_summary.hpp"

#include <kramers/runtime/kokkos_session.hpp>
#include <kramers/runtime/provenance.hpp>

#include <nlohmann/json.hpp>

#include <cstdio>

namespace kramers::cg {
namespace {

using grids::CgMatrix;
using grids::CgMethod;
using grids::CgPreconditioner;

/// Least bytes that an iteration moves for a row: each vector that a kernel reads or writes counts once.
double bytes_per_row(CgMethod method) {
  switch (method) {
    case CgMethod::classic:
      return 24 + 8 + 40;  // p; p.A p; x, r
    case CgMethod::single_reduction:
      return 72 + 16;  // p, s, x, r; w
    case CgMethod::pipelined:
      return 104 + 16;  // z, s, p, x, r, w; n
  }
  return 0;
}

std::string rounded(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", value);
  return text;
}

}  // namespace

nlohmann::json summarise(CgRequest const& request, CgOutcome const& outcome, Communicator const& comm) {
  grids::CgProblem const& problem = request.problem;
  grids::CgResult const& result = outcome.result;
  char hash[19];
  std::snprintf(hash, sizeof hash, "0x%016llx", static_cast<unsigned long long>(outcome.hash));
  nlohmann::json summary{
      {"app", "kramers-cg"},
      {"version", version()},
      {"space", request.space},
      {"precision", "f64"},
      {"ranks", comm.size()},
      {"threads", thread_count(request.space)},
      {"method", request.method_name},
      {"preconditioner", request.preconditioner_name},
      {"matrix", {{"kind", request.matrix_name}, {"rows", problem.rows()}}},
      {"right_side", {{"kind", request.right_side_name}, {"norm", result.right_side}}},
      {"iterations", result.iterations},
      {"residual", result.residual},
      {"true_residual", result.true_residual},
      {"sum", outcome.sum},
      {"wall_s", outcome.seconds},
      {"state_hash", hash},
      {"memory",
       {{"state_bytes", outcome.bytes},
        {"peak_resident_bytes_per_rank", peak_memory(comm)},
        {"estimated_bytes_per_rank", comm.max(host_bytes(memory_needed(request, comm.size()), request.space))}}},
      {"warnings", nlohmann::json::array()}};
  if (problem.stored) {
    summary["matrix"]["entries"] = problem.stored->entries();
    summary["product"] = request.product_name;
  } else {
    summary["matrix"]["n"] = problem.n;
  }
  if (outcome.first > 0) summary["resumed_at"] = outcome.first;
  if (outcome.seconds > 0 && result.iterations > outcome.first) {
    auto const iterations = static_cast<double>(result.iterations - outcome.first);
    summary["iterations_per_s"] = iterations / outcome.seconds;
    if (!problem.stored && problem.preconditioner == CgPreconditioner::none) {
      double const bytes = bytes_per_row(request.params.method);
      summary["traffic"] = {
          {"bytes_per_row", bytes},
          {"bytes_per_s", bytes * static_cast<double>(problem.rows()) * iterations / outcome.seconds}};
    }
  }
  if (result.true_residual > 10 * request.params.tolerance) {
    summary["warnings"].push_back(
        "the true residual is " + rounded(result.true_residual) + ", above the tolerance " +
        shortest_decimal(request.params.tolerance) +
        ": rounding keeps it there, and the recursive one, which was tested, does not see it; take a larger tolerance");
  }
  return summary;
}

void print(nlohmann::json const& summary) {
  auto const number = [&](char const* key) { return summary.at(key).get<double>(); };
  std::printf("kramers-cg by %s on %s, %d ranks x %d threads: %.3g s; state hash %s\n\n",
              summary.at("method").get<std::string>().c_str(), summary.at("space").get<std::string>().c_str(),
              summary.at("ranks").get<int>(), summary.at("threads").get<int>(), number("wall_s"),
              summary.at("state_hash").get<std::string>().c_str());
  if (summary.value("product", "own") == "kernels") {
    std::printf("  %-28s %s\n", "products", "by Kokkos Kernels: bits are not those of other builds");
  }
  std::printf("  %-28s %lld\n", "iterations", summary.at("iterations").get<long long>());
  std::printf("  %-28s %.7g\n", "residual (recursive)", number("residual"));
  std::printf("  %-28s %.7g\n", "residual (true)", number("true_residual"));
  std::printf("  %-28s %.12g\n", "sum of x", number("sum"));
  if (summary.contains("iterations_per_s"))
    std::printf("  %-28s %.4g\n", "iterations per second", number("iterations_per_s"));
  if (summary.contains("traffic")) {
    nlohmann::json const& traffic = summary["traffic"];
    std::printf("  %-28s %.3g GB/s, at %g bytes per row and iteration\n", "traffic",
                traffic["bytes_per_s"].get<double>() * 1e-9, traffic["bytes_per_row"].get<double>());
  }
}

}  // namespace kramers::cg
