// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/dynamics/studies/spread_study.hpp>

namespace kramers::dynamics::detail {

/// Write the result file of a map. Collective; rank 0 has the points. The
/// summary holds the provenance.
void write_spread(std::filesystem::path const& path, Communicator const& comm, SpreadRequest const& request,
                  SpreadResult const& result, nlohmann::json const& summary);

}  // namespace kramers::dynamics::detail
