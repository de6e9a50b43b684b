// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/file.hpp>
#include <kramers/runtime/collective_errors.hpp>
#include <kramers/runtime/recorded_input.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <optional>
#include <string_view>
#include <vector>

namespace kramers {

namespace fs = std::filesystem;

namespace {

constexpr char files_group[] = "input_files";
constexpr char text_name[] = "effective_input";
/// An attribute has 64 KiB at most; what is longer is a dataset of the same name.
constexpr std::size_t longest_attribute = 60'000;

/// JSON's escapes are TOML's; what is no UTF-8 cannot stand in either.
std::string value_text(nlohmann::json const& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void add_table(nlohmann::json const& table, std::string const& name, std::string& text) {
  bool is_open = name.empty();
  for (auto const& [key, value] : table.items()) {
    if (value.is_object()) continue;
    if (!is_open) text += (text.empty() ? "[" : "\n[") + name + "]\n";
    is_open = true;
    text += key + " = " + value_text(value) + "\n";
  }
  for (auto const& [key, value] : table.items()) {
    if (value.is_object()) add_table(value, name.empty() ? key : name + "." + key, text);
  }
}

/// A reader of a file of HDF5 that is input: what is wrong with it is wrong input.
template <class Read>
auto from_file(fs::path const& path, char const* lacks, Read&& read) {
  try {
    return read(h5::Reader(path, Communicator::self()));
  } catch (IoError const& error) {
    throw InputError(path.string(), 0, std::string(lacks) + ": " + error.what());
  }
}
template <class Read>
auto from_results(fs::path const& path, Read&& read) {
  return from_file(path, "gives no input to run again", read);
}

/// Texts of more lines would take long to write and to read.
constexpr std::uint64_t most_surface_points = 1 << 22;

std::string shape_text(h5::Extents const& extents) {
  std::string text;
  for (auto const n : extents) text += (text.empty() ? "" : ", ") + std::to_string(n);
  return "(" + text + ")";
}

/// The shape of a surface, as its datasets agree on it.
h5::Extents surface_extents(h5::Reader const& file) {
  auto const fail = [&](std::string const& what) { throw InputError(file.path().string(), 0, what); };
  for (std::string const name : {"energy", "x", "y"}) {
    if (!file.has(name)) fail("holds no dataset '" + name + "'; expected 'energy' of a surface, its axes 'x' and 'y'");
  }
  auto const extents = file.extents("energy");
  if (extents.size() != 2) {
    fail("holds 'energy' of the shape " + shape_text(extents) + "; expected two dimensions, those of 'x' and 'y'");
  }
  if (extents[0] > most_surface_points || extents[1] > most_surface_points / std::max<std::uint64_t>(extents[0], 1)) {
    fail("holds 'energy' of the shape " + shape_text(extents) + "; expected a coarser grid");
  }
  for (std::size_t a = 0; a < 2; ++a) {
    std::string const name = a == 0 ? "x" : "y";
    auto const points = file.extents(name);
    if (points != h5::Extents{extents[a]}) {
      fail("holds '" + name + "' of the shape " + shape_text(points) + "; expected " + shape_text({extents[a]}) +
           ", as 'energy' of the shape " + shape_text(extents) + " has");
    }
  }
  return extents;
}

/// An axis of a surface: finite positions that increase.
std::vector<double> surface_axis(h5::Reader const& file, std::string const& name) {
  auto const fail = [&](std::string const& what) { throw InputError(file.path().string(), 0, what); };
  auto positions = file.read_numbers(name);
  for (std::size_t i = 0; i < positions.size(); ++i) {
    std::string const value = shortest_decimal(positions[i]);
    if (!std::isfinite(positions[i])) fail("holds the position " + name + " = " + value + "; expected finite numbers");
    if (i > 0 && positions[i] <= positions[i - 1]) {
      fail("has " + name + " = " + value + " after " + shortest_decimal(positions[i - 1]) +
           "; expected positions that increase");
    }
  }
  return positions;
}

/// Does a file of HDF5 hold results that keep the text of this key?
bool keeps_text(fs::path const& path, std::string const& key) {
  return from_results(path, [&](h5::Reader const& file) { return file.has(std::string(files_group) + "/" + key); });
}

/// The file of results that such a path begins with, if there is one.
std::optional<fs::path> results_in(fs::path const& path) {
  fs::path const group = path.parent_path();
  if (group.filename() != files_group || !is_hdf5(group.parent_path())) return std::nullopt;
  return group.parent_path();
}

}  // namespace

nlohmann::json effective_keys(Config const& config) {
  nlohmann::json keys = config.effective();
  for (char const* const written : {"/output/file", "/output/summary", "/output/model", "/checkpoint/file"}) {
    nlohmann::json::json_pointer const pointer(written);
    if (!keys.contains(pointer)) continue;
    nlohmann::json& table = keys[pointer.parent_pointer()];
    table.erase(pointer.back());
    if (table.empty()) keys.erase(pointer.parent_pointer().back());
  }
  return keys;
}

std::string toml_text(nlohmann::json const& keys) {
  std::string text;
  add_table(keys, "", text);
  return text;
}

InputRecord record_input(Config const& config, std::string const& precision, Communicator const& comm) {
  InputRecord record{config.verbatim(), toml_text(effective_keys(config)), precision, {}};
  for (NamedFile const& input : config.inputs()) {
    if (input.role == "INPUT") continue;
    std::string const key = input.role.substr(1, input.role.size() - 2);  // between quotes
    std::string text;
    agree(comm, [&] {
      if (!comm.is_root()) return;
      if (!is_hdf5(input.path)) {
        text = read_named_input(input.path);
      } else {
        text =
            keeps_text(input.path, key) ? read_named_input(recorded_file(input.path, key)) : surface_text(input.path);
      }
    });
    // A text of HDF5 ends at the first zero, which is a symbol in matrices of GROMACS with more than 88 levels.
    std::ranges::replace(text, '\0', '\x01');
    comm.broadcast(text);
    record.files.emplace(key, std::move(text));
  }
  return record;
}

void write_input(h5::Writer& file, InputRecord const& record) {
  file.attribute("/", "input", record.verbatim);
  file.tag("/", "precision", record.precision);
  if (record.effective.size() <= longest_attribute) {
    file.tag("/", text_name, record.effective);
  } else {
    file.write(text_name, record.effective);
  }
  for (auto const& [key, text] : record.files) file.write(std::string(files_group) + "/" + key, text);
}

bool is_hdf5(fs::path const& path) {
  constexpr std::string_view signature = "\x89HDF\r\n\x1a\n";
  std::error_code ignored;
  if (!fs::is_regular_file(path, ignored)) return false;
  char first[signature.size()] = {};
  return std::ifstream(path, std::ios::binary).read(first, sizeof first) &&
         std::string_view(first, sizeof first) == signature;
}

RecordedInput read_recorded_input(fs::path const& path) {
  return from_results(path, [&](h5::Reader const& file) {
    bool const as_attribute = file.has_attribute("/", text_name);
    if (!(as_attribute || file.has(text_name)) || !file.has_attribute("/", "precision")) {
      throw InputError(path.string(), 0,
                       "gives no input to run again: it has no attribute 'effective_input', which results have");
    }
    RecordedInput const recorded{as_attribute ? file.tag("/", text_name) : file.read_text(text_name),
                                 file.tag("/", "precision")};
    if (recorded.text.empty()) throw InputError(path.string(), 0, "gives no input to run again: its run had none");
    return recorded;
  });
}

bool is_partial_result(fs::path const& path, nlohmann::json const& keys) {
  constexpr std::size_t longest_summary = 16 << 20;
  std::error_code ignored;
  if (!fs::is_regular_file(path, ignored)) return false;
  try {
    if (is_hdf5(path)) {
      bool const partial = h5::Reader(path, Communicator::self()).has_attribute("/", "partial");
      return partial && read_recorded_input(path).text == toml_text(keys);
    }
    auto const summary = nlohmann::json::parse(read_text(path, longest_summary), nullptr, false);
    return summary.is_object() && summary.contains("partial") && summary.value("input", nlohmann::json()) == keys;
  } catch (Error const&) {  // unreadable or damaged: not ours
    return false;
  }
}

fs::path recorded_file(fs::path const& results, std::string const& key) {
  return results / files_group / key;
}

std::string read_named_input(fs::path const& path) {
  auto const results = results_in(path);
  if (!results) return read_input(path);
  return from_results(*results, [&](h5::Reader const& file) {
    return file.read_text(std::string(files_group) + "/" + path.filename().string());
  });
}

std::string surface_text(fs::path const& path) {
  return from_file(path, "gives no surface", [&](h5::Reader const& file) {
    auto const extents = surface_extents(file);
    auto const x = surface_axis(file, "x"), y = surface_axis(file, "y"), energy = file.read_numbers("energy");
    std::vector<std::string> column;
    for (double const position : y) column.push_back(shortest_decimal(position));
    std::string text = "# x y energy\n";
    for (std::size_t i = 0; i < energy.size(); ++i) {
      std::string const place = shortest_decimal(x[i / y.size()]) + " " + column[i % y.size()];
      std::string const value = shortest_decimal(energy[i]);
      if (!std::isfinite(energy[i])) {
        throw InputError(path.string(), 0,
                         "holds the energy " + value + " at (x, y) = " + place + "; expected finite numbers");
      }
      text += place + " " + value + "\n";
    }
    return text;
  });
}

}  // namespace kramers
