// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/grids/studies/channel_study.hpp>

#include <cmath>

namespace kramers::grids {
namespace {

// CFD Python, step 12, run as it is; and with dt = 0.002 and a v that depends on x, which exercises v and the pressure.
struct Perturbed {
  std::int64_t step;
  double sum_u, sum_u2, sum_v2, sum_p2, u, v, p;  // the last three in row 20, column 10
};
constexpr Perturbed table[] = {
    {1, 3.198, 0.06753075883057, 3.571027395495, 1809.679150784, 0.001999987989973, 0.09324216828877, 1.000039312384},
    {10, 31.48443834879, 1.083355866625, 2.548778127062, 13.99376259053, 0.01999867048215, 0.07958751091773,
     0.9994544545646},
    {100, 292.3998937473, 55.72462100489, 1.332688895991, 0.07142758608684, 0.199998032216, 0.0595999585607,
     0.9995045870238},
};

double cell(std::vector<double> const& rows, Block const& block, std::int64_t row, std::int64_t column,
            Communicator const& comm) {
  bool const mine = block.first <= row && row < block.last;
  return comm.sum(mine ? rows[static_cast<std::size_t>((row - block.first) * block.columns + column)] : 0.0);
}

}  // namespace

std::vector<PublishedNumber> compare_published(ChannelRequest const& request, ChannelResult const& result,
                                               Communicator const& comm) {
  std::vector<PublishedNumber> numbers;
  ChannelParams const& params = request.params;
  bool const published = params.rows == 41 && params.columns == 41 && params.viscosity == 0.1 && params.density == 1 &&
                         params.force == 1 && params.sweeps == 50 && request.precision == "f64";
  if (!published) return numbers;
  ChannelState const& state = result.state;
  std::int64_t const done = result.flow->step();
  auto const add = [&](char const* what, double expected, double found, double relative) {
    numbers.push_back({what, expected, found, relative * std::abs(expected)});
  };
  bool const rests = params.start == ChannelStart::rest;
  if (rests && params.dt == 0.01 && request.tolerance && *request.tolerance == 1e-3) {
    add("last step", 499, static_cast<double>(done), 0);
    add("relative change of the sum of u", 0.0009975044108291194, result.changes.back(), 0);
    add("sum of u", 3892.6407095224326, state.sum_u, 0);
    add("u in row 20", 3.494896156028711, cell(result.flow->fields().u, result.flow->block(), 20, 0, comm), 0);
    add("largest |v|", 0, state.most_v, 0);
    add("largest |p - 1|", 0, state.most_p, 0);
    add("columns that have the same bits", 1, state.uniform ? 1 : 0, 0);
  }
  if (rests && params.dt == 0.0009 * params.dx() * params.dy() / params.viscosity && done == 51) {
    add("relative change of the sum of u", 0.019585837878135264, result.changes.back(), 1e-15);
    add("sum of u", 1.8327658261354953, state.sum_u, 1e-15);
  }
  for (Perturbed const& row : table) {
    if (rests || params.dt != 0.002 || done != row.step) continue;
    auto const fields = result.flow->fields();
    Block const& block = result.flow->block();
    constexpr double digits = 2e-12;  // 13 are given
    add("sum of u", row.sum_u, state.sum_u, digits);
    add("sum of u^2", row.sum_u2, state.sum_u2, digits);
    add("sum of v^2", row.sum_v2, state.sum_v2, digits);
    add("sum of (p - 1)^2", row.sum_p2, state.sum_p2, digits);
    add("u in row 20, column 10", row.u, cell(fields.u, block, 20, 10, comm), digits);
    add("v in row 20, column 10", row.v, cell(fields.v, block, 20, 10, comm), digits);
    add("p in row 20, column 10", row.p, cell(fields.p, block, 20, 10, comm), digits);
  }
  return numbers;
}

}  // namespace kramers::grids
