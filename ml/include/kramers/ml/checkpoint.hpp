// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/ml/network.hpp>
#include <kramers/ml/safetensors.hpp>
#include <kramers/ml/training.hpp>

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace kramers::ml {

/// All that is needed to go on training M models, or to use them.
///
/// In the file (safetensors), P = a name of arena_of(network):
///   P                        parameters and running statistics, in shapes and under names of PyTorch's nn.Sequential
///   N.num_batches_tracked    I64, batches that batch_norm has seen, for PyTorch
///   opt.m.P, opt.v.P         moments; without those that the states do not have
///   opt.step, train.epoch, train.waited, train.stopped    I64, of ModelState
///   train.best_loss          of ModelState
///   train.seed (I64, the bits of the unsigned number), train.learning_rate, train.weight_decay (F64)    of ModelParams
/// Arrays are F32 or F64 by precision. One model has the shapes above and scalars; with M > 1 all shapes begin with the
/// extent M, so that array[i] is that of model i. TrainParams and the text of the network stand in the metadata as
/// "kramers.network", "kramers.loss", ...
struct Checkpoint {
  NetworkSpec network{1};
  TrainParams params;  ///< its `models` belong to `models` below, one by one
  std::string precision = "f32";
  std::vector<ModelState<double>> models;
  /// Whatever else belongs to the models: class names, scales of the inputs, where the data come from. UTF-8. Keys that
  /// are "format" or begin with "kramers." are reserved.
  std::map<std::string, std::string> metadata = {};
};

/// @throws ShapeError   a state has other extents than the network, or there are not as many states as ModelParams
/// @throws DomainError  a number of a state does not fit into the precision, a reserved key, or a value out of its range
safetensors::Content content_of(Checkpoint const& checkpoint);
/// @param source  name of the file in messages
/// @throws IoError  what is missing, too much, of another shape or type, or out of its range
Checkpoint checkpoint_of(safetensors::Content const& content, std::string const& source);

/// Replace the file, or leave it as it was. Errors as of content_of, and IoError.
void write_checkpoint(std::filesystem::path const& path, Checkpoint const& checkpoint);
/// The same bits that were written.
/// @throws IoError  no such file, one without a checksum, a damaged one, and as of checkpoint_of
Checkpoint read_checkpoint(std::filesystem::path const& path);

/// What PyTorch's `load_state_dict` takes for this network, and no more: parameters and running statistics of one model.
/// Errors as of content_of.
safetensors::Content weights_of(NetworkSpec const& network, std::string const& precision,
                                ModelState<double> const& model,
                                std::map<std::string, std::string> const& metadata = {});
/// Replace the file by these. Errors as of weights_of, and IoError.
void write_weights(std::filesystem::path const& path, NetworkSpec const& network, std::string const& precision,
                   ModelState<double> const& model, std::map<std::string, std::string> const& metadata = {});
/// Parameters and running statistics from a file that holds the state_dict of such a network, whoever wrote it: F32 or
/// F64, in any order. Moments are zero, no step is taken.
///
/// @param prefix  what stands before the names, "encoder." for example; arrays with other beginnings are ignored then.
///                Without it, it is what stands before the name of the first array, and all arrays must have it.
/// @throws IoError  a tensor is missing, too much, of another shape or type
ModelState<double> read_weights(std::filesystem::path const& path, NetworkSpec const& network,
                                std::optional<std::string> const& prefix = {});

}  // namespace kramers::ml
