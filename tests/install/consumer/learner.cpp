// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The installed library of networks: a line, y = 2 x - 1, is learnt.
#include <kramers/ml/gemm_trainer.hpp>

#include <cstdio>

int main(int argc, char** argv) {
  Kokkos::ScopeGuard const kokkos(argc, argv);
  using Space = Kokkos::DefaultExecutionSpace;
  namespace ml = kramers::ml;

  int const n = 64;
  Kokkos::View<double**, Kokkos::LayoutRight, Space> x("x", n, 1), y("y", n, 1);
  auto const host_x = Kokkos::create_mirror_view(x), host_y = Kokkos::create_mirror_view(y);
  for (int i = 0; i < n; ++i) {
    host_x(i, 0) = i / 32.0 - 1.0;
    host_y(i, 0) = 2.0 * host_x(i, 0) - 1.0;
  }
  Space const exec;
  Kokkos::deep_copy(exec, x, host_x);
  Kokkos::deep_copy(exec, y, host_y);

  ml::TrainParams params;
  params.loss = ml::Loss::mean_squared_error;
  params.optimizer.rule = ml::Rule::sgd;
  params.batch = 16;
  params.models = {{.seed = 1, .learning_rate = 0.3}};
  ml::GemmTrainer<Space, double> trainer(exec, ml::NetworkSpec(1).dense(1), params);
  trainer.fit({.inputs = x, .targets = y}, 100);
  auto const line = trainer.state(0).parameters;
  double const slope = line[0], shift = line[ml::arena_alignment];
  std::printf("y = %.6f x + %.6f by %s\n", slope, shift, trainer.engine().c_str());
  // Each step shrinks the error of the slope by 1 - 2 * 0.3 * mean(x^2) = 0.8: nothing is left of it after 400.
  return slope > 1.999999 && slope < 2.000001 && shift > -1.000001 && shift < -0.999999 ? 0 : 1;
}
