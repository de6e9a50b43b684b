// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/topology/environment.hpp>

#include <algorithm>
#include <map>

#include "check/findings.hpp"
#include "common/text_utils.hpp"

namespace kramers::topology::detail {

namespace {

/// Distances of all GPUs to all ranks, and how many ranks use each GPU.
struct GpuUse {
  std::map<std::size_t, int> ranks_on;

  bool better(Judged const& judged, std::size_t i, std::size_t gpu) const {
    RankReport const& rank = judged.report.ranks[i];
    return distance(judged.machine, judged.machine.devices()[gpu], rank.cpus) < *rank.gpu_distance;
  }
};

void find_gpus(Judged& judged) {
  for (std::size_t i = 0; i < judged.bindings.size(); ++i) {
    RankReport& rank = judged.report.ranks[i];
    for (NamedDevices const& named : named_gpus(judged.machine, judged.bindings[i])) {
      std::string const says = named.from + "=" + named.value;
      if (!named.problem.empty()) {
        judged.findings.add("ENV_CONFLICT", Severity::wrong, {rank.rank}, rank_text(rank.rank) + ": " + named.problem,
                            "set ROCR_VISIBLE_DEVICES alone: kramers-topo env --for rocm");
      } else if (!named.absent.empty()) {
        judged.findings.add(
            "ENV_CONFLICT", Severity::wrong, {rank.rank},
            rank_text(rank.rank) + " has " + says + ", but the node has " + count(judged.machine.gpus().size(), "GPU"),
            "set it by kramers-topo env --for cuda, rocm or level-zero");
      }
      if (named.by_index && named.from == "CUDA_VISIBLE_DEVICES" &&
          value_of(judged.bindings[i], "CUDA_DEVICE_ORDER") != "PCI_BUS_ID") {
        std::vector<std::size_t> const gpus = numbered_gpus(judged.machine, Vendor::nvidia);
        bool const alike = std::all_of(gpus.begin(), gpus.end(), [&](std::size_t gpu) {
          return judged.machine.devices()[gpu].device == judged.machine.devices()[gpus.front()].device;
        });
        if (gpus.size() > 1) {
          judged.findings.add("GPU_INDEX_AMBIGUOUS", alike ? Severity::note : Severity::warning, {rank.rank},
                              rank_text(rank.rank) + " has " + says + " without CUDA_DEVICE_ORDER=PCI_BUS_ID" +
                                  (alike ? "" : " on a node with unlike GPUs") + ": the index may mean another GPU",
                              "export CUDA_DEVICE_ORDER=PCI_BUS_ID");
        }
      }
      if (rank.gpu || named.devices.empty()) continue;
      // Of several visible GPUs the program can use the nearest.
      rank.gpu = *std::min_element(named.devices.begin(), named.devices.end(), [&](std::size_t a, std::size_t b) {
        return distance(judged.machine, judged.machine.devices()[a], rank.cpus) <
               distance(judged.machine, judged.machine.devices()[b], rank.cpus);
      });
      rank.gpu_from = named.from;
      if (named.devices.size() > 1) rank.gpu.reset();
      if (rank.gpu) rank.gpu_distance = distance(judged.machine, judged.machine.devices()[*rank.gpu], rank.cpus);
    }
  }
}

/// Is the GPU of rank i needlessly far: is a nearer one used less, or would an exchange with another rank help?
std::optional<std::size_t> nearer_gpu(Judged const& judged, GpuUse const& use, std::size_t i) {
  RankReport const& rank = judged.report.ranks[i];
  for (std::size_t const gpu : judged.machine.gpus()) {
    if (!use.better(judged, i, gpu)) continue;
    auto const found = use.ranks_on.find(gpu);
    int const here = found == use.ranks_on.end() ? 0 : found->second;
    if (here < use.ranks_on.at(*rank.gpu)) return gpu;
    for (std::size_t j = 0; j < judged.report.ranks.size(); ++j) {
      RankReport const& other = judged.report.ranks[j];
      if (other.gpu != gpu || judged.unbound[j]) continue;
      if (!(distance(judged.machine, judged.machine.devices()[*rank.gpu], other.cpus) > *other.gpu_distance))
        return gpu;
    }
  }
  return {};
}

}  // namespace

void check_gpus(Judged& judged) {
  std::vector<std::size_t> const gpus = judged.machine.gpus();
  find_gpus(judged);
  if (gpus.empty()) return;
  GpuUse use;
  std::vector<int> untold, hidden;
  for (std::size_t i = 0; i < judged.bindings.size(); ++i) {
    RankReport const& rank = judged.report.ranks[i];
    if (rank.gpu) {
      ++use.ranks_on[*rank.gpu];
    } else {
      (judged.bindings[i].gpus_hidden ? hidden : untold).push_back(rank.rank);
    }
  }
  if (!hidden.empty()) {
    judged.report.unknown.push_back(
        "Which GPU " + ranks_text(hidden) +
        " may open is up to a cgroup; indices count only those, so their places are not judged.");
  }
  if (!untold.empty() && gpus.size() > 1) {
    judged.report.unknown.push_back("Which GPU " + ranks_text(untold) + " will use: no variable names a single one.");
  }
  for (std::size_t i = 0; i < judged.report.ranks.size(); ++i) {
    RankReport const& rank = judged.report.ranks[i];
    if (!rank.gpu || judged.unbound[i] || rank.cpus.empty()) continue;
    auto const nearer = nearer_gpu(judged, use, i);
    if (!nearer) continue;
    judged.findings.add("GPU_FAR", judged.all_known() ? Severity::wrong : Severity::warning, {rank.rank},
                        rank_text(rank.rank) + " uses " + judged.device_name(*rank.gpu) + ", " +
                            rank.gpu_distance->reason + "; " + judged.device_name(*nearer) + " is nearer",
                        "choose cores and GPU together: kramers-topo plan, kramers-topo env --for cuda or rocm");
  }
  if (!judged.all_known() || use.ranks_on.size() >= gpus.size()) return;
  for (auto const& [gpu, number] : use.ranks_on) {
    if (number < 2) continue;
    std::vector<int> ranks;
    for (RankReport const& rank : judged.report.ranks) {
      if (rank.gpu == gpu) ranks.push_back(rank.rank);
    }
    judged.findings.add("GPU_SHARED", Severity::wrong, ranks,
                        ranks_text(ranks) + " share " + judged.device_name(gpu) + " while " +
                            count(gpus.size() - use.ranks_on.size(), "GPU") +
                            (gpus.size() - use.ranks_on.size() == 1 ? " is" : " are") + " idle",
                        "give each rank its own GPU: kramers-topo env --for cuda, rocm or level-zero");
  }
}

}  // namespace kramers::topology::detail
