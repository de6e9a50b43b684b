// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/runtime/h5.hpp>
#include <kramers/runtime/recorded_input.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "scratch.hpp"
#include "surfaces.hpp"

// Surfaces of files that are no tables of three columns: matrices of GROMACS, and HDF5.
namespace kramers::test {
namespace {

/// As write_xpm of GROMACS writes: energies rounded to the nearest of so many levels from 0 on, a unit apart.
std::string xpm_text(Surface const& surface, int levels, bool as_edges) {
  // Its symbols include the zero that ends their list, since 2020.
  std::string const mapper("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!@#$%^&*()-_=+{}|;:',<.>/?",
                           89);
  auto const size = static_cast<int>(mapper.size());
  bool const one = levels <= size;
  auto const symbol = [&](int level) {
    std::string text(1, mapper[static_cast<std::size_t>(level % size)]);
    if (!one) text += mapper[static_cast<std::size_t>(level / size)];
    return text;
  };
  auto const [x, y] = surface.axis;
  std::string text =
      "/* XPM */\n/* This file can be converted to EPS by the GROMACS program xpm2ps */\n"
      "/* title:   \"Gibbs Energy Landscape\" */\n/* legend:  \"G (kJ/mol)\" */\n/* x-label: \"PC1\" */\n"
      "/* y-label: \"PC2\" */\n/* type:    \"Continuous\" */\nstatic char *gromacs_xpm[] = {\n\"" +
      std::to_string(x.points) + " " + std::to_string(y.points) + "   " + std::to_string(levels) +
      (one ? " 1\",\n" : " 2\",\n");
  for (int level = 0; level < levels; ++level) {
    text += "\"" + symbol(level) + (one ? "  c" : " c") + " #FF00FF \" /* \"" + std::to_string(level) + "\" */,\n";
  }
  for (std::size_t a = 0; a < 2; ++a) {
    SurfaceAxis const& axis = surface.axis[a];
    text += a == 0 ? "/* x-axis:  " : "/* y-axis:  ";
    for (std::int64_t i = 0; i < axis.points + (as_edges ? 1 : 0); ++i) {
      if (i == 4) text += a == 0 ? "*/\n/* x-axis:  " : "*/\n/* y-axis:  ";
      text += std::to_string(axis.first + (static_cast<double>(i) - (as_edges ? 0.5 : 0.0)) * axis.spacing) + " ";
    }
    text += "*/\n";
  }
  for (std::int64_t j = y.points - 1; j >= 0; --j) {
    text += '"';
    for (std::int64_t i = 0; i < x.points; ++i) {
      text += symbol(static_cast<int>(std::lround(surface.energy[static_cast<std::size_t>(i * y.points + j)])));
    }
    text += j > 0 ? "\",\n" : "\"\n";
  }
  return text;
}

double bilinear(double x, double y) {
  return 1 + 2 * x + 12 * y + 8 * x * y;
}

// 89 levels have symbols of one character, 200 of two; all energies are levels, and positions have few digits.
TEST(Xpm, GivesTheEnergyOfEveryPixelAtItsCentre) {
  Surface surface = surface_of(bilinear, axis_of(0, 0.5, 6), axis_of(-0.0, 0.25, 5));
  EXPECT_EQ(surface.energy.back(), 38);
  for (int const levels : {39, 89, 90, 200}) {
    if (levels == 200) {
      for (double& energy : surface.energy) energy *= 4;
      EXPECT_EQ(surface.energy[18], 88) << "the level of the zero";
    }
    for (bool const as_edges : {false, true}) {
      Surface const read = parse_surface(xpm_text(surface, levels, as_edges), "gibbs.xpm");
      EXPECT_EQ(read.energy, surface.energy) << levels;
      for (std::size_t a = 0; a < 2; ++a) {
        EXPECT_EQ(read.axis[a].points, surface.axis[a].points);
        EXPECT_DOUBLE_EQ(read.axis[a].first, surface.axis[a].first) << as_edges;
        EXPECT_DOUBLE_EQ(read.axis[a].spacing, surface.axis[a].spacing) << as_edges;
        EXPECT_EQ(read.axis[a].period, 0);
      }
    }
  }
  EXPECT_EQ(parse_surface("\xEF\xBB\xBF\r\n" + xpm_text(surface, 200, true), "gibbs.xpm").energy, surface.energy);
}

// Energies between levels are those of the nearest one: half a step off at most.
TEST(Xpm, HasTheResolutionOfItsLevels) {
  Surface const surface =
      surface_of([](double x, double y) { return 10 * x * x + y; }, axis_of(0, 0.1, 9), axis_of(0, 0.1, 7));
  Surface const read = parse_surface(xpm_text(surface, 20, true), "gibbs.xpm");
  for (std::size_t i = 0; i < surface.energy.size(); ++i) EXPECT_NEAR(read.energy[i], surface.energy[i], 0.5 + 1e-12);
}

TEST(Xpm, GoesOnWithAnAxisInTheNextLineOfItsComment) {
  std::string const text =
      "/* XPM */\n/* made by\n   hand */\nstatic char *gromacs_xpm[] = {\n\"3 3 2 1\",\n\"A c #000000\" /* \"1.5\" "
      "*/,\n"
      "\"  c #FFFFFF\" /* \"-2e1\" */,\n/* x-axis: 0 1\n 2 */\n/* y-axis: 0\n1 2 3\n*/\n\"A A\",\n\" AA\",\n\"A  "
      "\"\n};\n";
  Surface const read = parse_surface(text, "hand.xpm");
  EXPECT_EQ(read.energy, (std::vector<double>{1.5, -20, 1.5, -20, 1.5, -20, -20, 1.5, 1.5}));
  EXPECT_EQ(read.axis[0].first, 0);
  EXPECT_EQ(read.axis[1].first, 0.5);
}

TEST(Xpm, ClosesWhereAPeriodSaysSo) {
  auto const steps = [](double x, double) { return x < 2 ? 1.0 : 5.0; };
  Surface const surface = surface_of(steps, axis_of(0.5, 1, 4), axis_of(0.5, 1, 4));
  Surface const closed = with_period(parse_surface(xpm_text(surface, 6, true), "angles.xpm"), 0, 4);
  EXPECT_EQ(closed.energy, surface.energy);
  EXPECT_EQ(closed.axis[0].period, 4);
}

struct BadMatrix {
  char const* name;
  char const* from;  // a part of the good matrix, and what stands there instead
  char const* to;
  int line;
  char const* says;
};
void PrintTo(BadMatrix const& bad, std::ostream* out) {
  *out << bad.name;
}

constexpr char good_matrix[] =
    "/* XPM */\n/* type:    \"Continuous\" */\nstatic char *gromacs_xpm[] = {\n\"4 3   2 1\",\n"
    "\"A  c #FFFFFF \" /* \"0\" */,\n\"B  c #000000 \" /* \"7.25\" */,\n/* x-axis:  0 1 2 3 4 */\n/* y-axis:  0 1 2 3 "
    "*/\n"
    "\"ABAB\",\n\"BBAA\",\n\"AAAA\"\n";

class RefusedMatrix : public ::testing::TestWithParam<BadMatrix> {};

TEST_P(RefusedMatrix, NamesFileLineAndReason) {
  std::string text = good_matrix;
  EXPECT_EQ(parse_surface(text, "gibbs.xpm").energy.size(), 12U);
  BadMatrix const& bad = GetParam();
  auto const at = text.find(bad.from);
  ASSERT_NE(at, std::string::npos);
  if (bad.to == nullptr) {
    text.resize(at);
  } else {
    text.replace(at, std::string(bad.from).size(), bad.to);
  }
  try {
    parse_surface(text, "gibbs.xpm");
    FAIL() << "was accepted";
  } catch (InputError const& error) {
    EXPECT_EQ(error.source(), "gibbs.xpm");
    EXPECT_EQ(error.line(), bad.line) << error.what();
    EXPECT_NE(std::string(error.what()).find(bad.says), std::string::npos) << error.what();
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << "more than one line";
  }
}

INSTANTIATE_TEST_SUITE_P(
    Xpm, RefusedMatrix,
    ::testing::Values(
        BadMatrix{"nothing", "static", nullptr, 0, "it ends before its size"},
        BadMatrix{"no_colours", "\"A  c", nullptr, 0, "ends after 0 of 2 colours"},
        BadMatrix{"half_a_string", "AA\"\n", nullptr, 11, "has a quote that is not closed"},
        BadMatrix{"no_last_row", "\"AAAA", nullptr, 0, "ends after 2 of 3 rows"},
        BadMatrix{"discrete", "Continuous", "Discrete", 2, "type 'Discrete'; expected 'Continuous'"},
        BadMatrix{"names", "\"0\"", "\"Coil\"", 5, "'Coil' is not a number"},
        BadMatrix{"nan", "\"7.25\"", "\"nan\"", 6, "the energy 'nan' is not a finite number"},
        BadMatrix{"no_meaning", " /* \"0\" */", "", 5, "says of the colour 'A' no energy"},
        BadMatrix{"colour_twice", "\"B  c", "\"A  c", 6, "gives the colour 'A' again"},
        BadMatrix{"unknown_colour", "BBAA", "BBCA", 10,
                  "has the colour 'C' in pixel 3, which the table of colours lacks"},
        BadMatrix{"short_row", "BBAA", "BBA", 10, "has 3 characters, but 4 pixels of 1 character are 4"},
        BadMatrix{"long_row", "BBAA", "BBAAB", 10, "has 5 characters, but 4 pixels"},
        BadMatrix{"row_more", "\"AAAA\"", "\"AAAA\",\n\"AAAA\"", 12, "comes after the last of 3 rows"},
        BadMatrix{"no_axis", "/* x-axis:  0 1 2 3 4 */\n", "", 0,
                  "has 0 positions in comments 'x-axis:', but 4 pixels"},
        BadMatrix{"short_axis", "0 1 2 3 */", "0 1 */", 0, "has 2 positions in comments 'y-axis:', but 3 pixels"},
        BadMatrix{"long_axis", "0 1 2 3 */", "0 1 2 3 4 */", 0, "has 5 positions in comments 'y-axis:'"},
        BadMatrix{"text_on_axis", "0 1 2 3 */", "0 one 2 3 */", 8, "the position 'one' is not a number"},
        BadMatrix{"infinite_axis", "0 1 2 3 */", "0 inf 2 3 */", 8, "the position 'inf' is not a finite number"},
        BadMatrix{"backwards", "0 1 2 3 */", "3 2 1 0 */", 0, "has positions along y that do not increase"},
        BadMatrix{"uneven", "0 1 2 3 4", "0 1 2 3 5", 0, "is no grid of evenly spaced points"},
        BadMatrix{"three_characters", "2 1\"", "2 3\"", 4, "has 3 characters per pixel; expected 1 or 2"},
        BadMatrix{"no_size", "4 3   2 1", "4 3 x", 4, "'4 3 x' is no size of a matrix"},
        BadMatrix{"no_pixels", "4 3   2 1", "0 3 2 1", 4, "is no size of a matrix"},
        BadMatrix{"too_large", "4 3   2 1", "4 65537 2 1", 4, "has more than 262144 pixels"},
        BadMatrix{"text", "static", "4 3 2 1\nstatic", 3, "'4 3 2 1' is no line of an XPM matrix"}),
    [](auto const& bad) { return std::string(bad.param.name); });

TEST(Xpm, RefusesTwoPixelsAlongAnAxisAndAChoiceOfColumns) {
  Surface const narrow = surface_of(bilinear, axis_of(0, 0.5, 2), axis_of(0, 0.25, 5));
  EXPECT_THROW(parse_surface(xpm_text(narrow, 63, true), "gibbs.xpm"), InputError);
  EXPECT_THROW(parse_surface(good_matrix, "gibbs.xpm", {{1, 2, 3}}), InputError);
}

class H5Surface : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!h5::available()) GTEST_SKIP() << "this build has no HDF5";
  }
  /// A file of the datasets that have values.
  template <class T>
  std::filesystem::path write(std::vector<T> const& energy, h5::Extents const& extents,
                              std::vector<double> const& along_x, std::vector<double> const& along_y) {
    std::filesystem::path path = scratch / "fes.h5";
    h5::Writer file(path, Communicator::self());
    if (!energy.empty()) file.write("energy", energy, extents);
    if (!along_x.empty()) file.write("x", along_x, {along_x.size()});
    if (!along_y.empty()) file.write("y", along_y, {along_y.size()});
    file.commit();
    return path;
  }
  /// What is said of such a file.
  template <class T>
  void refuse(std::vector<T> const& energy, h5::Extents const& extents, std::vector<double> const& along_x,
              std::vector<double> const& along_y, std::string const& says) {
    auto const path = write(energy, extents, along_x, along_y);
    auto const said = message<InputError>([&] { read_surface(path); });
    EXPECT_EQ(said.find(path.string() + ": "), 0U) << said;
    EXPECT_TRUE(has(said, says)) << said;
    EXPECT_FALSE(has(said, "\n")) << said;
  }
  Scratch scratch;
  std::vector<double> const x{-1, -0.5, 0, 0.5}, y{0.25, 0.5, 0.75};
};

// Rows are x. 0.1 is not 0.1F, and no text may round either.
TEST_F(H5Surface, IsTheGridToTheBit) {
  auto const f = [](double a, double b) { return 0.1 + 3 * a + b / 3 + a * b; };
  Surface const surface = surface_of(f, axis_of(-1, 0.5, 4), axis_of(0.25, 0.25, 3));
  auto const path = write(surface.energy, {4, 3}, x, y);
  EXPECT_EQ(hash_of(read_surface(path)), hash_of(surface));
  EXPECT_EQ(hash_of(parse_surface(surface_text(path), "kept")), hash_of(surface));
  std::vector<float> const single(surface.energy.begin(), surface.energy.end());
  Surface const read = read_surface(write(single, {4, 3}, x, y));
  for (std::size_t i = 0; i < single.size(); ++i) EXPECT_EQ(read.energy[i], single[i]);
  std::vector<std::int32_t> const whole{5, 6, 7, 1, 2, 3, -1, -2, -3, 8, 9, 4};
  EXPECT_EQ(read_surface(write(whole, {4, 3}, x, y)).energy, std::vector<double>(whole.begin(), whole.end()));
}

TEST_F(H5Surface, SaysInOneSentenceWhatIsWrong) {
  std::vector<double> const energy(12, 1.0), none;
  auto const changed = [](std::vector<double> values, std::size_t i, double value) {
    values[i] = value;
    return values;
  };
  double const nan = std::numeric_limits<double>::quiet_NaN(), infinite = std::numeric_limits<double>::infinity();
  refuse(none, {}, x, y, "holds no dataset 'energy'; expected");
  refuse(energy, {4, 3}, x, none, "holds no dataset 'y'; expected");
  refuse(energy, {12}, x, y, "holds 'energy' of the shape (12); expected two dimensions");
  refuse(energy, {2, 2, 3}, x, y, "of the shape (2, 2, 3); expected two");
  refuse(energy, {3, 4}, x, y, "holds 'x' of the shape (4); expected (3), as 'energy' of the shape (3, 4) has");
  refuse(energy, {4, 3}, x, x, "holds 'y' of the shape (4); expected (3)");
  refuse(changed(energy, 7, nan), {4, 3}, x, y, "holds the energy nan at (x, y) = 0 0.5; expected finite numbers");
  refuse(energy, {4, 3}, changed(x, 2, infinite), y, "holds the position x = inf; expected finite numbers");
  refuse(energy, {4, 3}, changed(x, 2, -0.5), y, "has x = -0.5 after -0.5; expected positions that increase");
  refuse(energy, {4, 3}, changed(x, 3, 0.75), y, "is no grid of evenly spaced points: after x = 0 comes 0.75");
  refuse(std::vector<double>(6, 1.0), {2, 3}, {0, 1}, y, "has 2 positions along x, but a spline needs at least 3");
  refuse(std::vector<std::uint8_t>(12, 1), {12}, x, y, "expected two dimensions");
  auto const path = write(energy, {4, 3}, x, y);
  EXPECT_TRUE(has(message<InputError>([&] { read_surface(path, {{1, 2, 3}}); }), "no columns to choose"));
}

TEST_F(H5Surface, IsNoTextAndNoDamagedFile) {
  auto const path = write(std::vector<double>(12, 1.0), {4, 3}, x, y);
  h5::Writer file(scratch / "text.h5", Communicator::self());
  file.write("energy", "1 2 3");
  file.write("x", x, {4});
  file.write("y", y, {3});
  file.commit();
  EXPECT_TRUE(has(message<InputError>([&] { read_surface(scratch / "text.h5"); }), "of the shape (); expected two"));
  std::string const bytes = content(path);
  put(path, bytes.substr(0, bytes.size() / 2));
  EXPECT_TRUE(has(message<InputError>([&] { read_surface(path); }), "gives no surface: ")) << "half a file";
}

}  // namespace
}  // namespace kramers::test
