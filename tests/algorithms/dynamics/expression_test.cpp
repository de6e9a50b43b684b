// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/dynamics/engine/ensemble.hpp>
#include <kramers/dynamics/potentials/double_well.hpp>
#include <kramers/dynamics/potentials/expression.hpp>
#include <kramers/dynamics/schemes/schemes.hpp>

#include <gtest/gtest.h>
#include <spaces.hpp>

#include <cmath>
#include <limits>
#include <numbers>
#include <optional>
#include <string>
#include <vector>

// Formulas: what they mean, what is refused and where, their derivatives, and that packs have the bits of single walkers.
namespace kramers::expression_test {

using namespace kramers::dynamics;

using Host = Kokkos::DefaultHostExecutionSpace;

inline std::optional<double> constant(std::string_view name) {
  if (name == "k") return 2.5;
  if (name == "x0") return -0.25;
  return std::nullopt;
}

inline ExpressionProgram program_of(std::string_view formula, int dimension = 1) {
  return compile_expression(formula, dimension, constant, dynamics::detail::fold_operation);
}

template <class T = double>
Expression<T, Host, 1> profile_of(std::string_view formula) {
  return Expression<T, Host, 1>(Host{}, program_of(formula));
}

inline double value(std::string_view formula, double x) {
  return profile_of(formula).energy(x);
}

TEST(ExpressionGrammar, HasTheUsualPrecedence) {
  double const x = 1.75, pi = std::numbers::pi;
  struct Case {
    char const* formula;
    double value;
  };
  for (Case const c : {Case{"1+2*3", 7},
                       {"(1+2)*3", 9},
                       {"8-4-2", 2},
                       {"16/4/2", 2},
                       {"16/4*2", 8},
                       {"2^3^2", 512},
                       {"(2^3)^2", 64},
                       {"-3^2", -9},
                       {"(-3)^2", 9},
                       {"2^-2", 0.25},
                       {"-2^-2", -0.25},
                       {"3--2", 5},
                       {"3*-2", -6},
                       {"+4", 4},
                       {"- -4", 4},
                       {"2*3^2", 18},
                       {"9^0.5", 3},
                       {"4^1.5", 8},
                       {"4^-0.5", 0.5},
                       {"1e2", 100},
                       {"1.5E-1", 0.15},
                       {".5", 0.5},
                       {"2.", 2},
                       {" 1 +\t2 ", 3},
                       {"x", x},
                       {"-x^2", -x * x},
                       {"x*x*x", x * x * x},
                       {"x^3", x * x * x},
                       {"x/2", x / 2},
                       {"2/x", 2 / x},
                       {"x-x", 0},
                       {"x/x", 1},
                       {"k*(x-x0)^2/2", 1.25 * 4},
                       {"pi", pi},
                       {"min(x, 1)", 1},
                       {"max(x, 1)", x},
                       {"abs(-x)", x},
                       {"step(x)", 1},
                       {"step(-x)", 0},
                       {"step(0)", 1},
                       {"select(step(x-1), x, 2)", x},
                       {"select(step(x-2), x, 2)", 2},
                       {"1/(1/x)", x},
                       {"0*x", 0},
                       {"2^10*x^0", 1024}}) {
    EXPECT_NEAR(value(c.formula, x), c.value, 4e-16 * std::abs(c.value)) << c.formula;
  }
}

TEST(ExpressionGrammar, SaysWhatIsWrongAndWhere) {
  struct Case {
    char const* formula;
    std::size_t character;
    char const* problem;
  };
  std::string const brackets(101, '('), unary(200, '-');
  for (Case const c : {Case{"", 1, "expected a number, a name or '('"},
                       {"(x^2-1", 7, "expected ')'"},
                       {"x)", 2, "no '(' is open"},
                       {"2x", 2, "expected an operator"},
                       {"x y", 3, "expected an operator"},
                       {"x +", 4, "expected a number, a name or '('"},
                       {"x ** 2", 4, "'^' for a power"},
                       {"x * / 2", 5, "expected a number, a name or '('"},
                       {"y^2", 1, "not 'y'"},
                       {"1 + q*x", 5, "not 'q'"},
                       {"1 + sn(x)", 5, "did you mean 'sin'?"},
                       {"sin x", 5, "expected '('"},
                       {"sin()", 5, "expected a number, a name or '('"},
                       {"sin(x, 1)", 6, "has 1 argument"},
                       {"min(x)", 6, "expected ','"},
                       {"select(x, 1)", 12, "expected ','"},
                       {"x # 2", 3, "expected an operator"},
                       {"x; 2", 2, "expected an operator"},
                       {"1e999*x", 1, "a number that a double can hold"},
                       {"x^", 3, "expected a number, a name or '('"},
                       {brackets.c_str(), 101, "brackets"},
                       {unary.c_str(), 101, "brackets"},
                       {"1/0", 0, "no finite number"},
                       {"sqrt(-1)*x", 0, "no finite number"},
                       {"((x^1000)^1000)^1000", 0, "a power that is too large"}}) {
    try {
      program_of(c.formula);
      ADD_FAILURE() << c.formula << " was accepted";
    } catch (FormulaError const& error) {
      EXPECT_EQ(error.character, c.character) << c.formula << ": " << error.problem;
      EXPECT_NE(error.problem.find(c.problem), std::string::npos) << c.formula << ": " << error.problem;
    }
  }
  EXPECT_THROW(program_of(std::string(ExpressionProgram::most_characters, ' ') + "x"), FormulaError);
  EXPECT_NO_THROW(program_of(std::string(ExpressionProgram::most_characters - 1, ' ') + "x"));
}

TEST(ExpressionGrammar, ShowsThePlace) {
  EXPECT_EQ(in_words({"expected ')'", 7}, "(x^2-1"), "expected ')' at character 7 of \"(x^2-1\", at its end");
  EXPECT_EQ(in_words({"expected an operator", 2}, "2x"), "expected an operator at character 2 of \"2x\", before \"x\"");
  EXPECT_EQ(in_words({"expected an operator", 2}, "2\nx"),
            "expected an operator at character 2 of \"2 x\", before \" x\"");
}

TEST(ExpressionGrammar, RefusesWhatDoesNotFit) {
  std::string many = "x", deep = "x";
  for (int i = 1; i < 300; ++i) many += "+sin(" + std::to_string(i) + "*x)";
  // All the sines live until the first of them is used, last.
  for (int i = 1; i < 45; ++i) deep = "(sin(" + std::to_string(i) + "*x)*exp(" + deep + "))";
  auto const refusal = [](std::string const& formula) -> std::string {
    try {
      program_of(formula);
    } catch (FormulaError const& error) {
      return error.problem;
    }
    return "accepted";
  };
  EXPECT_NE(refusal(many).find("more than 512 instructions"), std::string::npos) << refusal(many);
  EXPECT_NE(refusal(deep).find("more than "), std::string::npos) << refusal(deep);
}

// The derivatives against differences, h = epsilon^(1/3): truncation h^2 / 6 times the next odd derivative, below 1e5 (of
// x^-3), rounding epsilon / h times the numbers, below 400.
TEST(ExpressionDerivatives, AreThoseOfEveryFunction) {
  double const h = 6e-6, tolerance = 1e5 * h * h / 6 + 400 * 4 * 2.3e-16 / h;
  for (char const* const formula : {"sqrt(x)",
                                    "exp(x)",
                                    "log(x)",
                                    "sin(3*x)",
                                    "cos(3*x)",
                                    "tan(x/2)",
                                    "sinh(x)",
                                    "cosh(x)",
                                    "tanh(2*x)",
                                    "erf(x)",
                                    "abs(x-0.7)*x",
                                    "min(x^2, x+0.1)",
                                    "max(x^2, x+0.1)",
                                    "step(x-0.7)*x^3",
                                    "select(step(x-0.7), x^3, 1/x)",
                                    "x^7",
                                    "x^-3",
                                    "x^0.5",
                                    "x^2.5",
                                    "x^1.3",
                                    "2^x",
                                    "x^x",
                                    "1/x",
                                    "x/(1+x^2)",
                                    "(1+x)/x",
                                    "exp(-x^2/2)*sin(x)",
                                    "3",
                                    "x"}) {
    auto const v = profile_of(formula);
    for (double x = 0.5; x < 1.6; x += 0.0513) {
      ASSERT_NEAR(v.force(x), -(v.energy(x + h) - v.energy(x - h)) / (2 * h), tolerance) << formula << " at " << x;
      ASSERT_NEAR(v.curvature(x), -(v.force(x + h) - v.force(x - h)) / (2 * h), tolerance) << formula << " at " << x;
    }
  }
}

TEST(ExpressionDerivatives, AreThoseOfTwoCoordinates) {
  Expression<double, Host, 2> const v(Host{}, program_of("(x^2-1)^2 + k*y^2/2 + sin(x*y)/(1+y^2)", 2));
  double const h = 6e-6, tolerance = 1e5 * h * h / 6 + 400 * 4 * 2.3e-16 / h;
  for (double x = -1.3; x < 1.3; x += 0.21) {
    for (double y = -1; y < 1; y += 0.19) {
      auto const f = v.force({x, y});
      ASSERT_NEAR(f[0], -(v.energy({x + h, y}) - v.energy({x - h, y})) / (2 * h), tolerance);
      ASSERT_NEAR(f[1], -(v.energy({x, y + h}) - v.energy({x, y - h})) / (2 * h), tolerance);
      double const bend =
          -(v.force({x + h, y})[0] - v.force({x - h, y})[0] + v.force({x, y + h})[1] - v.force({x, y - h})[1]) /
          (2 * h);
      ASSERT_NEAR(v.laplacian({x, y}), bend, 2 * tolerance);
    }
  }
}

// Against the C library: 4 ulp of the value, and of its argument where the function is steep.
TEST(ExpressionFunctions, AreAccurate) {
  double const epsilon = std::numeric_limits<double>::epsilon();
  for (double x = -40; x < 40; x += 0.0371) {
    EXPECT_NEAR(value("sin(x)", x), std::sin(x), 2 * epsilon) << x;
    EXPECT_NEAR(value("cos(x)", x), std::cos(x), 2 * epsilon) << x;
    EXPECT_NEAR(value("sinh(x)", x), std::sinh(x), 6 * epsilon * std::abs(std::sinh(x))) << x;
    EXPECT_NEAR(value("cosh(x)", x), std::cosh(x), 6 * epsilon * std::cosh(x)) << x;
  }
  EXPECT_NEAR(value("sin(x)", 1e6), std::sin(1e6), 4 * epsilon);
  EXPECT_NEAR(value("sinh(x)", 1e-9), 1e-9, 1e-24);
  EXPECT_NEAR(static_cast<double>(profile_of<float>("sin(x)").energy(30.5F)), std::sin(30.5), 2e-7);
}

TEST(ExpressionPrograms, ShareAndFold) {
  // u = x^2 - 1, then -4 u x - 0.1.
  EXPECT_EQ(program_of("(x^2-1)^2 + 0.1*x").force_end, 4);
  EXPECT_EQ(program_of("x*sin(pi/6)").force_end, 1);
  EXPECT_EQ(program_of("exp(x)+exp(x)").force_end, 2);
}

TEST(ExpressionPrograms, MakeTheForcesOfTheCompiledDoubleWell) {
  auto const v = profile_of("(x^2-1)^2 + 0.1*x");
  DoubleWell<double> const compiled{1, 0.1};
  for (double x = -2; x <= 2; x += 1.0 / 64) {
    double const size = 4 * std::abs(x) * (x * x + 1) + 0.1;  // of the terms; each is rounded three times at most
    ASSERT_NEAR(v.force(x), compiled.force(x), 3 * 2.3e-16 * size) << x;
    ASSERT_NEAR(v.energy(x), compiled.energy(x), 4 * 2.3e-16 * (x * x + 1) * (x * x + 1)) << x;
    ASSERT_NEAR(v.curvature(x), compiled.curvature(x), 3 * 2.3e-16 * (12 * x * x + 4)) << x;
  }
}

TEST(ExpressionPrograms, RefuseNumbersThatOverflow) {
  EXPECT_NO_THROW(profile_of<double>("1e39*x^2"));
  EXPECT_THROW(profile_of<float>("1e39*x^2"), DomainError);
  EXPECT_THROW((Expression<double, Host, 2>(Host{}, program_of("x", 1))), DomainError);
}

TEST(ExpressionPrograms, KeepNotANumber) {
  double const nan = std::numeric_limits<double>::quiet_NaN();
  for (char const* const formula : {"x", "x^2", "sin(x)", "exp(-x^2)", "1/(1+x^2)"}) {
    EXPECT_TRUE(std::isnan(value(formula, nan))) << formula;
  }
}

EnsembleParams study() {
  EnsembleParams params;
  params.walkers = 130;
  params.seed = 20261122;
  params.langevin = {.dt = 0.05, .friction = 1, .temperature = 1.2, .mass = 1.5};
  params.production_start = 3;
  params.correlations = true;
  params.sampling.every = 2;
  params.sampling.core_sets = params.sampling.first_passage = true;
  params.sampling.core_a = -0.7;
  params.sampling.core_b = 0.7;
  params.sampling.histogram = {.dimensions = 1, .bins = {20, 1}, .lower = {-2, 0}, .upper = {2, 0}};
  return params;
}

struct Outcome {
  std::uint64_t hash;
  std::vector<double> sums, frames;
  std::vector<std::uint64_t> histogram;
  friend bool operator==(Outcome const&, Outcome const&) = default;
};

template <class Space, class Scheme, int W, class Potential>
Outcome outcome_of(Potential const& potential) {
  Ensemble<Space, Scheme, Potential, W> ensemble(Space{}, potential, study(), {0, 130});
  InitialState start;
  start.lower[0] = start.lower[1] = -1.25;
  start.upper[0] = start.upper[1] = -0.75;
  ensemble.initialise(start);
  ensemble.mark_origin();
  ensemble.advance_partly(5);
  ensemble.advance(13);
  ensemble.advance(23);
  return {ensemble.state_hash(), ensemble.cell_sums().values(), ensemble.frame_sums().values(), ensemble.histogram()};
}

template <class Config>
struct ExpressionEnsembles : ::testing::Test {};
TYPED_TEST_SUITE(ExpressionEnsembles, test::AllConfigs, test::ConfigName);

// One walker at a time, where each asks for its force itself, against packs. A scheme of each kind: that all have the same
// bits in packs is shown with compiled potentials.
TYPED_TEST(ExpressionEnsembles, HaveTheSameBitsInPacks) {
  using T = typename TypeParam::Real;
  using Space = typename TypeParam::Space;
  using Well = Separable<Expression<T, Space, 1>, 1>;
  Well const well{{Expression<T, Space, 1>(Space{}, program_of("1.5*(x^2-1)^2 + 0.1*x + 0.05*sin(k*x)"))}};
  [&]<class... Scheme>(TypeList<Scheme...>) {
    (
        [&] {
          SCOPED_TRACE(scheme_name<Scheme>());
          Outcome const one = outcome_of<Space, Scheme, 1>(well);
          EXPECT_TRUE((one == outcome_of<Space, Scheme, lane_width<Space, T>>(well))) << "the width of this space";
        }(),
        ...);
  }(SchemesInManyDimensions{});
  EXPECT_TRUE((outcome_of<Space, Baoab, 1>(well) == outcome_of<Space, Baoab, 8>(well))) << "width 8";
}

TYPED_TEST(ExpressionEnsembles, HaveTheSameBitsInPacksOfTwoCoordinates) {
  using T = typename TypeParam::Real;
  using Space = typename TypeParam::Space;
  Expression<T, Space, 2> const surface(Space{}, program_of("(x^2-1)^2 + k*(y-x)^2/2", 2));
  EXPECT_TRUE((outcome_of<Space, Baoab, 1>(surface) == outcome_of<Space, Baoab, lane_width<Space, T>>(surface)));
}

// Rounding differs from that of the compiled one; in 41 steps it grows to no more than 1e-9 (a Lyapunov exponent below
// sqrt(4 dV / m) = 2 and 2 units of time: e^4).
TEST(ExpressionTrajectories, FollowTheCompiledDoubleWell) {
  using Formula = Separable<Expression<double, Host, 1>, 1>;
  using Compiled = Separable<DoubleWell<double>, 1>;
  auto const states = [](auto const& potential) {
    Ensemble<Host, Baoab, std::decay_t<decltype(potential)>> ensemble(Host{}, potential, study(), {0, 130});
    InitialState start;
    start.lower[0] = start.upper[0] = -1;
    ensemble.initialise(start);
    ensemble.advance(41);
    std::vector<std::int64_t> all(130);
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::int64_t>(i);
    return ensemble.read_walkers(all);
  };
  auto const formula = states(Formula{{Expression<double, Host, 1>(Host{}, program_of("1.5*(x^2-1)^2 + 0.1*x"))}});
  auto const compiled = states(Compiled{{DoubleWell<double>{1.5, 0.1}}});
  double moved = 0;
  for (std::size_t i = 0; i < formula.size(); ++i) {
    ASSERT_NEAR(formula[i].position[0], compiled[i].position[0], 1e-9) << "walker " << i;
    moved = std::max(moved, std::abs(formula[i].position[0] + 1));
  }
  EXPECT_GT(moved, 1.0);
}

}  // namespace kramers::expression_test
