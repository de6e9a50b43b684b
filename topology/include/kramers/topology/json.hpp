// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/topology/check.hpp>
#include <kramers/topology/diff.hpp>
#include <kramers/topology/environment.hpp>
#include <kramers/topology/plan.hpp>

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace kramers::topology {

/// Version of what these functions write, "schema" in every document. It grows when a key changes its meaning or goes;
/// new keys do not change it.
inline constexpr int json_schema = 1;

/// {"schema": 1, "kind": ...} to which a program adds the parts it wants.
nlohmann::json json_document(std::string const& kind);

nlohmann::json to_json(Machine const& machine);
nlohmann::json to_json(Machine const& machine, Plan const& plan);
nlohmann::json to_json(Machine const& machine, Report const& report);
/// One rank's part of a report: rank, cpus, cores, numa, gpu, nic, where they come from, its findings' codes.
nlohmann::json to_json(Machine const& machine, Report const& report, int rank);
nlohmann::json to_json(Environment const& environment);
nlohmann::json to_json(Binding const& binding);
nlohmann::json to_json(std::vector<Difference> const& differences);
/// The tables of distance_text: NICs by NUMA node ("locality"), GPUs by NIC ("pairs").
nlohmann::json distances_json(Machine const& machine);

/// Bindings from a document with "bindings" (what to_json(Binding) writes) or with "assignments" (a plan).
/// @param  source  what messages call the text
/// @throws InputError  no such document; the message names the key that is wrong
std::vector<Binding> bindings_from_json(std::string const& text, std::string const& source);

}  // namespace kramers::topology
