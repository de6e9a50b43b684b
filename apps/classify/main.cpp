// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "commands.hpp"
#include "learn_input.hpp"
#include "placement.hpp"

using namespace kramers;

namespace {

AppInfo command(char const* name, char const* description, std::vector<AppWord> files) {
  AppInfo info{name, description};
  info.precision = "f32";
  info.files = std::move(files);
  return info;
}

AppInfo app() {
  AppWord const dataset{"DATASET", "file of kramers-spread (HDF5), or of samples (.csv, .tsv, .txt, .dat, .npz)"};
  AppWord const file{"MODEL", "trained classifier (safetensors)"};
  AppWord const model{"--model", "write the trained classifier here", "FILE.safetensors"};
  AppInfo train = command("train", "Learn the classes of a dataset.", {dataset});
  train.has_resume = true;
  train.options = {model};
  AppInfo predict =
      command("predict", "Tell the classes of the points of a dataset, whose spread need not be known.",
              {{"POINTS", "file with /spread/position and /spread/velocity (HDF5), or of samples"}, file});
  AppInfo evaluate = command("evaluate", "Compare what a classifier predicts with a dataset.", {dataset, file});
  predict.has_input = evaluate.has_input = false;
  predict.precision = evaluate.precision = {};  // the model has one
  AppInfo to_pytorch = command("export", "Write a classifier as a module of PyTorch, which takes raw points.", {file});
  to_pytorch.has_input = false;
  to_pytorch.precision = {};
  to_pytorch.output = "FILE.safetensors";
  AppInfo sweep =
      command("sweep", "Learn with many seeds and learning rates side by side and keep the best.", {dataset});
  sweep.options = {model};
  train.guide = sweep.guide = classify::input_guide();
  AppInfo info{"kramers-classify", "Learn which regions of phase space spread fast, and predict it for new points."};
  info.commands = {train, predict, evaluate, sweep, to_pytorch};
  return info;
}

}  // namespace

int main(int argc, char** argv) {
  return run_app(argc, argv, with_placement(app()), classify::run);
}
