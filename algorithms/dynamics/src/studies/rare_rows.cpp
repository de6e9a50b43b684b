// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rare_rows.hpp"

#include <kramers/base/error.hpp>

#include <bit>
#include <cstddef>
#include <limits>
#include <span>

namespace kramers::dynamics::detail {
namespace {

// Numbers of a repeat, followed by those of `reached` and of `shares`.
constexpr std::size_t plain_numbers = 9;

std::size_t shares_of(Passage const& passage) {
  return passage.others.empty() ? 0 : passage.others.size() + 1;
}

SplittingRepeat unpack(std::span<double const> numbers, std::size_t shares) {
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
  auto const rest = numbers.subspan(plain_numbers);
  one.reached.assign(rest.begin(), rest.end() - static_cast<std::ptrdiff_t>(shares));
  one.shares.assign(rest.end() - static_cast<std::ptrdiff_t>(shares), rest.end());
  return one;
}

void pack(PathPoint const& point, std::vector<std::int64_t>& to) {
  for (double const x : point) to.push_back(std::bit_cast<std::int64_t>(x));
}

/// Takes integers from a list that may be too short.
class Unpacking {
 public:
  explicit Unpacking(std::span<std::int64_t const> from) : m_left(from) {}

  std::int64_t next(std::int64_t lowest, std::int64_t highest) {
    expects(!m_left.empty(), "lines", 0, "as many numbers as their lengths say");
    std::int64_t const value = m_left.front();
    expects(value >= lowest && value <= highest, "lines", value, "numbers of paths");
    m_left = m_left.subspan(1);
    return value;
  }
  PathPoint point() {
    PathPoint point;
    using Limits = std::numeric_limits<std::int64_t>;
    for (double& x : point) x = std::bit_cast<double>(next(Limits::min(), Limits::max()));
    return point;
  }
  /// A number of things of which each takes one number or more.
  std::int64_t count() { return next(0, std::ssize(m_left)); }

 private:
  std::span<std::int64_t const> m_left;
};

void pack(PathLine const& line, std::vector<std::int64_t>& to) {
  to.push_back(line.duration);
  for (PathPoint const& point : {line.x, line.v, line.end_x, line.end_v}) pack(point, to);
  to.push_back(std::ssize(line.legs));
  for (PathLeg const& leg : line.legs) to.insert(to.end(), {leg.replica, leg.bin});
}

PathLine unpack_line(Unpacking& from, int bins) {
  PathLine line;
  line.duration = static_cast<std::uint32_t>(from.next(0, longest_age - 1));
  for (PathPoint* const point : {&line.x, &line.v, &line.end_x, &line.end_v}) *point = from.point();
  std::int64_t const legs = from.count();
  expects(legs >= 1, "legs", legs, ">= 1");
  for (std::int64_t i = 0; i < legs; ++i) {
    std::int64_t const replica = from.next(0, (std::int64_t{1} << 44) - 1);
    line.legs.push_back({replica, static_cast<std::int32_t>(from.next(0, bins))});
  }
  return line;
}

}  // namespace

std::size_t row_length(Passage const& passage) {
  return plain_numbers + static_cast<std::size_t>(passage.bins()) + 1 + shares_of(passage);
}

void RepeatRows::add(NumberedRepeat const& numbered) {
  SplittingRepeat const& one = numbered.found;
  number.push_back(numbered.number);
  for (std::int64_t const n : {one.crossings, one.flux_steps, one.path_steps, one.stages, one.roots}) {
    numbers.push_back(std::bit_cast<double>(n));
  }
  numbers.insert(numbers.end(), {one.flux, one.probability, one.relative_variance, one.extinct ? 1.0 : 0.0});
  numbers.insert(numbers.end(), one.reached.begin(), one.reached.end());
  numbers.insert(numbers.end(), one.shares.begin(), one.shares.end());
  late_shares.push_back(one.late_share);
  durations.push_back(static_cast<std::uint32_t>(one.durations.size()));
  durations.insert(durations.end(), one.durations.begin(), one.durations.end());
  lines.push_back(std::ssize(one.lines));
  for (PathLine const& line : one.lines) pack(line, lines);
}

std::vector<NumberedRepeat> RepeatRows::repeats(Passage const& passage) const {
  std::size_t const row = row_length(passage);
  expects_extent("numbers", std::ssize(numbers), static_cast<std::int64_t>(row * number.size()));
  expects_extent("late shares", std::ssize(late_shares), std::ssize(number));
  std::vector<NumberedRepeat> all;
  std::span<std::uint32_t const> left(durations);
  Unpacking packed(lines);
  for (std::size_t i = 0; i < number.size(); ++i) {
    all.push_back({number[i], unpack(std::span(numbers).subspan(i * row, row), shares_of(passage))});
    expects(!left.empty() && left.front() < left.size(), "durations", std::ssize(left), "as many as their lengths say");
    all.back().found.late_share = late_shares[i];
    auto const mine = left.subspan(1, left.front());
    all.back().found.durations.assign(mine.begin(), mine.end());
    left = left.subspan(1 + mine.size());
    for (std::int64_t k = packed.count(); k > 0; --k) {
      all.back().found.lines.push_back(unpack_line(packed, passage.bins()));
    }
  }
  return all;
}

}  // namespace kramers::dynamics::detail
