// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/base/hash.hpp>
#include <kramers/grids/field.hpp>
#include <kramers/runtime/communicator.hpp>

#include <cstdint>
#include <type_traits>

namespace kramers::grids {

namespace detail {

template <class T>
struct FieldHashKernel {
  Rows<T> cells;
  std::int64_t columns, first;

  KOKKOS_FUNCTION void operator()(std::int64_t const k, std::uint64_t& sum) const {
    using Bits = std::conditional_t<sizeof(T) == 8, std::uint64_t, std::uint32_t>;
    Bits const bits = Kokkos::bit_cast<Bits>(cells.row(k / columns)[k % columns]);
    sum += hash_element(static_cast<std::uint64_t>(first + k), bits);
  }
};

}  // namespace detail

/// Hash of the bits of all cells of a grid and their places, the same on all ranks and for any number of them. Waits.
/// Collective.
template <execution_space Space, real T>
std::uint64_t field_hash(Space const& exec, Communicator const& comm, Field<Space, T> const& field) {
  Block const& block = field.block();
  std::uint64_t sum = 0;
  Kokkos::parallel_reduce("kramers::field_hash",
                          Kokkos::RangePolicy<Space, Kokkos::IndexType<std::int64_t>>(exec, 0, block.cells()),
                          detail::FieldHashKernel<T>{field.rows(), block.columns, block.first * block.columns}, sum);
  exec.fence("kramers::field_hash");
  return comm.sum(sum);
}

}  // namespace kramers::grids
