// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/runtime/config.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace kramers {

/// A number of an input that has several values, and stands for one run with each.
struct SweepAxis {
  std::string key;
  std::vector<double> values;
  bool is_logarithmic = false;
};

/// While one lives, every single number that a Config is asked for on this thread may have several values: a list, or
/// {from, to, count, scale} with the scale "linear" or "log". Whoever reads an input gets those of one point of the grid
/// that all axes make, the first to begin with; reading it once finds the axes. They do not nest.
///
/// The ends of a range are exact, and what lies between is rounded to 12 digits, so that the value that is printed is the
/// one that was used.
///
/// @throws InputError  from the getters of Config: a list or a range that is none, or a value that breaks a rule of its key
class Sweep {
 public:
  static constexpr std::int64_t most_points = 10'000;

  Sweep();
  ~Sweep();
  Sweep(Sweep const&) = delete;
  Sweep& operator=(Sweep const&) = delete;

  /// By key, in the order of the alphabet; from point to point the last one changes first.
  std::vector<SweepAxis> axes() const;
  /// @throws InputError  more than most_points
  std::int64_t points() const;
  /// The values of a point, one per axis.
  std::vector<double> values(std::int64_t point) const;
  /// "integrator.friction 0.1, potential.barrier 3"
  std::string name(std::int64_t point) const;
  /// From now on numbers are those of this point.
  void go_to(std::int64_t point);
  /// What `read` gives there.
  /// @throws InputError  of `read`, with the point in its sentence
  template <class Read>
  auto read_at(std::int64_t point, Read&& read) {
    go_to(point);
    try {
      return std::forward<Read>(read)();
    } catch (InputError const& error) {
      throw at_point(error, point);
    }
  }

  /// For Config: the living one, null where there is none.
  static Sweep* living();
  /// For Config: the values of a key that has several, read at its first sight, and which of them it has now.
  SweepAxis const& axis(Config const& config, std::string const& key, bool is_list);
  double current(std::string const& key) const { return m_now.at(key); }

 private:
  InputError at_point(InputError const& error, std::int64_t point) const;

  std::map<std::string, SweepAxis> m_axes;
  std::map<std::string, double> m_now;
  std::string m_source;
  bool m_is_complete = false;  ///< all axes are known
};

}  // namespace kramers
