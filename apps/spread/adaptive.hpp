// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/dynamics/studies/spread_study.hpp>
#include <kramers/ml/classifier.hpp>

#include <cstdint>
#include <vector>

namespace kramers::spread {

using namespace kramers::dynamics;

/// How classifiers and members take turns.
struct LoopParams {
  std::int64_t initial = 32;    ///< points that get members before there is a classifier
  std::int64_t per_round = 16;  ///< points that get a batch of members in each round
  std::int64_t rounds = 20;
  std::int64_t choices = 16;            ///< least sure of so many times per_round random points
  std::int64_t models = 8;              ///< classifiers of different seeds whose probabilities are averaged
  std::int64_t repeats = 8;             ///< of the whole, with other members and other choices
  std::int64_t reference_batches = 64;  ///< that tell the class of the points held out
};

/// Held-out accuracy after each round, by how the points were chosen.
struct Curves {
  std::vector<std::int64_t> steps;                    ///< of the members so far, the same for both
  std::vector<double> uniform, adaptive;              ///< mean over the repeats
  std::vector<double> uniform_error, adaptive_error;  ///< standard errors of these
};

/// What the loop found.
struct LoopResult {
  Curves curves;
  std::vector<double> thresholds;
  ml::PhasePoints points;             ///< all points of the map
  std::vector<std::int64_t> batches;  ///< of members that the adaptive choice gave each, sum over the repeats
  std::int64_t held_out = 0;
  double target = 0;                             ///< accuracy that both reach
  double uniform_steps = 0, adaptive_steps = 0;  ///< until then, interpolated
  double saving = 0;                             ///< uniform_steps / adaptive_steps
  double saving_error = 0;                       ///< its standard error, by the jackknife over the repeats
};

/// Train classifiers while the map grows: each round gives members to the points of the trunk at which they are least
/// sure, and, in a second map, to random ones. The classes of the points held out come from many batches and cost
/// nothing in this comparison, nor do they choose anything.
///
/// A point with several batches has the class of its mean spread.
LoopResult learn_adaptively(SpreadRequest const& request, ml::ClassifierParams const& classifier,
                            LoopParams const& loop, bool quiet);

/// What the input says of it all.
struct LoopInput {
  SpreadRequest request;
  ml::ClassifierParams classifier;
  LoopParams loop;
};
/// Asks for every key but those of the table [output].
/// @throws InputError  a key that is missing or impossible
LoopInput read_loop(AppRun const& run);

/// The body of kramers-spread --adaptive=classifier.
/// @throws UsageError  more than one rank
int run_adaptively(AppRun const& run);

}  // namespace kramers::spread
