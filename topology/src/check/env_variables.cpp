// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "check/env_variables.hpp"

#include <kramers/topology/environment.hpp>
#include <kramers/topology/error.hpp>

#include <algorithm>

#include "common/text_utils.hpp"

namespace kramers::topology {

std::vector<std::string> const& placement_variables() {
  static std::vector<std::string> const all = {
      "CUDA_DEVICE_ORDER",     "CUDA_VISIBLE_DEVICES", "FI_CXI_DEVICE_NAME", "FI_EFA_IFACE",
      "FI_TCP_IFACE",          "FI_VERBS_DEVICE_NAME", "FI_VERBS_IFACE",     "HIP_VISIBLE_DEVICES",
      "MPICH_OFI_NIC_MAPPING", "MPICH_OFI_NIC_POLICY", "MPICH_OFI_NUM_NICS", "MPIR_CVAR_CH4_OFI_PREF_NIC",
      "NCCL_IB_HCA",           "OMP_NUM_THREADS",      "OMP_PLACES",         "ROCR_VISIBLE_DEVICES",
      "UCX_NET_DEVICES",       "ZE_AFFINITY_MASK"};
  return all;
}

}  // namespace kramers::topology

namespace kramers::topology::detail {

std::string value_of(Binding const& binding, std::string const& variable) {
  auto const found = binding.environment.find(variable);
  return found == binding.environment.end() ? "" : found->second;
}

namespace {

std::optional<std::size_t> nic_called(Machine const& machine, std::string const& word) {
  for (std::size_t const nic : machine.fabric_nics()) {
    if (cxi_name(machine.devices()[nic]) == word) return nic;
  }
  auto const found = machine.find_device(word);
  if (!found) return {};
  Device const& device = machine.devices()[*found];
  bool const network = device.is_nic() || !device.os_name(NameKind::net).empty();
  return network ? found : std::nullopt;
}

std::vector<std::size_t> all_nics(Machine const& machine) {
  std::vector<std::size_t> nics;
  for (std::size_t i = 0; i < machine.devices().size(); ++i) {
    if (machine.devices()[i].is_nic()) nics.push_back(i);
  }
  return nics;
}

/// "mlx5_0" of "mlx5_0:1".
std::string without_port(std::string const& word) {
  auto const colon = word.rfind(':');
  if (colon == std::string::npos || !whole_number(std::string_view(word).substr(colon + 1))) return word;
  std::string const name = word.substr(0, colon);
  return name.find(':') == std::string::npos ? name : word;  // a bus id has colons of its own
}

void add_names(Machine const& machine, std::string const& list, NamedDevices& named) {
  for (std::string const& word : split(list, ',')) {
    if (word.empty()) continue;
    if (auto const nic = nic_called(machine, without_port(word))) {
      named.devices.push_back(*nic);
    } else {
      named.absent.push_back(word);
    }
  }
}

/// NCCL's lists: prefixes, "=" for whole names, "^" for all others.
void add_nccl(Machine const& machine, std::string const& list, NamedDevices& named) {
  std::string_view text = list;
  bool const others = text.starts_with('^');
  if (others) text.remove_prefix(1);
  bool const exact = text.starts_with('=');
  if (exact) text.remove_prefix(1);
  std::vector<std::string> const words = split(text, ',');
  std::vector<bool> used(words.size());
  for (std::size_t const nic : all_nics(machine)) {
    std::string const name = machine.devices()[nic].os_name(NameKind::openfabrics);
    if (name.empty()) continue;
    bool listed = false;
    for (std::size_t i = 0; i < words.size(); ++i) {
      std::string const word = without_port(words[i]);
      bool const fits = !word.empty() && (exact ? name == word : name.starts_with(word));
      used[i] = used[i] || fits;
      listed = listed || fits;
    }
    if (listed != others) named.devices.push_back(nic);
  }
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (!others && !used[i] && !words[i].empty()) named.absent.push_back(words[i]);
  }
}

/// The NICs that Cray MPICH uses: MPICH_OFI_NUM_NICS is "2" or "2:1,3".
std::vector<std::size_t> cray_nics(Machine const& machine, Binding const& binding) {
  std::vector<std::size_t> const all = numbered_nics(machine);
  std::vector<std::string> const words = split(value_of(binding, "MPICH_OFI_NUM_NICS"), ':');
  std::vector<std::size_t> used;
  if (words.size() > 1) {
    for (std::string const& word : split(words[1], ',')) {
      auto const number = whole_number(word);
      if (number && *number < all.size()) used.push_back(all[*number]);
    }
    return used;
  }
  auto const number = whole_number(words[0]);
  std::size_t const count = number ? std::min<std::size_t>(*number, all.size()) : all.size();
  return {all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count)};
}

std::optional<NamedDevices> cray(Machine const& machine, Binding const& binding, int ranks) {
  std::string policy = value_of(binding, "MPICH_OFI_NIC_POLICY");
  std::string const mapping = value_of(binding, "MPICH_OFI_NIC_MAPPING");
  std::transform(policy.begin(), policy.end(), policy.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  if (policy.empty() && mapping.empty()) return {};
  NamedDevices named{.from = "MPICH_OFI_NIC_POLICY", .value = policy};
  std::vector<std::size_t> const nics = cray_nics(machine, binding);
  auto const rank = static_cast<std::size_t>(binding.rank);
  if (policy != "USER" && !mapping.empty()) {
    named.problem = "MPICH_OFI_NIC_MAPPING is set but MPICH_OFI_NIC_POLICY is not USER, so the mapping is not read";
    return named;
  }
  if (nics.empty()) return {};
  if (policy == "BLOCK" || policy == "ROUND-ROBIN") {
    named.by_policy = true;
    std::size_t const all = std::max<std::size_t>(static_cast<std::size_t>(ranks), rank + 1);
    named.devices = {policy == "BLOCK" ? nics[rank * nics.size() / all] : nics[rank % nics.size()]};
  } else if (policy == "USER") {
    named.from = "MPICH_OFI_NIC_MAPPING";
    named.value = mapping;
    named.problem = "MPICH_OFI_NIC_MAPPING names no NIC for it";
    for (std::string const& part : split(mapping, ';')) {
      auto const colon = part.find(':');
      auto const number = whole_number(trimmed(part.substr(0, colon)));
      if (colon == std::string::npos || !number) continue;
      try {
        if (!CpuSet::from_list(part.substr(colon + 1)).contains(static_cast<unsigned>(binding.rank))) continue;
      } catch (UsageError const&) {
        named.problem = "MPICH_OFI_NIC_MAPPING cannot be read at '" + part + "'";
        return named;
      }
      named.problem.clear();
      if (*number < nics.size()) {
        named.devices = {nics[*number]};
      } else {
        named.absent = {"NIC " + std::to_string(*number)};
      }
    }
  } else if (policy != "NUMA" && policy != "GPU") {
    named.problem = "MPICH_OFI_NIC_POLICY=" + policy + " is no policy (BLOCK, ROUND-ROBIN, NUMA, GPU, USER)";
  }
  return named;
}

}  // namespace

std::vector<NamedDevices> named_nics(Machine const& machine, Binding const& binding, int ranks) {
  std::vector<NamedDevices> found;
  if (!binding.nic.empty()) {
    NamedDevices named{.from = "the program", .value = binding.nic};
    add_names(machine, binding.nic, named);
    found.push_back(named);
  }
  for (char const* variable : {"UCX_NET_DEVICES", "FI_CXI_DEVICE_NAME", "FI_VERBS_DEVICE_NAME", "FI_VERBS_IFACE",
                               "FI_EFA_IFACE", "FI_TCP_IFACE"}) {
    NamedDevices named{.from = variable, .value = value_of(binding, variable)};
    if (named.value.empty() || named.value == "all") continue;
    add_names(machine, named.value, named);
    found.push_back(named);
  }
  if (NamedDevices named{.from = "NCCL_IB_HCA", .value = value_of(binding, "NCCL_IB_HCA")}; !named.value.empty()) {
    add_nccl(machine, named.value, named);
    found.push_back(named);
  }
  if (auto const named = cray(machine, binding, ranks)) found.push_back(*named);
  NamedDevices preferred{.from = "MPIR_CVAR_CH4_OFI_PREF_NIC", .value = ""};
  preferred.value = value_of(binding, preferred.from);
  if (auto const number = whole_number(preferred.value)) {
    std::vector<std::size_t> const nics = numbered_nics(machine);
    if (*number < nics.size()) {
      preferred.devices = {nics[*number]};
    } else {
      preferred.absent = {"NIC " + preferred.value};
    }
    found.push_back(preferred);
  }
  return found;
}

namespace {

struct Visible {
  char const* variable;
  Vendor vendor;
};

/// The GPUs a list of indices and UUIDs means, out of those that the layers below show.
NamedDevices visible(Machine const& machine, Visible const& how, std::string const& value,
                     std::vector<std::size_t> const& shown) {
  NamedDevices named{.from = how.variable, .value = value};
  for (std::string const& word : split(value, ',')) {
    if (word.empty()) continue;
    std::string const card = how.vendor == Vendor::intel ? word.substr(0, word.find('.')) : word;
    if (auto const index = whole_number(card)) {
      named.by_index = true;
      if (how.vendor == Vendor::intel && card != word) {  // device.tile
        auto const tile = whole_number(std::string_view(word).substr(card.size() + 1));
        std::vector<std::string> cards;
        bool there = false;
        for (std::size_t const gpu : shown) {
          Device const& device = machine.devices()[gpu];
          if (cards.empty() || cards.back() != device.bus_id) cards.push_back(device.bus_id);
          bool const same = cards.size() == *index + 1 && tile &&
                            (device.partition < 0 ? *tile == 0 : device.partition == static_cast<int>(*tile));
          if (same) named.devices.push_back(gpu);
          there = there || same;
        }
        if (!there) named.absent.push_back(word);
      } else if (*index < shown.size()) {
        named.devices.push_back(shown[*index]);
      } else {
        named.absent.push_back(word);
      }
      continue;
    }
    // CUDA takes the beginning of a UUID too.
    auto const found = std::find_if(shown.begin(), shown.end(), [&](std::size_t gpu) {
      std::string const& uuid = machine.devices()[gpu].uuid;
      return !uuid.empty() && uuid.starts_with(word);
    });
    if (found != shown.end()) named.devices.push_back(*found);
    // A UUID that hwloc does not tell cannot be called absent.
    bool const all_known =
        std::all_of(shown.begin(), shown.end(), [&](std::size_t gpu) { return !machine.devices()[gpu].uuid.empty(); });
    if (found == shown.end() && all_known) named.absent.push_back(word);
  }
  return named;
}

}  // namespace

std::vector<NamedDevices> named_gpus(Machine const& machine, Binding const& binding) {
  std::vector<NamedDevices> found;
  if (!binding.gpu.empty()) {
    NamedDevices named{.from = "the program", .value = binding.gpu};
    auto const gpu = machine.find_device(binding.gpu);
    if (gpu && machine.devices()[*gpu].is_gpu()) {
      named.devices = {*gpu};
    } else {
      named.absent = {binding.gpu};
    }
    found.push_back(named);
  }
  if (binding.gpus_hidden) return found;  // then indices count what this process sees, which is not known here
  for (Vendor const vendor : {Vendor::nvidia, Vendor::amd, Vendor::intel}) {
    std::vector<std::size_t> shown = numbered_gpus(machine, vendor);
    if (shown.empty()) continue;
    std::vector<Visible> layers;  // each shows its choice to the next
    if (vendor == Vendor::nvidia) layers = {{"CUDA_VISIBLE_DEVICES", vendor}};
    if (vendor == Vendor::intel) layers = {{"ZE_AFFINITY_MASK", vendor}};
    if (vendor == Vendor::amd) {
      // HIP reads CUDA_VISIBLE_DEVICES where its own is not set.
      bool const own = binding.environment.contains("HIP_VISIBLE_DEVICES");
      layers = {{"ROCR_VISIBLE_DEVICES", vendor}, {own ? "HIP_VISIBLE_DEVICES" : "CUDA_VISIBLE_DEVICES", vendor}};
    }
    std::optional<NamedDevices> result;
    for (Visible const& layer : layers) {
      std::string const value = value_of(binding, layer.variable);
      if (value.empty()) continue;
      NamedDevices named = visible(machine, layer, value, shown);
      if (result && !named.absent.empty()) {
        named.problem = std::string(layer.variable) + "=" + value + " counts the GPUs that " + result->from + "=" +
                        result->value + " leaves, and they are fewer";
        named.absent.clear();
      }
      shown = named.devices;
      result = named;
    }
    if (result) found.push_back(*result);
  }
  return found;
}

std::optional<CpuSet> omp_places(std::string const& text) {
  CpuSet all;
  std::size_t at = 0;
  auto const number = [&](std::size_t& from) -> std::optional<unsigned> {
    std::size_t end = from;
    while (end < text.size() && text[end] >= '0' && text[end] <= '9') ++end;
    auto const value = whole_number(std::string_view(text).substr(from, end - from));
    from = end;
    return value;
  };
  // first[:length[:stride]], the form of both places and lists of them
  auto const tail = [&](unsigned& length, unsigned& stride) {
    for (unsigned* target : {&length, &stride}) {
      if (at >= text.size() || text[at] != ':') return true;
      auto const value = number(++at);
      if (!value || *value > 4096) return false;
      *target = *value;
    }
    return true;
  };
  while (at < text.size()) {
    if (text[at] != '{') return {};
    std::vector<unsigned> place;
    do {
      auto const first = number(++at);
      unsigned length = 1, stride = 1;
      if (!first || !tail(length, stride)) return {};
      for (unsigned i = 0; i < length; ++i) place.push_back(*first + i * stride);
    } while (at < text.size() && text[at] == ',');
    if (at >= text.size() || text[at] != '}') return {};
    ++at;
    unsigned length = 1, stride = 1;
    if (!tail(length, stride)) return {};
    for (unsigned i = 0; i < length; ++i) {
      for (unsigned const cpu : place) {
        if (cpu + i * stride > CpuSet::largest) return {};
        all.insert(cpu + i * stride);
      }
    }
    if (at < text.size() && text[at++] != ',') return {};
  }
  return all.empty() ? std::nullopt : std::optional(all);
}

}  // namespace kramers::topology::detail
