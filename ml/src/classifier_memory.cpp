// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/ml/classifier_memory.hpp>

#include <algorithm>

namespace kramers::ml {

std::vector<MemoryNeed> memory_needed(ClassifierParams const& params, std::int64_t models, std::int64_t points,
                                      std::int64_t others) {
  constexpr double number = sizeof(double);
  double const real = params.precision == "f32" ? sizeof(float) : number;
  auto const count = static_cast<double>(models), n = static_cast<double>(points);
  double parameters = 0, values = 0, widest = 0;
  for (auto const& layer : params.network.layers()) {
    auto const in = static_cast<double>(layer.inputs), out = static_cast<double>(layer.outputs);
    // Of batch_norm scale and shift, and running statistics, which are kept once and not four times.
    parameters += layer.kind == LayerKind::dense ? in * out + out : 3 * out;
    values += 2 * out;
    widest = std::max(widest, out);
  }
  // Parameters, gradients and two moments; on a CPU those at work have a second place, and each pack of models the values of
  // a batch. One model comes to the host in double precision, and once more into a file.
  double const states = 4 * parameters * real;
  double const batch = static_cast<double>(params.train.batch) * (values + 2 * widest) * real;
  // Losses of a launch, for which there is room from the start (more than 65,536 steps take longer than it does), with
  // copies on the host, and those of the epochs.
  constexpr double room = 8192, most_steps = 65536;
  double const epochs = static_cast<double>(params.epochs);
  double const launch = std::min(most_steps, epochs * (n / params.train.batch + 1));
  double const losses = count * (launch * 2 * number + 2 * epochs * number);
  // Features beyond two: as they are, standardised, chosen, as numbers of the network on their way, and there.
  double const features = 6 * (params.network.inputs() - 2);
  // Per point: position, velocity and spread; inputs as they are, standardised and chosen; labels, rows and classes; what the
  // network makes of it, and the chances.
  double const classes = params.classes();
  double const point = (16 + features) * number + 3 * classes * number;
  return {{"networks in training", "the number of models or network.hidden", 12 * parameters * number,
           count * (2 * states + batch)},
          {"losses of their steps", "the number of models or training.epochs", losses,
           count * std::max(room, launch) * real},
          {"points of the dataset", "the number of points", n * point, 0},
          {"other points", "random_points.count", static_cast<double>(others) * point, 0}};
}

}  // namespace kramers::ml
