// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Who advances which walkers, and how they change hands. No bit of a result depends on it: each walker is a function of its
// number, and sums are added up over cells, which no division cuts.
#include <kramers/dynamics/studies/study.hpp>
#include <kramers/dynamics/studies/study_memory.hpp>
#include <kramers/dynamics/studies/work_sharing.hpp>
#include <kramers/runtime/exchange.hpp>
#include <kramers/runtime/memory_need.hpp>

#include <algorithm>
#include <cstring>

namespace kramers::dynamics {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

// Below so many walker-steps a run takes about a second of one core, and is not worth measuring.
constexpr double worth_measuring = 5e8;
// Walkers that keep a device busy.
constexpr std::int64_t sample_walkers = std::int64_t{1} << 20;
constexpr double sample_seconds = 0.05;
// What is thought of moving walkers before it is known: bytes per second, through MPI and on the device.
constexpr double bytes_per_second = 5e8;

double speed_here(StudyParams const& params, Communicator const& comm) {
  EnsembleRequest request = params.request;
  EnsembleLayout const layout(request.params.walkers);
  auto const [first, last] = Division::equal(layout, comm.size()).range_of(comm.rank());
  std::int64_t const parts = std::max<std::int64_t>(1, sample_walkers / layout.part);
  request.range = first < last ? EnsembleLayout::Range{first, std::min(last, first + parts * layout.part)}
                               : EnsembleLayout::Range{0, std::min(layout.walkers, layout.part)};
  request.params.production_start = 0;
  auto const sample = make_ensemble(request);
  sample->initialise(params.initial);
  sample->advance(1);  // the first launch may load or translate a kernel
  sample->wait();
  for (std::int64_t steps = 1;; steps *= 2) {
    auto const begin = Clock::now();
    sample->advance(steps);
    sample->wait();
    double const seconds = seconds_since(begin);
    if (seconds < sample_seconds) continue;
    return static_cast<double>(request.range.size()) * static_cast<double>(steps) / seconds;
  }
}

/// The speeds of all ranks, on all of them.
std::vector<double> on_all(Communicator const& comm, std::vector<double> of_root) {
  of_root.resize(static_cast<std::size_t>(comm.size()));
  comm.broadcast(std::span<double>(of_root));
  return of_root;
}

/// Rows that change hands as the walkers do.
class Move {
 public:
  Move(Communicator const& comm, Division const& from, Division const& to) : m_comm(comm), m_from(from), m_to(to) {}

  /// @param[in] rows_of  the rows that belong to a range of walkers
  /// @param[in] width    values in a row
  template <class T, class RowsOf>
  std::vector<T> operator()(std::span<T const> mine, RowsOf const& rows_of, std::size_t width) const {
    std::vector<RowRange> from, to;
    for (int rank = 0; rank < m_comm.size(); ++rank) {
      auto const before = rows_of(m_from.range_of(rank)), after = rows_of(m_to.range_of(rank));
      from.push_back({before.first, before.last});
      to.push_back({after.first, after.last});
    }
    auto const bytes = redistribute(m_comm, from, to, std::as_bytes(mine), width * sizeof(T));
    std::vector<T> rows(bytes.size() / sizeof(T));
    if (!bytes.empty()) std::memcpy(rows.data(), bytes.data(), bytes.size());
    return rows;
  }

 private:
  Communicator const& m_comm;
  Division const &m_from, &m_to;
};

/// A table of frames, each with a row per walker, with the rows of a walker side by side, or the other way round.
std::vector<double> transposed(std::vector<double> const& table, std::size_t rows, std::size_t columns,
                               std::size_t width) {
  std::vector<double> other(table.size());
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t column = 0; column < columns; ++column) {
      std::copy_n(&table[(row * columns + column) * width], width, &other[(column * rows + row) * width]);
    }
  }
  return other;
}

}  // namespace

std::vector<double> measure_speeds(StudyParams const& params, Communicator const& comm,
                                   std::chrono::milliseconds patience) {
  return on_all(comm, roll_call(comm, speed_here(params, comm), "its speed", patience));
}

Division first_division(StudyParams const& params, Communicator const& comm, bool ranks_are_alike) {
  EnsembleLayout const layout(params.request.params.walkers);
  double const work = static_cast<double>(layout.walkers) * static_cast<double>(params.last_step());
  if (comm.size() == 1 || ranks_are_alike || work < worth_measuring) return Division::equal(layout, comm.size());
  return Division::by_speed(layout, measure_speeds(params, comm));
}

bool Study::wants_rebalance() const {
  return m_comm.size() > 1 && seconds_since(m_work.begin) >= m_work.interval;
}

std::vector<double> Study::speeds() {
  if (m_work.seconds > 0) m_work.speed = m_work.walker_steps / m_work.seconds;
  return on_all(m_comm, m_comm.gather(std::vector<double>{m_work.speed}));
}

// At the end of a launch. Ranks that seem to have changed their speeds again and again are left alone for longer and longer.
void Study::rebalance() {
  std::vector<double> const now = speeds();
  double const cost =
      m_comm.max(m_work.cost > 0 ? m_work.cost : static_cast<double>(m_ensemble->state_bytes()) / bytes_per_second);
  bool const known = std::ranges::any_of(now, [](double speed) { return speed > 0; });
  std::optional<Division> better;
  if (known) {
    better = better_division(m_ensemble->layout(), m_division, now, static_cast<double>(m_params.last_step() - m_step),
                             cost);
  }
  if (better && has_room(*better)) {
    auto const begin = Clock::now();
    share(*better);
    m_work.cost = seconds_since(begin);
    m_work.interval *= 2;
    ++m_work.moves;
  }
  m_work.begin = Clock::now();
  m_work.seconds = m_work.walker_steps = 0;
}

// Beside the walkers that are there still.
bool Study::has_room(Division const& division) const {
  try {
    auto const needs = memory_needed(m_params, division.range_of(m_comm.rank()), m_comm.size());
    require_memory(m_comm, needs, m_params.request.space);
    return true;
  } catch (MachineError const&) {
    return false;
  } catch (PeerError const&) {  // of a rank that has none
    return false;
  }
}

void Study::share(Division const& to) {
  Move const move(m_comm, m_division, to);
  EnsembleLayout const layout = m_ensemble->layout();
  auto const walkers = [](EnsembleLayout::Range const& range) { return range; };
  using Column = std::variant<std::vector<double>, std::vector<float>, std::vector<std::uint8_t>>;
  std::vector<Column> state;
  for (StateColumn const& column : m_ensemble->download()) {
    std::visit(
        [&](auto values) {
          using T = typename decltype(values)::value_type;
          state.emplace_back(move(std::span<T const>(values), walkers, 1));
        },
        column.values);
  }
  auto const cells = [&](EnsembleLayout::Range const& range) { return layout.cells_of(range); };
  CellSums const old_sums = m_ensemble->cell_sums();
  CellSums const sums(move(std::span<double const>(old_sums.values()), cells, row_length<Quantity>));
  auto const counters = m_ensemble->histogram();  // of all groups: they stay where they were counted
  move_trajectory(to);

  m_division = to;
  m_ensemble.reset();  // before there is another
  m_params.request.range = to.range_of(m_comm.rank());
  m_ensemble = make_ensemble(m_params.request);
  m_ensemble->initialise(m_params.initial);
  auto column = state.begin();
  for (StateColumn& target : m_ensemble->download()) {
    std::visit(
        [&](auto values) {
          using T = typename decltype(values)::value_type;
          std::ranges::copy(std::get<std::vector<T>>(*column++), values.begin());
        },
        target.values);
  }
  m_ensemble->upload(m_step);
  m_ensemble->set_cell_sums(sums);
  m_ensemble->set_histogram(counters);
}

void Study::move_trajectory(Division const& to) {
  if (m_params.trajectory_walkers == 0) return;
  auto const recorded_of = [&](EnsembleLayout::Range const& range) {
    return EnsembleLayout::Range{std::min(range.first, m_params.trajectory_walkers),
                                 std::min(range.last, m_params.trajectory_walkers)};
  };
  Move const move(m_comm, m_division, to);
  auto const frames = m_record.trajectory_steps.size(), width = static_cast<std::size_t>(m_ensemble->dimension());
  auto const before = static_cast<std::size_t>(recorded().size());
  auto const after = static_cast<std::size_t>(recorded_of(to.range_of(m_comm.rank())).size());
  for (auto* values : {&m_record.positions, &m_record.velocities}) {
    std::vector<double> const mine = transposed(*values, frames, before, width);
    *values = transposed(move(std::span<double const>(mine), recorded_of, frames * width), after, frames, width);
  }
}

}  // namespace kramers::dynamics
