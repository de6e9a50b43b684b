// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/core/copy_view.hpp>
#include <kramers/grids/field.hpp>
#include <kramers/grids/messages.hpp>
#include <kramers/grids/neighbours.hpp>

#include <array>
#include <cstddef>
#include <span>

namespace kramers::grids {

namespace detail {

/// Copy the rows at both ends of several fields into one array, or from there into the halos: rows to or from the rank
/// before first, then those of the rank after; of each the fields in turn.
template <class Space, class T, int Fields, bool into_buffer>
struct HaloKernel {
  using Member = typename Kokkos::TeamPolicy<Space>::member_type;
  Kokkos::Array<Rows<T>, Fields> fields;
  T* buffer;
  std::int64_t rows, depth, first_column, width;

  KOKKOS_FUNCTION void operator()(Member const& team) const {
    std::int64_t const line = team.league_rank();
    std::int64_t const d = line % depth, field = line / depth % Fields;
    bool const before = line < depth * Fields;
    std::int64_t const at_top = into_buffer ? d : d - depth, at_end = into_buffer ? rows - depth + d : rows + d;
    T* const cells = fields[static_cast<std::size_t>(field)].row(before ? at_top : at_end) + first_column;
    T* const packed = buffer + line * width;
    std::int64_t const n = width;
    Kokkos::parallel_for(Kokkos::TeamVectorRange(team, n), [&](std::int64_t const i) {
      if constexpr (into_buffer) {
        packed[i] = cells[i];
      } else {
        cells[i] = packed[i];
      }
    });
  }
};

}  // namespace detail

/// Fills the halos of `Fields` fields of one shape: one kernel packs all their rows, one message goes to each neighbour,
/// and one kernel unpacks. Messages leave from the memory of the kernels or from copies on the host (`Messages`).
template <execution_space Space, real T, int Fields = 1>
class HaloExchange {
 public:
  /// @param[in] field  of the shape of those that will be exchanged
  /// @throws DomainError  a halo deeper than the smallest block, since it would reach beyond the neighbours
  HaloExchange(Space const& exec, Communicator const& comm, Edge edge, Field<Space, T> const& field,
               Messages messages = Messages::automatic)
      : m_neighbours(comm, edge),
        m_staged(is_staged(messages, reachable, comm.size())),
        m_rows(field.block().size()),
        m_depth(field.halo()),
        m_ghosts(field.ghosts()),
        m_width(field.block().columns + 2 * field.ghosts()) {
    std::int64_t const least = smallest_block(field.block().rows, comm.size());
    expects(!needed() || m_depth <= least, "depth of the halo", m_depth, "at most as many rows as the smallest block");
    if (!needed()) return;
    auto const lines = static_cast<std::size_t>(2 * Fields * m_depth * m_width);
    m_out = Buffer(Kokkos::view_alloc(exec, Kokkos::WithoutInitializing, "kramers::HaloExchange::out"), lines);
    m_in = Buffer(Kokkos::view_alloc(exec, "kramers::HaloExchange::in"), lines);
    if (!m_staged) return;
    m_host_out = Staged(Kokkos::view_alloc(Kokkos::WithoutInitializing, "kramers::HaloExchange::host_out"), lines);
    m_host_in = Staged(Kokkos::view_alloc("kramers::HaloExchange::host_in"), lines);
  }

  /// Is there a neighbour at all?
  bool needed() const { return m_depth > 0 && (m_neighbours.before() || m_neighbours.after()); }

  /// Are there rows beyond the first, or the last, one of this rank that a neighbour has?
  bool has_before() const { return m_depth > 0 && m_neighbours.before(); }
  bool has_after() const { return m_depth > 0 && m_neighbours.after(); }

  using Exchanged = std::array<Field<Space, T>, Fields>;

  /// Fill the halos; beyond a wall they stay zero. Waits for what was enqueued on `exec`, and for the
  /// neighbours; the unpacking may still be under way. Collective.
  void operator()(Space const& exec, Exchanged const& fields) const {
    if (!needed()) return;
    pack(exec, fields);
    m_neighbours.exchange(part(m_out, m_host_out, 0), part(m_out, m_host_out, 1), part(m_in, m_host_in, 0),
                          part(m_in, m_host_in, 1));
    unpack(exec, fields);
  }

  /// The same in two parts. Between them the halos are not filled yet, and all other cells may be read and written: what is
  /// sent is what they were. `begin` waits for what was enqueued on `exec`, `finish` for the messages alone. Collective.
  void begin(Space const& exec, Exchanged const& fields) {
    if (!needed()) return;
    pack(exec, fields);
    m_neighbours.begin(part(m_out, m_host_out, 0), part(m_out, m_host_out, 1), part(m_in, m_host_in, 0),
                       part(m_in, m_host_in, 1), m_pending);
  }
  void finish(Space const& exec, Exchanged const& fields) {
    if (!needed()) return;
    m_neighbours.finish(m_pending);
    unpack(exec, fields);
  }

  std::int64_t bytes() const { return static_cast<std::int64_t>(2 * m_out.span() * sizeof(T)); }

 private:
  static constexpr bool reachable =
      Kokkos::SpaceAccessibility<Kokkos::HostSpace, typename Space::memory_space>::accessible;
  using Buffer = Kokkos::View<T*, typename Space::memory_space>;
  using Staged = Kokkos::View<T*, Kokkos::SharedHostPinnedSpace>;
  using Policy = Kokkos::TeamPolicy<Space>;

  int lines() const { return static_cast<int>(2 * Fields * m_depth); }
  static Kokkos::Array<Rows<T>, Fields> rows_of(Exchanged const& fields) {
    Kokkos::Array<Rows<T>, Fields> rows{};
    for (std::size_t f = 0; f < Fields; ++f) rows[f] = fields[f].rows();
    return rows;
  }
  /// What goes to or comes from the rank before (0) or after (1).
  std::span<std::byte> part(Buffer const& memory, Staged const& staged, std::size_t which) const {
    auto const size = static_cast<std::size_t>(lines() / 2 * m_width);
    return std::as_writable_bytes(std::span<T>((m_staged ? staged.data() : memory.data()) + which * size, size));
  }
  void pack(Space const& exec, Exchanged const& fields) const {
    detail::HaloKernel<Space, T, Fields, true> const kernel{rows_of(fields), m_out.data(), m_rows,
                                                            m_depth,         -m_ghosts,    m_width};
    Kokkos::parallel_for("kramers::HaloExchange::pack", Policy(exec, lines(), Kokkos::AUTO), kernel);
    if (m_staged) copy_view(exec, m_host_out, m_out);
    exec.fence("kramers::HaloExchange: before the messages");
  }
  void unpack(Space const& exec, Exchanged const& fields) const {
    if (m_staged) copy_view(exec, m_in, m_host_in);
    detail::HaloKernel<Space, T, Fields, false> const kernel{rows_of(fields), m_in.data(), m_rows,
                                                             m_depth,         -m_ghosts,   m_width};
    Kokkos::parallel_for("kramers::HaloExchange::unpack", Policy(exec, lines(), Kokkos::AUTO), kernel);
  }

  Neighbours m_neighbours;
  PendingMessages m_pending;
  bool m_staged;
  std::int64_t m_rows, m_depth, m_ghosts, m_width;
  Buffer m_out, m_in;
  Staged m_host_out, m_host_in;
};

}  // namespace kramers::grids
