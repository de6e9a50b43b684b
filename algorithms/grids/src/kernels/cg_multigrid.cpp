// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/core/spaces.hpp>
#include <kramers/grids/detail/cg_multigrid.hpp>
#include <kramers/grids/detail/cg_product_source.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace kramers::grids::detail {
namespace multigrid {

// Zeros of the Chebyshev polynomial of degree 2 on [1/2, 2], where the smoothers have to work: 5/4 -+ (3/4) / sqrt(2).
constexpr double first_weight = 1 / (1.25 - 0.53033008588991060);
constexpr double second_weight = 1 / (1.25 + 0.53033008588991060);

/// The matrices K and M of one direction, with a zero before the first and after the last coupling.
struct Direction {
  double const *k, *k_next, *m, *m_next;  // diagonal; of i and i + 1, which may be asked for at -1
};

/// A grid as kernels see it: row j of this rank is row `first + j` of the grid.
struct Grid {
  Direction direction;
  std::int64_t n, first, rows, stride;

  KOKKOS_FORCEINLINE_FUNCTION double inverse_diagonal(std::int64_t const j, std::int64_t const i) const {
    Direction const& d = direction;
    return 1 / (d.k[first + j] * d.m[i] + d.m[first + j] * d.k[i]);
  }
  KOKKOS_FORCEINLINE_FUNCTION double product(double const* const z, std::int64_t const j, std::int64_t const i) const {
    Direction const& d = direction;
    std::int64_t const row = first + j;
    double const k[3] = {d.k_next[row - 1], d.k[row], d.k_next[row]},
                 m[3] = {d.m_next[row - 1], d.m[row], d.m_next[row]};
    double y = 0;
    for (int s = 0; s < 3; ++s) {
      double const* const at = z + (j + s - 1) * stride + i;
      double const of_m = d.m_next[i - 1] * at[-1] + d.m[i] * at[0] + d.m_next[i] * at[1];
      double const of_k = d.k_next[i - 1] * at[-1] + d.k[i] * at[0] + d.k_next[i] * at[1];
      y += k[s] * of_m + m[s] * of_k;
    }
    return y;
  }
};

/// z = weight r / D
template <class Space>
struct FirstSweepKernel {
  Grid grid;
  double* z;
  double const* r;
  double weight;
  KOKKOS_FUNCTION void operator()(typename RowLanes<Space>::Work const& work) const {
    RowLanes<Space> const lanes(work);
    std::int64_t const j = lanes.row();
    lanes.for_columns(0, grid.n, [&](std::int64_t const i) {
      z[j * grid.stride + i] = weight * grid.inverse_diagonal(j, i) * r[j * grid.stride + i];
    });
  }
};

/// z = from + weight (r - A from) / D
template <class Space>
struct SweepKernel {
  Grid grid;
  double* z;
  double const *from, *r;
  double weight;
  KOKKOS_FUNCTION void operator()(typename RowLanes<Space>::Work const& work) const {
    RowLanes<Space> const lanes(work);
    std::int64_t const j = lanes.row();
    lanes.for_columns(0, grid.n, [&](std::int64_t const i) {
      std::int64_t const at = j * grid.stride + i;
      z[at] = from[at] + weight * grid.inverse_diagonal(j, i) * (r[at] - grid.product(from, j, i));
    });
  }
};

/// d = r - A z
template <class Space>
struct DefectKernel {
  Grid grid;
  double* d;
  double const *r, *z;
  KOKKOS_FUNCTION void operator()(typename RowLanes<Space>::Work const& work) const {
    RowLanes<Space> const lanes(work);
    std::int64_t const j = lanes.row();
    lanes.for_columns(0, grid.n, [&](std::int64_t const i) {
      std::int64_t const at = j * grid.stride + i;
      d[at] = r[at] - grid.product(z, j, i);
    });
  }
};

/// Coarse r = P^T d, for the coarse rows whose fine row this rank has.
template <class Space>
struct RestrictKernel {
  Grid fine, coarse;
  double* r;
  double const* d;
  KOKKOS_FUNCTION void operator()(typename RowLanes<Space>::Work const& work) const {
    RowLanes<Space> const lanes(work);
    std::int64_t const row = fine.first / 2 + lanes.row();
    double const* const middle = d + (2 * row + 1 - fine.first) * fine.stride;
    double* const out = r + (row - coarse.first) * coarse.stride;
    lanes.for_columns(0, coarse.n, [&](std::int64_t const i) {
      double const* const at = middle + 2 * i + 1;
      double const edges = (at[-1] + at[1]) + (at[-fine.stride] + at[fine.stride]);
      double const corners =
          (at[-fine.stride - 1] + at[-fine.stride + 1]) + (at[fine.stride - 1] + at[fine.stride + 1]);
      out[i] = at[0] + 0.5 * edges + 0.25 * corners;
    });
  }
};

/// z = from + P coarse
template <class Space>
struct ProlongKernel {
  Grid fine, coarse;
  double* z;
  double const *from, *correction;
  KOKKOS_FUNCTION void operator()(typename RowLanes<Space>::Work const& work) const {
    RowLanes<Space> const lanes(work);
    std::int64_t const j = lanes.row(), row = fine.first + j;
    // Odd rows are coarse ones; even rows lie between the coarse rows row / 2 - 1 and row / 2, which may be walls.
    double const* const below = correction + ((row + 1) / 2 - 1 - coarse.first) * coarse.stride;
    double const* const above = correction + (row / 2 - coarse.first) * coarse.stride;
    lanes.for_columns(0, fine.n, [&](std::int64_t const i) {
      std::int64_t const left = (i + 1) / 2 - 1, right = i / 2, at = j * fine.stride + i;
      z[at] = from[at] + 0.25 * ((below[left] + below[right]) + (above[left] + above[right]));
    });
  }
};

/// K and M of a direction on the host.
struct HostDirection {
  std::vector<double> k, k_next, m, m_next;

  static HostDirection finest(std::int64_t n) {
    auto const size = static_cast<std::size_t>(n);
    HostDirection d{std::vector<double>(size, 2.0), std::vector<double>(size, -1.0), std::vector<double>(size, 1.0),
                    std::vector<double>(size, 0.0)};
    d.k_next.back() = 0;
    return d;
  }
  /// P^T K P and P^T M P: coarse point J stands at fine point 2 J + 1, with weights 1/2, 1, 1/2.
  HostDirection coarser() const {
    HostDirection c;
    coarsen(k, k_next, c.k, c.k_next);
    coarsen(m, m_next, c.m, c.m_next);
    return c;
  }

 private:
  static void coarsen(std::vector<double> const& diagonal, std::vector<double> const& next, std::vector<double>& coarse,
                      std::vector<double>& coarse_next) {
    std::size_t const n = diagonal.size(), size = n / 2;
    auto const of = [&](std::vector<double> const& values, std::size_t i) { return i < n ? values[i] : 0.0; };
    for (std::size_t j = 0; j < size; ++j) {
      std::size_t const i = 2 * j;
      coarse.push_back(0.25 * diagonal[i] + diagonal[i + 1] + 0.25 * of(diagonal, i + 2) + next[i] +
                       (i + 2 < n ? next[i + 1] : 0.0));
      coarse_next.push_back(j + 1 < size ? 0.5 * next[i + 1] + 0.25 * diagonal[i + 2] + 0.5 * next[i + 2] : 0.0);
    }
  }
};

template <class Space>
class Level {
 public:
  using View = Kokkos::View<double*, typename Space::memory_space>;

  Level(Space const& exec, Communicator const& comm, HostDirection const& direction, std::int64_t first,
        std::int64_t rows, bool divided, Messages messages)
      : m_divided(divided && comm.size() > 1),
        m_exchange(comm, static_cast<std::int64_t>(direction.k.size()) + 1, messages),
        m_coefficients(Kokkos::view_alloc(exec, std::string("kramers::multigrid::coefficients")),
                       4 * (direction.k.size() + 1)) {
    auto const n = static_cast<std::int64_t>(direction.k.size());
    auto const host = Kokkos::create_mirror_view(m_coefficients);
    exec.fence("kramers::multigrid");
    // One zero before each, for k_next and m_next at -1.
    std::size_t place = 0;
    for (auto const* part : {&direction.k, &direction.k_next, &direction.m, &direction.m_next}) {
      host(place++) = 0;
      for (double const value : *part) host(place++) = value;
    }
    copy_view(exec, m_coefficients, host);
    exec.fence("kramers::multigrid");
    double const* const c = m_coefficients.data();
    m_grid = {{c + 1, c + (n + 1) + 1, c + 2 * (n + 1) + 1, c + 3 * (n + 1) + 1}, n, first, rows, n + 1};
    m_margin = n + 3;
    auto const size = static_cast<std::size_t>(2 * m_margin + rows * (n + 1));
    for (View& one : m_views) one = View(Kokkos::view_alloc(exec, std::string("kramers::multigrid::level")), size);
  }

  enum Name { z, t, r, d };
  Grid const& grid() const { return m_grid; }
  bool divided() const { return m_divided; }
  double* at(Name name) const { return m_views[name].data() + m_margin; }
  View const& view(Name name) const { return m_views[name]; }
  void exchange(Space const& exec, double* v) const {
    if (m_divided) m_exchange(exec, v, m_grid.rows * m_grid.stride);
  }
  std::int64_t bytes() const {
    return static_cast<std::int64_t>(8 * (m_coefficients.span() + m_views.size() * m_views[0].span()));
  }

 private:
  bool m_divided;
  MarginExchange<Space> m_exchange;
  View m_coefficients;
  Grid m_grid{};
  std::int64_t m_margin = 0;
  std::array<View, 4> m_views;
};

template <execution_space Space>
class VCycle final : public DevicePreconditioner<Space> {
  using L = Level<Space>;

 public:
  VCycle(Space const& exec, Communicator const& comm, std::int64_t n, Messages messages) : m_comm(comm) {
    HostDirection direction = HostDirection::finest(n);
    std::vector<Block> blocks;
    for (int rank = 0; rank < comm.size(); ++rank) blocks.push_back(block_of(n, n, rank, comm.size()));
    bool divided = true;
    for (;;) {
      Block const& mine = blocks[static_cast<std::size_t>(comm.rank())];
      auto const size = static_cast<std::int64_t>(direction.k.size());
      m_levels.emplace_back(exec, comm, direction, divided ? mine.first : 0, divided ? mine.size() : size, divided,
                            messages);
      if (size == 1) break;
      direction = direction.coarser();
      divided = divided && std::ranges::all_of(blocks, [](Block const& block) { return block.size() >= 2; });
      for (Block& block : blocks) block = {size / 2, size / 2, block.first / 2, block.last / 2};
    }
    for (std::size_t i = 1; i < m_levels.size(); ++i) {
      if (m_levels[i - 1].divided() && !m_levels[i].divided())
        m_host = Kokkos::create_mirror_view(m_levels[i].view(L::r));
    }
  }

  void apply(Space const& exec, double* z, double const* r) override { cycle(exec, 0, z, r); }

  std::int64_t bytes() const override {
    std::int64_t all = 0;
    for (Level<Space> const& level : m_levels) all += level.bytes();
    return all;
  }

 private:
  template <class Kernel>
  static void run(char const* label, Space const& exec, std::int64_t rows, std::int64_t columns, Kernel const& kernel) {
    for_rows_of(label, exec, rows, columns, 1, kernel);
  }

  void sweep(Space const& exec, L const& level, double* to, double* from, double const* r, double weight) const {
    level.exchange(exec, from);
    run("kramers::multigrid_sweep", exec, level.grid().rows, level.grid().n,
        SweepKernel<Space>{level.grid(), to, from, r, weight});
  }

  /// z = approximate solution of A z = r on this level and below.
  void cycle(Space const& exec, std::size_t number, double* z, double const* r) const {
    L const& level = m_levels[number];
    Grid const& grid = level.grid();
    double* const t = level.at(L::t);
    bool const last = number + 1 == m_levels.size();
    run("kramers::multigrid_first_sweep", exec, grid.rows, grid.n,
        FirstSweepKernel<Space>{grid, z, r, last ? 1.0 : first_weight});
    if (last) return;
    sweep(exec, level, t, z, r, second_weight);
    correct(exec, number, z, r);
    sweep(exec, level, t, z, r, second_weight);
    sweep(exec, level, z, t, r, first_weight);
  }

  /// z = t + what the coarser grids say of the defect of t.
  void correct(Space const& exec, std::size_t number, double* z, double const* r) const {
    L const &level = m_levels[number], &below = m_levels[number + 1];
    Grid const &grid = level.grid(), &coarse = below.grid();
    double *const t = level.at(L::t), *const d = level.at(L::d);
    level.exchange(exec, t);
    run("kramers::multigrid_defect", exec, grid.rows, grid.n, DefectKernel<Space>{grid, d, r, t});
    level.exchange(exec, d);
    bool const gathers = level.divided() && !below.divided();
    if (gathers) Kokkos::deep_copy(exec, below.view(L::r), 0.0);
    std::int64_t const rows = (grid.first + grid.rows) / 2 - grid.first / 2;
    run("kramers::multigrid_restrict", exec, rows, coarse.n, RestrictKernel<Space>{grid, coarse, below.at(L::r), d});
    if (gathers) gather(exec, below.view(L::r));
    cycle(exec, number + 1, below.at(L::z), below.at(L::r));
    below.exchange(exec, below.at(L::z));
    run("kramers::multigrid_prolong", exec, grid.rows, grid.n,
        ProlongKernel<Space>{grid, coarse, z, t, below.at(L::z)});
  }

  /// Rows that one rank has become known to all: others have zeros there.
  void gather(Space const& exec, typename L::View const& view) const {
    copy_view(exec, m_host, view);
    exec.fence("kramers::multigrid: before the messages");
    m_comm.sum(std::span<double>(m_host.data(), m_host.size()));
    copy_view(exec, view, m_host);
  }

  Communicator m_comm;
  std::vector<L> m_levels;
  typename L::View::host_mirror_type m_host;  // of the first level that is not divided
};

}  // namespace multigrid

template <execution_space Space>
std::unique_ptr<DevicePreconditioner<Space>> make_multigrid(Space const& exec, Communicator const& comm, std::int64_t n,
                                                            Messages messages) {
  return std::make_unique<multigrid::VCycle<Space>>(exec, comm, n, messages);
}

#define KRAMERS_MULTIGRID(Space)                                                                          \
  template std::unique_ptr<DevicePreconditioner<Space>> make_multigrid(Space const&, Communicator const&, \
                                                                       std::int64_t, Messages);
KRAMERS_FOR_SPACES(KRAMERS_MULTIGRID)
#undef KRAMERS_MULTIGRID

}  // namespace kramers::grids::detail
