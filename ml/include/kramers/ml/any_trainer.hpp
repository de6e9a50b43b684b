// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/ml/training.hpp>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace kramers::ml {

/// How the networks are run.
enum class Engine : int {
  automatic,  ///< the rule of choose_engine decides
  resident,   ///< sizes in the type, whole epochs per launch; several models share the lanes of a CPU
  gemm,       ///< run-time sizes, a few matrix products and fused kernels per step
};
std::string name_of(Engine engine);
/// @throws DomainError  no such engine
Engine engine_named(std::string const& name);

/// A trainer by names.
struct TrainerRequest {
  std::string space;              ///< "serial", "openmp", "cuda", "hip"
  std::string precision = "f32";  ///< "f32" or "f64"
  NetworkSpec network{1};
  TrainParams params;
  Engine engine = Engine::automatic;
};

/// What is chosen, and a sentence that says why.
struct EngineChoice {
  Engine engine;
  std::string reason;
};
/// The engine a request gets: the one it names, else the one the environment variable KRAMERS_ML_ENGINE names, else
/// resident where the network is among resident_networks() and its batch fits, else gemm.
/// @throws DomainError  the named engine cannot run this network, with what it can
EngineChoice choose_engine(TrainerRequest const& request);
/// The networks that are compiled for the engine resident, as NetworkSpec::text() says them.
std::vector<std::string> const& resident_networks();

/// A Trainer whose space and precision are hidden: data and results are doubles on the host, which hold every float
/// exactly.
class AnyTrainer {
 public:
  virtual ~AnyTrainer() = default;

  virtual NetworkSpec const& network() const = 0;
  virtual TrainParams const& params() const = 0;
  /// Trainer::engine.
  virtual std::string engine() const = 0;
  int models() const { return static_cast<int>(params().models.size()); }

  /// Copy the samples to be trained on: inputs (N, inputs) row by row and N labels.
  virtual void set_samples(std::span<double const> inputs, std::span<int const> labels) = 0;
  /// The same with targets (N, outputs) for mean_squared_error.
  virtual void set_samples(std::span<double const> inputs, std::span<double const> targets) = 0;
  /// Trainer::fit on those samples; waits.
  virtual void fit(std::int64_t epochs) = 0;
  virtual std::vector<std::vector<double>> losses() = 0;
  virtual std::vector<Divergence> divergences() = 0;
  /// Outputs (N, outputs) row by row, in inference mode.
  virtual std::vector<double> predict(int model, std::span<double const> inputs) = 0;
  virtual ModelState<double> state(int model) = 0;
  virtual void set_state(int model, ModelState<double> const& state) = 0;
  virtual std::int64_t state_bytes() const = 0;
};

/// @throws DomainError  a name or value that is out of its range, or a engine that cannot run this network
std::unique_ptr<AnyTrainer> make_trainer(TrainerRequest const& request);

}  // namespace kramers::ml
