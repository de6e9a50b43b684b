// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/topology/error.hpp>
#include <kramers/topology/json.hpp>

#include <nlohmann/json.hpp>

#include <array>
#include <string_view>

namespace kramers::topology {

namespace {

using nlohmann::json;

/// Reads one binding and says which key is wrong.
class BindingReader {
 public:
  BindingReader(json const& object, std::string const& source, std::string where)
      : m_object(object), m_source(source), m_where(std::move(where)) {}

  Binding read() const {
    if (!m_object.is_object()) fail("must be an object");
    Binding binding;
    auto const rank = m_object.find("rank");
    bool const whole = rank != m_object.end() && rank->is_number_integer() && rank->get<long long>() >= 0 &&
                       rank->get<long long>() <= 1'000'000;
    if (!whole) fail("needs \"rank\", a whole number from 0 on");
    binding.rank = rank->get<int>();
    binding.cpus = set("cpus", text(m_object, "cpus"));
    binding.mems = set("mems", text(m_object, "mems"));
    binding.gpu = text(m_object, "gpu");
    binding.nic = text(m_object, "nic");
    // The names of a plan may be ambiguous; its ids are not.
    if (auto const id = text(m_object, "gpu_bus_id"); !id.empty()) binding.gpu = id;
    if (auto const id = text(m_object, "nic_bus_id"); !id.empty()) binding.nic = id;
    if (auto const hidden = m_object.find("gpus_hidden"); hidden != m_object.end()) {
      if (!hidden->is_boolean()) fail("has a \"gpus_hidden\" that is not true or false");
      binding.gpus_hidden = hidden->get<bool>();
    }
    if (auto const memory = m_object.find("memory"); memory != m_object.end()) {
      if (!memory->is_object()) fail("has a \"memory\" that is no object");
      binding.memory = mode(text(*memory, "mode"));
      binding.memory_nodes = set("memory.nodes", text(*memory, "nodes"));
    }
    if (auto const variables = m_object.find("environment"); variables != m_object.end()) {
      if (!variables->is_object()) fail("has an \"environment\" that is no object");
      for (auto const& [variable, value] : variables->items()) {
        if (!value.is_string()) fail("has an \"environment\" whose \"" + variable + "\" is no text");
        binding.environment[variable] = value.get<std::string>();
      }
    }
    return binding;
  }

 private:
  [[noreturn]] void fail(std::string const& what) const { throw InputError(m_source, 0, m_where + " " + what); }

  std::string text(json const& object, char const* key) const {
    auto const found = object.find(key);
    if (found == object.end() || found->is_null()) return "";
    if (!found->is_string()) fail("has a \"" + std::string(key) + "\" that is no text");
    return found->get<std::string>();
  }
  CpuSet set(char const* key, std::string const& list) const {
    try {
      return CpuSet::from_list(list);
    } catch (UsageError const&) {
      fail("has a \"" + std::string(key) + "\" that is no list like \"0-3,8\"");
    }
  }
  MemoryMode mode(std::string const& word) const {
    for (MemoryMode const one :
         {MemoryMode::unknown, MemoryMode::local, MemoryMode::bind, MemoryMode::preferred, MemoryMode::interleave}) {
      if (name(one) == word) return one;
    }
    if (word.empty()) return MemoryMode::unknown;
    fail("has a \"memory.mode\" that is not unknown, local, bind, preferred or interleave");
  }

  json const& m_object;
  std::string const& m_source;
  std::string m_where;
};

}  // namespace

std::vector<Binding> bindings_from_json(std::string const& text, std::string const& source) {
  json const document = json::parse(text, nullptr, false);
  if (document.is_discarded()) throw InputError(source, 0, "it is not JSON");
  if (!document.is_object())
    throw InputError(source, 0, "it is no document of kramers-topo: it needs \"bindings\" or \"assignments\"");
  if (auto const schema = document.find("schema"); schema != document.end() && *schema != json_schema) {
    throw InputError(source, 0,
                     "its schema is " + schema->dump() + "; this program reads " + std::to_string(json_schema));
  }
  std::string key = "bindings";
  if (!document.contains(key)) key = "assignments";
  auto const list = document.find(key);
  if (list == document.end() || !list->is_array() || list->empty()) {
    throw InputError(source, 0, "it needs a list \"bindings\" or \"assignments\" with an entry for each rank");
  }
  std::vector<Binding> bindings;
  for (std::size_t i = 0; i < list->size(); ++i) {
    bindings.push_back(BindingReader((*list)[i], source, key + "[" + std::to_string(i) + "]").read());
  }
  return bindings;
}

}  // namespace kramers::topology
