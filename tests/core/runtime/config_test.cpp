// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/file.hpp>
#include <kramers/runtime/config.hpp>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <climits>
#include <cstdint>
#include <string>
#include <vector>

#include "scratch.hpp"

namespace {

using kramers::Config;
using kramers::InputError;
using kramers::test::has;
using kramers::test::message;
using kramers::test::put;
using kramers::test::Scratch;

constexpr char good_text[] = R"(# a comment
title = "double well"
[ensemble]
walkers = 1e6
seed = 42
[integrator]
dt = 0.01
friction = 1
stochastic = true
[lists]
real = [1, 2.5]
whole = [1, 2]
names = ["a", "b"]
[[axis]]
kind = "harmonic"
[[axis]]
kind = "flat"
)";

Config good() {
  return Config::from_text(good_text, "in/double_well.toml");
}

/// What `work` complains about.
template <class Work>
std::string complaint(Work&& work) {
  return message<InputError>(std::forward<Work>(work));
}

TEST(Config, ValuesComeInTheTypeAskedFor) {
  auto const config = good();
  EXPECT_EQ(config.get<std::string>("title"), "double well");
  EXPECT_EQ(config.get<double>("integrator.dt"), 0.01);
  EXPECT_EQ(config.get<double>("integrator.friction"), 1.0);         // an integer is a number
  EXPECT_EQ(config.get<std::int64_t>("ensemble.walkers"), 1000000);  // a float without fraction is an integer
  EXPECT_EQ(config.get<std::uint64_t>("ensemble.seed"), 42u);
  EXPECT_TRUE(config.get<bool>("integrator.stochastic"));
  EXPECT_EQ(config.get<std::vector<double>>("lists.real"), (std::vector<double>{1, 2.5}));
  EXPECT_EQ(config.get<std::vector<std::int64_t>>("lists.whole"), (std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(config.get<std::vector<std::string>>("lists.names"), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(config.count("axis"), 2);
  EXPECT_EQ(config.get<std::string>("axis[1].kind"), "flat");
  EXPECT_EQ(config.count("no"), 0);
}

TEST(Config, FallbacksServeWhereTheKeyIsAbsent) {
  auto const config = good();
  EXPECT_EQ(config.get<double>("run.length", 2.5), 2.5);
  EXPECT_EQ(config.get("run.name", "none"), "none");
  EXPECT_EQ(config.get<double>("integrator.dt", 2.5), 0.01);
  EXPECT_FALSE(config.find<double>("run.width").has_value());
  EXPECT_EQ(config.find<double>("integrator.dt"), 0.01);
  EXPECT_TRUE(config.has("integrator"));
  EXPECT_TRUE(config.has("integrator.dt"));
  EXPECT_FALSE(config.has("integrator.d"));
}

TEST(Config, AMissingKeyIsNamedAndAMisspellingFound) {
  auto const config = Config::from_text("[integrator]\n\nfrictoin = 1\n", "a.toml");
  EXPECT_EQ(complaint([&] { config.get<double>("integrator.friction"); }),
            "a.toml: 'integrator.friction' is missing; expected a number; is 'integrator.frictoin' in line 3 a "
            "misspelling?");
  EXPECT_EQ(complaint([&] { config.get<bool>("output.every"); }),
            "a.toml: 'output.every' is missing; expected true or false");
}

TEST(Config, AWrongTypeIsNamedWithWhatWasFound) {
  auto const config = good();
  EXPECT_EQ(complaint([&] { config.get<double>("title"); }),
            "in/double_well.toml:2: invalid 'title': got the string 'double well'; expected a number");
  EXPECT_EQ(complaint([&] { config.get<std::int64_t>("integrator.dt"); }),
            "in/double_well.toml:7: invalid 'integrator.dt': got the number 0.01; expected an integer");
  EXPECT_EQ(complaint([&] { config.get<bool>("integrator.friction"); }),
            "in/double_well.toml:8: invalid 'integrator.friction': got the integer 1; expected true or false");
  EXPECT_EQ(complaint([&] { config.get<std::vector<std::int64_t>>("lists.real"); }),
            "in/double_well.toml:11: invalid 'lists.real': got an array; expected an array, each element an integer");
  EXPECT_TRUE(has(complaint([&] { config.get<double>("lists"); }), "makes a table of 'lists'"));
  EXPECT_TRUE(
      has(complaint([&] { config.get<double>("title.length"); }), "expected a table with the key 'title.length'"));
  EXPECT_TRUE(has(complaint([&] { config.get<double>("axis"); }), "makes a table of 'axis'"));
}

TEST(Config, ImpossibleNumbersAreRejected) {
  auto const config =
      Config::from_text("a = nan\nb = -inf\nc = -1\nd = 1e300\ne = 2026-01-31\nf = 0\ng = -0.5\n", "a.toml");
  EXPECT_EQ(complaint([&] { config.get<double>("a"); }),
            "a.toml:1: invalid 'a': got the number nan; expected a finite number");
  EXPECT_EQ(complaint([&] { config.get<double>("b"); }),
            "a.toml:2: invalid 'b': got the number -inf; expected a finite number");
  EXPECT_EQ(complaint([&] { config.get<std::uint64_t>("c"); }),
            "a.toml:3: invalid 'c': got the integer -1; expected an integer between 0 and 2^63 - 1");
  EXPECT_TRUE(has(complaint([&] { config.get<std::int64_t>("d"); }), "; expected an integer"));
  EXPECT_TRUE(has(complaint([&] { config.get<std::int64_t>("a"); }), "; expected an integer"));
  EXPECT_TRUE(has(complaint([&] { config.get<std::string>("e"); }), "a date or time"));
  EXPECT_EQ(complaint([&] { config.positive<std::int64_t>("f"); }), "a.toml:6: invalid 'f': got 0; expected > 0");
  EXPECT_EQ(complaint([&] { config.positive<double>("g"); }), "a.toml:7: invalid 'g': got -0.5; expected > 0");
  EXPECT_EQ(complaint([&] { config.non_negative<double>("g"); }), "a.toml:7: invalid 'g': got -0.5; expected >= 0");
  EXPECT_EQ(config.non_negative<std::int64_t>("f"), 0);
  EXPECT_EQ(config.positive<double>("h", 3.0), 3.0);
  EXPECT_EQ(complaint([&] { config.positive<double>("h", -3.0); }), "a.toml: invalid 'h': got -3; expected > 0");
}

TEST(Config, AnIntegerThatDoesNotFitIsNoOther) {
  auto const config = Config::from_text("a = 4294967297\nb = -1\nc = 3e0\nd = 9223372036854775807\n", "a.toml");
  EXPECT_EQ(complaint([&] { config.bounded<int>("a", 1, 3); }),
            "a.toml:1: invalid 'a': got 4294967297; expected between 1 and 3");
  EXPECT_EQ(complaint([&] { config.bounded<std::uint32_t>("b", 0, 0); }), "a.toml:2: invalid 'b': got -1; expected 0");
  EXPECT_EQ(config.bounded<std::int8_t>("c", 3, 3), 3);
  EXPECT_TRUE(has(complaint([&] { config.bounded<int>("d", INT_MIN, INT_MAX); }), "got 9223372036854775807"));
  EXPECT_EQ(config.bounded<std::int64_t>("d", 0, INT64_MAX), INT64_MAX);
  EXPECT_EQ(config.bounded<int>("e", 0, 9, 4), 4);
  EXPECT_TRUE(has(complaint([&] { config.bounded<int>("e", 0, 3, 4); }), "got 4; expected between 0 and 3"));
  EXPECT_TRUE(has(complaint([&] { config.bounded<int>("f", 0, 3); }), "missing"));
}

TEST(Config, AFloatIsAnIntegerWhereItStandsForOneAlone) {
  auto const config = Config::from_text(
      "a = 9007199254740991.0\nb = 9007199254740993.0\nc = -9007199254740992.0\nd = 1e18\n", "a.toml");
  EXPECT_EQ(config.get<std::int64_t>("a"), 9007199254740991);
  EXPECT_EQ(config.get<std::uint64_t>("a"), 9007199254740991U);
  for (char const* const key : {"b", "c", "d"}) {
    EXPECT_TRUE(has(complaint([&] { config.get<std::int64_t>(key); }), "; expected an integer")) << key;
  }
}

TEST(Config, NestingHasAnEndBeforeTheStackHas) {
  auto const parsed = [](std::string const& text) { return Config::from_text(text, "a.toml"); };
  auto const keys = [](int parts) {
    std::string key = "a";
    while (--parts > 0) key += ".a";
    return key;
  };
  auto const arrays = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_TRUE(parsed(keys(32) + " = 1\n").has(keys(32)));
  EXPECT_TRUE(parsed("[" + keys(32) + "]\nb = 1").has(keys(32) + ".b"));
  EXPECT_TRUE(parsed("b = " + arrays(32)).has("b"));
  for (std::string const& text : {keys(33) + " = 1", "[" + keys(33) + "]", "[[ " + keys(33) + " ]]",
                                  "a = {b = {" + keys(33) + " = 1}}", "\"q\" . '.' . " + keys(31) + " = 1"}) {
    EXPECT_EQ(complaint([&] { parsed("# first\n" + text); }), "a.toml:2: a key has more than 32 parts") << text;
  }
  EXPECT_EQ(complaint([&] { parsed("\nb = " + arrays(33)); }),
            "a.toml:2: arrays or tables are nested more than 32 deep");
  // Dots and brackets in strings and comments are none of keys and values, wherever those end.
  std::string const dots(100, '.'), open(100, '[');
  for (std::string const& text : {"# " + dots + open + "\nb = 1", "b = \"\\\"" + dots + open + "\"",
                                  "b = 'x\\' # '" + dots + open, "b = '''\n'" + dots + "''" + open + "'''''",
                                  "b = \"\"\"\n\\\"\"\"" + dots + open + "\"\"\"\"", std::string("b = [0.5, 1.5]")}) {
    EXPECT_TRUE(parsed(text).has("b")) << text;
  }
  EXPECT_TRUE(has(complaint([&] { parsed("b = \"" + dots); }), "malformed TOML"));
  EXPECT_TRUE(has(complaint([&] { parsed(std::string(300, 'k') + " = 1"); }), "has 300 characters; expected at most"));
}

TEST(Config, ABrokenRuleTellsWhatStandsThere) {
  auto const config = Config::from_text("a = 1.5\nb = [1, 2]\nc = \"x\"\n[d]\ne = 1\n", "a.toml");
  config.get<double>("a");
  config.get<std::vector<double>>("b");
  auto const broken = [&](char const* key) { return complaint([&] { config.check(false, key, "another"); }); };
  EXPECT_EQ(broken("a"), "a.toml:1: invalid 'a': got 1.5; expected another");
  EXPECT_EQ(broken("b"), "a.toml:2: invalid 'b': got [1, 2]; expected another");
  EXPECT_EQ(broken("c"), "a.toml:3: invalid 'c': got the string 'x'; expected another");  // nobody asked for it
  EXPECT_EQ(broken("d"), "a.toml: invalid 'd': got a table; expected another");
  EXPECT_EQ(broken("f"), "a.toml: invalid 'f': got nothing; expected another");
}

TEST(Config, OneOfSuggestsTheNearestName) {
  auto const config = Config::from_text("scheme = \"BAOBA\"\n", "a.toml");
  EXPECT_EQ(complaint([&] { config.one_of("scheme", {"BAOAB", "OBABO"}); }),
            "a.toml:1: invalid 'scheme': got 'BAOBA'; expected one of 'BAOAB', 'OBABO'; did you mean 'BAOAB'?");
  EXPECT_EQ(config.one_of("other", {"a", "b"}, "b"), "b");
  EXPECT_TRUE(has(complaint([&] { config.one_of("other", {"a", "b"}); }), "missing"));
}

TEST(Config, KeysNobodyAskedForAreErrors) {
  auto const config = Config::from_text("[integrator]\ndt = 1\nfrictoin = 2\n\n[output]\n", "double_well.toml");
  config.get<double>("integrator.dt");
  config.get<double>("integrator.friction", 1.0);
  config.get<bool>("output.trajectory", false);
  EXPECT_EQ(complaint([&] { config.reject_unknown(); }),
            "double_well.toml:3: unknown key 'integrator.frictoin'; did you mean 'integrator.friction'?");
  config.get<double>("integrator.frictoin");
  EXPECT_NO_THROW(config.reject_unknown());  // the empty table [output] could have held a key
}

TEST(Config, AnUnknownKeyFarFromAllIsToldTheNearest) {
  auto const unknown = [](std::string const& text) {
    auto const config = Config::from_text(text, "a.toml");
    config.get<double>("integrator.dt", 1.0);
    config.get<double>("run.steps", 1.0);
    return complaint([&] { config.reject_unknown(); });
  };
  EXPECT_EQ(unknown("dt = 1"), "a.toml:1: unknown key 'dt'; did you mean 'integrator.dt'?");
  EXPECT_EQ(unknown("[run]\nwavelength = 1"),
            "a.toml:2: unknown key 'run.wavelength'; the nearest valid key is 'run.steps'");
  EXPECT_EQ(unknown("[integratr]"), "a.toml:1: unknown key 'integratr'; did you mean 'integrator'?");
  EXPECT_EQ(unknown("\"a.b\" = 1"), "a.toml:1: unknown key '\"a.b\"'; the nearest valid key is 'run.steps'");
  auto const nothing = Config::from_text("a = 1", "a.toml");
  EXPECT_EQ(complaint([&] { nothing.reject_unknown(); }), "a.toml:1: unknown key 'a'");
}

TEST(Config, TheFirstUnknownKeyOfTheTextIsReported) {
  auto const config = Config::from_text("zebra = 1\nant = 2\n", "a.toml");
  EXPECT_TRUE(has(complaint([&] { config.reject_unknown(); }), "a.toml:1: unknown key 'zebra'"));
}

TEST(Config, MalformedTextIsPlaced) {
  auto const text = complaint([] { Config::from_text("a = 1\nb = = 2\n", "a.toml"); });
  EXPECT_TRUE(has(text, "a.toml:2: column 5: malformed TOML: ")) << text;
  for (char const* bad : {"[a", "a = ", "a = 1\na = 2", "= 1", "a = \"x", "a = [1, 2", "a = 1 b = 2", "\xff = 1",
                          "a = 99999999999999999999"}) {
    EXPECT_TRUE(has(complaint([&] { Config::from_text(bad, "a.toml"); }), "malformed TOML")) << bad;
  }
}

TEST(Config, CharactersBeyondAsciiStandInStringsAndCommentsOnly) {
  auto const refused = [](std::string const& text) { return complaint([&] { Config::from_text(text, "a.toml"); }); };
  std::string const sentence = "malformed TOML: characters beyond ASCII stand only in strings and comments";
  EXPECT_EQ(refused("a = 1\n  \xc3\xa9 = 2\n"), "a.toml:2: column 3: " + sentence);
  EXPECT_EQ(refused("a = '\xc3\xa9'\xc3\xa9"), "a.toml:1: column 8: " + sentence);
  EXPECT_TRUE(has(refused("a = 0'\xc3\xa9'"), "a.toml:1: column 6: malformed TOML"));  // no string begins in a number
  EXPECT_TRUE(has(refused("a.dt=0a.dt='[\xc3\xa9"), "a.toml:1: column "));
  EXPECT_TRUE(has(refused("a = \"\\\xc3\xa9\""), "a.toml:1: column 7: "));  // no escape
  EXPECT_TRUE(
      has(refused("'\xc3\xa9' = 1\n'\xc3\xa9' = 2"), "a.toml:2: column 7: malformed TOML: Error while parsing"));
  EXPECT_TRUE(has(refused("a = '\xc3\xa9'\na.\xc3\xa9 = 2"), "a.toml:2: column 3: " + sentence));
  EXPECT_TRUE(has(refused("[[[a]]]"), "column 3: malformed TOML"));

  auto const config = Config::from_text(
      "\xef\xbb\xbf# \xc3\xa9 '\n\"\xc3\xa9\" = '\xc3\xa9'\r\n"
      "a = [ \"\\\"\xc3\xa9\", '''\n'\xc3\xa9''', '', \"\"\"\\\n\"\xc3\xa9\"\"\"\n]\n"
      "b = { c = \"#\xc3\xa9\" } # '\xc3\xa9\n"
      "d = \"\"\"\\\n  \xe2\x82\xac~7e^5e \\u007E \xf0\x9f\x98\x80\"\"\"\n",
      "a.toml");
  EXPECT_EQ(config.get<std::string>("\"\xc3\xa9\""), "\xc3\xa9");
  EXPECT_EQ(config.get<std::vector<std::string>>("a"),
            (std::vector<std::string>{"\"\xc3\xa9", "'\xc3\xa9", "", "\"\xc3\xa9"}));
  EXPECT_EQ(config.get<std::string>("b.c"), "#\xc3\xa9");
  EXPECT_EQ(config.get<std::string>("d"), "\xe2\x82\xac~7e^5e ~ \xf0\x9f\x98\x80");
}

TEST(Config, OnlyTextIsRead) {
  auto const refused = [](std::string const& text) { return complaint([&] { Config::from_text(text, "a.toml"); }); };
  EXPECT_EQ(refused(std::string("# \xc3\xa9\n[\0a]", 9)), "a.toml:2: column 2: malformed TOML: a control character");
  EXPECT_EQ(refused("a = '\x7f'"), "a.toml:1: column 6: malformed TOML: a control character");
  // Not begun, not ended, too long, half a surrogate pair, beyond the last.
  for (char const* bad : {"\x80", "\xff", "\xc3", "\xe2\x82", "\xf0\x9f\x98", "\xc0\xaf", "\xe0\x80\x80",
                          "\xed\xa0\x80", "\xf0\x80\x80\x80", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80"}) {
    EXPECT_EQ(refused("\xc3\xa9 = '" + std::string(bad) + "'"), "a.toml:1: column 6: malformed TOML: not UTF-8") << bad;
  }
  std::string const all = "~^|;?!@$%&*<>/()`";
  EXPECT_TRUE(has(refused("a = '" + all + "\xc3\xa9'"), "too many kinds of punctuation"));
  EXPECT_EQ(Config::from_text("a = '" + all + "'", "a.toml").get<std::string>("a"), all);
}

TEST(Config, SetReplacesAndAdds) {
  auto config = good();
  config.set("integrator.dt=0.5");
  config.set("title=a plain word");
  config.set("ensemble.seed=7");
  config.set("run.deep.list=[1, 2]");
  config.set("run.word='x'");
  config.set("axis[1].kind=cosine");
  config.set("lists={real = [3.0]}");
  EXPECT_EQ(config.get<double>("integrator.dt"), 0.5);
  EXPECT_EQ(config.get<std::string>("title"), "a plain word");
  EXPECT_EQ(config.get<std::int64_t>("ensemble.seed"), 7);
  EXPECT_EQ(config.get<std::vector<std::int64_t>>("run.deep.list"), (std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(config.get<std::string>("run.word"), "x");
  EXPECT_EQ(config.get<std::string>("axis[1].kind"), "cosine");
  EXPECT_EQ(config.get<std::vector<double>>("lists.real"), (std::vector<double>{3.0}));
  EXPECT_FALSE(config.has("lists.whole"));
}

TEST(Config, SetTakesWordsBeyondAscii) {
  auto config = Config::from_text("", "a.toml");
  config.set("file=\xc3\xa9.h5");
  EXPECT_EQ(config.get<std::string>("file"), "\xc3\xa9.h5");
}

TEST(Config, SetIsHeldToTheSameRules) {
  auto config = good();
  config.set("integrator.dt=fast");
  EXPECT_EQ(
      complaint([&] { config.get<double>("integrator.dt"); }),
      "command line: invalid 'integrator.dt': got the string 'fast'; expected a number (--set integrator.dt=fast)");
  auto empty = Config::from_text("", "a.toml");
  empty.get<double>("integrator.dt", 1.0);
  empty.set("integrator.td=3");
  EXPECT_EQ(complaint([&] { empty.reject_unknown(); }),
            "command line: unknown key 'integrator.td'; did you mean 'integrator.dt'? (--set integrator.td=3)");
}

TEST(Config, SetRejectsWhatIsNoAssignment) {
  auto config = good();
  for (char const* bad :
       {"", "dt", "=1", "a.=1", ".a=1", "a..b=1", "a b=1", "a=", "a[=1", "a[x]=1", "axis[2].kind=1", "title.part=1"}) {
    EXPECT_TRUE(has(complaint([&] { config.set(bad); }), "command line: --set")) << bad;
  }
  config.set("word=1\nb = 2");  // more than one value is no value: a bare word
  EXPECT_EQ(config.get<std::string>("word"), "1\nb = 2");
}

TEST(Config, FileNamesAreRelativeToWhereTheyAreWritten) {
  auto config = Config::from_text("table = \"data/v.csv\"\nabsolute = \"/v.csv\"\nempty = \"\"\n", "in/a.toml");
  EXPECT_EQ(config.path("table"), "in/data/v.csv");
  EXPECT_EQ(config.path("absolute"), "/v.csv");
  EXPECT_FALSE(config.find_path("other").has_value());
  EXPECT_TRUE(has(complaint([&] { static_cast<void>(config.path("empty")); }), "got an empty text"));
  EXPECT_TRUE(has(complaint([&] { static_cast<void>(config.path("other")); }), "missing"));
  config.set("table=mine.csv");
  EXPECT_EQ(config.path("table"), "mine.csv");
}

TEST(Config, FilesThatAreReadAreRemembered) {
  Scratch const scratch;
  put(scratch / "a.toml", "table = \"v.csv\"\n[output]\nfile = \"run.h5\"\n");
  auto config = Config::from_file(scratch / "a.toml");
  EXPECT_EQ(config.find_output("output.file"), scratch / "run.h5");
  static_cast<void>(config.find_path("other"));
  auto const roles = [&] {
    std::vector<std::string> found;
    for (auto const& file : config.inputs()) found.push_back(file.role + " " + file.path.filename().string());
    return found;
  };
  EXPECT_EQ(roles(), (std::vector<std::string>{"INPUT a.toml"}));
  static_cast<void>(config.path("table"));
  EXPECT_EQ(roles(), (std::vector<std::string>{"INPUT a.toml", "'table' v.csv"}));
  EXPECT_TRUE(Config::from_text("", "command line").inputs().empty());
}

TEST(Config, VerbatimAndEffectiveTellWhatWasRun) {
  auto config = Config::from_text("a = 1 # note", "a.toml");
  config.set("b.c=2");
  EXPECT_EQ(config.verbatim(), "a = 1 # note\n# --set b.c=2\n");
  config.get<std::int64_t>("a");
  config.get<double>("b.c");
  config.get<std::string>("b.d", "default");
  EXPECT_EQ(config.effective(), nlohmann::json::parse(R"({"a": 1, "b": {"c": 2.0, "d": "default"}})"));
}

TEST(Config, AnOldNameServesWithAWarning) {
  auto config = Config::from_text("[dynamics]\ndt = 1\n[[part]]\nkind = 'x'\n[run]\nsteps = 3\n", "a.toml");
  config.set("part[0].width=2");
  config.set("run.seeds=4");
  config.renamed("integrator", "dynamics");
  config.renamed("axis", "part");
  config.renamed("ensemble.seed", "run.seeds");
  config.renamed("run.steps", "run.length");  // not in the input
  std::string const sentence = "; the old name will be refused in the next release";
  EXPECT_EQ(config.warnings(), (std::vector<std::string>{"a.toml:2: 'dynamics' is now called 'integrator'" + sentence,
                                                         "a.toml:4: 'part' is now called 'axis'" + sentence,
                                                         "command line: 'run.seeds' is now called 'ensemble.seed'" +
                                                             sentence + " (--set run.seeds=4)"}));
  EXPECT_EQ(config.get<double>("integrator.dt"), 1.0);
  EXPECT_EQ(config.count("axis"), 1);
  EXPECT_EQ(config.get<std::string>("axis[0].kind"), "x");
  EXPECT_EQ(config.get<std::int64_t>("axis[0].width"), 2);
  EXPECT_EQ(config.get<std::int64_t>("ensemble.seed"), 4);
  EXPECT_EQ(config.get<std::int64_t>("run.steps"), 3);
  EXPECT_NO_THROW(config.reject_unknown());
  EXPECT_FALSE(config.has("dynamics"));
  EXPECT_EQ(config.effective()["integrator"]["dt"], 1.0);
}

TEST(Config, AnOldNameServesOnlyWhereTheNewOneIsAbsent) {
  auto config = Config::from_text("length = 1\nlengthy = 2\n", "a.toml");
  config.set("steps=3");
  EXPECT_EQ(complaint([&] { config.renamed("steps", "length"); }),
            "a.toml:1: 'length' is now called 'steps', and the input has both; leave the old one out");
  EXPECT_TRUE(config.warnings().empty());
  config.renamed("steps", "long");  // no key begins in the middle of a word
  EXPECT_TRUE(config.has("lengthy"));
  EXPECT_EQ(complaint([&] { config.reject_unknown(); }), "a.toml:1: unknown key 'length'");
}

TEST(Config, FilesAreReadByOneRankForAll) {
  auto const world = kramers::Communicator::world();
  Scratch const scratch(world);
  auto const path = scratch / "a.toml";
  if (world.is_root()) put(path, "a = 3\n");
  auto const config = Config::from_file(path, world);
  EXPECT_EQ(config.get<std::int64_t>("a"), 3);
  EXPECT_EQ(config.source(), path.string());
}

TEST(Config, AFileThatCannotBeReadIsWrongInput) {
  Scratch const scratch;
  EXPECT_EQ(complaint([&] { Config::from_file(scratch / "no.toml"); }),
            (scratch / "no.toml").string() + ": cannot be read: No such file or directory");
  EXPECT_TRUE(has(complaint([&] { Config::from_file(scratch.folder()); }), "Is a directory"));
  EXPECT_TRUE(has(complaint([&] { Config::from_file("/dev/zero"); }), "larger than"));
}

}  // namespace
