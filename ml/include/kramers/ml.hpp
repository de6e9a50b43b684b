// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

/// All of kramers::ml: dense networks, their trainers and classifiers.
/// Written by cmake/umbrella_headers.py.
#include <kramers/ml/activation.hpp>
#include <kramers/ml/activation_functions.hpp>
#include <kramers/ml/any_trainer.hpp>
#include <kramers/ml/checkpoint.hpp>
#include <kramers/ml/classifier.hpp>
#include <kramers/ml/classifier_file.hpp>
#include <kramers/ml/classifier_keys.hpp>
#include <kramers/ml/classifier_memory.hpp>
#include <kramers/ml/classifier_sweep.hpp>
#include <kramers/ml/classifier_training.hpp>
#include <kramers/ml/dataset.hpp>
#include <kramers/ml/evaluation.hpp>
#include <kramers/ml/gemm.hpp>
#include <kramers/ml/gemm_trainer.hpp>
#include <kramers/ml/loss.hpp>
#include <kramers/ml/loss_functions.hpp>
#include <kramers/ml/mlp.hpp>
#include <kramers/ml/network.hpp>
#include <kramers/ml/optimizer.hpp>
#include <kramers/ml/optimizer_step.hpp>
#include <kramers/ml/permutation.hpp>
#include <kramers/ml/pytorch.hpp>
#include <kramers/ml/resident_networks.hpp>
#include <kramers/ml/resident_trainer.hpp>
#include <kramers/ml/safetensors.hpp>
#include <kramers/ml/samples.hpp>
#include <kramers/ml/trainer.hpp>
#include <kramers/ml/training.hpp>
