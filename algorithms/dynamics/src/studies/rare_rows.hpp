// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/dynamics/studies/kept_repeats.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace kramers::dynamics::detail {

/// Repeats as numbers, as ranks send them and files hold them.
struct RepeatRows {
  std::vector<std::int64_t> number;
  std::vector<double> numbers;           ///< a row of row_length(passage) for each
  std::vector<double> late_shares;       ///< one for each
  std::vector<std::uint32_t> durations;  ///< a list for each, after its length
  std::vector<std::int64_t> lines;       ///< PathLine: for each their number, then all that they are

  void add(NumberedRepeat const& one);
  /// @throws DomainError  the lists do not fit together
  std::vector<NumberedRepeat> repeats(Passage const& passage) const;
};

/// Numbers of a repeat.
std::size_t row_length(Passage const& passage);

}  // namespace kramers::dynamics::detail
