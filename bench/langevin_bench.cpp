// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/dynamics/engine/ensemble.hpp>
#include <kramers/dynamics/estimators/exact.hpp>
#include <kramers/dynamics/potentials/double_well.hpp>
#include <kramers/dynamics/potentials/expression.hpp>
#include <kramers/dynamics/potentials/separable.hpp>
#include <kramers/dynamics/schemes/schemes.hpp>

#include <Kokkos_Random.hpp>

#include "limits.hpp"

/// Speed of BAOAB in the double well dV = 1, kT = 0.2, gamma = 1, dt = 0.01, against the program a Kokkos user would
/// write first. README.md says what each comparison asks and what it gave.
namespace kramers::bench {

using namespace kramers::dynamics;

using Space = Kokkos::DefaultExecutionSpace;
template <class T>
using Well = Separable<DoubleWell<T>, 1>;

inline constexpr LangevinParams langevin{.dt = 0.01, .friction = 1, .temperature = 0.2, .mass = 1};
inline constexpr double barrier = 1;

struct Size {
  std::int64_t walkers;
  int textbook_steps, steps;  // per timed call
};
inline constexpr int warm_up_steps = 1000;  // ten relaxation times, so that energies can be checked after any call
inline constexpr std::int64_t sampling_interval = 10;

/// The program to beat: one walker per work item, fp64, the generator and the mathematics that come with Kokkos, and no
/// avoidable mistake: the time loop is inside the kernel, state and generator stay in registers, one force per step.
struct TextbookKernel {
  Kokkos::View<double*, Space> x, v;
  Kokkos::Random_XorShift64_Pool<Space> pool;
  double dt, damp, shake;
  int steps;

  KOKKOS_FUNCTION static double force(double const at) { return -4.0 * barrier * at * (at * at - 1.0); }
  KOKKOS_FUNCTION void operator()(std::int64_t const i) const {
    auto generator = pool.get_state();
    double at = x(i), velocity = v(i), f = force(at);
    for (int step = 0; step < steps; ++step) {
      velocity += 0.5 * dt * f;
      at += 0.5 * dt * velocity;
      velocity = damp * velocity + shake * generator.normal();
      at += 0.5 * dt * velocity;
      f = force(at);
      velocity += 0.5 * dt * f;
    }
    x(i) = at;
    v(i) = velocity;
    pool.free_state(generator);
  }
};

/// Throw unless the mean energy of the walkers is that of the Boltzmann distribution within 5 standard errors and 0.2 %
/// (the bias of the time step is 0.02 %). False alarms: 6e-7 per call.
void check_energy(std::string const& who, std::vector<double> const& x, std::vector<double> const& v) {
  double sum = 0, squares = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    double const energy = DoubleWell<double>{barrier}.energy(x[i]) + 0.5 * v[i] * v[i];
    sum += energy;
    squares += energy * energy;
  }
  auto const n = static_cast<double>(x.size());
  double const mean = sum / n;
  double const error = std::sqrt((squares / n - mean * mean) / n);
  auto const energy = [](double at) { return DoubleWell<double>{barrier}.energy(at); };
  double const exact =
      0.5 * langevin.temperature +
      exact::boltzmann_mean(energy, langevin.temperature, energy, exact::confinement(energy, langevin.temperature));
  if (!(std::abs(mean - exact) < 5 * error + 0.002 * exact)) {
    throw Error(who + ": the mean energy is " + std::to_string(mean) + ", it must be " + std::to_string(exact));
  }
}

class Textbook {
 public:
  Textbook(Space const& exec, std::int64_t walkers)
      : m_exec(exec),
        m_x(Kokkos::view_alloc(exec, "kramers::bench::Textbook::x"), static_cast<std::size_t>(walkers)),
        m_v(Kokkos::view_alloc(exec, "kramers::bench::Textbook::v"), static_cast<std::size_t>(walkers)),
        m_pool(2026) {
    Kokkos::deep_copy(exec, m_x, -1.0);
    advance(warm_up_steps);
  }

  void advance(int steps) const {
    Baoab::Constants<double> const c(langevin);
    Kokkos::parallel_for("kramers::bench::textbook", Kokkos::RangePolicy<Space>(m_exec, 0, m_x.extent_int(0)),
                         TextbookKernel{m_x, m_v, m_pool, langevin.dt, c.ou_decay, c.ou_noise, steps});
  }

  void check() const {
    auto const x = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), m_x);
    auto const v = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), m_v);
    check_energy("textbook", {x.data(), x.data() + x.size()}, {v.data(), v.data() + v.size()});
  }

 private:
  Space m_exec;
  Kokkos::View<double*, Space> m_x, m_v;
  Kokkos::Random_XorShift64_Pool<Space> m_pool;
};

/// The engine of kramers, as an app runs it.
template <class T, class Potential = Well<T>>
class Engine {
 public:
  Engine(Space const& exec, std::int64_t walkers, bool sampled,
         Potential const& potential = Well<T>{{DoubleWell<T>{static_cast<T>(barrier)}}})
      : m_ensemble(exec, potential, params(walkers, sampled), {.first = 0, .last = walkers}) {
    InitialState start;
    start.lower[0] = start.upper[0] = -1;
    m_ensemble.initialise(start);
    advance(warm_up_steps);
  }

  void advance(int steps) { m_ensemble.advance(steps); }

  void check() {
    std::vector<std::vector<double>> columns;
    for (StateColumn const& column : m_ensemble.download()) {
      std::visit([&](auto const& values) { columns.emplace_back(values.begin(), values.end()); }, column.values);
    }
    check_energy("engine", columns.at(0), columns.at(1));
  }

 private:
  static EnsembleParams params(std::int64_t walkers, bool sampled) {
    EnsembleParams p;
    p.walkers = walkers;
    p.seed = 2026;
    p.langevin = langevin;
    if (sampled) {
      p.sampling.every = sampling_interval;
      p.sampling.core_sets = true;
      p.sampling.core_a = -0.8;
      p.sampling.core_b = 0.8;
      p.sampling.histogram = {.dimensions = 1, .axis = 0, .bins = {200, 1}, .lower = {-2, 0}, .upper = {2, 0}};
    }
    return p;
  }

  Ensemble<Space, Baoab, Potential> m_ensemble;
};

/// A side that advances all walkers.
template <class Code>
auto side(Space const& exec, Code& code, std::int64_t walkers, int steps) {
  return Side([&exec, &code, steps] { return measure(exec, [&] { code.advance(steps); }); },
              static_cast<double>(walkers * steps));
}

/// Vector operations of one step of the engine (additions, multiplications, fma, shifts, logic; not loads and stores), times
/// lanes, counted by count_instructions.py in the machine code that GCC 14 makes for AVX-512.
template <class T>
inline constexpr double operations_per_step = sizeof(T) == 8 ? 64.5 : 63;

/// Floating-point operations of one step (fma = 2), without the integer work of Philox, counted likewise.
template <class T>
inline constexpr double flops_per_step = sizeof(T) == 8 ? 46 : 41;

/// What bounds a step of the engine, sampled or not, on the cores of exec.
template <class T>
Limit vector_unit(Space const& exec, Size const& size) {
  auto const steps = static_cast<double>(size.walkers * size.steps);
  Limit limit = limit_of<T, Unit::vector_operations>(exec, "the vector unit", steps * operations_per_step<T>);
  limit.flops = steps * flops_per_step<T>;
  limit.bytes = static_cast<double>(size.walkers) * 4 * sizeof(T);  // a position and a velocity, read and written
  return limit;
}

template <class T>
void against_textbook(benchmark::State& state, Size const& size, bool sampled) {
  Space const exec = one_core<Space>();
  Textbook textbook(exec, size.walkers);
  Engine<T> engine(exec, size.walkers, sampled);
  compare(state, vector_unit<T>(exec, size), side(exec, textbook, size.walkers, size.textbook_steps),
          side(exec, engine, size.walkers, size.steps));
  textbook.check();
  engine.check();
}

template <class T>
void sampled_against_plain(benchmark::State& state, Size const& size) {
  Space const exec = one_core<Space>();
  Engine<T> plain(exec, size.walkers, false), sampled(exec, size.walkers, true);
  compare(state, vector_unit<T>(exec, size), side(exec, plain, size.walkers, size.steps),
          side(exec, sampled, size.walkers, size.steps));
  plain.check();
  sampled.check();
}

/// The double well as a formula of the input.
template <class T>
void formula_against_compiled(benchmark::State& state, Size const& size, bool sampled) {
  Space const exec = one_core<Space>();
  auto const no_constants = [](std::string_view) { return std::optional<double>(); };
  Expression<T, Space, 1> const formula(
      exec, compile_expression("(x^2-1)^2", 1, no_constants, kramers::dynamics::detail::fold_operation));
  Engine<T> compiled(exec, size.walkers, sampled);
  Engine<T, Separable<Expression<T, Space, 1>, 1>> interpreted(exec, size.walkers, sampled, {{formula}});
  compare(state, vector_unit<T>(exec, size), side(exec, compiled, size.walkers, size.steps),
          side(exec, interpreted, size.walkers, size.steps));
  compiled.check();
  interpreted.check();
}

template <class T>
void all_cores_against_one(benchmark::State& state, Size const& size) {
  Space const one = one_core<Space>(), all;
  Engine<T> alone(one, size.walkers, false), together(all, size.walkers, false);
  compare(state, vector_unit<T>(all, size), side(one, alone, size.walkers, size.steps),
          side(all, together, size.walkers, size.steps));
  alone.check();
  together.check();
}

/// What the parts of a step cost, each for itself.
enum class Part { philox, normals };

/// The random bits of an ensemble, or its normal numbers.
template <class T, Part part>
struct PartKernel {
  static constexpr int W = lane_width<Space, T>;
  using Noise = NoiseGroup<T, Baoab::normals_per_step>;

  Kokkos::View<double*, Space> sums;  // (walkers)
  std::int64_t groups;

  KOKKOS_FUNCTION void operator()(std::int64_t const pack) const {
    double sum[W];
    for_lanes<W>([&](int const l) { sum[l] = 0; });
    for (std::int64_t group = 0; group < groups; ++group) draw(pack, group, sum);
    for_lanes<W>([&](int const l) { sums(pack * W + l) = sum[l] / static_cast<double>(groups); });
  }

  KOKKOS_FORCEINLINE_FUNCTION void draw(std::int64_t const pack, std::int64_t const group, double (&sum)[W]) const {
    auto const id = [&](int const l) { return static_cast<std::uint64_t>(pack * W + l); };
    if constexpr (part == Part::philox) {
      std::uint64_t walker[W], w01[W], w23[W];
      for_lanes<W>([&](int const l) { walker[l] = id(l); });
      kramers::detail::philox_pairs(2026, walker, static_cast<std::uint64_t>(group), Stream::dynamics, w01, w23);
      for_lanes<W>([&](int const l) {
        sum[l] += math::detail::from_bits(((w01[l] ^ w23[l]) >> 12) | math::detail::FloatFormat<double>::one) - 1.5;
      });
    } else {
      T normals[Noise::normals][W];
      draw_group<Noise, W>(2026, id, Stream::dynamics, group, normals);
      for_lanes<W>([&](int const l) {
        T total = 0;
        for (int i = 0; i < Noise::normals; ++i) total += normals[i][l];
        sum[l] += static_cast<double>(total);
      });
    }
  }
};

template <class T, Part part>
class PartCode {
 public:
  PartCode(Space const& exec, std::int64_t walkers) : m_exec(exec), m_sums("kramers::bench::sums", walkers) {}

  void advance(int steps) {
    using Kernel = PartKernel<T, part>;
    m_groups = steps / Kernel::Noise::steps;
    Kokkos::parallel_for("kramers::bench::part", Kokkos::RangePolicy<Space>(m_exec, 0, m_sums.extent(0) / Kernel::W),
                         Kernel{m_sums, m_groups});
  }

  /// The mean of the numbers drawn is zero within 5 standard errors (of normals: of groups of at most 4).
  void check() const {
    auto const sums = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), m_sums);
    double mean = 0;
    for (std::size_t i = 0; i < sums.size(); ++i) mean += sums(i) / static_cast<double>(sums.size());
    double const error = 2 / std::sqrt(static_cast<double>(m_groups) * static_cast<double>(sums.size()));
    if (!(std::abs(mean) < 5 * error)) throw Error("a part of a step: the mean is " + std::to_string(mean) + ", not 0");
  }

 private:
  Space m_exec;
  Kokkos::View<double*, Space> m_sums;
  std::int64_t m_groups = 0;
};

/// How much of the time of a step is spent in a part of it: the rate of whole steps over the rate of the part.
template <class T, Part part>
void share_of_step(benchmark::State& state, Size const& size) {
  Space const exec = one_core<Space>();
  PartCode<T, part> code(exec, size.walkers);
  Engine<T> engine(exec, size.walkers, false);
  compare(state, vector_unit<T>(exec, size), side(exec, code, size.walkers, size.steps),
          side(exec, engine, size.walkers, size.steps));
  code.check();
  engine.check();
}

}  // namespace kramers::bench

int main(int argc, char** argv) {
  using namespace kramers::bench;
  auto const add = [](std::string const& name, auto const& body) {
    for (auto const& [label, size, count] : {std::tuple{"/smoke", Size{1024, 10, 10}, 1},
                                             std::tuple{"/walkers:16384", Size{16384, 200, 2000}, repetitions()}}) {
      benchmark::RegisterBenchmark((name + label).c_str(), body, size)
          ->UseManualTime()
          ->Iterations(count)
          ->Unit(benchmark::kMillisecond);
    }
  };
  add("f64_over_textbook", [](auto& state, Size const& size) { against_textbook<double>(state, size, false); });
  add("f32_over_textbook", [](auto& state, Size const& size) { against_textbook<float>(state, size, false); });
  add("f64_sampled_over_textbook", [](auto& state, Size const& size) { against_textbook<double>(state, size, true); });
  add("f32_sampled_over_textbook", [](auto& state, Size const& size) { against_textbook<float>(state, size, true); });
  add("f64_sampled_over_plain", sampled_against_plain<double>);
  add("f32_sampled_over_plain", sampled_against_plain<float>);
  add("f64_formula_over_compiled",
      [](auto& state, Size const& size) { formula_against_compiled<double>(state, size, false); });
  add("f32_formula_over_compiled",
      [](auto& state, Size const& size) { formula_against_compiled<float>(state, size, false); });
  add("f64_sampled_formula_over_compiled",
      [](auto& state, Size const& size) { formula_against_compiled<double>(state, size, true); });
  add("f64_all_cores_over_one", all_cores_against_one<double>);
  add("f32_all_cores_over_one", all_cores_against_one<float>);
  add("f64_share_of_philox", share_of_step<double, Part::philox>);
  add("f64_share_of_normals", share_of_step<double, Part::normals>);
  add("f32_share_of_philox", share_of_step<float, Part::philox>);
  add("f32_share_of_normals", share_of_step<float, Part::normals>);
  return run(argc, argv);
}
