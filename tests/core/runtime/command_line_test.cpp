// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/runtime/command_line.hpp>

#include <Kokkos_Core.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "scratch.hpp"

namespace {

using kramers::AppInfo;
using kramers::AppRun;
using kramers::CommandLine;
using kramers::UsageError;
using kramers::test::has;
using kramers::test::message;
using kramers::test::put;
using kramers::test::Scratch;

AppInfo const info{"kramers-test", "A program for tests.", true, true};

std::variant<CommandLine, kramers::Answer> parse(std::vector<char const*> words, AppInfo const& about = info) {
  words.insert(words.begin(), "kramers-test");
  return kramers::parse_command_line(static_cast<int>(words.size()), words.data(), about);
}

CommandLine line(std::vector<char const*> words) {
  return std::get<CommandLine>(parse(std::move(words)));
}

std::string wrong(std::vector<char const*> words, AppInfo const& about = info) {
  return message<UsageError>([&] { parse(std::move(words), about); });
}

TEST(CommandLine, DefaultsAreAPlainRun) {
  auto const plain = line({"in.toml"});
  EXPECT_EQ(plain.input, "in.toml");
  EXPECT_EQ(plain.words, (std::vector<std::string>{"kramers-test", "in.toml"}));
  EXPECT_TRUE(plain.sets.empty());
  EXPECT_FALSE(plain.quiet);
  EXPECT_FALSE(plain.resume);
  EXPECT_FALSE(plain.replay.has_value());
  EXPECT_FALSE(plain.summary.has_value());
  EXPECT_FALSE(plain.output.has_value());
  EXPECT_EQ(plain.precision, "f64");
  EXPECT_EQ(plain.space, kramers::space_names().front());
}

TEST(CommandLine, PlacementIsAnOptionOfProgramsThatLookAtIt) {
  AppInfo placed = info;
  placed.place = [](kramers::Communicator const&, std::string const&) { return kramers::Placement{}; };
  EXPECT_EQ(std::get<CommandLine>(parse({"in.toml"}, placed)).topology, "check");
  EXPECT_EQ(std::get<CommandLine>(parse({"in.toml", "--topology", "off"}, placed)).topology, "off");
  EXPECT_TRUE(has(wrong({"in.toml", "--topology", "x"}, placed), "got x; expected one of report, check, apply, off"));
  EXPECT_TRUE(has(wrong({"in.toml", "--topology", "off"}), "--topology"));
}

TEST(CommandLine, EveryOptionIsRead) {
  auto const full = line({"--set", "a.b=1", "in.toml", "--set", "c=[1, 2]", "--set=d=x", "--quiet", "--replay", "17",
                          "--resume", "--precision", "f32", "--summary", "s.json", "--output=o.h5"});
  EXPECT_EQ(full.input, "in.toml");
  EXPECT_EQ(full.sets, (std::vector<std::string>{"a.b=1", "c=[1, 2]", "d=x"}));
  EXPECT_TRUE(full.quiet);
  EXPECT_TRUE(full.resume);
  EXPECT_EQ(full.replay, 17u);
  EXPECT_EQ(full.precision, "f32");
  EXPECT_EQ(full.summary, "s.json");
  EXPECT_EQ(full.output, "o.h5");
  for (auto const& name : kramers::space_names()) EXPECT_EQ(line({"in.toml", "--space", name.c_str()}).space, name);
}

AppInfo with_commands() {
  AppInfo train{"train", "Learn.", false, true};
  train.precision = "f32";
  train.files = {{"DATASET", "what to learn from"}};
  train.options = {{"--model", "write the model here", "FILE"},
                   {"--how", "the way", "WAY", {"slow", "fast"}},
                   {"--twice", "look again"}};
  AppInfo ask{"ask", "Ask."};
  ask.has_input = false;
  ask.files = {{"POINTS", "where"}, {"MODEL", "whom"}};
  AppInfo both{"kramers-test", "Two commands."};
  both.commands = {train, ask};
  return both;
}

TEST(CommandLine, CommandsHaveFilesAndOptionsOfTheirOwn) {
  AppInfo const both = with_commands();
  auto const train = std::get<CommandLine>(
      parse({"train", "--how", "fast", "a.h5", "in.toml", "--set", "c=1", "--resume", "--model=m.st"}, both));
  EXPECT_EQ(train.command, "train");
  EXPECT_EQ(train.files, (std::vector<std::filesystem::path>{"a.h5"}));
  EXPECT_EQ(train.input, "in.toml");
  EXPECT_EQ(train.precision, "f32");
  EXPECT_TRUE(train.resume);
  EXPECT_EQ(train.own, (std::map<std::string, std::string>{{"--model", "m.st"}, {"--how", "fast"}}));
  auto const ask = std::get<CommandLine>(parse({"ask", "p.h5", "m.st", "--quiet"}, both));
  EXPECT_EQ(ask.command, "ask");
  EXPECT_EQ(ask.files, (std::vector<std::filesystem::path>{"p.h5", "m.st"}));
  EXPECT_TRUE(ask.input.empty());
  EXPECT_EQ(ask.precision, "f64");
  EXPECT_TRUE(ask.own.empty());
  // An option without a type has no value: the word after it is one of its own.
  auto const twice = std::get<CommandLine>(parse({"train", "--twice", "a.h5", "in.toml"}, both));
  EXPECT_EQ(twice.own, (std::map<std::string, std::string>{{"--twice", "given"}}));
  EXPECT_EQ(twice.input, "in.toml");
}

TEST(CommandLine, WrongUsageOfCommands) {
  AppInfo const both = with_commands();
  EXPECT_TRUE(has(wrong({}, both), "got none; expected one of train, ask ("));
  EXPECT_TRUE(has(wrong({"forget", "a.h5"}, both), "got forget; expected one of train, ask ("));
  EXPECT_TRUE(has(wrong({"train", "a.h5"}, both), "INPUT is required"));
  EXPECT_TRUE(has(wrong({"ask", "p.h5"}, both), "MODEL is required"));
  EXPECT_TRUE(has(wrong({"ask", "p.h5", "m.st", "in.toml"}, both), "in.toml"));
  EXPECT_TRUE(has(wrong({"ask", "p.h5", "m.st", "--set", "a=1"}, both), "--set"));
  EXPECT_TRUE(has(wrong({"ask", "p.h5", "m.st", "--resume"}, both), "--resume"));
  EXPECT_TRUE(has(wrong({"train", "a.h5", "in.toml", "--how", "gently"}, both), "gently"));
  for (auto const& text : {wrong({}, both), wrong({"train", "a.h5", "in.toml", "--how", "gently"}, both)}) {
    EXPECT_FALSE(has(text, "\n")) << text;
  }
  auto const help = std::get<kramers::Answer>(parse({"train", "--help"}, both)).text;
  for (char const* word : {"DATASET", "INPUT", "--model", "--how", "--resume"}) EXPECT_TRUE(has(help, word)) << word;
  auto const all = std::get<kramers::Answer>(parse({"--help"}, both)).text;
  for (char const* word : {"train", "ask"}) EXPECT_TRUE(has(all, word)) << word;
}

TEST(CommandLine, WrongUsageIsOneSentence) {
  EXPECT_TRUE(has(wrong({}), "INPUT is required"));
  EXPECT_TRUE(has(wrong({"a.toml", "b.toml"}), "b.toml"));
  EXPECT_TRUE(has(wrong({"a.toml", "--no-such"}), "--no-such"));
  EXPECT_TRUE(has(wrong({"a.toml", "--replay", "x"}), "--replay"));
  EXPECT_TRUE(has(wrong({"a.toml", "--replay", "-1"}), "-1"));
  EXPECT_TRUE(has(wrong({"a.toml", "--precision", "f16"}), "invalid --precision: got f16; expected f64 or f32"));
  EXPECT_TRUE(has(wrong({"a.toml", "--space", "quantum"}), "--space quantum is unknown; this build has: "));
  EXPECT_TRUE(has(wrong({"a.toml", "--set"}), "--set"));
  AppInfo const plain{"kramers-test", "Without the extras.", false, false};
  EXPECT_TRUE(has(wrong({"a.toml", "--resume"}, plain), "--resume"));
  EXPECT_TRUE(has(wrong({"a.toml", "--replay", "1"}, plain), "--replay"));
  for (auto const& text : {wrong({}), wrong({"a.toml", "--no-such"})}) EXPECT_FALSE(has(text, "\n")) << text;
}

TEST(CommandLine, ASpaceThatIsNotBuiltInIsToldApart) {
  auto const& built = kramers::space_names();
  for (std::string const name : {"serial", "openmp", "cuda", "hip"}) {
    if (std::find(built.begin(), built.end(), name) != built.end()) continue;
    EXPECT_TRUE(
        has(wrong({"a.toml", "--space", name.c_str()}), "--space " + name + " is not built in; this build has: "));
  }
}

TEST(CommandLine, HelpAndVersionAnswerInsteadOfARun) {
  auto const help = std::get<kramers::Answer>(parse({"--help"})).text;
  for (char const* option : {"INPUT", "--set", "--quiet", "--replay", "--resume", "--space", "--precision", "--summary",
                             "--output", "--version"}) {
    EXPECT_TRUE(has(help, option)) << option;
  }
  auto const version = std::get<kramers::Answer>(parse({"--version"})).text;
  EXPECT_TRUE(version.starts_with("kramers-test 0.")) << version;
  EXPECT_TRUE(has(version, "Kokkos")) << version;
}

// Runs the frame with these words and returns the exit code; `written` gets standard error of this rank.
int run(std::vector<std::string> words, std::function<int(AppRun const&)> const& body, std::string& written) {
  words.insert(words.begin(), "kramers-test");
  std::vector<char*> pointers;
  for (auto& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  testing::internal::CaptureStderr();
  int const code = kramers::run_app(static_cast<int>(words.size()), pointers.data(), info, body);
  written = testing::internal::GetCapturedStderr();
  return code;
}

TEST(RunApp, GivesTheBodyItsInputWithAllAssignments) {
  auto const world = kramers::Communicator::world();
  Scratch const scratch(world);
  if (world.is_root()) put(scratch / "a.toml", "a = 1\nb = 2\n");
  world.barrier();
  std::string written;
  int const code = run(
      {(scratch / "a.toml").string(), "--set", "b=3"},
      [&](AppRun const& app) {
        EXPECT_EQ(app.config.get<std::int64_t>("a"), 1);
        EXPECT_EQ(app.config.get<std::int64_t>("b"), 3);
        EXPECT_EQ(app.comm.size(), world.size());
        return 143;
      },
      written);
  EXPECT_EQ(code, 143);
  EXPECT_EQ(written, "");
}

TEST(RunApp, ASignalLosesNothingThatTheBodyDoes) {
  auto const world = kramers::Communicator::world();
  Scratch const scratch(world);
  if (world.is_root()) put(scratch / "a.toml", "");
  world.barrier();
  std::string written;
  auto const body = [](AppRun const&) {
    std::raise(SIGTERM);
    return 0;
  };
  EXPECT_EQ(run({(scratch / "a.toml").string()}, body, written), 0);
  EXPECT_EQ(written, "");
}

TEST(RunApp, RanksThatWereStartedDifferentlyAreNamed) {
  auto const world = kramers::Communicator::world();
  if (world.size() == 1) GTEST_SKIP() << "one rank agrees with itself";
  Scratch const scratch(world);
  if (world.is_root()) put(scratch / "a.toml", "a = 1\n");
  world.barrier();
  std::string const input = (scratch / "a.toml").string(), last = std::to_string(world.size() - 1);
  bool const astray = world.rank() == world.size() - 1;
  auto const never = [](AppRun const&) -> int { throw kramers::Error("this is never reached"); };
  auto const said = [&](std::vector<std::string> const& words, std::vector<std::string> const& other) {
    std::string written;
    EXPECT_EQ(run(astray ? other : words, never, written), 64);
    return written;
  };
  auto const expect = [&](std::string const& text, std::string const& theirs, std::string const& ours) {
    if (!world.is_root()) return;
    EXPECT_EQ(text, "kramers-test: error: rank " + last + " was started with " + theirs + ", rank 0 with " + ours +
                        "; start all ranks alike\n");
  };
  expect(said({input, "--set", "a=1"}, {input, "--set", "a=2"}), "--set a=2", "--set a=1");
  expect(said({input}, {input, "--set", "a=2"}), "--set a=2", "--precision f64");
  expect(said({input}, {input, "--precision", "f32"}), "--precision f32", "--precision f64");
  expect(said({input}, {input, "--resume"}), "--resume given", "--resume absent");
  expect(said({input}, {"b.toml"}), "the input b.toml", "the input " + input);
  expect(said({input}, {"--help"}), "a question about itself", "the input " + input);
  // Where a rank computes, and what it shows, is its own affair.
  std::string written;
  auto const fine = [](AppRun const&) { return 0; };
  EXPECT_EQ(run(astray ? std::vector{input, std::string("--quiet")} : std::vector{input}, fine, written), 0);
}

TEST(RunApp, WarnsOnceUnlessQuietAndAlsoOfARunThatFails) {
  auto const world = kramers::Communicator::world();
  Scratch const scratch(world);
  std::string const input = (scratch / "a.toml").string();
  if (world.is_root()) put(input, "old = 1\nother = 2\n");
  world.barrier();
  auto const body = [](AppRun const& app) {
    app.config.renamed("now", "old");
    EXPECT_EQ(app.config.get<std::int64_t>("now"), 1);
    app.config.get<std::int64_t>("other", 2);
    app.config.reject_unknown();
    return 0;
  };
  std::string const warning = "kramers-test: warning: " + input + ":1: 'old' is now called 'now'";
  std::string written;
  auto const lines = [&] { return std::count(written.begin(), written.end(), '\n'); };
  EXPECT_EQ(run({input}, body, written), 0);
  EXPECT_EQ(has(written, warning), world.is_root()) << written;
  EXPECT_EQ(lines(), world.is_root() ? 1 : 0) << written;
  EXPECT_EQ(run({input, "--quiet"}, body, written), 0);
  EXPECT_EQ(written, "");
  EXPECT_EQ(run({input, "--set", "third=3"}, body, written), 65);
  EXPECT_EQ(has(written, warning), world.is_root()) << written;
  EXPECT_EQ(has(written, "unknown key 'third'"), world.is_root()) << written;
}

// An array of 32 PiB: no process has so many addresses.
int ask_for_too_much(AppRun const&) {
  Kokkos::View<double*> const x(Kokkos::view_alloc("kramers::x", Kokkos::WithoutInitializing), std::size_t{1} << 52);
  return static_cast<int>(x.extent(0) > 0);
}

TEST(RunApp, AnArrayThatFindsNoRoomIsToldWithItsSize) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the sanitizer ends the program";
#endif
  auto const world = kramers::Communicator::world();
  Scratch const scratch(world);
  if (world.is_root()) put(scratch / "a.toml", "a = 1\n");
  world.barrier();
  std::string written;
  EXPECT_EQ(run({(scratch / "a.toml").string()}, ask_for_too_much, written), 65);
  std::string const told =
      "kramers-test: error: not enough memory: kramers::x needs 3.277e+04 TiB beside what is in use on ";
  EXPECT_EQ(written.starts_with(told), world.is_root()) << written;
  EXPECT_EQ(has(written, " in all; ask for less"), world.is_root()) << written;
  EXPECT_EQ(std::count(written.begin(), written.end(), '\n'), world.is_root() ? 1 : 0) << written;
}

TEST(RunApp, MistakesOfTheUserGetTheirExitCodesAndOneMessage) {
  auto const world = kramers::Communicator::world();
  Scratch const scratch(world);
  if (world.is_root()) {
    put(scratch / "bad.toml", "a = = 1\n");
    put(scratch / "good.toml", "a = 1\n");
  }
  world.barrier();
  auto const never = [](AppRun const&) {
    ADD_FAILURE() << "the body ran";
    return 0;
  };
  std::string written;
  auto const expect = [&](std::string const& text) {
    EXPECT_EQ(has(written, text), world.is_root()) << written;
    EXPECT_EQ(std::count(written.begin(), written.end(), '\n'), world.is_root() ? 1 : 0) << written;
  };
  EXPECT_EQ(run({"--no-such"}, never, written), 64);
  expect("kramers-test: error: ");
  EXPECT_EQ(run({(scratch / "none.toml").string()}, never, written), 65);
  expect("none.toml: cannot be read: No such file or directory");
  EXPECT_EQ(run({(scratch / "bad.toml").string()}, never, written), 65);
  expect("bad.toml:1: column 5: malformed TOML");
  EXPECT_EQ(run({(scratch / "good.toml").string(), "--set", "nonsense"}, never, written), 65);
  expect("--set nonsense: write it as a.b=value");
  auto const unknown = [](AppRun const& app) {
    app.config.reject_unknown();
    return 0;
  };
  EXPECT_EQ(run({(scratch / "good.toml").string()}, unknown, written), 65);
  expect("good.toml:1: unknown key 'a'");
}

}  // namespace
