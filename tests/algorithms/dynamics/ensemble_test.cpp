// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/dynamics/engine/ensemble.hpp>
#include <kramers/dynamics/potentials/double_well.hpp>
#include <kramers/dynamics/potentials/separable.hpp>
#include <kramers/dynamics/schemes/schemes.hpp>

#include <gtest/gtest.h>
#include <spaces.hpp>

#include <limits>
#include <memory>
#include <numeric>
#include <type_traits>
#include <vector>

// What must not change the result does not: lane width, division over ranks and threads, cuts in time, restarts.
namespace kramers::test {

using namespace kramers::dynamics;
namespace {

template <class T>
using Well = Separable<DoubleWell<T>, 1>;
template <class Space, class T, int W = lane_width<Space, T>>
using WellEnsemble = Ensemble<Space, Baoab, Well<T>, W>;

EnsembleParams study(std::int64_t walkers) {
  EnsembleParams params;
  params.walkers = walkers;
  params.seed = 20261120;
  params.langevin = {.dt = 0.05, .friction = 1, .temperature = 1.2, .mass = 1};
  params.correlations = true;
  params.sampling.every = 2;
  params.sampling.core_sets = params.sampling.first_passage = true;
  params.sampling.core_a = -0.7;
  params.sampling.core_b = 0.7;
  params.sampling.histogram = {.dimensions = 1, .bins = {20, 1}, .lower = {-2, 0}, .upper = {2, 0}};
  return params;
}

InitialState left_well() {
  InitialState start;
  start.lower[0] = -1.25;
  start.upper[0] = -0.75;
  return start;
}

/// Everything an ensemble says, put together from its ranks.
struct Outcome {
  std::uint64_t hash = 0;
  std::vector<double> sums, frames;
  std::vector<std::uint64_t> histogram;
  friend bool operator==(Outcome const&, Outcome const&) = default;
};

constexpr std::int64_t steps = 41;
/// Times at which advance returns; sums are only equal where these are.
std::vector<std::int64_t> const pauses{17, 18, steps};

template <class Ensemble>
void run(Ensemble& ensemble) {
  ensemble.initialise(left_well());
  std::int64_t done = 0;
  for (std::int64_t const next : pauses) {
    ensemble.mark_origin();  // the last one after walkers have been in both core sets
    ensemble.advance(next - done);
    done = next;
  }
}

void add(AnyEnsemble& ensemble, Outcome& outcome) {
  outcome.hash += ensemble.state_hash();
  auto const sums = ensemble.cell_sums().values(), frames = ensemble.frame_sums().values();
  outcome.sums.insert(outcome.sums.end(), sums.begin(), sums.end());
  outcome.frames.insert(outcome.frames.end(), frames.begin(), frames.end());
  auto const histogram = ensemble.histogram();
  outcome.histogram.resize(histogram.size());
  for (std::size_t i = 0; i < histogram.size(); ++i) outcome.histogram[i] += histogram[i];
}

template <class Ensemble, class Space>
Outcome over_ranks(Space const& exec, std::int64_t walkers, int ranks) {
  using T = typename Ensemble::T;
  EnsembleLayout const layout(walkers);
  Outcome outcome;
  for (int rank = 0; rank < ranks; ++rank) {
    Ensemble ensemble(exec, Well<T>{{DoubleWell<T>{T(1.5)}}}, study(walkers), layout.range_of(rank, ranks));
    run(ensemble);
    add(ensemble, outcome);
  }
  return outcome;
}

template <class Config>
class EnsembleInvariance : public ::testing::Test {
 public:
  using T = typename Config::Real;
  using Space = typename Config::Space;
  using Own = WellEnsemble<Space, T>;

  static Own make(std::int64_t walkers, EnsembleParams const& params) {
    return Own(Space{}, Well<T>{{DoubleWell<T>{T(1.5)}}}, params, {0, walkers});
  }
};
TYPED_TEST_SUITE(EnsembleInvariance, AllConfigs, ConfigName);

// 2501 walkers: cells of 4, the last cell and block with one walker; 130: cells of 1; 1: one walker in a block.
TYPED_TEST(EnsembleInvariance, LaneWidth) {
  using T = typename TypeParam::Real;
  using Space = typename TypeParam::Space;
  for (std::int64_t const walkers : {1, 130, 2501}) {
    SCOPED_TRACE(walkers);
    Outcome const one = over_ranks<WellEnsemble<Space, T, 1>>(Space{}, walkers, 1);
    EXPECT_EQ(one, (over_ranks<WellEnsemble<Space, T, 8>>(Space{}, walkers, 1))) << "width 8";
    EXPECT_EQ(one, (over_ranks<WellEnsemble<Space, T, 64>>(Space{}, walkers, 1))) << "width 64";
    EXPECT_EQ(one, (over_ranks<WellEnsemble<Space, T>>(Space{}, walkers, 1))) << "the width of this space";
  }
}

// One lane, as on a device, takes whole groups of steps at once and chooses coordinates in registers.
TYPED_TEST(EnsembleInvariance, LaneWidthInThreeDimensions) {
  using T = typename TypeParam::Real;
  using Space = typename TypeParam::Space;
  using Wells = Separable<DoubleWell<T>, 3>;
  EnsembleParams params = study(130);
  params.production_start = 6;
  params.sampling.every = 7;
  params.sampling.coordinate = 1;
  params.sampling.histogram = {.dimensions = 2, .axis = 1, .bins = {5, 4}, .lower = {-2, -2}, .upper = {2, 2}};
  auto const outcome = [&]<int W>(std::integral_constant<int, W>) {
    DoubleWell<T> const axis{T(1.5)};
    Ensemble<Space, Baoab, Wells, W> ensemble(Space{}, Wells{{axis, axis, axis}}, params, {0, params.walkers});
    run(ensemble);
    Outcome result;
    add(ensemble, result);
    return result;
  };
  EXPECT_EQ(outcome(std::integral_constant<int, 1>{}), outcome(std::integral_constant<int, 8>{}));
}

TYPED_TEST(EnsembleInvariance, DivisionOverRanks) {
  using Space = typename TypeParam::Space;
  using Own = typename TestFixture::Own;
  for (std::int64_t const walkers : {1, 65, 2501, 70000}) {
    Outcome const whole = over_ranks<Own>(Space{}, walkers, 1);
    EXPECT_EQ(whole.sums.size(), static_cast<std::size_t>(EnsembleLayout(walkers).cells) * row_length<Quantity>);
    for (int const ranks : {2, 3, 7}) {  // more than parts: some ranks have nothing
      EXPECT_EQ(over_ranks<Own>(Space{}, walkers, ranks), whole) << walkers << " walkers on " << ranks << " ranks";
    }
  }
}

// Half the threads of the space, where it can be divided; on OpenMP with two threads that is one.
TYPED_TEST(EnsembleInvariance, ShareOfTheThreads) {
  using Space = typename TypeParam::Space;
  using Own = typename TestFixture::Own;
  Space const all;
  if (all.concurrency() < 2) GTEST_SKIP() << "one thread cannot be shared out";
  Outcome const expected = over_ranks<Own>(all, 2500, 1);
  auto const halves = Kokkos::Experimental::partition_space(all, 1, 1);
  EXPECT_EQ(over_ranks<Own>(halves[0], 2500, 1), expected);
  EXPECT_EQ(over_ranks<Own>(halves[1], 2500, 1), expected);
}

// With 70000 walkers a group has whole blocks, so that the engine may count in other ways in long and short calls.
TYPED_TEST(EnsembleInvariance, CutsInTime) {
  for (std::int64_t const walkers : {200, 70000}) {
    SCOPED_TRACE(walkers);
    auto whole = TestFixture::make(walkers, study(walkers));
    whole.initialise(left_well());
    whole.advance(steps);
    auto pieces = TestFixture::make(walkers, study(walkers));
    pieces.initialise(left_well());
    for (std::int64_t step = 0; step < steps; ++step) pieces.advance(1);
    EXPECT_EQ(pieces.state_hash(), whole.state_hash());
    EXPECT_EQ(pieces.histogram(), whole.histogram());
    auto const a = pieces.cell_sums().values(), b = whole.cell_sums().values();
    EnsembleLayout const layout(walkers);
    for (std::size_t i = 0; i < a.size(); ++i) {
      // The same 20 samples of each walker of a cell added up in another order; all terms are below 1e4.
      double const terms = 20 * static_cast<double>(layout.cell);
      ASSERT_NEAR(a[i], b[i], terms * terms * 1e4 * std::numeric_limits<double>::epsilon());
    }
  }
}

TYPED_TEST(EnsembleInvariance, PiecesOfALaunch) {
  for (std::int64_t const walkers : {200, 70000}) {
    SCOPED_TRACE(walkers);
    auto whole = TestFixture::make(walkers, study(walkers));
    whole.initialise(left_well());
    whole.advance(5);
    whole.advance(steps);
    // The same launch: twice in time, its sums moved to another ensemble in between, then by blocks.
    auto pieces = TestFixture::make(walkers, study(walkers));
    pieces.initialise(left_well());
    pieces.advance(5);
    EXPECT_TRUE(pieces.walker_sums().empty());
    pieces.advance_partly(steps / 3);
    auto const sums = pieces.walker_sums();
    EXPECT_EQ(sums.size(), static_cast<std::size_t>(walkers * row_length<Quantity>));
    pieces.set_walker_sums(std::vector<double>(sums.size(), -1.0));
    pieces.set_walker_sums(sums);
    pieces.advance_partly(1);
    std::int64_t const left = steps - steps / 3 - 1, half = pieces.blocks() / 2;
    pieces.advance_blocks(left, half, pieces.blocks());
    auto const unit_sums = pieces.unit_sums();
    pieces.advance_blocks(left, 0, half);
    EXPECT_NE(pieces.unit_sums(), unit_sums);
    pieces.finish_advance(left);
    EXPECT_EQ(pieces.step(), whole.step());
    EXPECT_EQ(pieces.state_hash(), whole.state_hash());
    EXPECT_EQ(pieces.histogram(), whole.histogram());
    EXPECT_EQ(pieces.cell_sums().values(), whole.cell_sums().values());
    EXPECT_TRUE(pieces.walker_sums().empty());
  }
}

TYPED_TEST(EnsembleInvariance, SeedAndWalkerMakeTheTrajectory) {
  std::int64_t const walkers = 300;
  auto ensemble = TestFixture::make(walkers, study(walkers));
  run(ensemble);
  auto const hash = ensemble.state_hash();
  run(ensemble);  // from the start again
  EXPECT_EQ(ensemble.state_hash(), hash);
  // An ensemble of other size has the same first walkers.
  auto larger = TestFixture::make(5000, study(5000));
  run(larger);
  std::vector<std::int64_t> const ids{0, 1, 63, 64, 299};
  auto const a = ensemble.read_walkers(ids), b = larger.read_walkers(ids);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    EXPECT_EQ(a[i].position, b[i].position);
    EXPECT_EQ(a[i].velocity, b[i].velocity);
  }
  // Different walkers and seeds have different noise.
  EXPECT_NE(a[0].position, a[1].position);
  EnsembleParams other = study(walkers);
  ++other.seed;
  auto reseeded = TestFixture::make(walkers, other);
  run(reseeded);
  EXPECT_NE(reseeded.state_hash(), hash);
  EXPECT_NE(reseeded.read_walkers({0})[0].position, a[0].position);
}

TYPED_TEST(EnsembleInvariance, ReplayOfOnePart) {
  // A walker is replayed by running its part of the layout alone.
  std::int64_t const walkers = 1000, id = 777;
  auto whole = TestFixture::make(walkers, study(walkers));
  run(whole);
  EnsembleLayout const layout(walkers);
  std::int64_t const first = id / layout.part * layout.part;
  using T = typename TestFixture::T;
  typename TestFixture::Own part(typename TestFixture::Space{}, Well<T>{{DoubleWell<T>{T(1.5)}}}, study(walkers),
                                 {first, first + layout.part});
  run(part);
  EXPECT_EQ(part.read_walkers({id})[0].position, whole.read_walkers({id})[0].position);
  EXPECT_EQ(part.read_walkers({id})[0].velocity, whole.read_walkers({id})[0].velocity);
  EXPECT_THROW(part.read_walkers({first - 1}), DomainError);
}

template <class T>
std::vector<std::vector<T>> copy_of(std::vector<StateColumn> const& columns) {
  std::vector<std::vector<T>> copies;
  for (auto const& column : columns) {
    std::visit([&](auto const& values) { copies.emplace_back(values.begin(), values.end()); }, column.values);
  }
  return copies;
}

TYPED_TEST(EnsembleInvariance, DownloadAndUploadRestoreAllBits) {
  using T = typename TestFixture::T;
  std::int64_t const walkers = 150;
  auto original = TestFixture::make(walkers, study(walkers));
  original.initialise(left_well());
  original.mark_origin();
  original.advance(17);

  auto restored = TestFixture::make(walkers, study(walkers));
  auto const from = original.download(), into = restored.download();
  ASSERT_EQ(from.size(), 5U);  // x, v, core_memory, origin_x, origin_v
  for (std::size_t c = 0; c < from.size(); ++c) {
    EXPECT_EQ(from[c].name, into[c].name);
    std::visit(
        [&]<class S>(S const& source) {
          auto const target = std::get<S>(into[c].values);
          ASSERT_EQ(source.size(), static_cast<std::size_t>(walkers));
          std::copy(source.begin(), source.end(), target.begin());
        },
        from[c].values);
  }
  restored.upload(original.step());
  restored.set_cell_sums(original.cell_sums());
  restored.set_histogram(original.histogram());
  EXPECT_EQ(copy_of<T>(restored.download()), copy_of<T>(original.download()));

  for (auto* ensemble : {&original, &restored}) {
    ensemble->advance(1);
    ensemble->advance(steps - 18);
  }
  Outcome a, b;
  add(original, a);
  add(restored, b);
  EXPECT_EQ(a, b);
  EXPECT_THROW(restored.set_cell_sums(CellSums({1.0})), ShapeError);
  EXPECT_THROW(restored.set_histogram({}), ShapeError);
}

TYPED_TEST(EnsembleInvariance, PaddingCountsNothing) {
  // 65 walkers fill one lane of the second block; of 2501 the last one shares its cell of 4 with padding.
  for (std::int64_t const walkers : {65, 2501}) {
    EnsembleParams everywhere = study(walkers);
    everywhere.sampling.core_a = 1e6;  // every walker is in core A and left of the divide at every sample
    everywhere.sampling.core_b = 2e6;
    everywhere.sampling.dividing_point = 1e6;
    auto ensemble = TestFixture::make(walkers, everywhere);
    run(ensemble);
    auto const samples = walkers * (steps / 2);
    auto const histogram = ensemble.histogram();
    EXPECT_EQ(std::accumulate(histogram.begin(), histogram.end(), std::uint64_t{0}),
              static_cast<std::uint64_t>(samples));
    EXPECT_EQ(ensemble.cell_sums().total(Quantity::samples_in_a), static_cast<double>(samples));
    EXPECT_EQ(ensemble.frame_sums().total(FrameQuantity::left), static_cast<double>(walkers));
  }
}

TYPED_TEST(EnsembleInvariance, FramesCompareWithTheirOrigin) {
  std::int64_t const walkers = 100;
  auto ensemble = TestFixture::make(walkers, study(walkers));
  ensemble.initialise(left_well());
  ensemble.advance(10);
  ensemble.mark_origin();
  auto const origin = ensemble.frame_sums();
  auto const then = ensemble.read_walkers({42})[0];
  ensemble.advance(20);
  auto const later = ensemble.frame_sums();
  auto const now = ensemble.read_walkers({42})[0];
  auto const at = [](FrameSums const& frames, FrameQuantity q) { return frames(42, q); };
  EXPECT_EQ(at(origin, FrameQuantity::displacement), 0.0);
  EXPECT_EQ(at(origin, FrameQuantity::position_correlation), at(origin, FrameQuantity::position_squared));
  double const x0 = then.position[0], x1 = now.position[0], v0 = then.velocity[0], v1 = now.velocity[0];
  // One or two roundings in the precision of the walkers, of numbers near one.
  double const tolerance = 4 * std::numeric_limits<typename TestFixture::T>::epsilon();
  EXPECT_NEAR(at(later, FrameQuantity::displacement), (x1 - x0) * (x1 - x0), 4 * tolerance);
  EXPECT_NEAR(at(later, FrameQuantity::position_correlation), x0 * x1, 4 * tolerance);
  EXPECT_NEAR(at(later, FrameQuantity::velocity_correlation), v0 * v1, 9 * tolerance);
  EXPECT_EQ(at(later, FrameQuantity::position), x1);
  EXPECT_EQ(at(later, FrameQuantity::left), x1 < 0 ? 1.0 : 0.0);
  EXPECT_NEAR(at(later, FrameQuantity::kinetic), v1 * v1 / 2, 9 * tolerance);
}

TYPED_TEST(EnsembleInvariance, FramesRememberTheCoreSetsOfTheirOrigin) {
  std::int64_t const walkers = 500;
  auto ensemble = TestFixture::make(walkers, study(walkers));
  ensemble.initialise(left_well());
  auto const memories = [&] {
    auto const column = std::get<std::span<std::uint8_t>>(ensemble.download()[2].values);
    return std::vector<std::uint8_t>(column.begin(), column.end());
  };
  ensemble.advance(60);
  ensemble.mark_origin();
  auto const origin = memories();
  auto const at_origin = ensemble.frame_sums();
  ensemble.advance(60);
  auto const now = memories();
  auto const later = ensemble.frame_sums();

  // By the definition, of the membership that the engine itself keeps (its reference is ensemble_reference_test.cpp).
  auto const count = [&](auto const& condition) {
    double sum = 0;
    for (std::size_t i = 0; i < origin.size(); ++i) sum += condition(origin[i] & 3, now[i] & 3) ? 1 : 0;
    return sum;
  };
  EXPECT_EQ(later.total(FrameQuantity::origin_in_a), count([](int then, int) { return then == 1; }));
  EXPECT_EQ(later.total(FrameQuantity::origin_in_b), count([](int then, int) { return then == 2; }));
  double const a_then_b = count([](int then, int at) { return then == 1 && at == 2; });
  double const b_then_a = count([](int then, int at) { return then == 2 && at == 1; });
  EXPECT_EQ(later.total(FrameQuantity::a_then_b), a_then_b);
  EXPECT_EQ(later.total(FrameQuantity::b_then_a), b_then_a);
  EXPECT_GT(a_then_b, 5);  // else the test would show nothing
  EXPECT_GT(b_then_a, 5);
  EXPECT_EQ(at_origin.total(FrameQuantity::a_then_b), 0);
  EXPECT_EQ(at_origin.total(FrameQuantity::origin_in_a), later.total(FrameQuantity::origin_in_a));
  EXPECT_EQ(later.total(FrameQuantity::passed), ensemble.cell_sums().total(Quantity::passages));
  EXPECT_LT(at_origin.total(FrameQuantity::passed), later.total(FrameQuantity::passed));
}

TYPED_TEST(EnsembleInvariance, ADivergingWalkerIsFound) {
  using T = typename TestFixture::T;
  std::int64_t const walkers = 400;
  auto ensemble = TestFixture::make(walkers, study(walkers));
  ensemble.initialise(left_well());
  ensemble.advance(5);
  EXPECT_FALSE(ensemble.first_diverged().has_value());
  // Two walkers far up the quartic wall, where the force throws them out faster each step.
  auto const columns = ensemble.download();
  auto const x = std::get<std::span<T>>(columns[0].values);
  x[250] = T(-1e3);
  x[399] = T(1e3);
  ensemble.upload(5);
  ensemble.advance(20);
  ASSERT_TRUE(ensemble.first_diverged().has_value());
  EXPECT_EQ(*ensemble.first_diverged(), 250);
  // They are counted outside of the histogram and harm nobody else.
  auto const histogram = ensemble.histogram();
  EXPECT_EQ(std::accumulate(histogram.begin(), histogram.end(), std::uint64_t{0}),
            static_cast<std::uint64_t>(walkers * (2 + 10)));
  auto undisturbed = TestFixture::make(walkers, study(walkers));
  undisturbed.initialise(left_well());
  undisturbed.advance(5);
  undisturbed.advance(20);
  for (std::int64_t const id : {0, 249, 251, 398}) {
    EXPECT_EQ(ensemble.read_walkers({id})[0].position, undisturbed.read_walkers({id})[0].position);
  }
}

TYPED_TEST(EnsembleInvariance, MemoryIsTheStateOfTheWalkers) {
  using T = typename TestFixture::T;
  std::int64_t const walkers = 100000;  // rounded up to whole blocks: 100032
  auto ensemble = TestFixture::make(walkers, study(walkers));
  EXPECT_EQ(ensemble.state_bytes(), 100032 * (4 * static_cast<std::int64_t>(sizeof(T)) + 1));
  // Rows of sums for each unit of 64 walkers, 1024 cells at most (two kinds), and a histogram for each group.
  EXPECT_LE(ensemble.extra_bytes(),
            (100032 / 64 + 1024) * row_length<Quantity> * 8 + 1024 * row_length<FrameQuantity> * 8 + 64 * 21 * 8);
}

TYPED_TEST(EnsembleInvariance, RefusesImpossibleParameters) {
  auto const refused = [](auto const& change) {
    EnsembleParams params = study(100);
    change(params);
    EXPECT_THROW(TestFixture::make(100, params), DomainError);
  };
  refused([](auto& p) { p.langevin.dt = 0; });
  refused([](auto& p) { p.langevin.dt = std::numeric_limits<double>::quiet_NaN(); });
  refused([](auto& p) { p.langevin.temperature = 0; });
  refused([](auto& p) { p.langevin.mass = -1; });
  refused([](auto& p) { p.langevin.friction = -0.1; });
  refused([](auto& p) { p.walkers = 0; });
  refused([](auto& p) { p.sampling.every = -1; });
  refused([](auto& p) { p.sampling.coordinate = 1; });
  refused([](auto& p) { p.sampling.core_a = p.sampling.core_b; });
  refused([](auto& p) { p.sampling.histogram.bins[0] = 0; });
  refused([](auto& p) { p.sampling.histogram.upper[0] = p.sampling.histogram.lower[0]; });
  refused([](auto& p) { p.sampling.histogram.dimensions = 2; });
}

}  // namespace
}  // namespace kramers::test
