// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/core/lanes.hpp>

#include <Kokkos_Core.hpp>

#include <cstdint>

namespace kramers::bench {

// Bytes that a processor moves for each number that it overwrites, which it reads first; a device does not.
template <class Space>
inline constexpr double overwritten = on_device<Space> ? 8 : 16;

struct TriadKernel {
  double* a;
  double const* b;
  double const* c;
  KOKKOS_FUNCTION void operator()(std::int64_t const i) const { a[i] = b[i] + 3.0 * c[i]; }
};

/// STREAM's triad, a = b + 3 c, over arrays of so many numbers: the rate of the memory.
template <class Space>
class Triad {
 public:
  Triad(Space const& exec, std::int64_t count) : m_exec(exec), m_count(count) {
    auto const n = static_cast<std::size_t>(count);
    for (auto* const column : {&m_a, &m_b, &m_c}) {
      *column = Kokkos::View<double*, Space>(Kokkos::view_alloc(exec, "kramers::bench::triad"), n);
    }
  }
  double bytes() const { return (16 + overwritten<Space>)*static_cast<double>(m_count); }
  void run() const {
    Kokkos::parallel_for("kramers::bench::triad",
                         Kokkos::RangePolicy<Space, Kokkos::IndexType<std::int64_t>>(m_exec, 0, m_count),
                         TriadKernel{m_a.data(), m_b.data(), m_c.data()});
  }

 private:
  Space m_exec;
  std::int64_t m_count;
  Kokkos::View<double*, Space> m_a, m_b, m_c;
};

}  // namespace kramers::bench
