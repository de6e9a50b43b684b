// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Launches in pieces, so that a request to stop is noticed soon. Where a piece ends leaves no trace in the bits.
#include <kramers/dynamics/studies/study.hpp>
#include <kramers/runtime/kokkos_session.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>

namespace kramers::dynamics {
namespace {

// What is thought of a thread before its speed is known; slow cores with many coordinates have half of it.
constexpr double walker_steps_per_second = 5e7;
// A piece of blocks keeps all threads busy where each gets so many.
constexpr double blocks_per_thread = 8;

}  // namespace

// Bring all walkers to the end of the launch; false where a signal came between two pieces. An ensemble of many walkers is
// divided into blocks, of which some are then ahead; one of few in time, with the sums of each walker kept in between.
bool Study::finish_launch(StopRequest const& request, Progress& progress) {
  using Clock = std::chrono::steady_clock;
  double const patience = m_params.seconds_between_looks;
  std::int64_t const walkers = m_params.request.params.walkers, blocks = m_ensemble->blocks();
  double const threads = std::clamp<double>(thread_count(m_params.request.space), 1, std::max(1.0, double(blocks)));
  if (m_speed == 0) m_speed = walker_steps_per_second * threads / EnsembleLayout::block;
  for (bool whole = false; !whole;) {
    std::int64_t const left = end_of_launch() - m_step;
    double const share = static_cast<double>(left) * static_cast<double>(walkers) / m_comm.size();
    bool const at_once = share < walker_steps_per_second * patience;  // not worth asking the other ranks
    double const piece = std::max(1.0, m_speed * patience / static_cast<double>(left));  // blocks
    bool const in_order = at_once && m_launch.last_step == 0;
    bool const by_blocks =
        !in_order && (at_once || m_launch.last_step != 0 || m_comm.min(piece / (blocks_per_thread * threads)) >= 1);
    std::int64_t steps = left, done = blocks;
    whole = in_order;
    if (!in_order && !by_blocks) {
      double const mine = m_speed * patience / static_cast<double>(std::max<std::int64_t>(1, blocks));
      double const theirs = m_comm.min(std::max(1.0, mine));
      whole = theirs >= static_cast<double>(left);
      if (!whole) steps = static_cast<std::int64_t>(theirs);
    }
    // What a rank does without the others, which is all that its speed is about.
    auto const begin = Clock::now();
    if (by_blocks) {
      done = advance_blocks_behind(left, at_once || piece > double(blocks) ? blocks : static_cast<std::int64_t>(piece));
    } else if (whole) {
      m_ensemble->advance_blocks(steps, 0, blocks);
      m_ensemble->finish_advance(steps);
    } else {
      m_ensemble->advance_partly(steps);
      m_step += steps;
    }
    m_ensemble->wait();
    double const seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    if (done > 0) m_speed = static_cast<double>(done) * static_cast<double>(steps) / std::max(seconds, 1e-9);
    m_work.seconds += seconds;
    m_work.walker_steps += static_cast<double>(done * EnsembleLayout::block) * static_cast<double>(steps);
    if (by_blocks) {
      whole = at_once || m_comm.min(std::ranges::count(m_launch.ahead, 1) - blocks) == 0;
      if (whole) m_ensemble->finish_advance(steps);
    }
    if (whole) break;
    progress.update(static_cast<std::uint64_t>(walkers * m_step));
    if (request.signal(m_comm) != 0) return false;
  }
  m_step = end_of_launch();
  m_launch = {.first_step = m_step, .ahead = {}};
  return true;
}

// Advance blocks that are behind, at most so many; how many they were.
std::int64_t Study::advance_blocks_behind(std::int64_t steps, std::int64_t most) {
  m_launch.last_step = m_step + steps;
  auto& ahead = m_launch.ahead;
  ahead.resize(static_cast<std::size_t>(m_ensemble->blocks()), 0);
  std::int64_t done = 0;
  for (auto first = std::ranges::find(ahead, 0); first != ahead.end() && done < most;) {
    auto const last = std::find(first, first + std::min<std::ptrdiff_t>(ahead.end() - first, most - done), 1);
    m_ensemble->advance_blocks(steps, first - ahead.begin(), last - ahead.begin());
    std::fill(first, last, std::uint8_t{1});
    done += last - first;
    first = std::find(last, ahead.end(), 0);
  }
  return done;
}

}  // namespace kramers::dynamics
