// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/runtime/communicator.hpp>
#include <kramers/runtime/provenance.hpp>

#include <benchmark/benchmark.h>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <string>

namespace kramers::bench {

void add_context(std::string const& space, std::string const& backend) {
  nlohmann::json const about = provenance(Communicator::self(), "bench", space, {}, "");
  for (char const* key : {"git_hash", "git_modified", "compiler", "compile_flags", "build_type", "kokkos_version",
                          "kokkos_configuration", "cpu", "threads"}) {
    nlohmann::json const& value = about.at(key);
    benchmark::AddCustomContext(key, value.is_string() ? value.get<std::string>() : value.dump());
  }
  if (about.contains("device")) benchmark::AddCustomContext("device", about["device"].dump());
  benchmark::AddCustomContext("kokkos_space", backend);
  for (char const* name : {"OMP_NUM_THREADS", "OMP_PROC_BIND", "OMP_PLACES"}) {
    char const* const value = std::getenv(name);
    benchmark::AddCustomContext(name, value == nullptr ? "unset" : value);
  }
}

}  // namespace kramers::bench
