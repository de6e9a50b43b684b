// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/runtime/collective_errors.hpp>
#include <kramers/runtime/communicator.hpp>
#include <kramers/runtime/config.hpp>
#include <kramers/runtime/input_guide.hpp>
#include <kramers/runtime/kokkos_session.hpp>

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace kramers {

/// How the ranks sit on their machines, from whoever knows machines.
struct Placement {
  std::optional<int> device;    ///< which device Kokkos shall use on this rank
  std::string report = "null";  ///< of all ranks, for the summary: JSON, null where nothing was looked at
};

/// A word of the command line that only one app has: a file it wants, or an option with a value.
struct AppWord {
  std::string name;  ///< "DATASET", or "--model"
  std::string help;
  std::string type = {};  ///< of an option's value, "FILE.safetensors"; one without has "given" in CommandLine::own
  std::vector<std::string> choices = {};  ///< the values that an option may have; empty means any
};

/// What an app tells about itself, and which of the common options it has.
struct AppInfo {
  std::string name;         ///< "kramers-langevin"
  std::string description;  ///< one sentence for --help
  bool has_replay = false;
  bool has_resume = false;
  bool has_strict = false;            ///< --strict: warnings about results make the exit code 2
  bool has_input = true;              ///< INPUT, the last file, and --set; without it the Config is empty
  std::string output = "FILE.h5";     ///< what --output writes, in --help
  std::string precision = "f64";      ///< where --precision does not say; empty: there is no such option
  std::vector<AppWord> files = {};    ///< before INPUT, each required
  std::vector<AppWord> options = {};  ///< of its own
  /// Where there are any, one of them is to be named, and it has files and options of its own: "kramers-classify train".
  std::vector<AppInfo> commands = {};
  /// What there is to know of its input; with one there are --keys, --template and --check.
  InputGuide guide = {};
  /// Looks at where the ranks run or, with mode "apply", moves this one; called on all ranks before Kokkos starts.
  /// Without it there is no option --topology.
  std::function<Placement(Communicator const&, std::string const& mode)> place = {};
};

/// The options that all apps share, and those of one.
struct CommandLine {
  std::vector<std::string> words;            ///< as typed
  std::string command = {};                  ///< which of AppInfo::commands
  std::vector<std::filesystem::path> files;  ///< those of AppInfo::files
  std::map<std::string, std::string>
      own;  ///< those of AppInfo::options that were given: {"--model", "net.safetensors"}
  std::filesystem::path input;
  std::vector<std::string> sets;  ///< --set a.b=value, in order
  bool quiet = false;
  bool resume = false;
  bool strict = false;
  bool overwrite = false;               ///< results replace former files, which are kept otherwise
  bool check = false;                   ///< only tell whether the input is good, and what the run will need
  std::optional<std::string> keys;      ///< list those that begin so, instead of a run
  std::optional<std::string> sample;    ///< print the template of this name, instead of a run; empty for the first
  std::optional<std::uint64_t> replay;  ///< walker id
  std::string space;                    ///< a name of `space_names()`
  std::string precision = "f64";        ///< "f64" or "f32"
  bool chose_precision = false;         ///< --precision was given; else that of a file of results comes first
  std::string topology = "check";       ///< "report", "check", "apply" or "off"
  std::optional<std::filesystem::path> summary;
  std::optional<std::filesystem::path> output;
};

/// Text asked for by --help or --version, to be printed instead of a run.
struct Answer {
  std::string text;
};

/// Read the command line. Prints nothing.
///
/// @throws UsageError  one sentence that says what is wrong
std::variant<CommandLine, Answer> parse_command_line(int argc, char const* const* argv, AppInfo const& info);

/// What the body of an app works with.
struct AppRun {
  Communicator comm;
  CommandLine options;
  Config config;                   ///< the input file with all --set applied
  std::string placement = "null";  ///< Placement::report
  std::string app = "kramers";     ///< AppInfo::name
};

/// Write a summary: this document and, under "placement", where the ranks ran. A former file is kept (`keep_former`). Call it
/// on one rank.
/// @throws IoError  it cannot be written; the old file stays
void write_summary(std::filesystem::path const& path, nlohmann::json summary, AppRun const& run);

/// The whole frame of an app: MPI, command line, input file, Kokkos (one device per rank of a machine), `body`, and one
/// error message from one rank with the same exit code on all. Warnings of the Config follow the run, unless --quiet.
/// Returns what main returns: 0, the value of `body`, 64 for wrong usage, 65 for wrong input or a machine that lacks the
/// device or the memory, 1 for other errors.
int run_app(int argc, char** argv, AppInfo const& info, std::function<int(AppRun const&)> const& body);

}  // namespace kramers
