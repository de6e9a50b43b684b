// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/runtime/command_line.hpp>
#include <kramers/runtime/provenance.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>

namespace kramers {

namespace {

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

std::string exit_codes(AppInfo const& info) {
  return std::string("Exit codes: 0 done, 1 failure, ") +
         (info.has_strict ? "2 done, with warnings (--strict), " : "") +
         "64 wrong command line or environment,\n65 wrong input or a machine that lacks the device or the memory, "
         "128 + n ended by signal n.";
}

/// CLI11 2.6 breaks lines where it likes, those of a text that has line breaks too.
void keep_lines(auto& formatter) {
  if constexpr (requires { formatter.enable_footer_formatting(false); }) formatter.enable_footer_formatting(false);
}

/// What CLI11 reads into: paths and options that are absent are empty texts.
struct Reading {
  CommandLine line;
  std::string input, summary, output;
  CLI::Option* precision = nullptr;
  std::vector<std::string> files;
  std::map<std::string, std::string> own;
  std::size_t chosen = 0;  ///< command
};

/// Thrown where a question about the input stands in place of a run, which then lacks no word.
struct Asked {
  char const* option;
  std::string* word;  ///< to be set to the one that follows, which CLI11 takes for INPUT
};

void add_questions(CLI::App& app, Reading& read) {
  auto const add = [&](char const* name, char const* type, char const* help, std::optional<std::string>& question) {
    auto const take = [&question, name](std::vector<std::string> const&) -> bool {
      throw Asked{name, &question.emplace()};
    };
    app.add_option(name, CLI::callback_t(take), help)->type_name(type)->expected(0, 1);
  };
  add("--keys", "[PREFIX]", "list the keys that an input can have", read.line.keys);
  add("--template", "[NAME]", "print an input that runs, with all its keys", read.line.sample);
  app.add_flag("--check", read.line.check, "only tell whether the input is good, and estimate memory and time");
}

void add_words(CLI::App& app, AppInfo const& info, Reading& read) {
  CommandLine& line = read.line;
  line.space = space_names().front();
  if (!info.precision.empty()) line.precision = info.precision;
  read.files.resize(info.files.size());
  for (std::size_t i = 0; i < info.files.size(); ++i) {
    app.add_option(info.files[i].name, read.files[i], info.files[i].help)->required();
  }
  if (info.has_input) {
    app.add_option("INPUT", read.input, "input file (TOML), or results (HDF5) to run again")->required();
    // One value per --set, or the input file would be taken for another one.
    app.add_option("--set", line.sets, "replace or add one key of the input; may be repeated")
        ->type_name("KEY=VALUE")
        ->type_size(1)
        ->allow_extra_args(false);
  }
  if (info.guide.read) add_questions(app, read);
  app.add_flag("--quiet", line.quiet, "show no progress and no result, only errors");
  if (info.has_replay) {
    app.add_option("--replay", line.replay, "run this one walker of the ensemble again")->type_name("ID");
  }
  if (info.has_strict) app.add_flag("--strict", line.strict, "exit with 2 where results come with warnings");
  if (info.has_resume) app.add_flag("--resume", line.resume, "go on from the checkpoint the input names");
  for (AppWord const& word : info.options) {
    if (word.type.empty()) {  // given or not
      app.add_flag_callback(word.name, [&value = read.own[word.name]] { value = "given"; }, word.help);
      continue;
    }
    CLI::Option* const option = app.add_option(word.name, read.own[word.name], word.help)->type_name(word.type);
    if (!word.choices.empty()) option->check(CLI::IsMember(word.choices));
  }
  app.add_option("--space", line.space, "where to run: " + listed(space_names()))
      ->type_name("NAME")
      ->capture_default_str();
  if (!info.precision.empty()) {
    read.precision =
        app.add_option("--precision", line.precision, "f64 or f32")->type_name("NAME")->capture_default_str();
  }
  if (info.place) {
    app.add_option("--topology", line.topology, "placement of the ranks: report, check, apply or off")
        ->type_name("MODE")
        ->capture_default_str();
  }
  app.add_flag("--overwrite", line.overwrite, "replace former results instead of keeping them as FILE.~1~, ...");
  app.add_option("--summary", read.summary, "write the summary here")->type_name("FILE.json");
  app.add_option("--output", read.output, "write the results here")->type_name(info.output);
}

/// "; did you mean --summary?" for the first option that is none of the app, nor of its command.
std::string meant_option(CLI::App const& app, int argc, char const* const* argv) {
  std::vector<std::string> known;
  auto const add = [&](CLI::App const& of) {
    for (CLI::Option const* option : of.get_options()) {
      for (std::string const& name : option->get_lnames()) known.push_back(name);
    }
  };
  add(app);
  for (CLI::App const* command : app.get_subcommands()) add(*command);
  for (int i = 1; i < argc; ++i) {
    std::string_view word(argv[i]);
    if (word == "--") return {};
    if (!word.starts_with("--")) continue;
    word = word.substr(2, word.find('=') - 2);
    if (std::ranges::find(known, word) != known.end()) continue;
    auto const meant = detail::nearest_name(word, known);
    return meant ? "; did you mean --" + *meant + "?" : std::string();
  }
  return {};
}

/// What follows an option, as "--keys run" or "--keys=run"; empty where the next word is an option too.
std::string word_of(std::string_view option, int argc, char const* const* argv) {
  for (int i = 1; i < argc; ++i) {
    std::string_view const word(argv[i]);
    if (word.starts_with(option) && word.substr(option.size()).starts_with('=')) {
      return std::string(word.substr(option.size() + 1));
    }
    if (word == option && i + 1 < argc && argv[i + 1][0] != '-') return argv[i + 1];
  }
  return {};
}

std::string which_command(int argc, char const* const* argv, AppInfo const& info) {
  std::vector<std::string> names;
  for (AppInfo const& command : info.commands) names.push_back(command.name);
  return "invalid first word: got " + (argc > 1 ? std::string(argv[1]) : "none") + "; expected one of " +
         listed(names) + " (" + info.name + " --help describes them)";
}

CommandLine checked(Reading read) {
  CommandLine& line = read.line;
  expect_space(line.space);
  if (line.precision != "f64" && line.precision != "f32") {
    throw UsageError("invalid --precision: got " + line.precision + "; expected f64 or f32");
  }
  std::vector<std::string> const modes = {"report", "check", "apply", "off"};
  if (std::ranges::find(modes, line.topology) == modes.end()) {
    throw UsageError("invalid --topology: got " + line.topology + "; expected one of " + listed(modes));
  }
  line.input = read.input;
  line.chose_precision = read.precision != nullptr && read.precision->count() > 0;
  line.files.assign(read.files.begin(), read.files.end());
  std::erase_if(read.own, [](auto const& option) { return option.second.empty(); });
  line.own = std::move(read.own);
  if (!read.summary.empty()) line.summary = read.summary;
  if (!read.output.empty()) line.output = read.output;
  return std::move(read.line);
}

}  // namespace

std::variant<CommandLine, Answer> parse_command_line(int argc, char const* const* argv, AppInfo const& info) {
  CLI::App app(info.description, info.name);
  app.set_version_flag("--version", info.name + " " + version_text());
  app.get_formatter()->column_width(34);
  keep_lines(*app.get_formatter());
  app.footer(exit_codes(info));
  // Each command reads into a line of its own; the app itself is the only one where it has no commands.
  std::vector<Reading> readings(std::max<std::size_t>(1, info.commands.size()));
  if (info.commands.empty()) add_words(app, info, readings.front());
  for (std::size_t i = 0; i < info.commands.size(); ++i) {
    CLI::App& command = *app.add_subcommand(info.commands[i].name, info.commands[i].description);
    add_words(command, info.commands[i], readings[i]);
    command.footer(exit_codes(info.commands[i]));
    command.preparse_callback([&, i](std::size_t) { readings.front().chosen = i; });
  }
  if (!info.commands.empty()) app.require_subcommand(1);
  try {
    app.parse(argc, argv);
  } catch (Asked const& asked) {
    *asked.word = word_of(asked.option, argc, argv);
  } catch (CLI::CallForHelp const&) {
    return Answer{app.help()};
  } catch (CLI::CallForVersion const&) {
    return Answer{app.version() + "\n"};
  } catch (CLI::ParseError const& e) {
    if (!info.commands.empty() && app.get_subcommands().empty()) throw UsageError(which_command(argc, argv, info));
    throw UsageError(e.what() + meant_option(app, argc, argv) + " (" + info.name + " --help lists the options)");
  }
  std::size_t const chosen = readings.front().chosen;
  CommandLine line = checked(std::move(readings[chosen]));
  line.words.assign(argv, argv + argc);
  if (!info.commands.empty()) line.command = info.commands[chosen].name;
  return line;
}

}  // namespace kramers
