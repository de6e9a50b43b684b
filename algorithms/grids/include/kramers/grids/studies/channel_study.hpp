// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/grids/channel/any_channel.hpp>
#include <kramers/grids/studies/published.hpp>
#include <kramers/runtime/checkpoints.hpp>
#include <kramers/runtime/command_line.hpp>
#include <kramers/runtime/input_guide.hpp>
#include <kramers/runtime/memory_need.hpp>
#include <kramers/runtime/recorded_input.hpp>

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace kramers::grids {

/// A channel as an input asks for it.
struct ChannelRequest {
  std::string space, precision;
  ChannelParams params;
  std::int64_t steps = 1000;        ///< with a tolerance the most there may be
  std::optional<double> tolerance;  ///< of the relative change of the sum of u in a step
  bool round_off = false;           ///< follow a second flow that differs in the last place
  std::vector<std::string> warnings;
  std::string fingerprint;         ///< what a checkpoint is compared with
  Config const* config = nullptr;  ///< that was read, for messages
};

/// Ask for every key of kramers-channel but those of the tables [output] and [checkpoint]. The Config has to live as long as
/// the request.
/// @throws InputError  a key that is missing or impossible; a dt for which the flow is unstable
ChannelRequest read_channel(Config const& config, CommandLine const& options, int ranks);
std::vector<KeyNote> channel_keys();
std::vector<MemoryNeed> memory_needed(ChannelRequest const& request, int ranks);

/// What the fields are like at the end.
struct ChannelState {
  double sum_u = 0, sum_u2 = 0, sum_v2 = 0, sum_p2 = 0;  ///< of u, u^2, v^2, (p - 1)^2
  double most_v = 0, most_p = 0;                         ///< largest |v| and |p - 1|
  bool uniform = false;                                  ///< all columns have the same bits
};

/// How rounding grows: a second flow, in which one cell of u begins higher by the last place of 1, beside the first.
struct RoundOff {
  std::int64_t row = 0, column = 0;  ///< of the cell, in the middle
  double amount = 0;                 ///< 2^-52, or 2^-23 in single precision
  std::vector<double> differences;   ///< largest |difference of u| after each step, while all are finite
  std::optional<double> growth;      ///< per step, by a fit over the exponential part; nothing where there is none
  std::int64_t first = 0, last = 0;  ///< steps of the fit
};

/// The factor per step of numbers that grow exponentially, by least squares of their logarithms. Nothing where they do not:
/// of fewer than 8, of numbers that are not positive, where they grow less than tenfold in all, or where the slopes of both
/// halves differ by more than a quarter, as those of a power do.
std::optional<double> exponential_growth(std::span<double const> series);

/// Follows the second flow. All functions are collective.
class RoundOffTwin {
 public:
  RoundOffTwin(ChannelRequest const& request, Communicator const& comm);
  /// Do the step that the first flow has done, and compare.
  void follow(AnyChannel& first);
  /// The exponential part begins where the difference is a hundred times the first one and ends where it is a thousandth of
  /// the mean of u: there rounding itself and the flow's own limits are far away.
  RoundOff found() const;

 private:
  std::unique_ptr<AnyChannel> m_flow;
  RoundOff m_found;
  std::vector<double> m_means;
  double m_cells;
};

struct ChannelResult {
  std::unique_ptr<AnyChannel> flow;
  std::vector<double> changes;  ///< relative change of the sum of u, of each step
  ChannelState state;
  std::optional<RoundOff> round_off;
  std::int64_t first = 0;  ///< steps that were done before this run began
  int signal = 0;          ///< that ended the run before its end, with a checkpoint; neither state nor hash then
  double seconds = 0;      ///< of the slowest rank
  std::uint64_t hash = 0;
};

/// Collective. `tell` hears of progress, at the begin too: cells computed so far by all ranks. Without a plan no signal may
/// be waited for (`interruptible`), since there is no file for a checkpoint.
/// @throws InputError  the change is above the tolerance after the last step, or the flow left the finite numbers; a
///                     checkpoint of another input, or from beyond the end
/// @throws IoError     a checkpoint that is missing or damaged, or cannot be written when a signal came
ChannelResult compute_channel(ChannelRequest const& request, Communicator const& comm,
                              std::function<void(std::uint64_t)> const& tell, CheckpointPlan const& plan = {});

/// What others have published of this run. Collective.
std::vector<PublishedNumber> compare_published(ChannelRequest const& request, ChannelResult const& result,
                                               Communicator const& comm);

/// The same on all ranks. Collective.
nlohmann::json summarise_channel(ChannelRequest const& request, ChannelResult const& result, Communicator const& comm);

/// Fields and changes; collective.
/// @throws IoError  it cannot be written
void write_channel(std::filesystem::path const& path, Communicator const& comm, ChannelRequest const& request,
                   ChannelResult const& result, nlohmann::json const& summary, InputRecord const& input);

}  // namespace kramers::grids
