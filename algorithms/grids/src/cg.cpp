// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/grids/cg.hpp>
#include <kramers/grids/detail/cg_factories.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <limits>
#include <string>

namespace kramers::grids {
namespace {

using V = CgVector;

std::string rounded(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  return text;
}

/// What all methods do between their updates.
class Iterations {
 public:
  Iterations(CgParams const& params, CgControl const& control, CgResult& result)
      : m_params(params), m_control(control), m_result(result) {}

  /// The number of the first one.
  std::int64_t first() const { return m_result.iterations + 1; }
  /// What the one before it left; all zero where there is none.
  CgState start() const { return m_control.state != nullptr ? *m_control.state : CgState(); }

  /// After iteration number `iteration`, which leaves `state`: is this the end?
  bool end(std::int64_t iteration, CgState const& state) {
    double const rr = state.sums.rr, norm = std::sqrt(rr);
    m_result.iterations = iteration;
    m_result.residual = norm;
    m_result.history.push_back(norm);
    if (m_control.tell) m_control.tell(iteration, norm);
    bool const last = iteration == m_params.max_iterations;
    bool const tested = (iteration - 1) % m_params.check_every == 0 || last;
    if (rr == 0 || (tested && norm < m_params.tolerance)) return true;
    if (std::isnan(rr)) throw NoConvergenceError(iteration, norm, m_params.tolerance);
    // After the last one, too: a checkpoint that is due there goes on with more iterations.
    bool const paused = m_control.pause && m_control.pause(state, m_result);
    if (last) throw NoConvergenceError(iteration, norm, m_params.tolerance);
    m_result.paused = paused;
    return paused;
  }

  bool replaces(std::int64_t iteration) const {
    return m_params.replace_every > 0 && iteration % m_params.replace_every == 0;
  }

 private:
  CgParams const& m_params;
  CgControl const& m_control;
  CgResult& m_result;
};

// The names of vectors that an identity as preconditioner makes one.
struct Names {
  V u, m, q;
  explicit Names(CgProblem const& problem)
      : u(problem.preconditioner == CgPreconditioner::none ? V::r : V::u),
        m(problem.preconditioner == CgPreconditioner::none ? V::w : V::m),
        q(problem.preconditioner == CgPreconditioner::none ? V::s : V::q) {}
  bool identity() const { return u == V::r; }
};

double expect_positive(std::int64_t iteration, double curvature) {
  if (!(curvature > 0)) throw BreakdownError(iteration, curvature);
  return curvature;
}

void classic(CgSystem& system, Names const& name, CgParams const& params, Iterations& iterations, double rr) {
  double ru = iterations.start().before;
  for (std::int64_t i = iterations.first(); i <= params.max_iterations; ++i) {
    if (!name.identity()) system.precondition(name.u, V::r);
    double const before = ru;
    ru = name.identity() ? rr : system.dot(V::r, name.u);
    double const beta = i == 1 ? 0 : ru / before;
    double const curvature = expect_positive(i, system.direction(name.u, beta));
    rr = system.step(ru / curvature);
    if (iterations.replaces(i)) rr = system.residual(V::r, V::b, V::x);
    if (iterations.end(i, {.sums = {.rr = rr}, .before = ru})) return;
  }
}

/// r, u, w and what follows from p, computed anew from x and p.
CgSums replace(CgSystem& system, Names const& name, bool pipelined) {
  system.residual(V::r, V::b, V::x);
  if (!name.identity()) system.precondition(name.u, V::r);
  system.multiply(V::s, V::p);
  if (pipelined) {
    if (!name.identity()) system.precondition(name.q, V::s);
    system.multiply(V::z, name.q);
  }
  return system.product(V::w, name.u);
}

/// Step lengths from sums that are taken before the direction is known: p.A p = w.u - beta r.u / alpha in exact arithmetic.
class MergedScalars {
 public:
  /// Those of a first iteration, or those that follow what one has left.
  explicit MergedScalars(CgState const& state)
      : alpha(state.alpha), m_before(state.before), m_started(state.before > 0) {}

  double alpha = 0, beta = 0;

  CgState state(CgSums const& sums) const { return {.sums = sums, .alpha = alpha, .before = m_before}; }

  /// Those of the next iteration. A curvature that is not positive is computed from the vectors themselves: it is a
  /// breakdown if it stays so, and otherwise rounding, after which directions begin anew.
  void advance(CgSystem& system, Names const& name, bool pipelined, std::int64_t iteration, CgSums& sums) {
    if (!m_started) {
      start(iteration, sums);
      return;
    }
    beta = sums.ru / m_before;
    double const curvature = sums.wu - beta * sums.ru / alpha;
    if (curvature > 0) {
      alpha = sums.ru / curvature;
      m_before = sums.ru;
      return;
    }
    sums = replace(system, name, pipelined);
    beta = sums.ru / m_before;
    expect_positive(iteration, sums.wu + 2 * beta * system.dot(name.u, V::s) + beta * beta * system.dot(V::p, V::s));
    start(iteration, sums);
  }

 private:
  void start(std::int64_t iteration, CgSums const& sums) {
    beta = 0;
    alpha = sums.ru / expect_positive(iteration, sums.wu);
    m_before = sums.ru;
    m_started = true;
  }

  double m_before;
  bool m_started;
};

void single_reduction(CgSystem& system, Names const& name, CgParams const& params, Iterations& iterations) {
  if (!name.identity()) system.precondition(name.u, V::r);
  CgSums sums = system.product(V::w, name.u);
  MergedScalars scalars(iterations.start());
  for (std::int64_t i = iterations.first(); i <= params.max_iterations; ++i) {
    scalars.advance(system, name, false, i, sums);
    system.merged_step(name.u, scalars.alpha, scalars.beta);
    if (iterations.replaces(i)) {
      sums = replace(system, name, false);
    } else {
      if (!name.identity()) system.precondition(name.u, V::r);
      sums = system.product(V::w, name.u);
    }
    if (iterations.end(i, scalars.state(sums))) return;
  }
}

void pipelined(CgSystem& system, Names const& name, CgParams const& params, Iterations& iterations) {
  CgSums sums = iterations.start().sums;
  if (iterations.first() == 1) {
    if (!name.identity()) system.precondition(name.u, V::r);
    sums = system.product(V::w, name.u);
  }
  MergedScalars scalars(iterations.start());
  auto const next_product = [&] {
    if (!name.identity()) system.precondition(name.m, V::w);
    system.multiply(V::n, name.m);
  };
  next_product();
  for (std::int64_t i = iterations.first(); i <= params.max_iterations; ++i) {
    double const expected = sums.ru;
    scalars.advance(system, name, true, i, sums);
    if (sums.ru != expected) next_product();  // the vectors were computed anew
    system.pipelined_step(scalars.alpha, scalars.beta);
    if (iterations.replaces(i)) {
      system.finish_sums();
      sums = replace(system, name, true);
      next_product();
    } else {
      next_product();  // while the sums are on their way
      sums = system.finish_sums();
    }
    if (iterations.end(i, scalars.state(sums))) return;
  }
}

}  // namespace

BreakdownError::BreakdownError(std::int64_t iteration, double curvature, std::source_location where)
    : Error("conjugate gradients broke down at iteration " + std::to_string(iteration) + ": the curvature p.A p is " +
                rounded(curvature) + ", and that of a positive definite matrix is > 0",
            where),
      m_iteration(iteration),
      m_curvature(curvature) {}

NoConvergenceError::NoConvergenceError(std::int64_t iterations, double residual, double tolerance,
                                       std::source_location where)
    : Error("conjugate gradients did not converge: the residual is " + rounded(residual) + " after " +
                std::to_string(iterations) + " iterations, and the tolerance " + shortest_decimal(tolerance) +
                "; allow more iterations, a larger tolerance, or take a preconditioner",
            where),
      m_iterations(iterations),
      m_residual(residual) {}

std::vector<CgVector> vectors_of(CgMethod method, CgProblem const& problem) {
  bool const identity = problem.preconditioner == CgPreconditioner::none;
  std::vector<V> vectors{V::x, V::b, V::r, V::p};
  if (!identity) vectors.push_back(V::u);
  if (method == CgMethod::classic) {
    if (problem.matrix == CgMatrix::stored) vectors.push_back(V::s);
    return vectors;
  }
  vectors.insert(vectors.end(), {V::s, V::w});
  if (method == CgMethod::pipelined) {
    vectors.insert(vectors.end(), {V::z, V::n});
    if (!identity) vectors.insert(vectors.end(), {V::q, V::m});
  }
  return vectors;
}

std::vector<CgVector> kept_vectors(CgMethod method, CgProblem const& problem) {
  // All others are computed from these by what computes them in every iteration.
  std::vector<V> vectors{V::x, V::r, V::p};
  if (method != CgMethod::classic) vectors.push_back(V::s);
  if (method != CgMethod::pipelined) return vectors;
  vectors.insert(vectors.end(), {V::w, V::z});
  if (problem.preconditioner != CgPreconditioner::none) vectors.insert(vectors.end(), {V::u, V::q});
  return vectors;
}

char const* name_of(CgVector vector) {
  constexpr std::array<char const*, static_cast<std::size_t>(V::count)> names{"x", "b", "r", "p", "s", "u",
                                                                              "w", "z", "q", "m", "n"};
  return names[static_cast<std::size_t>(vector)];
}

std::unique_ptr<CgSystem> make_cg_system(std::string const& space, CgProblem const& problem,
                                         std::vector<CgVector> const& vectors, Communicator const& comm) {
  expects(problem.preconditioner != CgPreconditioner::multigrid || problem.matrix == CgMatrix::five_point,
          "preconditioner", "multigrid", "another one for a matrix that is not five_point");
  bool const by_kernels = problem.product == CgProduct::kernels;
  expects(!by_kernels || problem.matrix == CgMatrix::stored, "product", "kernels",
          "own for a matrix that is not stored");
  if (by_kernels) return detail::make_stored_kernels_system(space, problem, vectors, comm);
  if (problem.matrix == CgMatrix::stored) return detail::make_stored_system(space, problem, vectors, comm);
  expects(problem.n >= 3, "n", problem.n, ">= 3");
  if (problem.matrix == CgMatrix::wrapped_corners) return detail::make_corners_system(space, problem, vectors, comm);
  return detail::make_five_point_system(space, problem, vectors, comm);
}

CgResult solve_cg(CgSystem& system, CgProblem const& problem, CgParams const& params, CgControl const& control) {
  expects(params.tolerance > 0, "tolerance", params.tolerance, "> 0");
  expects(params.max_iterations >= 1, "max_iterations", params.max_iterations, ">= 1");
  expects(params.check_every >= 1, "check_every", params.check_every, ">= 1");
  expects(params.replace_every >= 0, "replace_every", params.replace_every, ">= 0");
  CgResult result;
  double rr = 0;
  if (control.state != nullptr) {
    result = *control.result;
    result.paused = false;
    rr = control.state->sums.rr;
    expects(result.iterations < params.max_iterations, "iterations before", result.iterations, "below max_iterations");
  } else {
    system.set(V::x, [](std::int64_t) { return 0.0; });
    system.copy(V::r, V::b);
    rr = system.dot(V::r, V::r);
    result.right_side = std::sqrt(rr);
  }
  if (rr == 0) return result;
  Iterations iterations(params, control, result);
  Names const name(problem);
  switch (params.method) {
    case CgMethod::classic:
      classic(system, name, params, iterations, rr);
      break;
    case CgMethod::single_reduction:
      single_reduction(system, name, params, iterations);
      break;
    case CgMethod::pipelined:
      pipelined(system, name, params, iterations);
      break;
  }
  if (!result.paused) result.true_residual = std::sqrt(system.residual(V::r, V::b, V::x));
  return result;
}

}  // namespace kramers::grids
