// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How long do 1000 epochs of the shipped classifier take on one core, how much of that does a model cost that shares its
// lanes with 15 others, and does training become slower when gradients have become small?
#include <kramers/core/copy_view.hpp>
#include <kramers/core/normal.hpp>
#include <kramers/ml/resident_networks.hpp>

#include <cmath>
#include <memory>

#include "limits.hpp"

namespace kramers::bench {

using Space = Kokkos::DefaultExecutionSpace;
using namespace kramers::ml;
template <class T>
using Trainer = ResidentTrainer<Space, ThreeClasses<T>>;
constexpr int points = 833;
constexpr int steps_per_epoch = 7;  // six of 128 and one of 65

/// A Gaussian cloud, classified by the distance from its centre.
template <class T>
struct Data {
  Kokkos::View<T**, Kokkos::LayoutRight, Space> inputs{"kramers::bench::inputs", points, 2};
  Kokkos::View<int*, Space> labels{"kramers::bench::labels", points};

  explicit Data(Space const& exec) {
    auto const x = Kokkos::create_mirror_view(inputs);
    auto const y = Kokkos::create_mirror_view(labels);
    for (int i = 0; i < points; ++i) {
      double normals[2];
      normal_block(1, static_cast<std::uint64_t>(i), 0, Stream::initial_position, normals);
      double const far = normals[0] * normals[0] + normals[1] * normals[1];
      for (int d = 0; d < 2; ++d) x(i, d) = static_cast<T>(normals[d]);
      y(i) = (far > 0.81 ? 1 : 0) + (far > 2.2 ? 1 : 0);
    }
    copy_view(exec, inputs, x);
    copy_view(exec, labels, y);
    exec.fence("kramers::bench::data");
  }
  Samples<Space, T> samples() const { return {inputs, labels}; }
};

TrainParams params_of(int first_seed, int models) {
  TrainParams params;
  params.batch = 128;
  for (int m = 0; m < models; ++m) params.models.push_back({static_cast<std::uint64_t>(first_seed + m), 1e-2, 0});
  return params;
}

template <class T>
void expect_learnt(Trainer<T>& trainer) {
  for (auto const& losses : trainer.losses()) {
    double const last = losses.back();
    if (!(last < 1.2)) throw Error("the last loss is " + std::to_string(last) + ", no better than guessing");
  }
}

/// Small networks wait for chains of short loops; how often they could do their operations is not counted.
template <class T>
Limit small_network_limit(Space const& exec) {
  return limit_of<T, Unit::multiply_adds>(exec, "latency", 0);
}

template <class T>
void classifier(benchmark::State& state, std::int64_t epochs) {
  Space const exec = one_core<Space>();
  Data<T> const data(exec);
  Trainer<T> trainer(exec, params_of(1, 1));
  auto const start = trainer.state(0);
  std::vector<double> seconds, cpu_seconds;
  Limit const limit = small_network_limit<T>(exec);
  AgainstLimit against(limit);
  for ([[maybe_unused]] auto const& iteration : state) {
    trainer.set_state(0, start);
    Time const time = against.measure([&] { return measure(exec, [&] { trainer.fit(data.samples(), epochs); }); });
    seconds.push_back(time.wall);
    cpu_seconds.push_back(time.cpu);
    state.SetIterationTime(time.wall);
  }
  against.report(state);
  expect_learnt(trainer);
  Quartiles const time = quartiles(seconds);
  state.counters["ms"] = 1e3 * time.median;
  state.counters["ms_q1"] = 1e3 * time.low;
  state.counters["ms_q3"] = 1e3 * time.high;
  state.counters["cpu_ms"] = 1e3 * quartiles(cpu_seconds).median;
  state.counters["us_per_step"] = 1e6 * time.median / static_cast<double>(epochs * steps_per_epoch);
}

/// The rate of 16 models beside each other over that of 16 one after the other.
template <class T>
void models_in_lanes(benchmark::State& state, std::int64_t epochs) {
  constexpr int models = 16;
  Space const exec = one_core<Space>();
  Data<T> const data(exec);
  std::vector<std::unique_ptr<Trainer<T>>> alone;
  for (int m = 0; m < models; ++m) alone.push_back(std::make_unique<Trainer<T>>(exec, params_of(m, 1)));
  Trainer<T> together(exec, params_of(0, models));
  auto const work = static_cast<double>(models * epochs * steps_per_epoch);
  auto const train_alone = [&] {
    for (auto const& trainer : alone) trainer->fit(data.samples(), epochs);
  };
  compare(state, small_network_limit<T>(exec), Side([&] { return measure(exec, train_alone); }, work),
          Side([&] { return measure(exec, [&] { together.fit(data.samples(), epochs); }); }, work));
  expect_learnt(together);
  for (int m = 0; m < models; ++m) {
    if (together.state(m).parameters != alone[static_cast<std::size_t>(m)]->state(0).parameters) {
      throw Error("model " + std::to_string(m) + " has learnt something else beside others");
    }
  }
}

/// The rate after 50 times as many epochs over that at the start.
template <class T>
void late_over_early(benchmark::State& state, std::int64_t epochs) {
  Space const exec = one_core<Space>();
  Data<T> const data(exec);
  Trainer<T> trainer(exec, params_of(1, 1));
  auto const start = trainer.state(0);
  trainer.fit(data.samples(), 50 * epochs);
  auto const late = trainer.state(0);
  auto const work = static_cast<double>(epochs * steps_per_epoch);
  auto const from = [&](auto const& from_state) {
    trainer.set_state(0, from_state);
    return measure(exec, [&] { trainer.fit(data.samples(), epochs); });
  };
  compare(state, small_network_limit<T>(exec), Side([&] { return from(start); }, work),
          Side([&] { return from(late); }, work));
  expect_learnt(trainer);
}

}  // namespace kramers::bench

int main(int argc, char** argv) {
  using namespace kramers::bench;
  auto const add = [](std::string const& name, auto const& body) {
    for (auto const& [label, epochs, count] :
         {std::tuple{"/smoke", std::int64_t{5}, 1}, std::tuple{"/epochs:1000", std::int64_t{1000}, repetitions()}}) {
      benchmark::RegisterBenchmark((name + label).c_str(), body, epochs)
          ->UseManualTime()
          ->Iterations(count)
          ->Unit(benchmark::kMillisecond);
    }
  };
  add("f32_classifier", classifier<float>);
  add("f64_classifier", classifier<double>);
  add("f32_models_in_lanes", models_in_lanes<float>);
  add("f64_models_in_lanes", models_in_lanes<double>);
  add("f32_late_over_early", late_over_early<float>);
  add("f64_late_over_early", late_over_early<double>);
  return run(argc, argv);
}
