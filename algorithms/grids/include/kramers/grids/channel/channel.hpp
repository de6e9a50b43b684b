// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/core/spaces.hpp>
#include <kramers/grids/channel/any_channel.hpp>
#include <kramers/grids/channel/detail/channel_kernels.hpp>
#include <kramers/grids/field_hash.hpp>
#include <kramers/grids/halo.hpp>
#include <kramers/grids/sums.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <limits>
#include <utility>
#include <vector>

namespace kramers::grids {

/// The flow on one space in one precision.
template <execution_space Space, real T>
class Channel final : public AnyChannel {
 public:
  Channel(Space const& exec, ChannelParams const& params, Communicator comm)
      : m_exec(exec),
        m_params(params),
        m_comm(std::move(comm)),
        m_block(block_of(params.rows, params.columns, m_comm.rank(), m_comm.size())),
        m_u(field("kramers::Channel::u")),
        m_v(field("kramers::Channel::v")),
        m_p(field("kramers::Channel::p")),
        m_next_u(field("kramers::Channel::next_u")),
        m_next_v(field("kramers::Channel::next_v")),
        m_next_p(field("kramers::Channel::next_p")),
        m_b(field("kramers::Channel::b")),
        m_exchange_velocity(exec, m_comm, Edge::walls, m_u, params.messages),
        m_exchange_pressure(exec, m_comm, Edge::walls, m_p, params.messages),
        m_one_core(channel_fits_one_core(params, on_device<Space>, m_comm.size())),
        m_sums(exec, m_comm, m_block, m_one_core) {
    expects(params.rows >= 3, "rows", params.rows, ">= 3");
    expects(params.columns >= 3, "columns", params.columns, ">= 3");
    expects(smallest_block(params.rows, m_comm.size()) >= 2, "number of ranks", m_comm.size(),
            "at most one for two rows: start fewer, or take a larger grid");
    m_has_bottom = m_block.first == 0;
    m_has_top = m_block.last == m_block.rows;
    m_rows = {params.columns, m_has_bottom ? 1 : 0, m_block.size() - (m_has_top ? 1 : 0), m_has_bottom, m_has_top};
    // As NumPy forms them, in double precision.
    double const dx = params.dx(), dy = params.dy(), dt = params.dt, rho = params.density;
    double const dx2 = dx * dx, dy2 = dy * dy;
    auto const t = [](double value) { return static_cast<T>(value); };
    m_constants = {t(dt),
                   t(rho),
                   t(params.viscosity),
                   t(2 * dx),
                   t(2 * dy),
                   t(dx),
                   t(dy),
                   t(dx2),
                   t(dy2),
                   t(1 / dt),
                   t(2 * (dx2 + dy2)),
                   t(dx2 * dy2 / (2 * (dx2 + dy2))),
                   t(dt / (2 * rho * dx)),
                   t(dt / (2 * rho * dy)),
                   t(dt / dx2),
                   t(dt / dy2),
                   t(params.force * dt)};
    start();
  }

  std::vector<double> advance(std::int64_t steps, double tolerance) override {
    std::vector<double> changes;
    for (std::int64_t n = 0; n < steps; ++n) {
      do_step();
      T const sum = m_sums(m_exec, detail::ChannelValue<T>{m_u.rows()});
      changes.push_back(static_cast<double>((sum - m_sum) / sum));
      m_sum = sum;
      if (!(std::abs(changes.back()) > tolerance)) break;
    }
    return changes;
  }

  std::int64_t step() const override { return m_step; }
  double sum_u() const override { return static_cast<double>(m_sum); }
  Block const& block() const override { return m_block; }
  std::int64_t bytes() const override { return 7 * m_u.bytes(); }

  std::uint64_t hash() override {
    std::uint64_t sum = 0, place = 1;
    for (auto const* one : {&m_u, &m_v, &m_p}) sum += hash_element(place++, field_hash(m_exec, m_comm, *one));
    return sum;
  }

  ChannelFields fields() override { return {cells(m_u), cells(m_v), cells(m_p)}; }

  void restore(ChannelFields const& fields, std::int64_t step) override {
    put(fields.u, {&m_u, &m_next_u});
    put(fields.v, {&m_v, &m_next_v});
    put(fields.p, {&m_p, &m_next_p});
    m_sum = m_sums(m_exec, detail::ChannelValue<T>{m_u.rows()});  // the bits of the sum that was taken then
    m_step = step;
  }

  double largest_difference(AnyChannel const& other) override {
    auto const* const same = dynamic_cast<Channel const*>(&other);
    bool const fits = same != nullptr && same->m_block.cells() == m_block.cells();
    expects(fits, "other channel", "another kind", "one of the same space, precision and size");
    detail::ChannelDifferenceKernel<T> const kernel{m_u.rows(), same->m_u.rows(), m_block.columns,
                                                    std::numeric_limits<T>::max()};
    T most = 0;
    Kokkos::parallel_reduce("kramers::Channel::largest_difference",
                            Kokkos::RangePolicy<Space, Kokkos::IndexType<std::int64_t>>(m_exec, 0, m_block.cells()),
                            kernel, Kokkos::Max<T>(most));
    m_exec.fence("kramers::Channel::largest_difference");
    return m_comm.max(static_cast<double>(most));
  }

 private:
  Field<Space, T> field(char const* label) const { return Field<Space, T>(m_exec, label, m_block, 1, 1); }

  void start() {
    auto const u = Kokkos::create_mirror(Kokkos::HostSpace(), m_u.view());  // never the field itself
    auto const left = m_u.left();
    auto const copy_to = [&](std::initializer_list<Field<Space, T>*> fields) {
      for (auto* one : fields) copy_into(*one, u);
    };
    copy_to({&m_u, &m_next_u, &m_next_v, &m_b});
    if (m_params.start == ChannelStart::perturbed) {
      for (std::int64_t j = 0; j < m_block.size(); ++j) {
        auto const row = perturbed_row(m_params, m_block.first + j);
        for (std::int64_t i = -1; i <= m_params.columns; ++i) {
          std::int64_t const from = (i + m_params.columns) % m_params.columns;
          u(j + 1, i + left) = static_cast<T>(row[static_cast<std::size_t>(from)]);
        }
      }
    }
    copy_to({&m_v});
    for (std::size_t j = 0; j < u.extent(0); ++j) {
      for (std::size_t i = 0; i < u.extent(1); ++i) u(j, i) = T(1);
    }
    copy_to({&m_p, &m_next_p});
  }

  /// Cells of this rank, and beside them those of the other side of the seam.
  void put(std::vector<double> const& cells, std::initializer_list<Field<Space, T>*> fields) {
    expects(std::ssize(cells) == m_block.cells(), "number of cells", std::ssize(cells),
            "those of the rows of this rank");
    auto const host = Kokkos::create_mirror(Kokkos::HostSpace(), m_u.view());
    for (std::int64_t j = 0; j < m_block.size(); ++j) {
      for (std::int64_t i = -1; i <= m_block.columns; ++i) {
        std::int64_t const from = j * m_block.columns + (i + m_block.columns) % m_block.columns;
        host(j + 1, i + m_u.left()) = static_cast<T>(cells[static_cast<std::size_t>(from)]);
      }
    }
    for (auto* one : fields) copy_into(*one, host);
  }

  template <class Host>
  void copy_into(Field<Space, T> const& to, Host const& from) {
    Kokkos::deep_copy(m_exec, to.view(), from);
    m_exec.fence("kramers::Channel: start");
  }

  template <class Kernel>
  void launch(char const* label, Kernel const& kernel) {
    if constexpr (!on_device<Space>) {
      if (m_one_core) {  // a launch would cost as much as a sweep
        for (std::int64_t j = 0; j < m_block.size(); ++j) kernel(j);
        return;
      }
    }
    detail::RowLanes<Space>::for_rows(label, m_exec, m_block.size(), 0, kernel);
  }

  void do_step() {
    m_exchange_velocity(m_exec, {m_u, m_v});
    launch("kramers::Channel::source",
           detail::ChannelSourceKernel<Space, T>{m_u.rows(), m_v.rows(), m_b.rows(), m_constants, m_rows});
    for (std::int64_t n = 0; n < m_params.sweeps; ++n) {
      m_exchange_pressure(m_exec, {m_p});
      launch("kramers::Channel::pressure",
             detail::ChannelPressureKernel<Space, T>{m_p.rows(), m_next_p.rows(), m_b.rows(), m_constants, m_rows});
      std::swap(m_p, m_next_p);
    }
    m_exchange_pressure(m_exec, {m_p});
    launch("kramers::Channel::velocity",
           detail::ChannelVelocityKernel<Space, T>{m_u.rows(), m_v.rows(), m_p.rows(), m_next_u.rows(), m_next_v.rows(),
                                                   m_constants, m_rows});
    std::swap(m_u, m_next_u);
    std::swap(m_v, m_next_v);
    ++m_step;
  }

  std::vector<double> cells(Field<Space, T> const& of) {
    auto const host = Kokkos::create_mirror_view(Kokkos::WithoutInitializing, Kokkos::HostSpace(), of.view());
    copy_view(m_exec, host, of.view());
    m_exec.fence("kramers::Channel::fields");
    std::vector<double> all;
    all.reserve(static_cast<std::size_t>(m_block.cells()));
    for (std::int64_t j = 0; j < m_block.size(); ++j) {
      for (std::int64_t i = 0; i < m_block.columns; ++i) all.push_back(static_cast<double>(host(j + 1, i + of.left())));
    }
    return all;
  }

  Space m_exec;
  ChannelParams m_params;
  Communicator m_comm;
  Block m_block;
  Field<Space, T> m_u, m_v, m_p, m_next_u, m_next_v, m_next_p, m_b;
  HaloExchange<Space, T, 2> m_exchange_velocity;
  HaloExchange<Space, T> m_exchange_pressure;
  bool m_one_core;
  NumpySums<Space, T> m_sums;
  detail::ChannelConstants<T> m_constants{};
  detail::ChannelRows m_rows{};
  bool m_has_bottom = false, m_has_top = false;
  T m_sum = 0;
  std::int64_t m_step = 0;
};

}  // namespace kramers::grids
