// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/base/hash.hpp>
#include <kramers/dynamics/studies/rare_study.hpp>
#include <kramers/runtime/collective_errors.hpp>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <span>
#include <utility>

#include "rare_rows.hpp"

namespace kramers::dynamics {
namespace {

struct Share {
  std::int64_t first, last;
  std::int64_t size() const { return last - first; }
};
Share share_of(std::int64_t all, int rank, int ranks) {
  return {all * rank / ranks, all * (rank + 1) / ranks};
}

/// What of a request is divided over ranks.
std::int64_t work_items(RareRequest const& request) {
  if (request.method == RareMethod::exact) return 0;
  return has_repeats(request.method) ? request.splitting.repeats : request.shooting.pairs;
}

PathsParams repeated_paths(RareRequest const& request, std::int64_t repeats) {
  if (request.method == RareMethod::splitting) return paths_for(request.splitting, repeats);
  return paths_for(request.splitting, request.weighted, repeats);
}

/// How many repeats run side by side on a rank.
std::int64_t batch_of(RareRequest const& request) {
  constexpr std::int64_t enough_paths = 131072;
  std::int64_t const each = repeated_paths(request, 1).slots;
  return request.batch.value_or((enough_paths + each - 1) / each);
}

PathsParams paths_for(RareRequest const& request, Share const& mine) {
  if (has_repeats(request.method)) return repeated_paths(request, std::min(mine.size(), batch_of(request)));
  PathsParams params = paths_for(request.shooting);
  params.slots = std::min(params.slots, mine.size());
  return params;
}

/// Do some work, which may find that a key has no value to work with.
template <class Work>
auto about_the_input(RareRequest const& request, Work const& work) {
  try {
    return work();
  } catch (DomainError const& error) {
    if (error.name() != "max_steps") throw;
    throw request.config->error("rare.max_steps", "is " + error.got() + "; expected " + error.rule());
  }
}

/// The repeats that nobody has done yet, on every rank.
std::vector<std::int64_t> missing_repeats(RareRequest const& request, RareKeeping const& keeping,
                                          Communicator const& comm) {
  std::vector<std::uint8_t> is_there(static_cast<std::size_t>(request.splitting.repeats), 0);
  for (NumberedRepeat const& one : keeping.done) is_there[static_cast<std::size_t>(one.number)] = 1;
  comm.broadcast(std::span(is_there));
  std::vector<std::int64_t> missing;
  for (std::size_t i = 0; i < is_there.size(); ++i) {
    if (is_there[i] == 0) missing.push_back(static_cast<std::int64_t>(i));
  }
  return missing;
}

/// These repeats, side by side; none where the work was left.
std::vector<SplittingRepeat> run_repeats(RareRequest const& request, AnyPaths& paths,
                                         std::span<std::int64_t const> numbers, std::function<bool()> const& stop) {
  if (request.method == RareMethod::splitting) return run_splitting(paths, request.splitting, numbers, stop);
  auto const coordinates = static_cast<std::size_t>(request.splitting.coordinates);
  PlaceEnergy const energy = [&](PathPoint const& x) {
    return request.potential->energy(std::span(x).first(coordinates));
  };
  return run_weighted(paths, request.splitting, request.weighted, energy, numbers, stop);
}

/// The repeats of this rank, batch by batch, until a signal arrives.
std::vector<NumberedRepeat> split_mine(RareRequest const& request, AnyPaths& paths, std::span<std::int64_t const> mine,
                                       RareKeeping const& keeping) {
  std::vector<NumberedRepeat> all;
  auto const batch = static_cast<std::size_t>(batch_of(request));
  while (!mine.empty()) {
    auto const now = mine.first(std::min(batch, mine.size()));
    auto const found = about_the_input(request, [&] { return run_repeats(request, paths, now, keeping.stop); });
    if (found.empty()) break;  // stopped
    std::vector<NumberedRepeat> numbered;
    for (std::size_t i = 0; i < now.size(); ++i) numbered.push_back({now[i], found[i]});
    if (keeping.keep) keeping.keep(numbered);
    std::ranges::move(numbered, std::back_inserter(all));
    mine = mine.subspan(now.size());
  }
  return all;
}

void split(RareRequest const& request, AnyPaths* paths, std::span<std::int64_t const> mine, RareKeeping const& keeping,
           Communicator const& comm, RareResult& result) {
  detail::RepeatRows rows;
  agree(comm, [&] {
    if (!paths) return;
    for (NumberedRepeat const& one : split_mine(request, *paths, mine, keeping)) rows.add(one);
  });
  rows = {comm.gather(rows.number), comm.gather(rows.numbers), comm.gather(rows.late_shares),
          comm.gather(rows.durations), comm.gather(rows.lines)};
  for (NumberedRepeat const& one : keeping.done) rows.add(one);
  result.is_continued = !keeping.done.empty();
  result.repeats_done = static_cast<std::int64_t>(rows.number.size());
  comm.broadcast(result.repeats_done);
  if (result.repeats_done < request.splitting.repeats) return;
  agree(comm, [&] {
    if (!comm.is_root()) return;
    auto all = rows.repeats(request.splitting.passage);
    std::ranges::sort(all, {}, &NumberedRepeat::number);
    rows = {};
    for (NumberedRepeat& one : all) {
      rows.add(one);
      result.repeats.push_back(std::move(one.found));
    }
    std::uint64_t place = 0;
    for (double const x : rows.numbers) result.hash += hash_element(place++, std::bit_cast<std::uint64_t>(x));
    if (request.method == RareMethod::weighted_ensemble) {
      for (double const x : rows.late_shares) result.hash += hash_element(place++, std::bit_cast<std::uint64_t>(x));
      return;
    }
    auto const left = [](SplittingRepeat const& one) { return one.crossings > 0; };
    if (std::ranges::any_of(result.repeats, left)) return;
    throw request.config->error("rare.state_a",
                                "is a state that no walker left for the first level in rare.flux.steps; let them be "
                                "more, or rare.level.start nearer to the state");
  });
  comm.broadcast(result.hash);
}

/// Follow again what is to be written. Bits do not depend on what else is followed: one path at a time will do.
void follow_paths(RareRequest const& request, RareKeeping const& keeping, Communicator const& comm,
                  RareResult& result) {
  if (request.method != RareMethod::splitting || request.splitting.kept_paths == 0) return;
  agree(comm, [&] {
    if (!comm.is_root()) return;
    PathsParams params = paths_for(request.splitting, 1);
    params.slots = 1;
    auto const paths = request.make_paths({request.space, request.scheme, params});
    for (std::size_t r = 0; r < result.repeats.size(); ++r) {
      for (PathLine const& line : result.repeats[r].lines) {
        if (keeping.stop && keeping.stop()) {
          result.lacks_paths = true;
          return;
        }
        replay(*paths, request.splitting, static_cast<std::int64_t>(r), line,
               path_interval(line.duration, request.path_every), result.paths);
      }
    }
    weigh(result.repeats, result.paths);
  });
  comm.broadcast(result.lacks_paths);
}

void shoot_pairs(RareRequest const& request, AnyPaths* paths, Share const& mine, Communicator const& comm,
                 RareResult& result) {
  ShootingCounts counts;
  agree(comm, [&] {
    if (!paths) return;
    counts = about_the_input(request, [&] { return shoot(*paths, request.shooting, mine.first, mine.last); });
  });
  std::uint64_t place = 0;
  for (std::int64_t* const number :
       {&counts.pairs, &counts.steps, &counts.committed, &counts.decided, &counts.core_steps, &counts.effective}) {
    *number = comm.sum(*number);
    result.hash += hash_element(place++, static_cast<std::uint64_t>(*number));
  }
  result.shots = counts;
}

}  // namespace

RareRequest sized_by_pilot(RareRequest request, Communicator const& comm) {
  if (request.method != RareMethod::splitting || !request.target_error) return request;
  RareRequest pilot = request;
  pilot.splitting.kept_paths = 0;
  pilot.splitting.seed = mix64(request.splitting.seed);
  RareResult const found = compute_rare(pilot, comm);
  double replicas = 0;
  agree(comm, [&] {
    if (!comm.is_root()) return;
    SplittingResult const rate = summarise(found.repeats);
    if (!(rate.rate > 0)) {
      throw request.config->error("rare.replicas", "is " + std::to_string(request.splitting.selection.replicas) +
                                                       ", too few for a pilot: no replica reached B; make it larger");
    }
    // The variance of a repeat falls as one over its replicas.
    double const excess = rate.rate_error / rate.rate / *request.target_error;
    replicas = std::ceil(static_cast<double>(request.splitting.selection.replicas) * excess * excess);
    double const most =
        static_cast<double>((std::int64_t{1} << 31) - 1) / static_cast<double>(request.splitting.repeats);
    if (replicas > most) {
      throw request.config->error("rare.target_error", "takes " + std::to_string(static_cast<std::int64_t>(replicas)) +
                                                           " replicas of each repeat, more than 2^31 in all; make it "
                                                           "larger, or take more repeats");
    }
  });
  comm.broadcast(replicas);
  request.splitting.selection.replicas =
      std::max(request.splitting.selection.replicas, static_cast<std::int64_t>(replicas));
  return request;
}

RareResult compute_rare(RareRequest const& request, Communicator const& comm, RareKeeping const& keeping) {
  RareResult result;
  if (request.method == RareMethod::exact) return result;
  bool const splits = has_repeats(request.method);
  std::vector<std::int64_t> const missing =
      splits ? missing_repeats(request, keeping, comm) : std::vector<std::int64_t>{};
  Share const mine = share_of(splits ? std::ssize(missing) : work_items(request), comm.rank(), comm.size());
  std::unique_ptr<AnyPaths> paths;
  agree(comm, [&] {
    if (mine.size() > 0) paths = request.make_paths({request.space, request.scheme, paths_for(request, mine)});
  });
  comm.barrier();
  auto const begin = std::chrono::steady_clock::now();
  if (splits) {
    auto const numbers =
        std::span(missing).subspan(static_cast<std::size_t>(mine.first), static_cast<std::size_t>(mine.size()));
    split(request, paths.get(), numbers, keeping, comm, result);
    if (result.repeats_done == request.splitting.repeats) follow_paths(request, keeping, comm, result);
  } else {
    shoot_pairs(request, paths.get(), mine, comm, result);
  }
  double const seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  result.seconds = comm.max(seconds);
  result.bytes = comm.sum(paths ? paths->bytes() : std::int64_t{0});
  return result;
}

bool is_divided(RareRequest const& request, int ranks) {
  return has_repeats(request.method) &&
         share_of(request.splitting.repeats, ranks - 1, ranks).size() > batch_of(request);
}

std::vector<MemoryNeed> memory_needed(RareRequest const& request, int rank, int ranks) {
  Share const mine = share_of(work_items(request), rank, ranks);
  if (mine.size() == 0) return {};
  PathsParams const params = paths_for(request, mine);
  // On the host: lists of starts, branches and ends, and walkers with weights of two generations.
  double const each = request.method == RareMethod::weighted_ensemble ? 240 : 60;
  std::vector<MemoryNeed> needs{{"paths", "rare.repeats, rare.replicas or rare.level.bins",
                                 each * static_cast<double>(params.slots), path_bytes(params), true}};
  std::int64_t const kept = request.splitting.kept_paths;
  if (request.method == RareMethod::splitting && kept > 0) {
    // Who descends from whom: a replica is replaced once in each bin at most, in repeats that keep paths.
    SelectionParams const& selection = request.splitting.selection;
    double const repeats = static_cast<double>(std::min({mine.size(), batch_of(request), kept}));
    double const replicas = repeats * static_cast<double>(selection.replicas);
    double const written = rank == 0 ? reactive_path_bytes(kept, selection.bins) : 0;
    needs.push_back({"reactive paths", "output.paths.count", replicas * (8 + 16.0 * selection.bins) + written, 0});
  }
  return needs;
}

}  // namespace kramers::dynamics
