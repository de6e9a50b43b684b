// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/file.hpp>
#include <kramers/runtime/key_recorder.hpp>
#include <kramers/runtime/recorded_input.hpp>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>
#include <vector>

#include "scratch.hpp"

namespace {

using kramers::Communicator;
using kramers::Config;
using kramers::InputError;
using kramers::test::has;
using kramers::test::message;
using kramers::test::put;
using kramers::test::Scratch;

/// Asks for every type of key, as a reader would.
nlohmann::json read_all(Config const& config) {
  config.get<double>("a.tiny", 4.9406564584124654e-324);
  config.get<double>("a.whole", 3.0);
  config.get<double>("a.large", -1.7976931348623157e308);
  config.get<std::int64_t>("a.least", INT64_MIN);
  config.get<std::uint64_t>("a.seed", 9223372036854775807U);
  config.get<bool>("a.b.flag", true);
  config.get("a.b.text", "quotes \" and ' \\ \n\t \x01 \u00e9");
  config.get("a.c.numbers", std::vector<double>{0.1, 1e-7, 2});
  config.get("a.c.none", std::vector<std::int64_t>{});
  config.get("top", "level");
  return kramers::effective_keys(config);
}

TEST(RecordedInput, TheTextGivesTheSameValues) {
  auto const used = read_all(Config::from_text("", "empty"));
  std::string const text = kramers::toml_text(used);
  Config const again = Config::from_text(text, "again");
  EXPECT_EQ(read_all(again), used) << text;
  again.reject_unknown();
  for (char const* key : {"top", "a.tiny", "a.b.flag", "a.c.numbers"}) EXPECT_TRUE(again.has(key)) << text;
}

TEST(RecordedInput, NamesOfOutputsAreNoPartOfIt) {
  Config const config = Config::from_text("output.file='a'\noutput.model='b'\n[checkpoint]\nfile='c'\nevery=2\n", "in");
  for (char const* key : {"output.file", "output.model", "checkpoint.file"}) config.find_output(key);
  config.get<std::int64_t>("checkpoint.every");
  EXPECT_EQ(kramers::effective_keys(config), nlohmann::json::parse(R"({"checkpoint": {"every": 2}})"));
}

class RecordedFile : public testing::Test {
 protected:
  void SetUp() override {
    if (!kramers::h5::available()) GTEST_SKIP() << "this build has no HDF5";
  }
  void record(std::string const& text, std::string const& name) {
    put(scratch / "in.toml", text);
    Config const config = Config::from_file(scratch / "in.toml");
    config.find_path("table.file");
    config.find<std::string>("long");
    config.get("number", 2.5);
    kramers::h5::Writer file(scratch / name, Communicator::self());
    kramers::write_input(file, kramers::record_input(config, "f32", Communicator::self()));
    file.commit();
  }
  Scratch scratch;
};

TEST_F(RecordedFile, IsReadInPlaceOfTheTextAndOfFiles) {
  put(scratch / "t.dat", "1 2\n3 4\n");
  record("table.file = 't.dat'\n", "a.h5");
  put(scratch / "t.dat", "changed");
  Config config = Config::from_file(scratch / "a.h5");
  EXPECT_EQ(config.get<double>("number"), 2.5);
  EXPECT_EQ(kramers::read_named_input(config.path("table.file")), "1 2\n3 4\n");
  ASSERT_EQ(config.inputs().size(), 2U);
  for (auto const& input : config.inputs()) EXPECT_EQ(input.path, scratch / "a.h5") << input.role;
  EXPECT_EQ(kramers::read_recorded_input(scratch / "a.h5").precision, "f32");
  config.set("table.file='" + (scratch / "t.dat").string() + "'");
  EXPECT_EQ(kramers::read_named_input(config.path("table.file")), "changed");
}

TEST_F(RecordedFile, IsNotLimitedByWhatAnAttributeHolds) {
  std::string const text(100'000, 'x');
  record("long = '" + text + "'\n", "a.h5");
  EXPECT_EQ(Config::from_file(scratch / "a.h5").get<std::string>("long"), text);
}

TEST_F(RecordedFile, WithoutAnInputIsRefused) {
  kramers::h5::Writer(scratch / "a.h5", Communicator::self()).commit();
  auto const said = message<InputError>([&] { Config::from_file(scratch / "a.h5"); });
  EXPECT_TRUE(has(said, "a.h5: gives no input to run again")) << said;
}

TEST(KeyRecorder, NotesTypesDefaultsAndChoices) {
  Config const config = Config::from_text("given = 1\nword = 'b'\n", "in");
  kramers::KeyRecorder const recorder;
  config.get<std::int64_t>("given");
  config.get<double>("number", 0.5);
  config.one_of("word", {"a", "b"}, "a");
  config.find_output("file");
  auto const& asked = recorder.asked();
  EXPECT_EQ(asked.size(), 4U);
  EXPECT_EQ(asked.at("given").type, "integer");
  EXPECT_TRUE(asked.at("given").required);
  EXPECT_EQ(asked.at("number").fallback, "0.5");
  EXPECT_FALSE(asked.at("number").required);
  EXPECT_EQ(asked.at("word").choices, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(asked.at("word").fallback, "a");
  EXPECT_EQ(asked.at("file").type, "file");
}

}  // namespace
