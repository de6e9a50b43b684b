// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "adaptive.hpp"

#include <kramers/ml/permutation.hpp>
#include <kramers/runtime/progress.hpp>

#include <algorithm>
#include <cmath>
#include <map>

#include "learning_curves.hpp"

namespace kramers::spread {
namespace {

using Points = std::vector<std::int64_t>;

/// A map that grows by batches of members at chosen points.
class GrowingMap {
 public:
  GrowingMap(SpreadRequest request, std::uint64_t member_seed)
      : m_batches(static_cast<std::size_t>(request.params.points()), 0) {
    request.params.member_seed = member_seed;
    request.range = {0, request.params.points()};
    m_map = make_spread_map(request);
    m_map->follow();
  }

  /// One more batch each.
  void add(Points const& points) {
    std::map<std::int64_t, Points> by_batch;
    for (std::int64_t const p : points) by_batch[m_batches[static_cast<std::size_t>(p)]++].push_back(p);
    for (auto const& [batch, chosen] : by_batch) m_map->run_batch(chosen, batch);
  }
  std::vector<double> spread() const { return spread_of(m_map->points()); }
  Trunk trunk() const { return m_map->trunk(); }
  Points const& batches() const { return m_batches; }

 private:
  std::unique_ptr<AnySpreadMap> m_map;
  Points m_batches;
};

/// Several classifiers of different seeds that were trained side by side on the points that have members.
class Committee {
 public:
  Committee(ml::ClassifierParams params, std::vector<double> const& inputs, std::vector<double> const& spread,
            std::vector<double> const& thresholds) {
    ml::Problem problem;
    problem.inputs = inputs;
    problem.labels = ml::classes_of(spread, thresholds);
    for (std::size_t i = 0; i < spread.size(); ++i) {
      if (std::isfinite(spread[i])) problem.split.train.push_back(i);
    }
    problem.standardisation = ml::Standardisation::of(inputs, 2, problem.split.train);
    m_standardisation = problem.standardisation;
    m_classes = params.classes();
    auto const samples = static_cast<int>(problem.split.train.size());
    params.train.batch = std::min(params.train.batch, samples);
    while (samples % params.train.batch == 1) --params.train.batch;
    m_trainer = ml::trainer_for(params, problem);
    m_trainer->fit(params.epochs);
  }

  /// Mean of the probabilities of all that have not diverged.
  std::vector<double> operator()(std::vector<double> const& inputs) const {
    auto const scaled = m_standardisation(inputs);
    std::vector<double> mean(inputs.size() / 2 * static_cast<std::size_t>(m_classes), 0.0);
    auto const diverged = m_trainer->divergences();
    for (int m = 0; m < m_trainer->models(); ++m) {
      if (std::ranges::any_of(diverged, [&](auto const& d) { return d.model == m; })) continue;
      auto const chances = ml::probabilities(m_trainer->predict(m, scaled), m_classes);
      for (std::size_t i = 0; i < mean.size(); ++i) mean[i] += chances[i];
    }
    auto const voters = static_cast<double>(m_trainer->models()) - static_cast<double>(diverged.size());
    if (!(voters > 0)) throw Error("all classifiers diverged; choose a lower training.learning_rate");
    for (double& value : mean) value /= voters;
    return mean;
  }

 private:
  ml::Standardisation m_standardisation;
  int m_classes = 0;
  std::unique_ptr<ml::AnyTrainer> m_trainer;
};

/// What both ways of choosing share.
struct Scene {
  LoopParams loop;
  ml::ClassifierParams classifier;
  std::vector<double> inputs, thresholds;
  Points candidates;
  std::vector<std::size_t> held_out;
  std::vector<int> held_out_classes;
};

std::vector<double> inputs_of(Scene const& scene, Points const& points) {
  std::vector<std::size_t> const rows(points.begin(), points.end());
  return ml::rows_of(scene.inputs, 2, rows);
}

/// The first n of the candidates in a random order.
Points shuffled(Points const& candidates, std::uint64_t seed, std::uint64_t round, std::size_t n) {
  ml::Permutation const order(seed, round, static_cast<std::uint32_t>(candidates.size()));
  Points chosen;
  for (std::uint32_t i = 0; i < std::min(n, candidates.size()); ++i) chosen.push_back(candidates[order(i)]);
  return chosen;
}

/// Random points, in rounds over all candidates: each has as many batches as any other, or one fewer.
Points uniform_choice(Scene const& scene, std::uint64_t seed, std::size_t first, std::size_t n) {
  std::size_t const all = scene.candidates.size();
  Points chosen;
  for (std::size_t i = first; i < first + n; ++i) {
    ml::Permutation const order(seed, i / all, static_cast<std::uint32_t>(all));
    chosen.push_back(scene.candidates[order(static_cast<std::uint32_t>(i % all))]);
  }
  return chosen;
}

/// Those of some random points at which the committee is least sure; a point that has members already counts the less,
/// the more it has.
Points least_sure(Scene const& scene, Committee const& committee, Points const& batches, std::uint64_t seed,
                  std::uint64_t round) {
  auto const n = static_cast<std::size_t>(scene.loop.per_round);
  Points some = shuffled(scene.candidates, seed, round, n * static_cast<std::size_t>(scene.loop.choices));
  auto const chances = committee(inputs_of(scene, some));
  auto const classes = static_cast<std::size_t>(scene.classifier.classes());
  std::map<std::int64_t, double> doubt;
  for (std::size_t i = 0; i < some.size(); ++i) {
    auto const row = std::span(chances).subspan(i * classes, classes);
    auto const had = static_cast<double>(batches[static_cast<std::size_t>(some[i])]);
    doubt[some[i]] = (1 - *std::ranges::max_element(row)) / (1 + had);
  }
  std::ranges::stable_sort(some, std::ranges::greater(), [&](std::int64_t p) { return doubt.at(p); });
  some.resize(std::min(some.size(), n));
  return some;
}

double held_out_accuracy(Scene const& scene, Committee const& committee) {
  auto const chances = committee(ml::rows_of(scene.inputs, 2, scene.held_out));
  return ml::evaluate(chances, scene.held_out_classes, scene.classifier.classes()).accuracy;
}

/// Accuracies after each round of one way of choosing.
std::vector<double> grow(Scene const& scene, GrowingMap& map, std::uint64_t seed, bool adaptive, Progress& progress,
                         std::uint64_t& done) {
  auto const initial = static_cast<std::size_t>(scene.loop.initial), n = static_cast<std::size_t>(scene.loop.per_round);
  std::vector<double> accuracy;
  map.add(uniform_choice(scene, seed, 0, initial));
  for (std::int64_t round = 0; round <= scene.loop.rounds; ++round) {
    Committee const committee(scene.classifier, scene.inputs, map.spread(), scene.thresholds);
    accuracy.push_back(held_out_accuracy(scene, committee));
    progress.update(++done);
    if (round == scene.loop.rounds) break;
    // Rounds of the loop count from 1 here, passes over all candidates from 0 there; 2^32 keeps their numbers apart.
    auto const draw = (std::uint64_t{1} << 32) + static_cast<std::uint64_t>(round);
    map.add(adaptive ? least_sure(scene, committee, map.batches(), seed, draw)
                     : uniform_choice(scene, seed, initial + static_cast<std::size_t>(round) * n, n));
  }
  return accuracy;
}

/// Member seeds: that of the map for what is held out (repeat -1), others for the repeats.
std::uint64_t seed_of(SpreadRequest const& request, std::int64_t repeat) {
  return request.params.member_seed.value_or(request.params.seed) + static_cast<std::uint64_t>(repeat) + 1;
}

Scene set_scene(SpreadRequest const& request, ml::ClassifierParams const& classifier, LoopParams const& loop,
                ml::PhasePoints& points) {
  Scene scene{loop, classifier, {}, {}, {}, {}, {}};
  GrowingMap reference(request, seed_of(request, -1));
  Trunk const trunk = reference.trunk();
  for (std::int64_t p = 1; p <= request.params.points(); ++p) {
    auto const row = static_cast<std::size_t>(p * request.params.every);
    points.position.push_back(trunk.position[row]);
    points.velocity.push_back(trunk.velocity[row]);
  }
  scene.inputs = points.inputs();
  auto const split = ml::hold_out(points.size(), classifier.held_out, classifier.split_seed);
  scene.candidates.assign(split.train.begin(), split.train.end());
  scene.held_out = split.held_out;
  Points const held_out(split.held_out.begin(), split.held_out.end());
  for (std::int64_t b = 0; b < loop.reference_batches; ++b) reference.add(held_out);
  auto const spread = ml::rows_of(reference.spread(), 1, scene.held_out);
  scene.thresholds =
      classifier.thresholds.empty() ? ml::quantiles(spread, classifier.classes()) : classifier.thresholds;
  scene.held_out_classes = ml::classes_of(spread, scene.thresholds);
  auto const seed = classifier.train.models.front();
  scene.classifier.train.models.assign(static_cast<std::size_t>(loop.models), seed);
  for (std::size_t m = 0; m < scene.classifier.train.models.size(); ++m) {
    scene.classifier.train.models[m].seed = seed.seed + m;
  }
  return scene;
}

}  // namespace

LoopResult learn_adaptively(SpreadRequest const& request, ml::ClassifierParams const& classifier,
                            LoopParams const& loop, bool quiet) {
  LoopResult result;
  Scene const scene = set_scene(request, classifier, loop, result.points);
  result.thresholds = scene.thresholds;
  result.held_out = std::ssize(scene.held_out);
  result.batches.assign(result.points.size(), 0);
  auto const trainings = static_cast<std::uint64_t>(2 * loop.repeats * (loop.rounds + 1));
  Progress progress(Communicator::self(), trainings, "learn", {.quiet = quiet, .unit = "trainings"});
  std::uint64_t done = 0;
  Repeats uniform, adaptive;
  for (std::int64_t repeat = 0; repeat < loop.repeats; ++repeat) {
    std::uint64_t const seed = seed_of(request, repeat);
    GrowingMap by_chance(request, seed), by_doubt(request, seed);
    uniform.push_back(grow(scene, by_chance, seed, false, progress, done));
    adaptive.push_back(grow(scene, by_doubt, seed, true, progress, done));
    for (std::size_t p = 0; p < result.batches.size(); ++p) result.batches[p] += by_doubt.batches()[p];
  }
  Curves& curves = result.curves;
  std::int64_t const batch_steps = request.params.members * request.params.member_steps;
  for (std::int64_t round = 0; round <= loop.rounds; ++round) {
    curves.steps.push_back((loop.initial + round * loop.per_round) * batch_steps);
  }
  auto const all = uniform.size();
  curves.uniform = mean_of(uniform, all);
  curves.adaptive = mean_of(adaptive, all);
  curves.uniform_error = error_of(uniform, curves.uniform);
  curves.adaptive_error = error_of(adaptive, curves.adaptive);
  Comparison const found = compare(curves.uniform, curves.adaptive, curves.steps);
  result.target = found.target;
  result.uniform_steps = found.uniform_steps;
  result.adaptive_steps = found.adaptive_steps;
  result.saving = found.saving();
  result.saving_error = saving_error(uniform, adaptive, curves.steps);
  return result;
}

}  // namespace kramers::spread
