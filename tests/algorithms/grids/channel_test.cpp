// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// CFD Python's step 12: published steps, digits and tables, and the bits of its columns.
#include <kramers/grids/channel/any_channel.hpp>
#include <kramers/grids/studies/channel_study.hpp>
#include <kramers/runtime/kokkos_session.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <vector>

namespace kramers::test::grids_channel {

using namespace kramers::grids;

std::unique_ptr<AnyChannel> make(ChannelParams const& params, std::string const& precision = "f64") {
  return make_channel(space_names().front(), precision, params, Communicator::world());
}

/// Sum over the grid of f(value), and the cell of row 20 in some column, on all ranks.
template <class F>
double sum_of(std::vector<double> const& cells, F const& f) {
  double sum = 0;
  for (double const cell : cells) sum += f(cell);
  return Communicator::world().sum(sum);
}
double cell_of(AnyChannel const& channel, std::vector<double> const& cells, std::int64_t column) {
  Block const& block = channel.block();
  bool const mine = block.first <= 20 && 20 < block.last;
  return Communicator::world().sum(mine ? cells[static_cast<std::size_t>((20 - block.first) * block.columns + column)]
                                        : 0.0);
}

/// Does any cell differ from the first one of its row?
bool depends_on_x(AnyChannel const& channel, std::vector<double> const& cells) {
  std::uint64_t different = 0;
  auto const columns = static_cast<std::size_t>(channel.block().columns);
  for (std::size_t k = 0; k < cells.size(); ++k) different += cells[k] != cells[k / columns * columns] ? 1 : 0;
  return Communicator::world().sum(different) != 0;
}

TEST(Channel, StopsAfter499StepsWithThePublishedDigits) {
  auto const channel = make(ChannelParams());
  if (Communicator::world().size() > 1) {  // where each of 25,000 sweeps is a message
    auto const changes = channel->advance(20, 1e-3);
    EXPECT_NEAR(changes[9], 0.09627339, 5e-9);
    EXPECT_FALSE(depends_on_x(*channel, channel->fields().u));
    return;
  }
  auto const changes = channel->advance(2000, 1e-3);
  ASSERT_EQ(channel->step(), 499);
  EXPECT_EQ(changes.back(), 0.0009975044108291194);
  EXPECT_EQ(channel->sum_u(), 3892.6407095224326);
  std::map<std::size_t, double> const published = {{1, 1.0},          {2, 0.49481865},   {10, 0.09627339},
                                                   {50, 0.01801113},  {100, 0.00845205}, {200, 0.00374108},
                                                   {300, 0.00219226}, {400, 0.00143400}, {498, 0.00100097}};
  for (auto const& [step, change] : published) EXPECT_NEAR(changes[step - 1], change, 5e-9) << step;
  auto const fields = channel->fields();
  EXPECT_EQ(cell_of(*channel, fields.u, 0), 3.494896156028711);
  for (double const v : fields.v) ASSERT_EQ(v, 0.0);
  for (double const p : fields.p) ASSERT_EQ(p, 1.0);
  EXPECT_FALSE(depends_on_x(*channel, fields.u));
}

TEST(Channel, PerturbedHasThePublishedTable) {
  struct Row {
    double u, u2, v2, p2, at_u, at_v, at_p;
  };
  std::map<int, Row> const published = {
      {1,
       {3.198, 0.06753075883057, 3.571027395495, 1809.679150784, 0.001999987989973, 0.09324216828877, 1.000039312384}},
      {10,
       {31.48443834879, 1.083355866625, 2.548778127062, 13.99376259053, 0.01999867048215, 0.07958751091773,
        0.9994544545646}},
      {100,
       {292.3998937473, 55.72462100489, 1.332688895991, 0.07142758608684, 0.199998032216, 0.0595999585607,
        0.9995045870238}},
  };
  ChannelParams params;
  params.dt = 0.002;
  params.start = ChannelStart::perturbed;
  auto const channel = make(params);
  for (auto const& [step, row] : published) {
    if (step > 10 && Communicator::world().size() > 1) continue;
    channel->advance(step - channel->step(), -1);
    auto const [u, v, p] = channel->fields();
    auto const square = [](double x) { return x * x; };
    // 13 digits are published.
    auto const expect = [](double found, double expected) { EXPECT_NEAR(found, expected, 2e-12 * std::abs(expected)); };
    expect(sum_of(u, [](double x) { return x; }), row.u);
    expect(sum_of(u, square), row.u2);
    expect(sum_of(v, square), row.v2);
    expect(sum_of(p, [](double x) { return (x - 1) * (x - 1); }), row.p2);
    expect(cell_of(*channel, u, 10), row.at_u);
    expect(cell_of(*channel, v, 10), row.at_v);
    expect(cell_of(*channel, p, 10), row.at_p);
    EXPECT_TRUE(depends_on_x(*channel, v));
  }
}

TEST(Channel, LegatesBenchmarkHasItsDigits) {
  ChannelParams params;
  params.dt = 0.0009 * params.dx() * params.dy() / params.viscosity;
  auto const channel = make(params);
  if (Communicator::world().size() > 1) {  // a sweep is a message
    auto const alone = make_channel(space_names().front(), "f64", params, Communicator::self());
    EXPECT_EQ(channel->advance(4, -1), alone->advance(4, -1));
    EXPECT_EQ(channel->hash(), alone->hash());
    return;
  }
  auto const changes = channel->advance(51, -1);
  EXPECT_NEAR(changes.back(), 0.019585837878135264, 1e-16);
  EXPECT_NEAR(channel->sum_u(), 1.8327658261354953, 1e-14);
}

TEST(Channel, ColumnsKeepTheSameBitsWhateverTheirNumber) {
  for (std::int64_t const columns : {3, 17, 64, 130}) {
    for (std::string const precision : {"f64", "f32"}) {
      ChannelParams params;
      params.rows = 24;
      params.columns = columns;
      auto const channel = make(params, precision);
      channel->advance(Communicator::world().size() > 1 ? 4 : 40, -1);  // a sweep is a message
      auto const fields = channel->fields();
      EXPECT_FALSE(depends_on_x(*channel, fields.u)) << columns << " " << precision;
      EXPECT_FALSE(depends_on_x(*channel, fields.p)) << columns << " " << precision;
      for (double const v : fields.v) ASSERT_EQ(v, 0.0);
    }
  }
}

TEST(Channel, BitsAreThoseOfEveryOtherBuildAndNumberOfRanks) {
  auto const hash = [](std::int64_t rows, std::int64_t columns, std::string const& precision) {
    ChannelParams params;
    params.rows = rows;
    params.columns = columns;
    params.dt = 0.001;
    params.start = ChannelStart::perturbed;
    auto const channel = make(params, precision);
    channel->advance(5, -1);
    return channel->hash();
  };
  EXPECT_EQ(hash(31, 50, "f64"), 0xba8e71209516b28cULL);
  EXPECT_EQ(hash(31, 50, "f32"), 0xb60f85825596d241ULL);
  EXPECT_EQ(hash(101, 99, "f64"), 0xce86503f6ee9add2ULL);
}

TEST(Channel, KnowsWhereItIsStable) {
  ChannelParams params;
  auto const at_default = stability_of(params);
  EXPECT_NEAR(at_default.number, 0.8, 1e-12);
  EXPECT_FALSE(at_default.stable());
  EXPECT_TRUE(at_default.stable_while_uniform());
  params.dt = at_default.largest_dt;
  EXPECT_TRUE(stability_of(params).stable());
  params = {};
  params.rows = params.columns = 46;  // published: blows up from here
  EXPECT_FALSE(stability_of(params).stable_while_uniform());
}

TEST(Channel, RefusesWhatCannotBe) {
  ChannelParams params;
  params.rows = 2;
  EXPECT_THROW(make(params), DomainError);
  params.rows = 2 * Communicator::world().size() - 1;
  EXPECT_THROW(make(params), DomainError);
}

/// f(1), f(2), ..., f(length).
template <class F>
std::vector<double> series_of(int length, F const& f) {
  std::vector<double> series;
  for (int k = 1; k <= length; ++k) series.push_back(f(k));
  return series;
}

TEST(Channel, FindsExponentialGrowthOnlyWhereThereIsSome) {
  for (double const factor : {1.01, 2.2, 5.0}) {
    auto const found = exponential_growth(series_of(400, [&](int k) { return std::pow(factor, k) * 1e-300; }));
    ASSERT_TRUE(found.has_value()) << factor;
    EXPECT_NEAR(*found / factor, 1, 1e-12);
  }
  for (double const power : {0.5, 1.0, 2.0, 3.0, 4.0}) {
    EXPECT_FALSE(exponential_growth(series_of(400, [&](int k) { return std::pow(k, power); })).has_value()) << power;
  }
  auto const twice = [](int k) { return std::ldexp(1.0, k); };
  EXPECT_TRUE(exponential_growth(series_of(8, twice)).has_value());
  EXPECT_FALSE(exponential_growth(series_of(7, twice)).has_value());
  EXPECT_FALSE(exponential_growth({}).has_value());
  // Less than tenfold, falling, and with a zero.
  EXPECT_FALSE(exponential_growth(series_of(20, [](int k) { return std::pow(1.1, k); })).has_value());
  EXPECT_FALSE(exponential_growth(series_of(20, [](int k) { return std::ldexp(1.0, -k); })).has_value());
  EXPECT_FALSE(exponential_growth(series_of(20, [](int k) { return k == 9 ? 0.0 : std::ldexp(1.0, k); })).has_value());
}

}  // namespace kramers::test::grids_channel
