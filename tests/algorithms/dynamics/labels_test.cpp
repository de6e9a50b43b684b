// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/dynamics/engine/ensemble.hpp>
#include <kramers/dynamics/engine/spread_map.hpp>
#include <kramers/dynamics/potentials/double_well.hpp>
#include <kramers/dynamics/potentials/separable.hpp>
#include <kramers/dynamics/potentials/tabulated.hpp>
#include <kramers/dynamics/potentials/tabulated_2d.hpp>
#include <kramers/dynamics/schemes/schemes.hpp>

#include <gtest/gtest.h>
#include <listener.hpp>
#include <spaces.hpp>

#include <string>
#include <string_view>
#include <vector>

// What Kokkos Tools see of the library: names that begin with kramers::, on the instance the caller gave.
namespace kramers::test {

using namespace kramers::dynamics;
namespace {

template <class Space>
void expect_proper(Listener const& heard, Space const& exec) {
  std::size_t ours = 0;
  for (auto const& [label, device] : heard.kernels) {
    EXPECT_TRUE(is_ours_or_kokkos(label)) << "kernel " << label;
    EXPECT_EQ(device, Kokkos::Tools::Experimental::device_id(exec)) << label << " ran on another instance";
    ours += label.starts_with("kramers::") ? 1 : 0;
  }
  EXPECT_GT(ours, 0U);
  for (auto const& label : heard.allocations) EXPECT_TRUE(is_ours_or_kokkos(label)) << "allocation " << label;
}

/// An instance other than the default one, where the space has several.
template <class Space>
Space other_instance() {
  Space const all;
  return all.concurrency() < 2 ? all : Kokkos::Experimental::partition_space(all, 1, 1)[1];
}

EnsembleParams everything_on() {
  EnsembleParams params;
  params.walkers = 100;
  params.langevin.dt = 0.01;
  params.correlations = true;
  params.sampling.every = 1;
  params.sampling.core_sets = params.sampling.first_passage = true;
  params.sampling.core_a = -0.5;
  params.sampling.core_b = 0.5;
  params.sampling.histogram = {.dimensions = 1, .bins = {4, 1}, .lower = {-2, 0}, .upper = {2, 0}};
  return params;
}

template <class Config>
struct Labels : ::testing::Test {};
TYPED_TEST_SUITE(Labels, DoubleConfigs, ConfigName);

TYPED_TEST(Labels, Ensemble) {
  using Space = typename TypeParam::Space;
  Space const exec = other_instance<Space>();
  Listener const heard;
  Ensemble<Space, Baoab, Separable<DoubleWell<double>, 1>> ensemble(exec, {{DoubleWell<double>{5}}}, everything_on(),
                                                                    {0, 100});
  ensemble.initialise({});
  ensemble.mark_origin();
  ensemble.advance(10);
  ensemble.frame_sums();
  ensemble.set_cell_sums(ensemble.cell_sums());
  ensemble.set_histogram(ensemble.histogram());
  ensemble.state_hash();
  ensemble.first_diverged();
  ensemble.read_walkers({1, 2});
  ensemble.download();
  ensemble.upload(10);
  EXPECT_GE(heard.allocations.size(), 8U);
  expect_proper(heard, exec);
}

TYPED_TEST(Labels, SpreadMap) {
  using Space = typename TypeParam::Space;
  Space const exec = other_instance<Space>();
  SpreadParams params;
  params.langevin.dt = 0.01;
  params.steps = 30;
  params.tolerance = 1e-3;  // adaptive: more kernels
  params.max_members = 60;
  Listener const heard;
  SpreadMap<Space, Baoab, Separable<DoubleWell<double>, 1>> map(exec, {{DoubleWell<double>{5}}}, params, {0, 10});
  map.run();
  map.wait();
  map.trunk();
  map.points();
  EXPECT_GE(heard.allocations.size(), 7U);
  expect_proper(heard, exec);
}

TYPED_TEST(Labels, TabulatedProfile) {
  using Space = typename TypeParam::Space;
  Space const exec = other_instance<Space>();
  Listener const heard;
  Tabulated<double, Space> const profile(exec, natural_spline({{0, 1, 2}, {0, 1, 0}}));
  EXPECT_GE(heard.allocations.size(), 1U);
  for (auto const& label : heard.allocations) EXPECT_TRUE(is_ours_or_kokkos(label)) << label;
}

TYPED_TEST(Labels, TabulatedSurface) {
  using Space = typename TypeParam::Space;
  Space const exec = other_instance<Space>();
  Surface const surface{{SurfaceAxis{3, 0, 1, 0}, SurfaceAxis{3, 0, 1, 0}}, {0, 1, 0, 1, 0, 1, 0, 1, 0}};
  Listener const heard;
  Tabulated2d<double, Space> const potential(exec, bicubic_cells(surface, {}));
  EXPECT_GE(heard.allocations.size(), 1U);
  for (auto const& label : heard.allocations) EXPECT_TRUE(is_ours_or_kokkos(label)) << label;
}

TYPED_TEST(Labels, AdvanceNeitherAllocatesNorWaits) {
  using Space = typename TypeParam::Space;
  Space const exec;
  Ensemble<Space, Baoab, Separable<DoubleWell<double>, 1>> ensemble(exec, {{DoubleWell<double>{5}}}, everything_on(),
                                                                    {0, 100});
  ensemble.initialise({});
  ensemble.mark_origin();
  ensemble.advance(1);  // Kokkos makes its team scratch at the first launch
  ensemble.frame_sums();
  exec.fence("kramers::test");
  Listener const heard;
  for (int i = 1; i < 20; ++i) ensemble.advance(1);
  ensemble.mark_origin();
  EXPECT_EQ(heard.allocations, std::vector<std::string>{});
  EXPECT_EQ(heard.fences, std::vector<std::string>{});
  // Per call: the steps, and the sums of units folded into those of cells.
  EXPECT_LE(heard.kernels.size(), 2U * 19U + 2U);
}

}  // namespace
}  // namespace kramers::test
