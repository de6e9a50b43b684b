// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/base/error.hpp>
#include <kramers/core/copy_view.hpp>
#include <kramers/dynamics/potentials/potential.hpp>
#include <kramers/dynamics/rare/any_paths.hpp>
#include <kramers/dynamics/rare/detail/path_kernels.hpp>

#include <Kokkos_Profiling_ScopedRegion.hpp>

#include <algorithm>
#include <string>
#include <utility>

namespace kramers::dynamics {

/// Paths of one scheme in one potential.
///
/// Cost   one launch and one scan per segment; a new bin or state costs a write of a few numbers.
template <execution_space Space, class Scheme, potential Potential, int W = lane_width<Space, double>>
class Paths final : public AnyPaths {
 public:
  static constexpr int D = Potential::dimension;
  static_assert(D <= most_path_coordinates, "Paths: potentials of one coordinate or of two");

  Paths(Space const& exec, Potential const& potential, PathsParams const& params)
      : m_exec(exec),
        m_potential(potential),
        m_params(params),
        m_constants(params.langevin),
        m_columns(columns_of(params)),
        m_active(alloc("active"), n()),
        m_next(alloc("next"), n()),
        m_parent(alloc("parent"), n()),
        m_bin(alloc("bin"), n()),
        m_id(alloc("new_id"), n()),
        m_x(alloc("start_position"), n()),
        m_v(alloc("start_velocity"), n()),
        m_fixed(alloc("levels"), static_cast<std::size_t>(params.most_bins)),
        m_table(alloc("level_table"), static_cast<std::size_t>(params.table_points)),
        m_others(alloc("other_states"), most_other_states) {
    expects(params.coordinates == D, "coordinates", params.coordinates, std::to_string(D));
    m_paths.x = Points(alloc("position"), n());
    m_paths.v = Points(alloc("velocity"), n());
    m_paths.id = View<std::uint64_t>(alloc("id"), n());
    m_paths.time = View<std::int64_t>(alloc("time"), n());
    m_paths.top = View<std::int32_t>(alloc("top"), n());
    m_paths.crossings = View<std::int32_t>(alloc("crossings"), n());
    m_paths.age = View<std::uint32_t>(alloc("age"), n());
    m_paths.end = View<PathEnd>(alloc("end"), n());
    m_paths.seen_x = decltype(m_paths.seen_x)(alloc("seen_position"), n(), m_columns);
    m_paths.seen_v = decltype(m_paths.seen_v)(alloc("seen_velocity"), n(), m_columns);
    m_paths.seen_age = decltype(m_paths.seen_age)(alloc("seen_age"), n(), m_columns);
  }

  std::int64_t slots() const override { return m_params.slots; }

  void set(Passage const& passage, PathKind kind, RareStream stream) override {
    Level const& level = passage.level;
    expects(passage.bins() >= 1 && passage.bins() <= m_params.most_bins, "bins", passage.bins(), "1 to most_bins");
    m_kind = kind;
    m_stream = static_cast<Stream>(stream);
    double const zero = level.of_energy ? level.top_energy : 0;
    m_rules = {.a = rules_of(passage.a),
               .b = rules_of(passage.b),
               .axis = vector_of(passage.axis),
               .from = vector_of(level.from),
               .to = vector_of(level.to),
               .energy_share = level.of_energy ? 1.0 : 0.0,
               .position = level.of_energy ? 0 : level.position,
               .velocity = level.of_energy ? 0 : level.velocity,
               .share = level.of_energy ? 0 : level.share,
               .top = level.top,
               .top_energy = level.top_energy,
               .direction = level.direction,
               .first = level.first - zero,
               .bins_per_unit = level.bins / (level.last - level.first),
               .half_mass = Scheme::overdamped ? 0 : 0.5 * m_params.langevin.mass,
               .bins = passage.bins(),
               .fixed = static_cast<int>(level.fixed.size()),
               .others = static_cast<int>(passage.others.size()),
               .heeds_energy = passage.heeds_energy(),
               .table = {}};
    send(level.fixed, m_fixed, [zero](double begin) { return begin - zero; });
    if constexpr (D == 2) set_table(level.table.get());
    expects(std::ssize(passage.others) <= (D == 2 ? most_other_states : 0), "other states", passage.others.size(),
            "3 at most, of two coordinates");
    send(passage.others, m_others, [](Region const& region) { return rules_of(region); });
  }

  void start(std::span<PathStart const> starts) override {
    send(starts, m_active, [](PathStart const& s) { return s.slot; });
    send(starts, m_id, [](PathStart const& s) { return s.id; });
    for (std::size_t d = 0; d < D; ++d) {
      send(starts, Kokkos::subview(m_x, Kokkos::ALL, d), [d](PathStart const& s) { return s.x[d]; });
      send(starts, Kokkos::subview(m_v, Kokkos::ALL, d), [d](PathStart const& s) { return s.v[d]; });
    }
    begin(static_cast<std::int64_t>(starts.size()), false);
  }

  void branch(std::span<PathBranch const> branches) override {
    send(branches, m_active, [](PathBranch const& b) { return b.slot; });
    send(branches, m_parent, [](PathBranch const& b) { return b.parent; });
    send(branches, m_bin, [](PathBranch const& b) { return b.bin; });
    send(branches, m_id, [](PathBranch const& b) { return b.id; });
    begin(static_cast<std::int64_t>(branches.size()), true);
  }

  using AnyPaths::advance;
  std::int64_t advance(std::int64_t steps) override {
    expects(steps > 0 && steps <= segment && steps % 2 == 0, "steps", steps, "even, at most a segment");
    if (m_count == 0) return 0;
    Kokkos::Profiling::ScopedRegion const region("kramers::rare");
    using Kernel = detail::AdvancePathsKernel<Space, Scheme, Potential, W>;
    Kernel const kernel{.potential = m_potential,
                        .constants = m_constants,
                        .paths = m_paths,
                        .active = m_active,
                        .fixed = m_fixed,
                        .table = m_table,
                        .others = m_others,
                        .rules = m_rules,
                        .count = m_count,
                        .step = m_step,
                        .groups = static_cast<int>(steps) / Kernel::Noise::steps,
                        .seed = m_params.seed,
                        .stream = m_stream,
                        .counted = m_kind == PathKind::counted};
    Kokkos::parallel_for("kramers::rare_advance", Kokkos::RangePolicy<Space>(m_exec, 0, (m_count + W - 1) / W), kernel);
    std::int64_t left = 0;
    Kokkos::parallel_scan("kramers::rare_compact", Kokkos::RangePolicy<Space>(m_exec, 0, m_count),
                          detail::CompactPathsKernel<Space>{m_active, m_next, m_paths.end}, left);
    std::swap(m_active, m_next);
    m_count = left;
    m_step += steps;
    return left;
  }

  PathStates states() override {
    PathStates states{fetch(m_paths.end, n()), fetch(m_paths.top, n()), fetch(m_paths.time, n()),
                      fetch(m_paths.age, n())};
    for (std::size_t i = 0; m_kind == PathKind::counted && i < n(); ++i) {
      states.time[i] += states.top[i] < m_rules.bins ? m_step : 0;
    }
    return states;
  }

  PathPlaces places() override {
    auto const x = mirror(m_paths.x), v = mirror(m_paths.v);
    PathPlaces places{std::vector<PathPoint>(n()), std::vector<PathPoint>(n())};
    for (std::size_t i = 0; i < n(); ++i) {
      for (int d = 0; d < D; ++d) {
        places.x[i][static_cast<std::size_t>(d)] = x(i, d);
        places.v[i][static_cast<std::size_t>(d)] = v(i, d);
      }
    }
    return places;
  }

  bool crossings_are_full(std::int64_t slots) override {
    auto const counts = fetch(m_paths.crossings, static_cast<std::size_t>(slots));
    return *std::max_element(counts.begin(), counts.end()) + most_crossings > static_cast<std::int64_t>(m_columns);
  }

  std::vector<Crossings> take_crossings(std::int64_t slots) override {
    auto const rows = std::make_pair(std::size_t{0}, static_cast<std::size_t>(slots));
    auto const counts = fetch(m_paths.crossings, static_cast<std::size_t>(slots));
    auto const x = mirror(Kokkos::subview(m_paths.seen_x, rows, Kokkos::ALL, Kokkos::ALL));
    auto const v = mirror(Kokkos::subview(m_paths.seen_v, rows, Kokkos::ALL, Kokkos::ALL));
    std::vector<Crossings> all(counts.size());
    for (std::size_t s = 0; s < counts.size(); ++s) {
      for (std::int32_t i = 0; i < counts[s]; ++i) {
        PathPoint at{}, velocity{};
        for (int d = 0; d < D; ++d) {
          at[static_cast<std::size_t>(d)] = x(s, i, d);
          velocity[static_cast<std::size_t>(d)] = v(s, i, d);
        }
        all[s].x.push_back(at);
        all[s].v.push_back(velocity);
      }
    }
    Kokkos::deep_copy(m_exec, m_paths.crossings, 0);
    return all;
  }

  std::int64_t bytes() const override { return static_cast<std::int64_t>(path_bytes(m_params)); }

 private:
  template <class Value>
  using View = Kokkos::View<Value*, Space>;
  using Points = detail::PathPoints<Space, D>;
  static constexpr std::int64_t most_crossings =
      segment / 2 + 1;  // of one path in a segment: A and back takes two steps

  static std::size_t columns_of(PathsParams const& params) {
    expects(params.slots > 0 && params.slots < (std::int64_t{1} << 31), "slots", params.slots, "1 to 2^31 - 1");
    return static_cast<std::size_t>(std::max<std::int64_t>(params.most_bins + 1, segment));
  }
  static Vec<double, D> vector_of(PathPoint const& point) {
    Vec<double, D> vector;
    for (int d = 0; d < D; ++d) vector[d] = point[static_cast<std::size_t>(d)];
    return vector;
  }
  static detail::RegionRules<D> rules_of(Region const& region) {
    return {region.lower, region.upper, region.energy, vector_of(region.centre), region.radius * region.radius};
  }
  std::size_t n() const { return static_cast<std::size_t>(m_params.slots); }
  auto alloc(std::string const& what) const { return Kokkos::view_alloc(m_exec, "kramers::Paths::" + what); }

  template <class Any>
  auto mirror(Any const& view) const {
    auto const host = Kokkos::create_mirror_view(view);
    copy_view(m_exec, host, view);
    m_exec.fence("kramers::Paths");
    return host;
  }
  template <class Value>
  std::vector<Value> fetch(View<Value> const& view, std::size_t count) const {
    auto const host = mirror(Kokkos::subview(view, std::make_pair(std::size_t{0}, count)));
    return std::vector<Value>(host.data(), host.data() + count);
  }
  template <class List, class To, class Choose>
  void send(List const& list, To const& view, Choose const& choose) const {
    if (list.empty()) return;
    auto const part = Kokkos::subview(view, std::make_pair(std::size_t{0}, list.size()));
    auto const host = Kokkos::create_mirror_view(part);
    m_exec.fence("kramers::Paths");  // what was enqueued before may still read it
    for (std::size_t i = 0; i < list.size(); ++i) host(i) = choose(list[i]);
    copy_view(m_exec, part, host);
    m_exec.fence("kramers::Paths");  // the copy on the host ends here
  }

  void set_table(LevelTable const* table) {
    if (!table) return;
    auto const [rows, columns] = table->points;
    expects(rows >= 2 && columns >= 2, "points", std::min(rows, columns), "2 at least along each axis");
    auto const size = std::int64_t{rows} * columns;
    expects(size <= m_params.table_points && size == std::ssize(table->value), "table", size,
            "as many numbers as points, at most table_points");
    m_rules.table = {.first = vector_of(table->first),
                     .last = vector_of({static_cast<double>(rows - 1), static_cast<double>(columns - 1)}),
                     .per_length = 1 / table->spacing,
                     .columns = columns};
    send(table->value, m_table, [](double value) { return value; });
  }

  void begin(std::int64_t count, bool branches) {
    m_count = count;
    m_step = 0;
    Kokkos::parallel_for(
        "kramers::rare_begin", Kokkos::RangePolicy<Space>(m_exec, 0, count),
        detail::BeginPathsKernel<Space, D>{.paths = m_paths,
                                           .active = m_active,
                                           .parent = m_parent,
                                           .bin = m_bin,
                                           .id = m_id,
                                           .x = m_x,
                                           .v = m_v,
                                           .branches = branches,
                                           .top = m_kind == PathKind::counted ? m_rules.bins - 1 : -1});
  }

  Space m_exec;
  Potential m_potential;
  PathsParams m_params;
  typename Scheme::template Constants<double> m_constants;
  std::size_t m_columns;
  View<std::int32_t> m_active, m_next, m_parent, m_bin;
  View<std::uint64_t> m_id;
  Points m_x, m_v;
  View<double> m_fixed, m_table;
  View<detail::RegionRules<D>> m_others;
  detail::PathViews<Space, D> m_paths;
  detail::PassageRules<D> m_rules{};
  PathKind m_kind = PathKind::passage;
  Stream m_stream = Stream::dynamics;
  std::int64_t m_count = 0, m_step = 0;
};

}  // namespace kramers::dynamics
