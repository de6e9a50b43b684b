// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/topology/check.hpp>
#include <kramers/topology/error.hpp>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "check/findings.hpp"
#include "common/text_utils.hpp"

namespace kramers::topology {

std::string_view name(MemoryMode mode) {
  constexpr std::array<std::string_view, 5> names{"unknown", "local", "bind", "preferred", "interleave"};
  return names[static_cast<std::size_t>(mode)];
}

std::string_view name(Severity severity) {
  constexpr std::array<std::string_view, 3> names{"note", "warning", "wrong"};
  return names[static_cast<std::size_t>(severity)];
}

std::optional<Severity> Report::worst() const {
  if (findings.empty()) return {};
  return findings.front().severity;
}

namespace detail {

void Findings::add(std::string const& code, Severity severity, std::vector<int> const& ranks, std::string const& what,
                   std::string const& fix) {
  auto kind = std::find_if(m_kinds.begin(), m_kinds.end(),
                           [&](Kind const& k) { return k.finding.code == code && k.finding.severity == severity; });
  if (kind == m_kinds.end()) {
    m_kinds.push_back({Finding{.code = code, .severity = severity, .ranks = {}, .what = "", .fix = fix}, {}});
    kind = std::prev(m_kinds.end());
  }
  kind->finding.ranks.insert(kind->finding.ranks.end(), ranks.begin(), ranks.end());
  kind->instances.push_back(what);
}

std::vector<Finding> Findings::take() {
  constexpr std::size_t shown = 3;
  std::vector<Finding> findings;
  for (Kind& kind : m_kinds) {
    std::set<int> const ranks(kind.finding.ranks.begin(), kind.finding.ranks.end());
    kind.finding.ranks.assign(ranks.begin(), ranks.end());
    std::size_t const more = kind.instances.size() > shown ? kind.instances.size() - shown : 0;
    kind.instances.resize(kind.instances.size() - more);
    kind.finding.what =
        join(kind.instances, "; ") + (more > 0 ? "; and " + std::to_string(more) + " more like this" : "");
    findings.push_back(std::move(kind.finding));
  }
  std::sort(findings.begin(), findings.end(), [](Finding const& a, Finding const& b) {
    return a.severity != b.severity ? a.severity > b.severity : a.code < b.code;
  });
  return findings;
}

}  // namespace detail

Report check(Machine const& machine, std::vector<Binding> const& bindings, CheckOptions const& options) {
  detail::Judged judged{.machine = machine,
                        .options = options,
                        .bindings = bindings,
                        .unbound = {},
                        .ranks = 0,
                        .report = {},
                        .findings = {}};
  std::sort(judged.bindings.begin(), judged.bindings.end(),
            [](Binding const& a, Binding const& b) { return a.rank < b.rank; });
  for (std::size_t i = 1; i < judged.bindings.size(); ++i) {
    if (judged.bindings[i].rank == judged.bindings[i - 1].rank) {
      throw UsageError("two bindings are given for rank " + std::to_string(judged.bindings[i].rank) +
                       ": give one for each rank of the node");
    }
  }
  std::vector<Binding> const as_given = judged.bindings;
  judged.ranks = std::max(options.ranks, static_cast<int>(bindings.size()));
  for (Binding& binding : judged.bindings) {
    binding.cpus &= machine.cpus();
    judged.unbound.push_back(binding.cpus == machine.cpus() && machine.cores().size() > 1);
    RankReport rank;
    rank.rank = binding.rank;
    rank.cpus = binding.cpus;
    rank.cores = machine.cores_of(binding.cpus);
    rank.numa = machine.numa_of(binding.cpus);
    judged.report.ranks.push_back(std::move(rank));
  }
  check_threads(judged, as_given);
  check_memory(judged);
  if (machine.has_pci()) {
    check_gpus(judged);
    check_nics(judged);
  } else {
    judged.findings.add("NO_PCI", Severity::warning, {},
                        "the description of this machine holds no PCI device, so nothing is known of its NICs and GPUs",
                        "outside the container write it with lstopo node.xml and give it as --xml node.xml");
  }
  if (!judged.all_known()) {
    judged.report.unknown.push_back("The bindings of " +
                                    std::to_string(judged.ranks - static_cast<int>(bindings.size())) + " of " +
                                    detail::count(static_cast<std::size_t>(judged.ranks), "rank") +
                                    " are not known, so neither is what they share.");
  }
  judged.report.findings = judged.findings.take();
  return std::move(judged.report);
}

}  // namespace kramers::topology
