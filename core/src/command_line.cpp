// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/core/command_line.hpp>
#include <kramers/core/provenance.hpp>

#include <Kokkos_Core.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cctype>

namespace kramers {

namespace {

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::string listed(std::vector<std::string> const& names) {
  std::string text;
  for (auto const& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

void expect_space(std::string const& name) {
  auto const& built = space_names();
  if (std::ranges::find(built, name) != built.end()) return;
  std::vector<std::string> const known = {"serial", "openmp", "cuda", "hip"};
  bool const is_known = std::ranges::find(known, name) != known.end();
  throw UsageError("--space " + name + (is_known ? " is not built in" : " is unknown") +
                   "; this build has: " + listed(built));
}

}  // namespace

std::vector<std::string> const& space_names() {
  static std::vector<std::string> const names = [] {
    std::vector<std::string> all = {lower(Kokkos::DefaultExecutionSpace::name())};
    auto const add = [&](std::string const& name) {
      if (std::ranges::find(all, name) == all.end()) all.push_back(name);
    };
#ifdef KOKKOS_ENABLE_CUDA
    add("cuda");
#endif
#ifdef KOKKOS_ENABLE_HIP
    add("hip");
#endif
#ifdef KOKKOS_ENABLE_OPENMP
    add("openmp");
#endif
#ifdef KOKKOS_ENABLE_SERIAL
    add("serial");
#endif
    return all;
  }();
  return names;
}

std::variant<CommandLine, Answer> parse_command_line(int argc, char const* const* argv, AppInfo const& info) {
  CommandLine line;
  line.words.assign(argv, argv + argc);
  line.space = space_names().front();
  std::string input, summary, output;

  CLI::App app(info.description, info.name);
  app.set_version_flag("--version", info.name + " " + version_text());
  app.get_formatter()->column_width(34);
  app.add_option("INPUT", input, "input file (TOML)")->required();
  // One value per --set, or the input file would be taken for another one.
  app.add_option("--set", line.sets, "replace or add one key of the input; may be repeated")
      ->type_name("KEY=VALUE")
      ->type_size(1)
      ->allow_extra_args(false);
  app.add_flag("--quiet", line.quiet, "show no progress and no result, only errors");
  if (info.has_replay) {
    app.add_option("--replay", line.replay, "run this one walker of the ensemble again")->type_name("ID");
  }
  if (info.has_resume) app.add_flag("--resume", line.resume, "go on from the checkpoint the input names");
  app.add_option("--space", line.space, "where to run: " + listed(space_names()))
      ->type_name("NAME")
      ->capture_default_str();
  app.add_option("--precision", line.precision, "f64 or f32")->type_name("NAME")->capture_default_str();
  if (info.place) {
    app.add_option("--topology", line.topology, "placement of the ranks: report, check, apply or off")
        ->type_name("MODE")
        ->capture_default_str();
  }
  app.add_option("--summary", summary, "write the summary here")->type_name("FILE.json");
  app.add_option("--output", output, "write the results here")->type_name("FILE.h5");
  try {
    app.parse(argc, argv);
  } catch (CLI::CallForHelp const&) {
    return Answer{app.help()};
  } catch (CLI::CallForVersion const&) {
    return Answer{app.version() + "\n"};
  } catch (CLI::ParseError const& e) {
    throw UsageError(std::string(e.what()) + " (" + info.name + " --help lists the options)");
  }
  expect_space(line.space);
  if (line.precision != "f64" && line.precision != "f32") {
    throw UsageError("--precision must be f64 or f32, but is " + line.precision);
  }
  std::vector<std::string> const modes = {"report", "check", "apply", "off"};
  if (std::ranges::find(modes, line.topology) == modes.end()) {
    throw UsageError("--topology must be one of " + listed(modes) + ", but is " + line.topology);
  }
  line.input = input;
  if (!summary.empty()) line.summary = summary;
  if (!output.empty()) line.output = output;
  return line;
}

}  // namespace kramers
