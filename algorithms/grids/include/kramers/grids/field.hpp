// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/core/concepts.hpp>
#include <kramers/grids/block.hpp>

#include <Kokkos_Core.hpp>

#include <cstdint>
#include <string>

namespace kramers::grids {

/// The rows of a field as kernels see them: row(j)[i] is the cell of row j of the block and column i of the grid, with
/// -halo <= j < rows + halo and -ghosts <= i < columns + ghosts.
template <class T>
struct Rows {
  T* origin = nullptr;  ///< row 0, column 0
  std::int64_t stride = 0;

  KOKKOS_FORCEINLINE_FUNCTION T* row(std::int64_t const j) const { return origin + j * stride; }
};

/// One number per cell of a block of rows, row-major, with `halo` more rows above and below and `ghosts` more columns to the
/// left and right. Rows begin at multiples of 64 bytes; all cells begin as zero.
///
/// Copies share the memory, which is allocated in the constructor only.
template <execution_space Space, real T>
class Field {
 public:
  using View = Kokkos::View<T**, Kokkos::LayoutRight, typename Space::memory_space>;
  static constexpr std::int64_t line = 64 / sizeof(T);  ///< numbers of a cache line

  /// @param[in] exec   where the memory is set to zero; returns before it is
  /// @param[in] label  begins with "kramers::"
  Field(Space const& exec, std::string const& label, Block const& block, std::int64_t halo, std::int64_t ghosts = 0)
      : m_block(block), m_halo(halo), m_ghosts(ghosts), m_left(round_up(ghosts)) {
    // Twice a line to the right: loops over whole vectors may read beyond the last column.
    std::int64_t const stride = m_left + round_up(block.columns + ghosts) + 2 * line;
    m_view = View(Kokkos::view_alloc(exec, label), static_cast<std::size_t>(block.size() + 2 * halo),
                  static_cast<std::size_t>(stride));
  }

  Block const& block() const { return m_block; }
  std::int64_t halo() const { return m_halo; }
  std::int64_t ghosts() const { return m_ghosts; }
  /// All memory, as (rows + 2 halo, stride); cell (j, i) of the block stands at (j + halo, i + left()).
  View const& view() const { return m_view; }
  std::int64_t left() const { return m_left; }
  std::int64_t bytes() const { return static_cast<std::int64_t>(m_view.span() * sizeof(T)); }

  /// What kernels take; the field has to live as long as they run.
  Rows<T> rows() const {
    auto const stride = static_cast<std::int64_t>(m_view.extent(1));
    return {m_view.data() + m_halo * stride + m_left, stride};
  }

 private:
  static std::int64_t round_up(std::int64_t const n) { return (n + line - 1) / line * line; }

  Block m_block;
  std::int64_t m_halo, m_ghosts, m_left;
  View m_view;
};

}  // namespace kramers::grids
