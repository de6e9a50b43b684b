// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/grids/jacobi/any_jacobi.hpp>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace kramers::grids {
namespace {

constexpr std::int64_t most_depth = 32;
// Cells that one core does sooner than several, which wait for each other after every pass (bench/grids_bench.cpp).
constexpr std::int64_t few_cells = 128 * 128;

/// Can cells be computed while halos are on their way? The same on all ranks.
void plan_overlap(JacobiParams const& params, int ranks, SweepPlan& plan) {
  if (!params.overlap) return;
  std::int64_t const least = smallest_block(stored_rows(params), ranks);
  int const neighbours = ranks > 2 || edge_of(params.problem) == Edge::ring ? 2 : 1;
  if (ranks == 1) {
    plan.overlap_why = "one rank has no other";
  } else if (least <= neighbours * plan.depth) {
    plan.overlap_why = "a pass of " + std::to_string(plan.depth) + " sweeps needs halos for all " +
                       std::to_string(least) + " rows of the smallest block";
  } else {
    plan.overlap = true;
    plan.overlap_why = "cells that need no halo are computed while halos are on their way";
  }
}

}  // namespace

std::int64_t stored_rows(JacobiParams const& params) {
  return edge_of(params.problem) == Edge::ring ? params.rows - 2 : params.rows;
}

Edge edge_of(JacobiProblem problem) {
  return problem == JacobiProblem::nvidia ? Edge::ring : Edge::walls;
}

std::string name_of(SweepPath path) {
  switch (path) {
    case SweepPath::plain:
      return "plain";
    case SweepPath::blocked:
      return "blocked";
    case SweepPath::cached:
      return "cached";
    case SweepPath::automatic:
      break;
  }
  return "automatic";
}

std::string name_of(SumOrder sums) {
  switch (sums) {
    case SumOrder::numpy:
      return "numpy";
    case SumOrder::fast:
      return "fast";
    case SumOrder::fixed:
      break;
  }
  return "fixed";
}

SweepPlan plan_sweeps(JacobiParams const& params, std::string const& precision, bool device, int threads, int ranks) {
  expects(params.rows >= 3, "rows", params.rows, ">= 3");
  expects(params.columns >= 3, "columns", params.columns, ">= 3");
  expects(params.depth >= 0 && params.depth <= most_depth, "depth", params.depth, "0 to 32");
  std::int64_t const rows = stored_rows(params);
  expects(ranks <= rows, "number of ranks", ranks, "at most one rank for each row: start fewer, or take a larger grid");
  SweepPlan plan;
  std::string const size = std::to_string(params.rows) + " x " + std::to_string(params.columns);
  bool const few = params.rows * params.columns <= few_cells;
  plan.path = params.path;
  if (params.path != SweepPath::automatic) {
    plan.why = "the input says so";
  } else if (device) {
    plan.path = SweepPath::plain;
    plan.why = "on a device each sweep is a kernel";
  } else if (few && ranks == 1) {
    plan.path = SweepPath::cached;
    plan.why = size + " stay in the cache of one core, and other threads would take longer to meet than to help";
  } else {
    plan.path = SweepPath::blocked;
    plan.why = "strips of 1024 columns stay in cache for several sweeps, on " + std::to_string(threads) + " threads" +
               (ranks > 1 ? " of each rank" : "");
  }
  bool const blocks = plan.path == SweepPath::blocked || plan.path == SweepPath::cached;
  expects(!(blocks && device), "path", name_of(plan.path), "plain on a device");
  expects(plan.path != SweepPath::cached || ranks == 1, "path", name_of(plan.path),
          "plain or blocked on several ranks");
  expects(blocks || params.depth <= 1, "depth", params.depth, "1 where the path is plain");
  plan.depth = 1;
  if (blocks) {
    // Halos reach no further than the neighbours' rows.
    bool const has_halo = ranks > 1 || edge_of(params.problem) == Edge::ring;
    std::int64_t const most = has_halo ? smallest_block(rows, ranks) : most_depth;
    expects(params.depth <= most, "depth", params.depth,
            "at most " + std::to_string(most) + ", the rows of the smallest block: take fewer ranks");
    plan.depth = params.depth > 0 ? params.depth : std::min<std::int64_t>(most, precision == "f32" ? 16 : 8);
  }
  plan_overlap(params, ranks, plan);
  return plan;
}

std::vector<double> boundary_sines(JacobiParams const& params) {
  std::vector<double> sines;
  if (params.problem == JacobiProblem::nvidia) {
    for (std::int64_t j = 0; j < params.rows; ++j) {
      sines.push_back(std::sin(2.0 * std::numbers::pi * static_cast<double>(j) / static_cast<double>(params.rows - 1)));
    }
  } else if (params.problem != JacobiProblem::stencil) {
    double const step = 1.0 / static_cast<double>(params.columns - 1);
    for (std::int64_t i = 0; i < params.columns; ++i) {
      double const x = i + 1 == params.columns ? 1.0 : static_cast<double>(i) * step;
      sines.push_back(std::sin(1.5 * std::numbers::pi * x));
    }
  }
  return sines;
}

double jacobi_bytes(JacobiParams const& params, SweepPlan const& plan, std::string const& precision, int ranks) {
  double const size = precision == "f32" ? 4 : 8;
  double const rows =
      std::ceil(static_cast<double>(stored_rows(params)) / ranks) + 2.0 * static_cast<double>(plan.depth);
  double const stride = static_cast<double>(params.columns) + 5 * 64 / size;
  double const partials =
      2.0 * 8 * static_cast<double>(plan.depth) * rows * std::ceil(static_cast<double>(params.columns) / 1024);
  double const listed =
      params.sums == SumOrder::numpy ? size * (rows * static_cast<double>(params.columns) / 128 + 16384) : 0;
  return 2 * size * rows * stride + partials + 2.0 * 8 * static_cast<double>(stored_rows(params)) + listed;
}

}  // namespace kramers::grids
