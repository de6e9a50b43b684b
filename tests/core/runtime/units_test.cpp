// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/base/file.hpp>
#include <kramers/runtime/config.hpp>
#include <kramers/runtime/input_guide.hpp>
#include <kramers/runtime/units.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <string>
#include <vector>

namespace kramers {
namespace {

UnitSystem const md("md"), lj("lj"), reduced;

/// The number that a quantity becomes; NaN and a failure where it is refused.
double number(UnitSystem const& units, std::string const& quantity, std::string const& dimension) {
  double value = std::nan("");
  EXPECT_EQ(units.convert(quantity, dimension, value), "") << quantity;
  return value;
}

std::string refusal(UnitSystem const& units, std::string const& quantity, std::string const& dimension) {
  double value = 0;
  return units.convert(quantity, dimension, value);
}

// Numbers by hand: 1 kcal = 4184 J, 1 angstrom = 0.1 nm, R = 8.31446261815324 J/(mol K), e N_A = 96485.33212331 C/mol.
TEST(Units, MolecularQuantitiesAreThoseOfTheSI) {
  EXPECT_EQ(number(md, "298.15 K", "temperature"), 298.15);
  EXPECT_EQ(number(md, "25 kJ/mol", "energy"), 25.0);
  EXPECT_EQ(number(md, "6 kcal/mol", "energy"), 25.104);
  EXPECT_EQ(number(md, "250 J/mol", "energy"), 0.25);
  EXPECT_EQ(number(md, "500 cal/mol", "energy"), 2.092);
  EXPECT_DOUBLE_EQ(number(md, "1 eV", "energy"), 96.48533212331);
  EXPECT_DOUBLE_EQ(number(md, "26 meV", "energy"), 2.50861863520606);
  EXPECT_EQ(number(md, "100 fs", "time"), 0.1);
  EXPECT_EQ(number(md, "3 fs", "time"), 0.003);
  EXPECT_EQ(number(md, "2 us", "time"), 2e6);
  EXPECT_EQ(number(md, "1/ps", "1 / time"), 1.0);
  EXPECT_EQ(number(md, "5 1/ns", "1 / time"), 0.005);
  EXPECT_EQ(number(md, "2 angstrom", "length"), 0.2);
  EXPECT_EQ(number(md, "2 \u00c5", "length"), 0.2);
  EXPECT_EQ(number(md, "150 pm", "length"), 0.15);
  EXPECT_EQ(number(md, "1e-3 nm^2/ps", "length^2 / time"), 1e-3);
  EXPECT_EQ(number(md, "1 um^2/s", "length^2 / time"), 1e-6);
  EXPECT_EQ(number(md, "18.015 g/mol", "mass"), 18.015);
  EXPECT_EQ(number(md, "2 kDa", "mass"), 2000.0);
  // 10 pN over 1 nm are 10 * 1e-12 * 1e-9 J * N_A = 6.02214076 kJ/mol.
  EXPECT_DOUBLE_EQ(number(md, "10 pN", "energy / length"), 6.02214076);
  // 1 kcal/mol/angstrom^2 = 4.184 kJ/mol / 0.01 nm^2
  EXPECT_DOUBLE_EQ(number(md, "1 kcal/mol/angstrom^2", "energy / length^2"), 418.4);
}

TEST(Units, UnitsAreConsistent) {
  // An energy made of mass, length and time is one of the system without a factor.
  EXPECT_EQ(number(md, "3 u nm^2 ps^-2", "energy"), 3.0);
  EXPECT_EQ(number(md, "3 u*nm^2*ps^-2", "energy"), 3.0);
  EXPECT_EQ(number(lj, "3 m sigma^2 tau^-2", "energy"), 3.0);
  EXPECT_DOUBLE_EQ(md.thermal_energy(300), 2.494338785445972);
  EXPECT_EQ(lj.thermal_energy(0.7), 0.7);
  EXPECT_EQ(reduced.thermal_energy(0.7), 0.7);
}

TEST(Units, SpellingsOfOneQuantityAgree) {
  for (char const* const text : {"1000 kJ/mol/nm^2", "1000kJ/mol/nm^2", " +1e3 kJ / mol / nm^2 ", "1000 kJ/(mol*nm^2)",
                                 "1000 kJ/(mol nm^2)", "1000 kJ mol^-1 nm^-2", "1e6 J/mol/nm^2"}) {
    EXPECT_EQ(number(md, text, "energy / length^2"), 1000.0) << text;
  }
  EXPECT_EQ(number(lj, "1.5 epsilon", "temperature"), 1.5);
  EXPECT_EQ(number(lj, "-2 sigma/tau", "length / time"), -2.0);
}

TEST(Units, NamesOfUnits) {
  EXPECT_EQ(md.unit("energy / length^2"), "kJ/mol/nm^2");
  EXPECT_EQ(md.unit("1 / time"), "1/ps");
  EXPECT_EQ(md.unit("length / time"), "nm/ps");
  EXPECT_EQ(md.unit("temperature"), "K");
  EXPECT_EQ(lj.unit("temperature"), "epsilon");
  EXPECT_EQ(lj.unit("length^2 / time"), "sigma^2/tau");
  EXPECT_EQ(reduced.unit("1 / time"), "1/tau");
  EXPECT_EQ(md.unit(""), "1");
  EXPECT_EQ(md.unit("steps"), "1");
  EXPECT_EQ(md.h5md_unit("energy / length^2"), "kJ mol-1 nm-2");
  EXPECT_EQ(md.h5md_unit("length^2 / time"), "nm2 ps-1");
  EXPECT_EQ(md.h5md_unit(""), "1");
  EXPECT_THROW(UnitSystem("si"), DomainError);
}

TEST(Units, WrongDimensionsAreNamed) {
  EXPECT_EQ(refusal(md, "25 nm", "energy"), "a number or energy with its unit, as '1 kJ/mol', not length");
  EXPECT_EQ(refusal(md, "25 kJ", "energy"),
            "a number or energy with its unit, as '1 kJ/mol', not energy times amount; is '/mol' missing?");
  EXPECT_EQ(refusal(md, "2.5 kJ/mol", "temperature"), "a number or temperature with its unit, as '1 K', not energy");
  EXPECT_EQ(refusal(md, "2 ps", "1 / time"), "a number or 1 / time with its unit, as '1/ps', not time");
  EXPECT_NE(refusal(md, "25", "energy").find("not a number without a unit"), std::string::npos);
  EXPECT_NE(refusal(md, "25 kJ/mol*nm", "energy").find("kJ/(mol*nm^2)"), std::string::npos);
}

TEST(Units, UnknownUnitsAreHinted) {
  auto const has = [](std::string const& text, char const* part) { return text.find(part) != std::string::npos; };
  EXPECT_TRUE(has(refusal(md, "6 kcall/mol", "energy"), "'kcall' is no unit"));
  EXPECT_TRUE(has(refusal(md, "6 kcall/mol", "energy"), "did you mean 'kcal'?"));
  EXPECT_TRUE(has(refusal(md, "6 KJ/mol", "energy"), "did you mean 'kJ'?"));
  EXPECT_TRUE(has(refusal(md, "2 A", "length"), "did you mean 'angstrom'?"));
  EXPECT_TRUE(has(refusal(md, "2 sigma", "length"), "which has nm, pm"));
  EXPECT_TRUE(has(refusal(lj, "2 nm", "length"), "where units.system is 'lj'"));
  EXPECT_TRUE(has(refusal(reduced, "300 K", "temperature"), "set units.system = \"md\""));
  EXPECT_EQ(refusal(reduced, "warm", "temperature"), "a number");
}

TEST(Units, GarbageIsRefused) {
  for (char const* const text :
       {"",        " ",        "nm",       "inf nm",  "nan nm",    "--1 nm",    "+-1 nm",
        "-+1 nm",  "1 nm^",    "1 nm^0",   "1 nm^10", "1 nm^-10",  "1 nm^1.5",  "1 nm^x",
        "1 nm**2", "1 nm//ps", "1 nm)",    "1 (nm",   "1 ()nm",    "1 nm2",     "0x10 nm",
        "1,5 nm",  "1 nm nm",  "1e999 nm", "1 nm\n",  "1 nm;",     "1e-322 pm", "1e300 s^9/ps^8*nm",
        "1 nm/",   "1 *nm",    "1 2 nm",   "1 1 nm",  "1 (ps*/nm", "."}) {
    double value = 0;
    EXPECT_NE(md.convert(text, "length", value), "") << text;
  }
  std::string const deep = "1 " + std::string(100'000, '(') + "nm";
  EXPECT_NE(refusal(md, deep, "length"), "");
  EXPECT_NE(refusal(md, "1e308 s", "time"), "");    // not infinite
  EXPECT_NE(refusal(md, "1e-322 fs", "time"), "");  // not zero
  EXPECT_EQ(number(md, "0 fs", "time"), 0.0);
}

// Any number with the unit that a dimension has comes back as it is.
TEST(Units, RoundTrips) {
  std::mt19937_64 draw(7);
  for (std::string const dimension : {"length", "time", "energy", "mass", "temperature", "energy / length",
                                      "energy / length^2", "length / time", "1 / time", "length^2 / time"}) {
    for (UnitSystem const& units : {md, lj}) {
      for (int i = 0; i < 100; ++i) {
        double const value = std::ldexp(static_cast<double>(draw()), static_cast<int>(draw() % 200) - 100);
        EXPECT_EQ(number(units, shortest_decimal(value) + " " + units.unit(dimension), dimension), value);
        // Without a blank between them, but for 1/ps, where digits would run together.
        std::string const between = units.unit(dimension).starts_with('1') ? " " : "";
        EXPECT_EQ(number(units, shortest_decimal(-value) + between + units.unit(dimension), dimension), -value);
      }
    }
  }
}

// A text of random pieces is refused or is a finite number; a sanitizer says what else happens.
TEST(Units, RandomTextsDoNoHarm) {
  std::vector<std::string> const pieces = {"1",  "2.5", "-",  "+",   "e", "e-3", " ",      "/", "*", "^",    "(", ")",
                                           "nm", "ps",  "kJ", "mol", "K", "x",   "\u00c5", "9", ".", "\xff", "u"};
  std::mt19937_64 draw(11);
  int taken = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string text = i % 2 == 0 ? "1 nm" : "";
    for (auto n = draw() % 8; n > 0; --n) text += pieces[draw() % pieces.size()];
    double value = std::nan("");
    if (md.convert(text, "length", value).empty()) {
      ++taken;
      EXPECT_TRUE(std::isfinite(value)) << text;
    }
  }
  EXPECT_GT(taken, 1000);
  EXPECT_LT(taken, 15'000);
}

Config config(std::string const& text) {
  return Config::from_text(text, "input.toml");
}

std::string what(Config const& input, std::string const& key) {
  try {
    input.get<double>(key);
  } catch (InputError const& error) {
    return error.what();
  }
  return {};
}

std::vector<KeyNote> const notes = {
    {"a.energy", "energy", ""}, {"a.places", "length", ""}, {"a.share", "", ""}, {"a.count", "steps", ""}};

TEST(KeyUnits, QuantitiesStandWhereTheKeyHasADimension) {
  Config const input = config(
      "[units]\nsystem = \"md\"\n[a]\nenergy = \"6 kcal/mol\"\nplaces = [\"2 angstrom\", 1, \"-1 pm\"]\nshare = \"2 "
      "nm\"\n"
      "count = \"5 ps\"\nother = \"1 nm\"\n");
  {
    KeyUnits const units(input, notes);
    EXPECT_EQ(input.get<double>("a.energy"), 25.104);
    EXPECT_EQ(input.get<std::vector<double>>("a.places"), (std::vector<double>{0.2, 1, -0.001}));
    EXPECT_NE(what(input, "a.share").find("input.toml:6: invalid 'a.share': got the string '2 nm'; expected a number"),
              std::string::npos);
    EXPECT_NE(what(input, "a.other"), "");
    EXPECT_THROW(input.get<std::int64_t>("a.count"), InputError);
    {
      KeyUnits const inner(config(""), notes);
      EXPECT_NE(what(input, "a.energy").find("where units.system is 'reduced'"), std::string::npos);
    }
    EXPECT_EQ(what(input, "a.energy"), "");
  }
  EXPECT_NE(what(input, "a.energy"), "") << "no KeyUnits lives any more";
}

TEST(KeyUnits, ErrorsNameKeyLineValueAndWhatWouldDo) {
  Config const input = config("[units]\nsystem = \"md\"\n[a]\nenergy = \"6 nm\"\n");
  KeyUnits const units(input, notes);
  EXPECT_EQ(what(input, "a.energy"),
            "input.toml:4: invalid 'a.energy': got the string '6 nm'; expected a number or energy with its unit, as "
            "'1 kJ/mol', not length");
  Config const list = config("[a]\nplaces = [1, \"2 angstrom\", \"3 ps\"]\n");
  EXPECT_THROW(
      {
        try {
          list.get<std::vector<double>>("a.places");
        } catch (InputError const& error) {
          EXPECT_NE(std::string(error.what()).find("'a.places': got the string '3 ps'"), std::string::npos);
          throw;
        }
      },
      InputError);
  EXPECT_THROW(KeyUnits(config("[units]\nsystem = \"si\"\n"), notes), InputError);
}

}  // namespace
}  // namespace kramers
