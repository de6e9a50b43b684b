// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/ml/classifier_sweep.hpp>
#include <kramers/runtime/forecast.hpp>

#include <cstdint>
#include <filesystem>

#include "results.hpp"

namespace kramers::classify {

/// What training and sweep read of their input, which they may share.
struct LearnInput {
  ml::ClassifierParams params;
  ml::SampleChoice samples;
  ml::SweepParams models;
  RandomPoints random;
  Outputs outputs;
  std::int64_t every = 0;  ///< epochs between checkpoints
  std::filesystem::path checkpoint;
};

/// Asks for every key that data of this kind have, and counts outputs among the files of the run.
/// @throws InputError  a value that is impossible, a table for data of the other kind
LearnInput read_learning(AppFiles& files, AppRun const& run, ml::ClassSource source);

/// What training so many models will take, from the time of a few epochs.
/// @param[in] memory  [bytes]
Forecast forecast(LearnInput const& input, ml::Problem const& problem, std::int64_t models, double memory);

/// What the keys of train and sweep mean.
InputGuide input_guide();

}  // namespace kramers::classify
