// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/topology/environment.hpp>
#include <kramers/topology/error.hpp>

#include "common/text_utils.hpp"

namespace kramers::topology {

namespace {

// The order is that of local_rank(): mpirun's variables before those of the Slurm job it may run in.
constexpr char const* local_rank_of_shell =
    "${OMPI_COMM_WORLD_LOCAL_RANK:-${MPI_LOCALRANKID:-${MV2_COMM_WORLD_LOCAL_RANK:-${PALS_LOCAL_RANKID:-"
    "${PMI_LOCAL_RANK:-${FLUX_TASK_LOCAL_ID:-${JSM_NAMESPACE_LOCAL_RANK:-${SLURM_LOCALID-}}}}}}}}";

std::string quoted(std::string const& value) {
  constexpr char const* plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./:,=@%+-";
  if (!value.empty() && value.find_first_not_of(plain) == std::string::npos) return value;
  std::string text = "'";
  for (char const c : value) text += c == '\'' ? "'\\''" : std::string(1, c);
  return text + "'";
}

std::string assignment(Variable const& variable) {
  return variable.name + "=" + quoted(variable.value);
}

std::string comments(Environment const& environment) {
  std::string text;
  if (!environment.launcher.empty()) {
    text += "#";
    for (std::string const& word : environment.launcher) text += " " + quoted(word);
    text += " PROGRAM\n";
  }
  for (std::string const& sentence : environment.notes) text += "# " + sentence + "\n";
  return text;
}

}  // namespace

std::string shell_lines(Environment const& environment, std::optional<int> rank) {
  if (rank && (*rank < 0 || *rank >= environment.ranks)) {
    throw UsageError("the plan has no rank " + std::to_string(*rank) + ": its ranks are 0 to " +
                     std::to_string(environment.ranks - 1));
  }
  std::string text = "# " + detail::count(static_cast<std::size_t>(environment.ranks), "rank") + " on the node, for " +
                     std::string(name(environment.target)) + "\n" + comments(environment);
  if (!environment.file.empty()) return text + environment.file;
  if (rank) {
    for (Variable const& variable : environment.of_rank(*rank)) {
      text += "export " + assignment(variable) + "  # " + variable.why + "\n";
    }
    return text;
  }
  std::string cases;
  for (int r = 0; r < environment.ranks; ++r) {
    std::string settings, why;
    for (Variable const& variable : environment.variables) {
      if (variable.rank != r) continue;
      settings += " " + assignment(variable);
      why = variable.why;
    }
    if (!settings.empty()) cases += std::to_string(r) + ") export" + settings + " ;;  # " + why + "\n";
  }
  for (Variable const& variable : environment.variables) {
    if (!variable.rank) text += "export " + assignment(variable) + "  # " + variable.why + "\n";
  }
  if (cases.empty()) return text;
  return text + "case \"" + local_rank_of_shell + "\" in\n" + cases +
         "*) echo 'kramers-topo: this plan has no such local rank' >&2 ;;\nesac\n";
}

}  // namespace kramers::topology
