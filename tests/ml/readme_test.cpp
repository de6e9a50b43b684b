// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/ml/resident_networks.hpp>

#include <gtest/gtest.h>

// The code of ml/README.md; tests/hygiene/rules_test.sh sees to it that both stay the same.
using Space = Kokkos::DefaultExecutionSpace;
namespace ml = kramers::ml;
using Net = ml::Mlp<float, ml::In<2>, ml::Dense<8, ml::Activation::tanh>, ml::BatchNorm, ml::Dense<2>>;

/// Learn the labels of states that lie in a View; leaves the logits of both classes and returns the last loss.
float learn(Space const& exec, Kokkos::View<float**, Space> const& states, Kokkos::View<int*, Space> const& labels,
            Kokkos::View<float**, Kokkos::LayoutRight, Space> const& logits) {
  ml::TrainParams params;
  params.batch = 128;
  params.optimizer.rule = ml::Rule::adam;
  params.models = {{.seed = 1, .learning_rate = 0.01}};  // several train side by side
  ml::ResidentTrainer<Space, Net> trainer(exec, params);
  trainer.fit({states, labels}, 100);  // epochs; one launch, returns before it is done
  trainer.predict(0, states, logits);  // of the first model
  return trainer.losses()[0].back();   // waits
}

namespace kramers::ml::readme_test {

using Fill = Kokkos::RangePolicy<Space>;

/// Points of a grid over [-1, 1)^2, labelled by the side of a line.
struct Grid {
  Kokkos::View<float**, Space> states;
  Kokkos::View<int*, Space> labels;
  KOKKOS_FUNCTION void operator()(int i) const {
    states(i, 0) = static_cast<float>(i % 32) / 16 - 1;
    states(i, 1) = static_cast<float>(i / 32) / 16 - 1;
    labels(i) = states(i, 0) + 2 * states(i, 1) > 0.3F ? 1 : 0;
  }
};

TEST(Readme, ExampleLearnsALine) {
  constexpr int n = 1024;
  Space const exec;
  Grid const grid{Kokkos::View<float**, Space>("kramers::test::states", n, 2),
                  Kokkos::View<int*, Space>("kramers::test::labels", n)};
  Kokkos::parallel_for("kramers::test::grid", Fill(exec, 0, n), grid);
  Kokkos::View<float**, Kokkos::LayoutRight, Space> const logits("kramers::test::logits", n, 2);
  // A line is within reach of one tanh: far below the ln 2 = 0.69 of guessing.
  EXPECT_LT(learn(exec, grid.states, grid.labels, logits), 0.1F);
  auto const told = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace{}, logits);
  auto const right = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace{}, grid.labels);
  int correct = 0;
  for (int i = 0; i < n; ++i) correct += (told(i, 1) > told(i, 0) ? 1 : 0) == right(i) ? 1 : 0;
  EXPECT_GT(correct, 980);
}

}  // namespace kramers::ml::readme_test
