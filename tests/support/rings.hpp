// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/base/hash.hpp>
#include <kramers/core/copy_view.hpp>
#include <kramers/core/normal.hpp>
#include <kramers/ml/trainer.hpp>

#include <array>
#include <cstdint>
#include <cstring>
#include <vector>

namespace kramers::test {

/// Points of a Gaussian cloud, classified by their distance from the centre; and two smooth targets.
template <class Space, class T>
struct Rings {
  Kokkos::View<T**, Kokkos::LayoutRight, Space> inputs;
  Kokkos::View<int*, Space> labels;
  Kokkos::View<T**, Kokkos::LayoutRight, Space> targets;

  Rings(Space const& exec, int points, int dimensions, int outputs = 2)
      : inputs("kramers::test::inputs", static_cast<std::size_t>(points), static_cast<std::size_t>(dimensions)),
        labels("kramers::test::labels", static_cast<std::size_t>(points)),
        targets("kramers::test::targets", static_cast<std::size_t>(points), static_cast<std::size_t>(outputs)) {
    auto const x = Kokkos::create_mirror_view(inputs);
    auto const y = Kokkos::create_mirror_view(labels);
    auto const t = Kokkos::create_mirror_view(targets);
    for (int i = 0; i < points; ++i) {
      for (int d = 0; d < dimensions; ++d) {
        double normals[2];
        normal_block(1, static_cast<std::uint64_t>(i), static_cast<std::uint64_t>(d), Stream::initial_position,
                     normals);
        x(i, d) = static_cast<T>(normals[0]);
      }
      double const far = static_cast<double>(x(i, 0)) * static_cast<double>(x(i, 0)) +
                         static_cast<double>(x(i, 1)) * static_cast<double>(x(i, 1));
      y(i) = (far > 0.81 ? 1 : 0) + (outputs > 2 && far > 2.2 ? 1 : 0);
      for (int k = 0; k < outputs; ++k) t(i, k) = static_cast<T>(k == 0 ? far / (1 + far) : 0.5 - x(i, k - 1));
    }
    copy_view(exec, inputs, x);
    copy_view(exec, labels, y);
    copy_view(exec, targets, t);
    exec.fence("kramers::test");
  }

  ml::Samples<Space, T> samples() const { return {inputs, labels, targets}; }
};

/// A number that changes with any bit of any of them.
template <class T>
std::uint64_t hash_of(std::vector<T> const& values) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, &values[i], sizeof(T));
    sum += hash_element(i, bits);
  }
  return sum;
}

/// Of everything that a model goes on from.
template <class T>
std::uint64_t hash_of(ml::ModelState<T> const& s) {
  std::uint64_t sum = 0;
  for (auto const* part : {&s.parameters, &s.first_moment, &s.second_moment, &s.buffers}) {
    sum = mix64(sum ^ hash_of(*part));
  }
  // Not a list in braces in the loop, which nvcc passes on wrongly.
  std::array<std::int64_t, 4> const counters{s.step, s.epoch, s.epochs_without_improvement, s.stopped};
  for (std::int64_t const number : counters) sum = mix64(sum ^ static_cast<std::uint64_t>(number));
  return mix64(sum ^ hash_of(std::vector<T>{s.best_loss}));
}

}  // namespace kramers::test
