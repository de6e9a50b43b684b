// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/topology/check.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "check/env_variables.hpp"

namespace kramers::topology::detail {

/// Collects what the parts of check() find: many instances of one code become one finding.
class Findings {
 public:
  void add(std::string const& code, Severity severity, std::vector<int> const& ranks, std::string const& what,
           std::string const& fix);
  std::vector<Finding> take();

 private:
  struct Kind {
    Finding finding;
    std::vector<std::string> instances;
  };
  std::vector<Kind> m_kinds;
};

/// All that the parts of check() share.
struct Judged {
  Machine const& machine;
  CheckOptions const& options;
  std::vector<Binding> bindings;  ///< by rank, CPUs of the machine only
  std::vector<bool> unbound;      ///< may run on all hardware threads of a machine with several cores
  int ranks = 0;                  ///< on the node
  Report report;
  Findings findings;

  bool all_known() const { return static_cast<int>(bindings.size()) >= ranks; }
  std::string device_name(std::size_t index) const { return machine.devices()[index].name; }
};

/// UNBOUND, OVERLAP, SPANS_NUMA, SMT_SIBLING_SHARED, RESERVED_CORE, FOREIGN_CPUS, MEM_REMOTE, HBM_UNUSED and the
/// ENV_CONFLICT of OpenMP.
void check_threads(Judged& judged, std::vector<Binding> const& as_given);
void check_memory(Judged& judged);
/// GPU_FAR, GPU_SHARED, GPU_INDEX_AMBIGUOUS. Fills the GPUs of the report, which check_nics reads.
void check_gpus(Judged& judged);
/// FAR_NIC, NIC_DOWN, MGMT_NIC, NIC_OVERSUBSCRIBED, ENV_CONFLICT. Fills the NICs of the report.
void check_nics(Judged& judged);

}  // namespace kramers::topology::detail
