// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/ml/any_trainer.hpp>

#include <memory>
#include <string>
#include <vector>

namespace kramers::ml::detail {

/// A network that is compiled for the engine resident.
struct ResidentMaker {
  std::string network;  ///< as NetworkSpec::text() says it
  std::unique_ptr<AnyTrainer> (*make)(TrainerRequest const&);
};
/// All of them.
std::vector<ResidentMaker> const& resident_makers();

}  // namespace kramers::ml::detail
