// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <ostream>
#include <utility>
#include <vector>

namespace kramers::test {

/// A loss, and on which side of its kink every relu stands.
using BentLoss = std::pair<double, std::vector<bool>>;

/// How derivatives compare with central differences.
struct GradientCheck {
  int checked = 0, skipped = 0;
  double worst = 0;           ///< largest |a - f| over what is allowed; <= 1 passes
  double relative_error = 0;  ///< largest |a - f| / (|a| + |f|) where |a| + |f| > 0.01
  int place = -1;             ///< of `worst`

  bool passed() const { return checked > 0 && worst <= 1.0; }
  void add(GradientCheck const& other) {
    checked += other.checked;
    skipped += other.skipped;
    relative_error = std::max(relative_error, other.relative_error);
    if (other.worst > worst || !(other.worst == other.worst)) {
      worst = other.worst;
      place = other.place;
    }
  }
  friend std::ostream& operator<<(std::ostream& out, GradientCheck const& c) {
    return out << c.checked << " derivatives checked, " << c.skipped << " skipped at kinks, largest relative error "
               << c.relative_error << ", worst " << c.worst << " of what is allowed at " << c.place;
  }
};

/// Compare the analytic gradient `a` of a function at `point` with f = (L(w + h) - L(w - h)) / 2h, one number after the
/// other, h = 1e-4 max(1, |w|): the truncation error h^2 L''' / 6 is then 1e-9 L''', that of rounding 1e-12 L. Passes
/// where |a - f| <= 1e-8 + 1e-6 (|a| + |f|). Numbers for which a relu changes sides within h are skipped.
///
/// @param[in] loss  of a point: a BentLoss
template <class Loss>
GradientCheck check_gradient(std::vector<double> point, std::vector<double> const& analytic, Loss const& loss,
                             std::vector<std::size_t> const& places) {
  GradientCheck result;
  for (std::size_t const i : places) {
    double const w = point[i];
    double const h = 1e-4 * std::max(1.0, std::fabs(w));
    point[i] = w + h;
    BentLoss const above = loss(point);
    point[i] = w - h;
    BentLoss const below = loss(point);
    point[i] = w;
    if (above.second != below.second) {
      ++result.skipped;
      continue;
    }
    double const a = analytic[i];
    double const f = (above.first - below.first) / ((w + h) - (w - h));
    double const size = std::fabs(a) + std::fabs(f);
    double const error = std::fabs(a - f) / (1e-8 + 1e-6 * size);
    ++result.checked;
    if (size > 0.01) result.relative_error = std::max(result.relative_error, std::fabs(a - f) / size);
    if (!(error <= result.worst)) {
      result.worst = error;
      result.place = static_cast<int>(i);
    }
  }
  return result;
}

/// 0 ... n - 1.
inline std::vector<std::size_t> all_places(std::size_t n) {
  std::vector<std::size_t> places(n);
  std::iota(places.begin(), places.end(), std::size_t{0});
  return places;
}

}  // namespace kramers::test
