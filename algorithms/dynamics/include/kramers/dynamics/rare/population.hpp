// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace kramers::dynamics {

/// How replicas are selected.
struct SelectionParams {
  std::int64_t replicas = 1000;  ///< >= 2
  double kill = 0.25;            ///< share of them that an adaptive stage replaces at least, in (0, 1)
  int bins = 64;                 ///< of the level; B counts as bin number `bins`
  bool fixed = false;            ///< each bin is a stage, instead of the level that `kill` gives
};

/// Throw DomainError unless replicas can be selected so.
void check(SelectionParams const& params);

/// A replica that is replaced: it becomes a copy of `parent` at its first state in `bin`, with noise number `child`.
struct Replacement {
  std::int32_t replica, parent, bin;
  std::int64_t child;
};

/// The replicas of one repeat of generalised adaptive multilevel splitting, without their dynamics.
///
/// All replicas that have not come above the k-th smallest of the highest bins are replaced, ties included; the factor of
/// the probability is the share that is left; copies begin strictly above. So the estimate is unbiased for any number of
/// replicas, share, level and bins. A repeat in which none is left counts as zero.
///
/// @see Source  Brehier, Gazeau, Goudenege, Lelievre and Rousset, Ann. Appl. Probab. 26, 3559 (2016)
class Population {
 public:
  Population(SelectionParams const& params, std::uint64_t seed, std::int64_t repeat);

  /// Look at the highest bins of all replicas, all of whose paths have ended.
  /// @return  those to be replaced; none where splitting has come to its end
  std::vector<Replacement> select(std::span<std::int32_t const> top);

  /// Estimate of the probability to reach B first, once select() has returned nothing.
  double probability() const { return m_probability; }
  /// That of each bin, 0 to `bins`.
  std::vector<double> const& reached() const { return m_reached; }
  bool extinct() const { return m_extinct; }
  std::int64_t stages() const { return m_stages; }
  /// Starting points that have descendants in B.
  std::int64_t roots() const;
  /// Variance of the probability relative to its square, from how many descendants in B each starting point has: of two
  /// replicas in B, those that descend from different starting points estimate the square of the probability, once it is
  /// allowed for that copies make some related whatever they do, a share 1 / N at the start and K / N^2 where K of N are
  /// replaced. Infinite where none is in B.
  /// @see Source  Lee and Whiteley, Biometrika 105, 609 (2018), for stages that replace all
  double relative_variance() const;

 private:
  void finish(std::vector<std::int64_t> const& at_least, std::span<std::int32_t const> top);

  SelectionParams m_params;
  std::uint64_t m_seed;
  std::int64_t m_repeat, m_children, m_stages = 0;
  int m_stage = -1;    // all replicas are above this bin
  double m_unrelated;  // probability of two replicas to be unrelated, if all did the same
  double m_share = 1, m_probability = 0;
  bool m_extinct = false;
  std::vector<std::int32_t> m_root;
  std::vector<double> m_reached;
  std::vector<std::int64_t> m_descendants;
};

}  // namespace kramers::dynamics
