// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How fast is a matrix product on one core, by each back end of this build and by one call of the library? How much longer
// than its products alone does a training step of wide layers take? There the products are timed twice: as the trainer
// makes them, and as one call each to the library below it, on all of the matrix.
#include <kramers/base/hash.hpp>
#include <kramers/ml/detail/gemm.hpp>
#include <kramers/ml/gemm_trainer.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>
#include <utility>
#include <vector>

#include "limits.hpp"

namespace kramers::bench {

using Space = Kokkos::DefaultExecutionSpace;
using ml::detail::Product;

struct Shape {
  int width, batch, layers;
};

ml::NetworkSpec network_of(Shape const& shape) {
  ml::NetworkSpec network(shape.width);
  for (int i = 1; i < shape.layers; ++i) network.dense(shape.width, ml::Activation::tanh);
  return network.dense(shape.width);
}

ml::TrainParams params_of(Shape const& shape) {
  ml::TrainParams params;
  params.loss = ml::Loss::mean_squared_error;
  params.batch = shape.batch;
  params.models = {{.seed = 1, .learning_rate = 1e-3, .weight_decay = 0}};
  return params;
}

template <class T>
using Table = Kokkos::View<T**, Kokkos::LayoutRight, Space>;

/// Uniform in (-1, 1), each number from its place.
template <class T>
struct Scatter {
  T* out;
  std::uint64_t seed;
  KOKKOS_FUNCTION void operator()(int i) const {
    std::uint64_t const bits = mix64(mix64(seed) + static_cast<std::uint64_t>(i)) >> 11;
    out[i] = static_cast<T>(static_cast<double>(bits) * 0x1p-52 - 1);
  }
};
template <class T>
Table<T> scattered(Space const& exec, int rows, int columns, std::uint64_t seed) {
  Table<T> const table(Kokkos::view_alloc(exec, "kramers::bench::table"), rows, columns);
  Kokkos::parallel_for("kramers::bench::scatter", Kokkos::RangePolicy<Space>(exec, 0, rows * columns),
                       Scatter<T>{table.data(), seed});
  return table;
}

/// The products of one step on as many matrices of the same sizes: forward and both gradients of each layer, but for the
/// gradient of the first layer's inputs, which training does not need.
template <class T>
class Products {
 public:
  Products(Space const& exec, Shape const& shape)
      : m_exec(exec), m_shape(shape), m_back_end(ml::choose_gemm(on_device<Space>).back_end) {
    for (int i = 0; i <= shape.layers; ++i) {
      auto const seed = static_cast<std::uint64_t>(4 * i);
      m_values.push_back(scattered<T>(exec, shape.batch, shape.width, seed));
      m_slopes.push_back(scattered<T>(exec, shape.batch, shape.width, seed + 1));
      m_weights.push_back(scattered<T>(exec, shape.width, shape.width, seed + 2));
      m_gradients.push_back(scattered<T>(exec, shape.width, shape.width, seed + 3));
    }
  }

  int count() const { return 3 * m_shape.layers - 1; }

  /// `multiply(product, a, b, c)` for each of them.
  template <class Multiply>
  void run(Multiply const& multiply) const {
    int const width = m_shape.width, batch = m_shape.batch;
    auto const layers = static_cast<std::size_t>(m_shape.layers);
    for (std::size_t i = 0; i < layers; ++i) {
      multiply(Product{false, true, batch, width, width}, m_values[i].data(), m_weights[i].data(),
               m_values[i + 1].data());
    }
    for (std::size_t i = layers; i-- > 0;) {
      multiply(Product{true, false, width, width, batch}, m_slopes[0].data(), m_values[i].data(),
               m_gradients[i].data());
      if (i == 0) break;
      multiply(Product{false, false, batch, width, width}, m_slopes[0].data(), m_weights[i].data(), m_slopes[1].data());
    }
  }
  void run_as_the_trainer() const {
    run([&](Product const& p, T const* a, T const* b, T* c) { ml::detail::gemm(m_exec, m_back_end, p, a, b, c); });
  }
  void run_in_one_call_each() const {
    ml::detail::HostGemmThreads const one_thread;
    run([&](Product const& p, T const* a, T const* b, T* c) {
      ml::detail::host_gemm(p, a, p.columns_a(), b, p.columns_b(), c, p.n);
    });
  }

 private:
  Space m_exec;
  Shape m_shape;
  ml::GemmBackEnd m_back_end;
  std::vector<Table<T>> m_values, m_slopes, m_weights, m_gradients;
};

/// Four batches of samples, and a trainer for them.
template <class T>
class Training {
 public:
  static constexpr int steps = 4;

  Training(Space const& exec, Shape const& shape) : m_exec(exec), m_trainer(exec, network_of(shape), params_of(shape)) {
    m_samples.inputs = scattered<T>(exec, steps * shape.batch, shape.width, 5);
    m_samples.targets = scattered<T>(exec, steps * shape.batch, shape.width, 6);
    m_trainer.fit(m_samples, 1);
    m_first_loss = m_trainer.losses()[0][0];
  }
  void run() { m_trainer.fit(m_samples, 1); }

  /// @throws Error  unless the loss fell, at first from the 1/3 that is the variance of the targets, or more
  void check() {
    T const last = m_trainer.losses()[0].back();
    if (last < m_first_loss && m_first_loss > T(0.3)) return;
    throw Error("training took the loss from " + std::to_string(m_first_loss) + " to " + std::to_string(last));
  }

 private:
  Space m_exec;
  ml::GemmTrainer<Space, T> m_trainer;
  ml::Samples<Space, T> m_samples;
  T m_first_loss = 0;
};

/// Who multiplies: a back end, or the library in one call on all of the matrix.
struct Multiplier {
  ml::GemmBackEnd back_end;
  bool one_call = false;

  bool present() const {
    return one_call ? !on_device<Space> && ml::detail::has_host_gemm() : ml::has_back_end(back_end, on_device<Space>);
  }
};

/// @throws Error  unless 64 numbers of C are what their rows and columns give in double precision. Rounding: each of n
///                additions of numbers below n, by half a unit of the last place, and as many multiplications.
template <class T>
void check_product(Table<T> const& a, Table<T> const& b, Table<T> const& c) {
  auto const left = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), a);
  auto const right = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), b);
  auto const out = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), c);
  auto const n = static_cast<int>(c.extent(0));
  for (int sample = 0; sample < 64; ++sample) {
    int const row = sample * (n - 1) / 63, column = sample * 37 % n;
    double sum = 0, magnitude = 0;
    for (int k = 0; k < n; ++k) {
      double const term = static_cast<double>(left(row, k)) * static_cast<double>(right(k, column));
      sum += term;
      magnitude += std::abs(term);
    }
    double const bound = n * static_cast<double>(std::numeric_limits<T>::epsilon()) * magnitude;
    if (std::abs(static_cast<double>(out(row, column)) - sum) <= bound) continue;
    throw Error("a matrix product has " + std::to_string(out(row, column)) + ", it must be " + std::to_string(sum));
  }
}

/// C = A B of n x n matrices; `rate` in flop/s.
template <class T>
void product(benchmark::State& state, int n, Multiplier const& multiplier) {
  if (!multiplier.present()) {
    state.SkipWithMessage("this build has no such back end");
    return;
  }
  Space const exec = one_core<Space>();
  auto const a = scattered<T>(exec, n, n, 1), b = scattered<T>(exec, n, n, 2), c = scattered<T>(exec, n, n, 3);
  Product const p{false, false, n, n, n};
  ml::detail::HostGemmThreads const one_thread;  // also where Kokkos Kernels calls that library
  auto const multiply = [&] {
    if (multiplier.one_call) {
      ml::detail::host_gemm(p, a.data(), n, b.data(), n, c.data(), n);
    } else {
      ml::detail::gemm(exec, multiplier.back_end, p, a.data(), b.data(), c.data());
    }
  };
  double const flops = 2.0 * n * n * n;
  Limit limit = limit_of<T, Unit::multiply_adds>(exec, "multiply-adds", flops / 2);
  limit.flops = flops;
  limit.bytes = 3.0 * n * n * sizeof(T);
  AgainstLimit against(limit);
  std::vector<double> rates;
  multiply();
  for ([[maybe_unused]] auto const& iteration : state) {
    double const seconds = against.measure([&] { return measure(exec, multiply); }).wall;
    state.SetIterationTime(seconds);
    rates.push_back(flops / seconds);
  }
  check_product(a, b, c);
  state.counters["rate"] = quartiles(rates).median;
  against.report(state);
}

/// `ratio` is the time of the products over that of the step; `step_over_products` its inverse, which the target is about.
template <class T, bool OneCallEach>
void step_over_products(benchmark::State& state, Shape const& shape) {
  if (OneCallEach && (on_device<Space> || !ml::detail::has_host_gemm())) {
    state.SkipWithMessage("no OpenBLAS");
    return;
  }
  Space const exec = one_core<Space>();
  Products<T> const products(exec, shape);
  Training<T> training(exec, shape);
  auto const alone = [&] {
    if constexpr (OneCallEach) {
      products.run_in_one_call_each();
    } else {
      products.run_as_the_trainer();
    }
  };
  alone();
  int const steps = Training<T>::steps;
  double const flops = 2.0 * shape.width * shape.width * shape.batch * products.count();
  Limit limit = limit_of<T, Unit::multiply_adds>(exec, "multiply-adds", steps * flops / 2);
  limit.flops = steps * flops;
  // Each product reads two tables and writes one, of which one is of weights.
  limit.bytes =
      steps * products.count() * static_cast<double>(sizeof(T)) * shape.width * (shape.width + 2.0 * shape.batch);
  compare(state, limit, Side([&] { return measure(exec, alone); }, 1.0),
          Side([&] { return measure(exec, [&] { training.run(); }); }, steps));
  training.check();
  state.counters["step_over_products"] = 1 / state.counters["cpu_ratio"].value;
  state.counters["products_gflops"] = 1e-9 * flops * state.counters["reference_rate"].value;
}

}  // namespace kramers::bench

int main(int argc, char** argv) {
  using namespace kramers::bench;
  using kramers::ml::GemmBackEnd;
  auto const add_products = [](std::string const& precision, auto const& body) {
    for (auto const& [name, multiplier] :
         {std::pair{"plain", Multiplier{GemmBackEnd::plain}}, std::pair{"kernels", Multiplier{GemmBackEnd::kernels}},
          std::pair{"openblas", Multiplier{GemmBackEnd::openblas}},
          std::pair{"openblas_in_one_call", Multiplier{GemmBackEnd::openblas, true}}}) {
      for (auto const& [label, n, count] : {std::tuple{"/smoke", 50, 1}, std::tuple{"/n:1000", 1000, repetitions()}}) {
        benchmark::RegisterBenchmark((precision + "_product/back_end:" + name + label).c_str(), body, n, multiplier)
            ->UseManualTime()
            ->Iterations(count)
            ->Unit(benchmark::kMillisecond);
      }
    }
  };
  add_products("f32", product<float>);
  add_products("f64", product<double>);
  auto const add = [](std::string const& name, auto const& body) {
    for (auto const& [label, shape, count] :
         {std::tuple{"/smoke", Shape{48, 64, 2}, 1},
          std::tuple{"/width:1024/batch:1024", Shape{1024, 1024, 3}, repetitions()}}) {
      benchmark::RegisterBenchmark((name + label).c_str(), body, shape)
          ->UseManualTime()
          ->Iterations(count)
          ->Unit(benchmark::kMillisecond);
    }
  };
  add("f32_step_over_own_products", step_over_products<float, false>);
  add("f32_step_over_library_products", step_over_products<float, true>);
  add("f64_step_over_own_products", step_over_products<double, false>);
  return run(argc, argv);
}
