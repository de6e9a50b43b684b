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
#include <span>

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
  return request.method == RareMethod::splitting ? request.splitting.repeats : request.shooting.pairs;
}

PathsParams paths_for(RareRequest const& request, Share const& mine) {
  if (request.method == RareMethod::splitting) return paths_for(request.splitting, mine.size());
  PathsParams params = paths_for(request.shooting);
  params.slots = std::min(params.slots, mine.size());
  return params;
}

// Numbers of a repeat in the order in which ranks send them, followed by those of `reached`.
constexpr std::size_t plain_numbers = 9;

void pack(SplittingRepeat const& one, std::vector<double>& numbers) {
  for (std::int64_t const n : {one.crossings, one.flux_steps, one.path_steps, one.stages, one.roots}) {
    numbers.push_back(std::bit_cast<double>(n));
  }
  numbers.insert(numbers.end(), {one.flux, one.probability, one.relative_variance, one.extinct ? 1.0 : 0.0});
  numbers.insert(numbers.end(), one.reached.begin(), one.reached.end());
}

SplittingRepeat unpack(std::span<double const> numbers) {
  auto const integer = [&](std::size_t i) { return std::bit_cast<std::int64_t>(numbers[i]); };
  SplittingRepeat one;
  one.crossings = integer(0);
  one.flux_steps = integer(1);
  one.path_steps = integer(2);
  one.stages = integer(3);
  one.roots = integer(4);
  one.flux = numbers[5];
  one.probability = numbers[6];
  one.relative_variance = numbers[7];
  one.extinct = numbers[8] != 0;
  one.reached.assign(numbers.begin() + plain_numbers, numbers.end());
  return one;
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

/// Durations of the paths of all repeats of this rank, each list after its length.
void pack_durations(SplittingRepeat const& one, std::vector<std::uint32_t>& numbers) {
  numbers.push_back(static_cast<std::uint32_t>(one.durations.size()));
  numbers.insert(numbers.end(), one.durations.begin(), one.durations.end());
}
void unpack_durations(std::vector<std::uint32_t> const& numbers, std::vector<SplittingRepeat>& repeats) {
  auto next = numbers.begin();
  for (SplittingRepeat& one : repeats) {
    auto const count = static_cast<std::ptrdiff_t>(*next++);
    one.durations.assign(next, next + count);
    next += count;
  }
}

void split(RareRequest const& request, AnyPaths* paths, Share const& mine, Communicator const& comm,
           RareResult& result) {
  std::vector<double> numbers;
  std::vector<std::uint32_t> durations;
  agree(comm, [&] {
    if (!paths) return;
    auto const repeats =
        about_the_input(request, [&] { return run_splitting(*paths, request.splitting, mine.first, mine.last); });
    for (SplittingRepeat const& one : repeats) {
      pack(one, numbers);
      pack_durations(one, durations);
    }
  });
  std::size_t const row = plain_numbers + static_cast<std::size_t>(request.splitting.passage.bins()) + 1;
  std::vector<double> const all = comm.gather(numbers);
  for (std::size_t i = 0; i < all.size(); i += row) result.repeats.push_back(unpack(std::span(all).subspan(i, row)));
  unpack_durations(comm.gather(durations), result.repeats);
  for (std::size_t i = 0; i < all.size(); ++i) result.hash += hash_element(i, std::bit_cast<std::uint64_t>(all[i]));
  comm.broadcast(result.hash);
  agree(comm, [&] {
    if (!comm.is_root()) return;
    auto const left = [](SplittingRepeat const& one) { return one.crossings > 0; };
    if (std::ranges::any_of(result.repeats, left)) return;
    throw request.config->error("rare.state_a",
                                "is a state that no walker left for the first level in rare.flux.steps; let them be "
                                "more, or rare.level.start nearer to the state");
  });
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

RareResult compute_rare(RareRequest const& request, Communicator const& comm) {
  RareResult result;
  if (request.method == RareMethod::exact) return result;
  Share const mine = share_of(work_items(request), comm.rank(), comm.size());
  std::unique_ptr<AnyPaths> paths;
  agree(comm, [&] {
    if (mine.size() > 0) paths = request.make_paths({request.space, request.scheme, paths_for(request, mine)});
  });
  comm.barrier();
  auto const begin = std::chrono::steady_clock::now();
  (request.method == RareMethod::splitting ? split : shoot_pairs)(request, paths.get(), mine, comm, result);
  double const seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  result.seconds = comm.max(seconds);
  result.bytes = comm.sum(paths ? paths->bytes() : std::int64_t{0});
  return result;
}

std::vector<MemoryNeed> memory_needed(RareRequest const& request, int rank, int ranks) {
  Share const mine = share_of(work_items(request), rank, ranks);
  if (mine.size() == 0) return {};
  PathsParams const params = paths_for(request, mine);
  // Lists of starts, branches and ends on the host: about 60 bytes a path.
  return {{"paths", "rare.repeats, rare.replicas or rare.level.bins", 60 * static_cast<double>(params.slots),
           path_bytes(params), true}};
}

}  // namespace kramers::dynamics
