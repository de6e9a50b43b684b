// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace kramers::doctor {

/// How bad it is. `note`: worth knowing; `warning`: may cost speed or end a run; `wrong`: programs cannot do it at all.
enum class Verdict { fine, note, warning, wrong };
char const* name(Verdict verdict);  ///< "ok", "note", "warning", "wrong"

/// One thing that was looked at.
struct Finding {
  std::string
      area;  ///< "build", "spaces", "device", "threads", "mpi", "hdf5", "topology", "clocks", "limits", "memory"
  Verdict verdict = Verdict::fine;
  std::string says;      ///< one sentence or list
  std::string fix = {};  ///< what to do; empty where nothing is
};

/// What MPI answers in a process of its own, which is ended after some seconds: a wrong MPI may abort or hang.
struct MpiAnswer {
  bool is_built_in = false;
  std::string library = {};  ///< "Open MPI v5.0.7"
  std::optional<bool> takes_cuda =
      {};  ///< whether it says that it sends device memory of CUDA or ROCm; nothing: says nothing
  std::optional<bool> takes_rocm = {};
  std::string failure = {};  ///< why there is no answer
};
/// Call it before there are threads.
MpiAnswer ask_mpi();

/// Everything, in the order in which people read it. Starts Kokkos where this build can run here.
std::vector<Finding> look_at_all();

}  // namespace kramers::doctor
