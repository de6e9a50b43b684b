// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/runtime/sweep.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <utility>

namespace kramers {

namespace {

thread_local Sweep* living_sweep = nullptr;

/// No number has several values meanwhile.
class Pause {
 public:
  explicit Pause(Sweep& sweep) : m_sweep(sweep) { living_sweep = nullptr; }
  ~Pause() { living_sweep = &m_sweep; }
  Pause(Pause const&) = delete;
  Pause& operator=(Pause const&) = delete;

 private:
  Sweep& m_sweep;
};

/// What people would write for this number among others of this size: 12 digits of that.
double rounded(double value, double size) {
  if (value == 0) return 0;
  int const digits = 12 - static_cast<int>(std::floor(std::log10(size)) - std::floor(std::log10(std::abs(value))));
  if (digits < 1) return 0;
  char text[40];
  std::snprintf(text, sizeof text, "%.*e", digits - 1, value);
  return std::strtod(text, nullptr);
}

std::vector<double> range(double from, double to, int count, bool is_logarithmic) {
  std::vector<double> values{from};
  for (int i = 1; i + 1 < count; ++i) {
    double const share = static_cast<double>(i) / (count - 1);
    double const value = is_logarithmic ? std::exp(std::log(from) * (1 - share) + std::log(to) * share)
                                        : from * (1 - share) + to * share;
    values.push_back(rounded(value, is_logarithmic ? value : std::max(std::abs(from), std::abs(to))));
  }
  values.push_back(to);
  return values;
}

bool are_distinct(std::vector<double> const& values) {
  return std::set<double>(values.begin(), values.end()).size() == values.size();
}

SweepAxis read_list(Config const& config, std::string const& key) {
  auto const values = config.get<std::vector<double>>(key);
  config.check(!values.empty(), key, "at least one number");
  config.check(are_distinct(values), key, "numbers that differ, each is one run");
  return {key, values, false};
}

SweepAxis read_range(Config const& config, std::string const& key) {
  auto const from = config.get<double>(key + ".from"), to = config.get<double>(key + ".to");
  int const count = config.bounded<int>(key + ".count", 2, Sweep::most_points);
  bool const is_logarithmic = config.one_of(key + ".scale", {"linear", "log"}, "linear") == "log";
  config.check(!is_logarithmic || from > 0, key + ".from", "> 0 on a logarithmic scale");
  config.check(!is_logarithmic || to > 0, key + ".to", "> 0 on a logarithmic scale");
  auto const values = range(from, to, count, is_logarithmic);
  config.check(are_distinct(values), key + ".to", "further from 'from', with values that differ in 12 digits");
  return {key, values, is_logarithmic};
}

}  // namespace

Sweep::Sweep() {
  living_sweep = this;
}

Sweep::~Sweep() {
  living_sweep = nullptr;
}

Sweep* Sweep::living() {
  return living_sweep;
}

SweepAxis const& Sweep::axis(Config const& config, std::string const& key, bool is_list) {
  auto const known = m_axes.find(key);
  if (known != m_axes.end()) return known->second;
  if (m_is_complete) {
    throw config.error(key, "has several values, and not all of them are asked for; give it one value");
  }
  auto axis = [&] {
    Pause const pause(*this);  // the ends of a range are single numbers
    return is_list ? read_list(config, key) : read_range(config, key);
  }();
  m_source = config.source();
  m_now[key] = axis.values.front();
  return m_axes.emplace(key, std::move(axis)).first->second;
}

std::vector<SweepAxis> Sweep::axes() const {
  std::vector<SweepAxis> axes;
  for (auto const& [key, axis] : m_axes) axes.push_back(axis);
  return axes;
}

std::int64_t Sweep::points() const {
  std::int64_t points = 1;
  std::string factors;
  bool is_too_many = false;
  for (auto const& [key, axis] : m_axes) {
    points *= std::ssize(axis.values);
    is_too_many = is_too_many || points > most_points;
    points = std::min(points, most_points);  // the product of what was beyond it is, too
    factors += (factors.empty() ? "" : " x ") + std::to_string(axis.values.size()) + " of '" + key + "'";
  }
  if (is_too_many) {
    throw InputError(m_source, 0,
                     "the values make too many runs: " + factors + "; expected at most " + std::to_string(most_points));
  }
  return points;
}

std::vector<double> Sweep::values(std::int64_t point) const {
  std::vector<double> values(m_axes.size());
  auto place = values.end();
  for (auto axis = m_axes.rbegin(); axis != m_axes.rend(); ++axis) {
    auto const count = std::ssize(axis->second.values);
    *--place = axis->second.values[static_cast<std::size_t>(point % count)];
    point /= count;
  }
  return values;
}

std::string Sweep::name(std::int64_t point) const {
  std::string name;
  auto const numbers = values(point);
  auto number = numbers.begin();
  for (auto const& [key, axis] : m_axes) {
    name += (name.empty() ? "" : ", ") + key + " " + shortest_decimal(*number++);
  }
  return name;
}

InputError Sweep::at_point(InputError const& error, std::int64_t point) const {
  std::string const place = InputError(error.source(), error.line(), "").what();
  std::string const sentence = std::string(error.what()).substr(place.size());
  return InputError(
      error.source(), error.line(),
      sentence + " (point " + std::to_string(point + 1) + " of " + std::to_string(points()) + ": " + name(point) + ")");
}

void Sweep::go_to(std::int64_t point) {
  expects(0 <= point && point < points(), "point", point, "one of the grid");
  m_is_complete = true;
  auto const numbers = values(point);
  auto number = numbers.begin();
  for (auto& [key, now] : m_now) now = *number++;
}

}  // namespace kramers
