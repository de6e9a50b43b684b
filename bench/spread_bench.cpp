// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How long does a spread map take with its trunk, on one core, and how many times faster is it than the textbook way:
// one point per work item, random numbers from Kokkos' pool, functions from libm?
#include <kramers/dynamics/engine/spread_map.hpp>
#include <kramers/dynamics/potentials/double_well.hpp>
#include <kramers/dynamics/potentials/separable.hpp>
#include <kramers/dynamics/schemes/schemes.hpp>

#include <Kokkos_Random.hpp>

#include "limits.hpp"

namespace kramers::bench {

using namespace kramers::dynamics;

using Space = Kokkos::DefaultExecutionSpace;
template <class T>
using Well = Separable<DoubleWell<T>, 1>;
constexpr double barrier = 2.0;
constexpr std::int64_t limit_rounds = 100'000;  // a map takes a fraction of a millisecond
constexpr double published_seconds = 46.9e-3;   // the Julia program this map was first made with, on its own machine

SpreadParams map_of(std::int64_t points) {
  SpreadParams p;
  p.langevin = {0.01, 1.0, 1.0, 1.0};
  p.seed = 1;
  p.start.lower[0] = p.start.upper[0] = -1;
  p.steps = 3 * points + 1;
  return p;
}

/// BAOAB as written on a blackboard.
struct TextbookStep {
  double dt, damp, shake;

  explicit TextbookStep(LangevinParams const& langevin)
      : dt(langevin.dt),
        damp(std::exp(-langevin.friction * langevin.dt)),
        shake(std::sqrt(langevin.temperature / langevin.mass * (1 - damp * damp))) {}

  KOKKOS_FUNCTION static double force(double x) { return -4 * barrier * x * (x * x - 1); }
  KOKKOS_FUNCTION void operator()(double& x, double& v, double noise) const {
    v += dt / 2 * force(x);
    x += dt / 2 * v;
    v = damp * v + shake * noise;
    x += dt / 2 * v;
    v += dt / 2 * force(x);
  }
};

using Pool = Kokkos::Random_XorShift64_Pool<Space>;
using Column = Kokkos::View<double*, Space>;

struct TextbookTrunk {
  TextbookStep step;
  Pool pool;
  Column x, v;

  KOKKOS_FUNCTION void operator()(int) const {
    auto generator = pool.get_state();
    double here = -1, speed = generator.normal();
    x(0) = here;
    v(0) = speed;
    for (int i = 1; i < x.extent_int(0); ++i) {
      step(here, speed, generator.normal());
      x(i) = here;
      v(i) = speed;
    }
    pool.free_state(generator);
  }
};

struct TextbookMembers {
  TextbookStep step;
  Pool pool;
  SpreadParams params;
  Column x, v, lo, hi;

  KOKKOS_FUNCTION void operator()(int const p) const {
    auto generator = pool.get_state();
    auto const row = (p + 1) * params.every;
    double lowest = x(row), highest = x(row);
    for (std::int64_t m = 0; m < params.members; ++m) {
      double here = generator.normal(x(row), params.sigma_position);
      double speed = generator.normal(v(row), params.sigma_velocity);
      for (std::int64_t s = 0; s < params.member_steps; ++s) {
        step(here, speed, generator.normal());
        lowest = Kokkos::fmin(lowest, here);
        highest = Kokkos::fmax(highest, here);
      }
    }
    lo(p) = lowest;
    hi(p) = highest;
    pool.free_state(generator);
  }
};

class Textbook {
 public:
  Textbook(Space const& exec, SpreadParams const& params)
      : m_exec(exec),
        m_params(params),
        m_pool(params.seed),
        m_x("kramers::bench::x", params.steps + 1),
        m_v("kramers::bench::v", params.steps + 1),
        m_lo("kramers::bench::lo", params.points()),
        m_hi("kramers::bench::hi", params.points()) {}

  void run() {
    TextbookStep const step(m_params.langevin);
    Kokkos::parallel_for("kramers::bench::textbook_trunk", Kokkos::RangePolicy<Space>(m_exec, 0, 1),
                         TextbookTrunk{step, m_pool, m_x, m_v});
    Kokkos::parallel_for("kramers::bench::textbook_members", Kokkos::RangePolicy<Space>(m_exec, 0, m_params.points()),
                         TextbookMembers{step, m_pool, m_params, m_x, m_v, m_lo, m_hi});
  }

  double mean_spread() const {
    auto const lo = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), m_lo);
    auto const hi = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), m_hi);
    double sum = 0;
    for (std::size_t p = 0; p < lo.size(); ++p) sum += hi(p) - lo(p);
    return sum / static_cast<double>(lo.size());
  }

 private:
  Space m_exec;
  SpreadParams m_params;
  Pool m_pool;
  Column m_x, m_v, m_lo, m_hi;
};

template <class T>
void map_over_textbook(benchmark::State& state, std::int64_t points) {
  Space const exec = one_core<Space>();
  SpreadParams const params = map_of(points);
  Textbook textbook(exec, params);
  SpreadMap<Space, Baoab, Well<T>> map(exec, Well<T>{{DoubleWell<T>{T(barrier)}}}, params, {0, params.points()});
  auto const steps = static_cast<double>(params.steps + params.points() * params.members * params.member_steps);
  compare(state, limit_of<T, Unit::vector_operations>(exec, "the vector unit", 0, limit_rounds),
          Side([&] { return measure(exec, [&] { textbook.run(); }); }, steps),
          Side([&] { return measure(exec, [&] { map.run(); }); }, steps));
  state.counters["over_published"] = published_seconds * state.counters["rate"].value / steps;

  double sum = 0;
  for (double const spread : spread_of(map.points())) sum += spread;
  double const mean = sum / static_cast<double>(params.points()), other = textbook.mean_spread();
  // Two trunks visit different places, and the spread there differs by a tenth.
  if (!(mean > 0.6 * other && mean < 1.6 * other)) {
    throw Error("the mean spread is " + std::to_string(mean) + ", the textbook code says " + std::to_string(other));
  }
}

template <class T>
void trunk_alone(benchmark::State& state, std::int64_t points) {
  Space const exec = one_core<Space>();
  SpreadParams const params = map_of(points);
  SpreadMap<Space, Baoab, Well<T>> map(exec, Well<T>{{DoubleWell<T>{T(barrier)}}}, params, {0, 0});
  Limit const limit = limit_of<T, Unit::vector_operations>(exec, "latency", 0, limit_rounds);
  AgainstLimit against(limit);
  for ([[maybe_unused]] auto const& iteration : state) {
    Time const time = against.measure([&] { return measure(exec, [&] { map.run(); }); });
    state.SetIterationTime(time.wall);
  }
  against.report(state);
  state.counters["steps"] = static_cast<double>(params.steps);
}

}  // namespace kramers::bench

int main(int argc, char** argv) {
  using namespace kramers::bench;
  auto const add = [](std::string const& name, auto const& body) {
    for (auto const& [label, points, count] : {std::tuple{"/smoke", std::int64_t{64}, 1},
                                               std::tuple{"/points:833", std::int64_t{833}, 20 * repetitions()}}) {
      benchmark::RegisterBenchmark((name + label).c_str(), body, points)
          ->UseManualTime()
          ->Iterations(count)
          ->Unit(benchmark::kMicrosecond);
    }
  };
  add("f64_map_over_textbook", map_over_textbook<double>);
  add("f32_map_over_textbook", map_over_textbook<float>);
  add("f64_trunk", trunk_alone<double>);
  add("f32_trunk", trunk_alone<float>);
  return run(argc, argv);
}
