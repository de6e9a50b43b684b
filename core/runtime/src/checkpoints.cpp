// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/base/file.hpp>
#include <kramers/runtime/checkpoints.hpp>
#include <kramers/runtime/collective_errors.hpp>
#include <kramers/runtime/provenance.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstddef>
#include <utility>

namespace kramers {
namespace {

/// Text of a file as messages show it: short, and without what a terminal would obey.
std::string shown(std::string text) {
  constexpr std::size_t enough = 80;
  if (text.size() > enough) text.replace(enough, std::string::npos, "...");
  std::ranges::replace_if(text, [](unsigned char c) { return c < 0x20 || c >= 0x7f; }, '?');
  return text;
}

/// What a checkpoint says of the run that wrote it.
nlohmann::json fingerprint_of(h5::Reader const& file) {
  std::string const text = file.read_text("fingerprint");
  // Ours have some tens of tables; a hostile depth would exhaust the stack of whoever walks through it.
  constexpr std::ptrdiff_t most_brackets = 1000;
  auto const brackets = std::ranges::count_if(text, [](char c) { return c == '{' || c == '['; });
  auto json = brackets > most_brackets ? nlohmann::json() : nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) refuse_checkpoint(file.path(), "its 'fingerprint' is none of a run");
  return json;
}

/// The first place where two fingerprints differ: its name and both values.
void expect_same(nlohmann::json const& now, nlohmann::json const& then, std::string const& path) {
  nlohmann::json const difference = nlohmann::json::diff(then, now);
  if (difference.empty()) return;
  std::string place = difference.front().at("path").get<std::string>();
  nlohmann::json::json_pointer pointer(place);
  while (!now.contains(pointer) && !then.contains(pointer)) pointer.pop_back();  // the end of a list: name the list
  place = pointer.to_string();
  auto const text = [&](nlohmann::json const& json) {
    return json.contains(pointer) ? shown(json[pointer].dump()) : "absent";
  };
  std::string name = place.substr(1);
  std::replace(name.begin(), name.end(), '/', '.');
  throw InputError(path, 0,
                   "the checkpoint was written with " + shown(name) + " = " + text(then) + ", this run has " +
                       text(now) + "; resume with the input that started the run");
}

std::string tag_of(CheckpointFormat const& format) {
  return format.program + " checkpoint";
}

/// Is it a checkpoint of any program?
bool is_checkpoint(std::filesystem::path const& path) {
  try {
    h5::Reader const file(path, Communicator::self());
    return file.has_attribute("/", "format") && file.tag("/", "format").ends_with(" checkpoint");
  } catch (Error const&) {  // something else, or damaged
    return false;
  }
}

}  // namespace

void erase_places(nlohmann::json& keys, std::initializer_list<char const*> places) {
  for (char const* const place : places) {
    nlohmann::json::json_pointer const pointer(place);
    if (keys.contains(pointer)) keys[pointer.parent_pointer()].erase(pointer.back());
  }
}

std::string checkpoint_fingerprint(nlohmann::json keys, std::initializer_list<char const*> free_places) {
  erase_places(keys, free_places);
  erase_places(keys, {"/output", "/checkpoint"});
  return keys.dump();
}

void begin_checkpoint(h5::Writer& file, CheckpointFormat const& format, std::int64_t step,
                      std::string_view fingerprint) {
  file.tag("/", "format", tag_of(format));
  file.attribute("/", "format_version", format.version);
  file.tag("/", "version", version());
  file.attribute("/", "step", step);
  file.write("fingerprint", fingerprint);
}

h5::Reader open_checkpoint(std::filesystem::path const& path, Communicator const& comm, CheckpointFormat const& format,
                           std::string const& fingerprint) {
  h5::Reader file(path, comm);
  std::string const foreign = "this is an HDF5 file, but no checkpoint of " + format.program;
  if (!file.has_attribute("/", "format") || !file.has_attribute("/", "format_version")) {
    throw IoError(path.string(), foreign);
  }
  // First, since tags of the earliest versions were texts of another kind.
  auto const version = file.attribute<std::int64_t>("/", "format_version");
  if (version < format.version) {
    throw IoError(path.string(), "the checkpoint has format version " + std::to_string(version) +
                                     ", of an earlier kramers; finish the run with that version");
  }
  if (file.tag("/", "format") != tag_of(format)) throw IoError(path.string(), foreign);
  if (version > format.version) {
    throw IoError(path.string(), "the checkpoint has format version " + std::to_string(version) +
                                     ", this program reads up to " + std::to_string(format.version) +
                                     "; resume with kramers " + shown(file.tag("/", "version")) + " or later");
  }
  expect_same(nlohmann::json::parse(fingerprint), fingerprint_of(file), path.string());
  return file;
}

std::int64_t checkpoint_step(h5::Reader const& file, std::int64_t last, std::string const& unit,
                             std::string const& keys) {
  auto const step = file.attribute<std::int64_t>("/", "step");
  if (step < 0) refuse_checkpoint(file.path(), "no run comes to " + unit + " " + std::to_string(step));
  if (step > last) {
    throw InputError(file.path().string(), 0,
                     "the checkpoint was written at " + unit + " " + std::to_string(step) + ", but this run ends at " +
                         unit + " " + std::to_string(last) + " (" + keys + ")");
  }
  return step;
}

void refuse_checkpoint(std::filesystem::path const& path, std::string const& what) {
  throw IoError(path.string(), "is damaged: " + what);
}

void expect_members(h5::Reader const& file, std::string const& group, std::vector<std::string> wanted) {
  std::ranges::sort(wanted);
  auto const found = file.members(group);
  auto const [want, got] = std::ranges::mismatch(wanted, found);
  if (want == wanted.end() && got == found.end()) return;
  std::string const place = group == "/" ? "" : group + "/";
  bool const is_missing = want != wanted.end() && (got == found.end() || *want < *got);
  if (is_missing) refuse_checkpoint(file.path(), "it holds no '" + place + *want + "'");
  refuse_checkpoint(file.path(), "it holds an object in '" + group + "' that no checkpoint of this run has");
}

std::string keep_before_checkpoint(std::filesystem::path const& path, bool replaces) {
  if (replaces && is_checkpoint(path)) return {};
  auto const kept = keep_former(path);
  return kept ? "the former " + path.string() + " is kept as " + kept->string() : std::string();
}

CheckpointWatch::CheckpointWatch(Communicator comm, CheckpointPlan const& plan, std::int64_t first)
    : m_comm(std::move(comm)), m_plan(plan), m_first(first), m_last(first) {}

bool CheckpointWatch::is_due(std::int64_t done) const {
  return m_plan.every > 0 && done - m_last >= m_plan.every;
}

std::int64_t CheckpointWatch::piece(std::int64_t done, std::int64_t most) const {
  if (m_plan.every == 0) return most;
  return std::clamp<std::int64_t>(m_plan.every - (done - m_last), 1, most);
}

void CheckpointWatch::write_one(std::function<void(std::filesystem::path const&)> const& write) {
  if (!m_is_ours) {
    agree(m_comm, [&] {
      if (!m_comm.is_root()) return;
      std::string const kept = keep_before_checkpoint(m_plan.file, m_plan.resumes || m_plan.overwrites);
      if (!kept.empty() && !m_plan.quiet && m_plan.warn) m_plan.warn(kept);
    });
    m_is_ours = true;
  }
  write(m_plan.file);
}

int CheckpointWatch::look(std::int64_t done, bool is_end,
                          std::function<void(std::filesystem::path const&)> const& write) {
  if (int const signal = is_end ? 0 : m_stop.signal(m_comm); signal != 0) {
    if (done > m_first) write_one(write);
    return signal;
  }
  if (!is_due(done)) return 0;
  m_last = done;
  auto const failure = failure_to_write(m_comm, [&] { write_one(write); });
  if (failure && m_plan.warn)
    m_plan.warn("no checkpoint at " + m_plan.unit + " " + std::to_string(done) + ": " + *failure);
  return 0;
}

}  // namespace kramers
