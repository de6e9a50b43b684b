// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/runtime/recorded_input.hpp>
#include <kramers/runtime/sweep.hpp>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>
#include <vector>

#include "scratch.hpp"

namespace {

using kramers::Config;
using kramers::InputError;
using kramers::Sweep;
using kramers::test::has;
using kramers::test::message;

Config parse(std::string const& text) {
  return Config::from_text(text, "in.toml");
}

/// The values that one number takes over all points.
std::vector<double> values_of(std::string const& value) {
  Config const config = parse("x = " + value);
  Sweep sweep;
  std::vector<double> values{config.get<double>("x")};
  for (std::int64_t point = 1; point < sweep.points(); ++point) {
    sweep.go_to(point);
    values.push_back(config.get<double>("x"));
  }
  config.reject_unknown();
  return values;
}

std::string refusal(std::string const& text, std::string const& key = "x") {
  return message<InputError>([&] {
    Config const config = parse(text);
    Sweep sweep;
    config.get<double>(key);
    config.reject_unknown();
    sweep.points();
  });
}

}  // namespace

TEST(Sweep, ListsAndRangesHaveTheirEndsAndRoundNumbersBetween) {
  EXPECT_EQ(values_of("[3, 5.5, -7]"), (std::vector{3.0, 5.5, -7.0}));
  EXPECT_EQ(values_of("[2]"), (std::vector{2.0}));
  EXPECT_EQ(values_of("0.25"), (std::vector{0.25}));
  EXPECT_EQ(values_of("{from = 0, to = 1, count = 2}"), (std::vector{0.0, 1.0}));
  EXPECT_EQ(values_of("{from = 0, to = 1, count = 11}"),
            (std::vector{0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0}));
  EXPECT_EQ(values_of("{from = 0.3, to = -0.1, count = 5, scale = \"linear\"}"),
            (std::vector{0.3, 0.2, 0.1, 0.0, -0.1}));
  EXPECT_EQ(values_of("{from = 0.01, to = 100, count = 5, scale = \"log\"}"),
            (std::vector{0.01, 0.1, 1.0, 10.0, 100.0}));
  EXPECT_EQ(values_of("{from = 1, to = 10, count = 3, scale = \"log\"}"), (std::vector{1.0, 3.16227766017, 10.0}));
  EXPECT_EQ(values_of("{from = -1, to = 1, count = 2001}")[1001], 0.001);
  double const third = 1.0 / 3;  // an end stays as it is, to the last bit
  EXPECT_EQ(values_of("{from = 0.3333333333333333, to = 1, count = 2}").front(), third);
}

TEST(Sweep, PointsAreAllCombinationsByKeyInTheOrderOfTheAlphabet) {
  Config const config = parse("[b]\nu = [1, 2]\n[a]\nv = [0.5, 1.5, 2.5]\nw = 4\nlist = [7, 8]\n");
  Sweep sweep;
  auto const read = [&] {
    return std::vector{config.get<double>("a.v"), 1.0 * config.bounded<int>("b.u", 1, 2), config.get<double>("a.w")};
  };
  read();
  EXPECT_EQ(config.get<std::vector<double>>("a.list"), (std::vector{7.0, 8.0}));  // a list where lists belong
  ASSERT_EQ(sweep.points(), 6);
  ASSERT_EQ(sweep.axes().size(), 2U);
  EXPECT_EQ(sweep.axes()[0].key, "a.v");
  EXPECT_EQ(sweep.axes()[1].key, "b.u");
  EXPECT_EQ(sweep.name(3), "a.v 1.5, b.u 2");
  for (std::int64_t point = 0; point < 6; ++point) {
    auto const values = sweep.read_at(point, read);
    EXPECT_EQ(values, (std::vector{0.5 + static_cast<double>(point / 2), 1.0 + static_cast<double>(point % 2), 4.0}));
    EXPECT_EQ(sweep.values(point), std::vector(values.begin(), values.begin() + 2));
  }
}

TEST(Sweep, WithoutOneANumberIsOne) {
  Config const config = parse("x = [1, 2]\ny = {from = 1, to = 2, count = 2}\n");
  EXPECT_EQ(message<InputError>([&] { config.get<double>("x"); }),
            "in.toml:1: invalid 'x': got an array; expected a number");
  EXPECT_TRUE(has(message<InputError>([&] { config.get<double>("y"); }), "which is a single value"));
  EXPECT_EQ(Sweep::living(), nullptr);
}

TEST(Sweep, SaysWhatIsWrongWithAListOrARange) {
  EXPECT_EQ(refusal("x = []"), "in.toml:1: invalid 'x': got []; expected at least one number");
  EXPECT_TRUE(has(refusal("x = [1, 2, 1.0]"), "got [1, 2, 1]; expected numbers that differ"));
  EXPECT_TRUE(has(refusal("x = [\"a\", \"b\"]"), "got the string 'a'; expected a number"));
  EXPECT_TRUE(has(refusal("x = [[1, 2], [3]]"), "expected an array, each element a number"));
  EXPECT_TRUE(has(refusal("x = [1, nan]"), "finite"));
  std::string const range = "from = 1, to = 2, ";
  EXPECT_TRUE(has(refusal("x = {" + range + "count = 0}"), "invalid 'x.count': got 0; expected between 2 and 10000"));
  EXPECT_TRUE(has(refusal("x = {" + range + "count = 1}"), "invalid 'x.count': got 1"));
  EXPECT_TRUE(has(refusal("x = {" + range + "count = 2.5}"), "'x.count'"));
  EXPECT_TRUE(has(refusal("x = {" + range + "count = 2, scale = \"cubic\"}"), "expected one of 'linear', 'log'"));
  EXPECT_TRUE(has(refusal("x = {" + range + "count = 2, step = 1}"), "unknown key 'x.step'"));
  EXPECT_TRUE(has(refusal("x = {from = 1, count = 2}"), "'x.to' is missing"));
  EXPECT_TRUE(
      has(refusal("x = {from = 1, to = [2, 3], count = 2}"), "invalid 'x.to': got an array; expected a number"));
  EXPECT_TRUE(has(refusal("x = {from = 1, to = 1, count = 2}"), "invalid 'x.to': got 1; expected further from 'from'"));
  EXPECT_TRUE(has(refusal("x = {from = 1, to = 1.00000000000001, count = 3}"), "differ in 12 digits"));
  EXPECT_TRUE(has(refusal("x = {from = 0, to = 1, count = 3, scale = \"log\"}"), "'x.from': got 0; expected > 0"));
  EXPECT_TRUE(has(refusal("x = {from = 1, to = -1, count = 3, scale = \"log\"}"), "'x.to': got -1; expected > 0"));
  EXPECT_EQ(values_of("{from = 1e308, to = -1e308, count = 3}")[1], 0.0);
}

TEST(Sweep, WholeNumbersAreWhole) {
  Config const config =
      parse("n = {from = 10, to = 1000, count = 3, scale = \"log\"}\nm = {from = 1, to = 2, count = 3}\n");
  Sweep sweep;
  EXPECT_EQ(config.get<std::int64_t>("n"), 10);
  EXPECT_EQ(config.get<std::uint64_t>("m"), 1U);
  std::string const said =
      message<InputError>([&] { sweep.read_at(4, [&] { return config.get<std::uint64_t>("m"); }); });
  EXPECT_TRUE(has(said, "in.toml:2: invalid 'm': got the number 1.5; expected an integer")) << said;
  EXPECT_TRUE(has(said, "(point 5 of 9: m 1.5, n 100)")) << said;
}

TEST(Sweep, ARuleThatAPointBreaksIsToldWithIt) {
  Config const config = parse("y = 1\nx = {from = 1, to = -1, count = 5}\n");
  Sweep sweep;
  auto const read = [&] { return config.positive<double>("x"); };
  EXPECT_EQ(read(), 1.0);
  EXPECT_EQ(sweep.read_at(1, read), 0.5);
  EXPECT_EQ(message<InputError>([&] { sweep.read_at(3, read); }),
            "in.toml:2: invalid 'x': got -0.5; expected > 0 (point 4 of 5: x -0.5)");
}

TEST(Sweep, KnowsAllAxesOnceItHasReadTheFirstPoint) {
  Config const config = parse("x = [1, 2]\ny = [3, 4]\n");
  Sweep sweep;
  config.get<double>("x");
  sweep.go_to(1);
  EXPECT_TRUE(has(message<InputError>([&] { config.get<double>("y"); }), "'y' has several values"));
  EXPECT_EQ(config.get<double>("x"), 2.0);
}

TEST(Sweep, MakesNoMoreRunsThanAnybodyWaitsFor) {
  std::string const range = " = {from = 1, to = 2, count = 100}\n";
  Config const config = parse("x" + range + "y" + range + "z = [1, 2]\n");
  Sweep sweep;
  config.get<double>("x");
  config.get<double>("y");
  EXPECT_EQ(sweep.points(), 10'000);
  config.get<double>("z");
  EXPECT_EQ(message<InputError>([&] { sweep.points(); }),
            "in.toml: the values make too many runs: 100 of 'x' x 100 of 'y' x 2 of 'z'; expected at most 10000");
}

TEST(Sweep, IsRecordedAsItWasGiven) {
  Config config = parse("[a]\nx = {from = 1, to = 4, count = 3, scale = \"log\"}\nn = [1, 2]\n");
  config.set("a.y=[0.5, 0.25]");
  Sweep sweep;
  auto const read = [](Config const& from) {
    return std::vector{from.get<double>("a.x"), from.get<double>("a.y"), 1.0 * from.bounded<int>("a.n", 1, 2)};
  };
  read(config);
  auto const values = sweep.read_at(9, [&] { return read(config); });  // n is 2, x the second, y the second
  EXPECT_EQ(values, (std::vector{2.0, 0.25, 2.0}));
  std::string const text = kramers::toml_text(kramers::effective_keys(config));
  Config const again = parse(text);
  Sweep second;
  read(again);
  ASSERT_EQ(second.points(), sweep.points());
  EXPECT_EQ(second.read_at(9, [&] { return read(again); }), values);
  EXPECT_TRUE(second.axes()[1].is_logarithmic);
  EXPECT_EQ(kramers::toml_text(kramers::effective_keys(again)), text);
}
