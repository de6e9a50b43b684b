// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/dynamics/estimators/response.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <numeric>

namespace kramers::dynamics {

std::int64_t phases_seen(DriveParams const& drive, std::int64_t every) {
  return drive.period / std::gcd(drive.period, every);
}

namespace {

// |c| / sigma of a complex number of noise, sigma that of each of its parts, exceeds this in exp(-4.3^2 / 2) = 1e-4 of cases.
constexpr double seen = 4.3;

/// Sums of 2 / frames times x cos and x sin, and of x at each phase.
SampleTable demodulated(SampleTable const& positions, DriveParams const& drive, DriveFrames const& times,
                        std::int64_t phases, std::int64_t frames) {
  std::vector<DrivePhase> phase;
  for (std::int64_t f = 0; f < phases; ++f) phase.push_back(drive_phase(drive, times.first + f * times.every));
  auto const columns = static_cast<std::size_t>(phases) + 2;
  std::vector<double> sums, walkers;
  for (int row = 0; row < positions.rows(); ++row) {
    std::vector<double> harmonic(columns, 0.0);
    for (std::int64_t f = 0; f < frames; ++f) {
      auto const place = static_cast<std::size_t>(f % phases);
      double const x = positions.sum(row, static_cast<int>(f));
      harmonic[0] += 2 * x * phase[place].cosine / static_cast<double>(frames);
      harmonic[1] += 2 * x * phase[place].sine / static_cast<double>(frames);
      harmonic[2 + place] += x * static_cast<double>(phases) / static_cast<double>(frames);
    }
    sums.insert(sums.end(), harmonic.begin(), harmonic.end());
    walkers.push_back(positions.walkers(row));
  }
  return {std::move(sums), static_cast<int>(columns), std::move(walkers)};
}

}  // namespace

Response response(SampleTable const& positions, DriveParams const& drive, DriveFrames const& times) {
  expects(drive.is_on(), "drive.amplitude", drive.amplitude, "> 0");
  std::int64_t const phases = phases_seen(drive, times.every);
  expects(phases >= 3, "every", times.every, "frames at 3 phases of the period at least");
  std::int64_t const frames = positions.columns() / phases * phases;
  expects(frames > 0, "frames", std::int64_t{positions.columns()}, "at least as many as they see phases");
  SampleTable const table = demodulated(positions, drive, times, phases, frames);

  double const all = table.walkers();
  std::complex<double> const mean{table.total(0) / all, table.total(1) / all};
  double const lag = std::arg(mean);
  auto const estimates = jackknife(table, [&](std::span<double const> totals, double walkers) {
    std::complex<double> const c{totals[0] / walkers, totals[1] / walkers};
    // The lag beside that of all walkers, or it would jump where one is near pi.
    std::vector<double> numbers{c.real(), c.imag(), std::abs(c), std::arg(c * std::polar(1.0, -lag)),
                                std::norm(c) / (drive.amplitude * drive.amplitude)};
    for (std::size_t place = 2; place < totals.size(); ++place) numbers.push_back(totals[place] / walkers);
    return numbers;
  });

  Response result;
  result.in_phase = estimates[0];
  result.out_of_phase = estimates[1];
  result.amplitude = estimates[2];
  result.phase_lag = {lag, estimates[3].stderr_};
  result.amplification = estimates[4];
  double const noise =
      std::sqrt(0.5 * (estimates[0].stderr_ * estimates[0].stderr_ + estimates[1].stderr_ * estimates[1].stderr_));
  result.is_seen = std::abs(mean) > seen * noise;  // never with a single row, which has no error
  result.most = std::abs(mean) + 2 * noise;
  result.frames = frames;
  result.profile.assign(estimates.begin() + 5, estimates.end());
  return result;
}

namespace exact {
namespace {

using Complex = std::complex<double>;
using Pair = std::array<Complex, 2>;

/// One step of the mean of (x, v): M z, and what a force of 1 at its begin, turning with the drive, adds.
struct DrivenStep {
  Matrix2 matrix;
  Pair kick;
};

DrivenStep splitting(std::string const& letters, HarmonicWell const& well, LangevinParams const& langevin,
                     double turn) {
  double const drifts = static_cast<double>(std::count(letters.begin(), letters.end(), 'a'));
  double drifted = 0;
  Pair kick{};
  AffineMap map;
  for (char const letter : letters) {
    double const h = langevin.dt / static_cast<double>(std::count(letters.begin(), letters.end(), letter));
    AffineMap part;
    Complex kicked = 0;
    if (letter == 'a') {
      part.matrix[0][1] = h;
      ++drifted;
    } else if (letter == 'b') {
      part.matrix[1][0] = -well.stiffness / langevin.mass * h;
      kicked = h / langevin.mass * std::polar(1.0, turn * drifted / drifts);
    } else {
      expects(letter == 'o', "scheme", letters, "letters a, b and o");
      part.matrix[1][1] = std::exp(-langevin.friction * h);
    }
    Matrix2 const& m = part.matrix;
    kick = {m[0][0] * kick[0] + m[0][1] * kick[1], m[1][0] * kick[0] + m[1][1] * kick[1] + kicked};
    map = map.then(part);
  }
  return {map.matrix, kick};
}

DrivenStep step_of(std::string const& scheme, HarmonicWell const& well, LangevinParams const& langevin, double turn) {
  HarmonicWell const free{well.stiffness, 1};
  if (scheme == "euler-maruyama" || scheme == "leimkuhler-matthews") {
    AffineMap const map = euler_maruyama_step(free, langevin);
    return {map.matrix, {map.shift[0], map.shift[1]}};
  }
  if (scheme == "gjf") {
    // The force at the end of the step kicks v by h / (2 m); all else is that at its begin.
    AffineMap const map = gjf_step(free, langevin);
    double const last = 0.5 * langevin.dt / langevin.mass;
    return {map.matrix, {map.shift[0], map.shift[1] - last + last * std::polar(1.0, turn)}};
  }
  return splitting(scheme, well, langevin, turn);
}

}  // namespace

Complex driven_response(std::string const& scheme, HarmonicWell const& well, LangevinParams const& langevin,
                        double period) {
  double const turn = 2 * std::numbers::pi / period;
  auto const [m, s] = step_of(scheme, well, langevin, turn);
  Complex const z = std::polar(1.0, turn), a = z - m[0][0], d = z - m[1][1];
  return (s[0] * d + s[1] * m[0][1]) / (a * d - m[0][1] * m[1][0]);
}

Complex susceptibility(HarmonicWell const& well, LangevinParams const& langevin, double frequency, bool overdamped) {
  double const inertia = overdamped ? 0 : langevin.mass * frequency * frequency;
  return 1.0 / Complex(well.stiffness - inertia, langevin.mass * langevin.friction * frequency);
}

}  // namespace exact
}  // namespace kramers::dynamics
