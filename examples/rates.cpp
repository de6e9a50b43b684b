// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Escape rate of a double well, 5 kT deep: walkers start on the left, and the decay of the population difference
// P_left - P_right is fitted. The potential, integrator and space are chosen by name.
#include <kramers/base/guarded.hpp>
#include <kramers/dynamics/estimators/estimators.hpp>
#include <kramers/dynamics/estimators/exact.hpp>
#include <kramers/dynamics/studies/requests.hpp>
#include <kramers/runtime/kokkos_session.hpp>

#include <cmath>
#include <cstdio>

namespace dyn = kramers::dynamics;

static int run() {
  kramers::KokkosSession const kokkos({}, {});

  dyn::EnsembleRequest request{kramers::space_names().front(), "f64", "baoab", {}, {}, {}};
  request.potential = dyn::builtin_potentials().read(
      kramers::Config::from_text("[potential]\nkind = 'double_well'\nbarrier = 1.0", "this program"));
  request.params.walkers = 16384;
  request.params.seed = 7;
  request.params.langevin = {.dt = 0.05, .friction = 1.0, .temperature = 0.2, .mass = 1.0};
  request.range = {0, request.params.walkers};  // all of them on this rank
  auto const walkers = dyn::make_ensemble(request);

  dyn::InitialState start;
  start.lower[0] = start.upper[0] = -1.0;
  walkers->initialise(start);
  walkers->advance(200);  // 10 tau: only the slowest mode is left

  // One row per cell of walkers, one column per frame.
  int const frames = 33;
  std::int64_t const between = 200;
  auto const cell_sizes = dyn::cell_walkers(walkers->layout());
  std::vector<double> left(cell_sizes.size() * frames);
  for (int n = 0; n < frames; ++n) {
    if (n > 0) walkers->advance(between);
    dyn::FrameSums const sums = walkers->frame_sums();
    for (std::size_t cell = 0; cell < cell_sizes.size(); ++cell) {
      left[cell * frames + static_cast<std::size_t>(n)] = sums(cell, dyn::FrameQuantity::left);
    }
  }
  dyn::LangevinParams const& p = request.params.langevin;
  auto const fit = dyn::fit_population_decay(dyn::SampleTable(left, frames, cell_sizes),
                                             {.begin = 0, .interval = static_cast<double>(between) * p.dt});
  if (!fit) return 1;
  // omega0^2 = 8 dV, omegab^2 = 4 dV
  double const theory = dyn::exact::kramers_grote_hynes(std::sqrt(8.0), std::sqrt(4.0), p.friction, 1.0, p.temperature);
  std::printf("rate %.3e +- %.1e, Kramers-Grote-Hynes %.3e\n", fit->rate.value, fit->rate.stderr_, theory);
  // The exact rate is 2.216814e-3 (the eigenvalue of the Kramers operator); five standard errors.
  return std::abs(fit->rate.value - 2.216814e-3) < 5 * fit->rate.stderr_ ? 0 : 1;
}

int main() {
  return kramers::guarded("rates", run);  // an exception is one line, as in kramers' programs
}
