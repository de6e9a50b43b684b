// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/base/file.hpp>
#include <kramers/runtime/command_line.hpp>
#include <kramers/runtime/key_recorder.hpp>
#include <kramers/runtime/recorded_input.hpp>

#include <nlohmann/json.hpp>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "config_tree.hpp"

namespace kramers {

namespace {

namespace fs = std::filesystem;

/// A folder for the files that an example names; gone at the end.
class ExampleFolder {
 public:
  explicit ExampleFolder(InputExample const& example) {
    std::string name = (fs::temp_directory_path() / "kramers-example-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw IoError(name, "cannot be created, and TMPDIR names no other folder");
    m_path = name;
    for (auto const& [file, text] : example.files) write_text_atomically(m_path / file, text);
  }
  ~ExampleFolder() {
    std::error_code ignored;
    fs::remove_all(m_path, ignored);
  }
  ExampleFolder(ExampleFolder const&) = delete;
  ExampleFolder& operator=(ExampleFolder const&) = delete;

  fs::path const& path() const { return m_path; }

 private:
  fs::path m_path;
};

/// What reading an example asked for, and the values it used.
struct Reading {
  std::map<std::string, AskedKey> asked;
  nlohmann::json used;
};

Reading read_example(InputGuide const& guide, InputExample const& example, CommandLine options) {
  ExampleFolder const folder(example);
  for (auto const& [option, value] : example.own) options.own[option] = value;
  AppRun const run{Communicator::self(), std::move(options),
                   Config::from_text(example.toml, (folder.path() / "input.toml").string())};
  KeyRecorder const recorder;
  try {
    guide.read(run);
  } catch (InputError const&) {
    // A potential of one's own may need keys that nobody here knows; up to there it has been asked.
    if (!example.name.empty()) throw;
  }
  return {recorder.asked(), effective_keys(run.config)};
}

/// A key over all examples.
struct Described {
  AskedKey asked;
  std::vector<std::string> examples;  ///< that ask for it, of those that have a name
  bool differs = false;               ///< its default, between examples
};

std::map<std::string, Described> describe(InputGuide const& guide, CommandLine const& options) {
  std::map<std::string, Described> keys;
  for (InputExample const& example : guide.examples) {
    for (auto const& [key, asked] : read_example(guide, example, options).asked) {
      auto const [place, is_new] = keys.try_emplace(key, Described{asked, {}, false});
      Described& found = place->second;
      found.differs = found.differs || found.asked.fallback != asked.fallback;
      if (!example.name.empty()) found.examples.push_back(example.name);
    }
  }
  return keys;
}

KeyNote const* note_of(InputGuide const& guide, std::string_view key) {
  auto const found = std::ranges::find(guide.keys, key, &KeyNote::key);
  return found == guide.keys.end() ? nullptr : &*found;
}

std::string listed(std::vector<std::string> const& names) {
  std::string text;
  for (auto const& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

std::string default_text(AskedKey const& asked, KeyNote const* note) {
  if (note != nullptr && !note->usual.empty()) return note->usual;
  if (asked.required) return "required";
  return asked.fallback.value_or("none");
}

std::string meaning_text(AskedKey const& asked, KeyNote const* note) {
  std::string text = note == nullptr ? "" : note->meaning;
  if (!asked.choices.empty()) text += (text.empty() ? "" : ": ") + listed(asked.choices);
  return text;
}

/// In the order of the guide; keys that it lacks, as those of a potential of one's own, at the end.
std::vector<std::string> ordered(InputGuide const& guide, std::vector<std::string> keys) {
  std::ranges::stable_sort(keys, {}, [&](std::string const& key) {
    return std::ranges::find(guide.keys, key, &KeyNote::key) - guide.keys.begin();
  });
  return keys;
}

template <class Map>
std::vector<std::string> names_of(Map const& map) {
  std::vector<std::string> names;
  for (auto const& entry : map) names.push_back(entry.first);
  return names;
}

using Row = std::array<std::string, 5>;

std::string aligned(std::vector<Row> const& rows) {
  std::array<std::size_t, 5> widths{};
  for (Row const& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (Row const& row : rows) {
    for (std::size_t i = 0; i + 1 < row.size(); ++i) text += row[i] + std::string(widths[i] - row[i].size() + 2, ' ');
    text += row.back() + "\n";
  }
  return text;
}

std::string table_of(std::string const& key) {
  return key.find('.') == std::string::npos ? "" : key.substr(0, key.rfind('.'));
}

nlohmann::json const* value_of(nlohmann::json const& used, std::string key) {
  std::ranges::replace(key, '.', '/');
  nlohmann::json::json_pointer const pointer("/" + key);
  return used.contains(pointer) ? &used.at(pointer) : nullptr;
}

/// One key of a template. What has a value there is written, but for values that follow from others.
struct TemplateLine {
  std::string text;
  bool is_comment;
};

TemplateLine template_line(std::string const& key, AskedKey const& asked, KeyNote const* note, Reading const& reading,
                           bool is_given) {
  auto const* value = value_of(reading.used, key);
  bool const follows = note != nullptr && !note->usual.empty() && !is_given;
  std::string const name = key.substr(key.rfind('.') + 1);
  std::string line = (value == nullptr || follows ? "# " : "") + name + " = ";
  line += value == nullptr ? "..." : value->dump();
  std::string const meaning = meaning_text(asked, note);
  std::string about = note == nullptr || note->unit.empty() ? meaning : meaning + " [" + note->unit + "]";
  if (value == nullptr) about += "; " + asked.type;
  std::string const fallback = default_text(asked, note);
  if (!is_given) about += (fallback.starts_with("needed") ? "; " : "; default ") + fallback;
  constexpr std::size_t column = 34;
  line += std::string(line.size() < column ? column - line.size() : 1, ' ');
  return {line + "# " + about + "\n", value == nullptr || follows};
}

/// How to make a file that an example names, in comments.
std::string file_hint(std::string const& name, std::string const& text) {
  std::string hint =
      "# It reads " + name + ", columns of a table, which for a first try this makes:\n#   printf '%s\\n'";
  for (std::string_view rest = text; !rest.empty();) {
    auto const end = std::min(rest.find('\n'), rest.size());
    hint += " '" + std::string(rest.substr(0, end)) + "'";
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return hint + " > " + name + "\n";
}

}  // namespace

std::string keys_text(InputGuide const& guide, CommandLine const& options, std::string const& prefix) {
  auto const keys = describe(guide, options);
  std::ptrdiff_t named = 0;
  for (InputExample const& example : guide.examples) named += example.name.empty() ? 0 : 1;
  for (KeyNote const& note : guide.keys) {
    expects(keys.contains(note.key), "key of the guide", note.key, "one that a reader asks for");
  }
  std::vector<Row> rows = {{"key", "type", "default", "unit", "meaning"}};
  for (std::string const& key : ordered(guide, names_of(keys))) {
    if (!key.starts_with(prefix)) continue;
    Described const& found = keys.at(key);
    KeyNote const* const note = note_of(guide, key);
    std::string meaning = meaning_text(found.asked, note);
    bool const by_some = !found.examples.empty() && std::ssize(found.examples) < named;
    if (by_some) meaning += (meaning.empty() ? "of " : "; of ") + listed(found.examples);
    bool const depends = found.differs && (note == nullptr || note->usual.empty());
    rows.push_back({key, found.asked.type, depends ? "depends" : default_text(found.asked, note),
                    note == nullptr || note->unit.empty() ? "-" : note->unit, meaning.empty() ? "-" : meaning});
  }
  if (rows.size() == 1) {
    auto const meant = detail::nearest_name(prefix, names_of(keys));
    throw UsageError(invalid_value("--keys", prefix, "the begin of a key, as " + table_of(guide.keys.front().key)) +
                     (meant ? "; did you mean '" + *meant + "'?" : std::string()));
  }
  return aligned(rows);
}

std::string template_text(InputGuide const& guide, CommandLine const& options, std::string const& name) {
  std::vector<std::string> names;
  for (InputExample const& example : guide.examples) {
    if (!example.name.empty()) names.push_back(example.name);
  }
  auto const found =
      std::ranges::find(guide.examples, name.empty() && !names.empty() ? names.front() : name, &InputExample::name);
  if (found == guide.examples.end() || found->name.empty()) {
    throw UsageError(invalid_value("--template", name, "one of " + listed(names)));
  }
  InputExample const& example = *found;
  Reading reading = read_example(guide, example, options);
  for (auto const& [key, described] : describe(guide, options)) {
    if (described.examples.empty()) reading.asked.emplace(key, described.asked);
  }
  Config const given = Config::from_text(example.toml, "template");

  std::string text = "# " + example.about + "\n# Lines that begin with '#' name keys that may be left out.\n";
  for (auto const& [option, value] : example.own) text += "# Run it with " + option + "=" + value + ".\n";
  for (auto const& [file, content] : example.files) text += file_hint(file, content);
  std::vector<std::pair<std::string, std::vector<TemplateLine>>> tables;
  for (std::string const& key : ordered(guide, names_of(reading.asked))) {
    std::string const table = table_of(key);
    auto place = std::ranges::find(tables, table, &decltype(tables)::value_type::first);
    if (place == tables.end()) place = tables.insert(place, {table, {}});
    place->second.push_back(template_line(key, reading.asked.at(key), note_of(guide, key), reading, given.has(key)));
  }
  for (auto const& [table, lines] : tables) {
    bool const is_comment = std::ranges::all_of(lines, &TemplateLine::is_comment);
    text += "\n" + std::string(is_comment ? "# [" : "[") + table + "]\n";
    for (TemplateLine const& line : lines) text += line.text;
  }
  return text;
}

}  // namespace kramers
