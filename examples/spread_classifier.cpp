// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How fast do trajectories that start close together spread, and can a small network tell where? A spread map along one
// reference trajectory (the trunk), then a classifier of its points into three classes of spread.
#include <kramers/base/guarded.hpp>
#include <kramers/dynamics/studies/requests.hpp>
#include <kramers/ml/classifier.hpp>
#include <kramers/ml/dataset.hpp>
#include <kramers/runtime/kokkos_session.hpp>

#include <algorithm>
#include <cstdio>

namespace dyn = kramers::dynamics;
namespace ml = kramers::ml;

static int run() {
  kramers::KokkosSession const kokkos({}, {});
  std::string const space = kramers::space_names().front();

  dyn::SpreadRequest request{space, "f64", "baoab", {}, {}, {}};
  request.potential = dyn::builtin_potentials().read(
      kramers::Config::from_text("[potential]\nkind = 'double_well'\nbarrier = 1.0", "this program"));
  request.params.langevin = {.dt = 0.05, .friction = 0.5, .temperature = 0.4, .mass = 1.0};
  request.params.seed = 3;
  request.params.steps = 1500;  // of the trunk; a point every 3 steps, 10 members each
  request.range = {0, request.params.points()};
  auto const map = dyn::make_spread_map(request);
  map->run();
  dyn::Trunk const trunk = map->trunk();
  std::vector<double> const spread = dyn::spread_of(map->points());

  // Inputs (position, velocity) of each point, labels by the terciles of the spread.
  ml::Problem problem;
  for (std::size_t i = 0; i < spread.size(); ++i) {
    auto const step = (i + 1) * static_cast<std::size_t>(request.params.every);
    problem.inputs.insert(problem.inputs.end(), {trunk.position[step], trunk.velocity[step]});
    problem.split.train.push_back(i);
  }
  std::vector<double> sorted = spread;
  std::ranges::sort(sorted);
  problem.thresholds = {sorted[sorted.size() / 3], sorted[2 * sorted.size() / 3]};
  problem.labels = ml::classes_of(spread, problem.thresholds);
  problem.standardisation = ml::Standardisation::of(problem.inputs, 2, problem.split.train);

  ml::ClassifierParams params;
  params.space = space;
  params.train.models = {{.seed = 1, .learning_rate = 0.01}};
  auto const trainer = ml::trainer_for(params, problem);
  trainer->fit(300);
  auto const chances = ml::probabilities(trainer->predict(0, problem.standardisation(problem.inputs)), 3);
  std::size_t right = 0;
  for (std::size_t i = 0; i < spread.size(); ++i) {
    auto const row = chances.begin() + static_cast<std::ptrdiff_t>(3 * i);
    right += std::max_element(row, row + 3) - row == problem.labels[i];
  }
  double const share = static_cast<double>(right) / static_cast<double>(spread.size());
  std::printf("%zu points, %.0f %% of their classes learnt\n", spread.size(), 100 * share);
  return share > 0.6 ? 0 : 1;  // a third by guessing
}

int main() {
  return kramers::guarded("spread_classifier", run);  // an exception is one line, as in kramers' programs
}
