// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rare_rows.hpp"

#include <kramers/base/error.hpp>

#include <bit>
#include <span>

namespace kramers::dynamics::detail {
namespace {

// Numbers of a repeat, followed by those of `reached`.
constexpr std::size_t plain_numbers = 9;

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

}  // namespace

std::size_t row_length(int bins) {
  return plain_numbers + static_cast<std::size_t>(bins) + 1;
}

void RepeatRows::add(NumberedRepeat const& numbered) {
  SplittingRepeat const& one = numbered.found;
  number.push_back(numbered.number);
  for (std::int64_t const n : {one.crossings, one.flux_steps, one.path_steps, one.stages, one.roots}) {
    numbers.push_back(std::bit_cast<double>(n));
  }
  numbers.insert(numbers.end(), {one.flux, one.probability, one.relative_variance, one.extinct ? 1.0 : 0.0});
  numbers.insert(numbers.end(), one.reached.begin(), one.reached.end());
  late_shares.push_back(one.late_share);
  durations.push_back(static_cast<std::uint32_t>(one.durations.size()));
  durations.insert(durations.end(), one.durations.begin(), one.durations.end());
}

std::vector<NumberedRepeat> RepeatRows::repeats(int bins) const {
  std::size_t const row = row_length(bins);
  expects_extent("numbers", std::ssize(numbers), static_cast<std::int64_t>(row * number.size()));
  expects_extent("late shares", std::ssize(late_shares), std::ssize(number));
  std::vector<NumberedRepeat> all;
  std::span<std::uint32_t const> left(durations);
  for (std::size_t i = 0; i < number.size(); ++i) {
    all.push_back({number[i], unpack(std::span(numbers).subspan(i * row, row))});
    expects(!left.empty() && left.front() < left.size(), "durations", std::ssize(left), "as many as their lengths say");
    all.back().found.late_share = late_shares[i];
    auto const mine = left.subspan(1, left.front());
    all.back().found.durations.assign(mine.begin(), mine.end());
    left = left.subspan(1 + mine.size());
  }
  return all;
}

}  // namespace kramers::dynamics::detail
