// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/core/math.hpp>
#include <kramers/core/normal.hpp>
#include <kramers/dynamics/engine/any_ensemble.hpp>
#include <kramers/dynamics/potentials/potential.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <string>
#include <string_view>
#include <vector>

namespace kramers::test {

using namespace kramers::dynamics;

/// One walker advanced as the equations stand on paper: a plain loop over letters and coordinates, every random number
/// drawn anew by its index. What the engine is compared with, bit for bit. Shares with it the potential and the
/// functions of kramers/core, nothing else.
template <potential Potential>
class ReferenceWalker {
 public:
  using T = typename Potential::value_type;
  static constexpr int D = Potential::dimension;

  Vec<T, D> x{}, v{}, half{};  ///< position, velocity, velocity before the last kick

  /// `scheme` is a splitting such as "baoab", or "gjf", "euler-maruyama", "leimkuhler-matthews".
  ReferenceWalker(Potential const& potential, std::string_view scheme, LangevinParams const& langevin,
                  std::uint64_t seed, std::uint64_t id, DriveParams const& drive = {})
      : m_potential(potential), m_scheme(scheme), m_bath(langevin), m_drive(drive), m_seed(seed), m_id(id) {}

  void start(InitialState const& from) {
    bool const overdamped = m_scheme.find('-') != std::string::npos;
    T const speed = overdamped ? T(1) : static_cast<T>(std::sqrt(m_bath.temperature / m_bath.mass));
    for (int d = 0; d < D; ++d) {
      PhiloxBlock const random = philox_block(m_seed, m_id, static_cast<std::uint64_t>(d), Stream::initial_position);
      double const u = static_cast<double>((std::uint64_t{random.w0} << 20) | (random.w1 >> 12)) * 0x1p-52;
      x[d] = static_cast<T>(std::fma(u, from.upper[d] - from.lower[d], from.lower[d]));
      v[d] = from.thermal_velocity ? speed * normal(Stream::initial_velocity, d) : static_cast<T>(from.velocity[d]);
    }
  }

  /// From time n dt to (n + 1) dt.
  void step(std::int64_t n) {
    if (m_scheme == "gjf") return gjf(n);
    if (m_scheme == "euler-maruyama") return euler_maruyama(n);
    if (m_scheme == "leimkuhler-matthews") return leimkuhler_matthews(n);
    std::int64_t const noises = static_cast<std::int64_t>(count('o'));
    std::int64_t drawn = 0;
    double drifted = 0;
    for (char const letter : m_scheme) {
      Vec<T, D> const force = force_at(static_cast<double>(n) + drifted / count('a'));
      double const h = m_bath.dt / static_cast<double>(count(letter));
      if (letter == 'b') half = v;
      for (int d = 0; d < D; ++d) {
        if (letter == 'a') x[d] = std::fma(static_cast<T>(h), v[d], x[d]);
        if (letter == 'b') v[d] = std::fma(static_cast<T>(h / m_bath.mass), force[d], v[d]);
        if (letter == 'o') {
          double const c = kramers::math::exp(-m_bath.friction * h);
          T const shake = static_cast<T>(std::sqrt(m_bath.temperature / m_bath.mass * (1.0 - c * c)));
          v[d] = std::fma(static_cast<T>(c), v[d], shake * normal(Stream::dynamics, (n * noises + drawn) * D + d));
        }
      }
      if (letter == 'o') ++drawn;
      if (letter == 'a') ++drifted;
    }
  }

 private:
  double count(char letter) const { return static_cast<double>(std::count(m_scheme.begin(), m_scheme.end(), letter)); }

  /// The force at x, t steps after the start.
  Vec<T, D> force_at(double t) const {
    Vec<T, D> force = m_potential.force(x);
    if (m_drive.amplitude == 0) return force;
    double const period = static_cast<double>(m_drive.period), turn = std::fmod(t, period) / period;
    double s = 0, c = 0;
    kramers::math::sincos_2pi(turn + m_drive.phase / (2 * std::numbers::pi), s, c);
    force[m_drive.coordinate] += static_cast<T>(m_drive.amplitude * c);
    return force;
  }

  /// Number k of one stream of this walker.
  T normal(Stream stream, std::int64_t k) const {
    constexpr std::int64_t n = normals_per_block<T>;
    T z[n];
    normal_block(m_seed, m_id, static_cast<std::uint64_t>(k / n), stream, z);
    return z[k % n];
  }

  void gjf(std::int64_t n) {
    double const h = m_bath.dt, b = 1 / (1 + m_bath.friction * h / 2);
    T const kick = static_cast<T>(h / 2 / m_bath.mass), a = static_cast<T>(2 * b - 1);
    T const s = static_cast<T>(std::sqrt(m_bath.friction / 2 * m_bath.temperature * h / m_bath.mass));
    Vec<T, D> const before = force_at(static_cast<double>(n));
    Vec<T, D> w;
    for (int d = 0; d < D; ++d) {
      w[d] = std::fma(s, normal(Stream::dynamics, n * D + d), std::fma(kick, before[d], v[d]));
      x[d] = std::fma(static_cast<T>(b * h), w[d], x[d]);
      half[d] = static_cast<T>(std::sqrt(b)) * w[d];
    }
    Vec<T, D> const after = force_at(static_cast<double>(n + 1));
    for (int d = 0; d < D; ++d) {
      v[d] = std::fma(kick, after[d], std::fma(a, w[d], s * normal(Stream::dynamics, n * D + d)));
    }
  }

  void euler_maruyama(std::int64_t n) {
    Vec<T, D> const force = force_at(static_cast<double>(n));
    double const mobility = m_bath.dt / (m_bath.mass * m_bath.friction);
    T const noise = static_cast<T>(std::sqrt(2.0 * m_bath.temperature * m_bath.dt / (m_bath.mass * m_bath.friction)));
    for (int d = 0; d < D; ++d) {
      T const drifted = std::fma(static_cast<T>(mobility), force[d], x[d]);
      x[d] = std::fma(noise, normal(Stream::dynamics, n * D + d), drifted);
    }
    half = v;
  }

  void leimkuhler_matthews(std::int64_t n) {
    Vec<T, D> const force = force_at(static_cast<double>(n));
    double const mobility = m_bath.dt / (m_bath.mass * m_bath.friction);
    T const noise = static_cast<T>(std::sqrt(0.5 * m_bath.temperature * m_bath.dt / (m_bath.mass * m_bath.friction)));
    half = v;  // the place of the velocity carries the noise of the step before
    for (int d = 0; d < D; ++d) {
      T const fresh = normal(Stream::dynamics, n * D + d);
      T const drifted = std::fma(static_cast<T>(mobility), force[d], x[d]);
      x[d] = std::fma(noise, v[d] + fresh, drifted);
      v[d] = fresh;
    }
  }

  Potential m_potential;
  std::string m_scheme;
  LangevinParams m_bath;
  DriveParams m_drive;
  std::uint64_t m_seed, m_id;
};

/// What the engine's sampler must have added up for one walker, by the definitions and in double precision.
template <potential Potential>
class ReferenceObserver {
 public:
  std::array<double, row_length<Quantity>> sums{};
  std::vector<std::uint64_t> histogram;

  ReferenceObserver(Potential const& potential, EnsembleParams const& params)
      : histogram(static_cast<std::size_t>(params.sampling.histogram.counters())),
        m_potential(potential),
        m_params(params) {}

  void observe(ReferenceWalker<Potential> const& walker, std::int64_t step) {
    std::int64_t const since = step - m_params.production_start;
    if (since <= 0 || since % m_params.sampling.every != 0) return;
    thermodynamics(walker);
    membership(static_cast<double>(walker.x[m_params.sampling.coordinate]), static_cast<double>(since));
    if (m_params.sampling.histogram.dimensions > 0) count(walker);
  }

 private:
  enum class Core { none, a, b };

  void thermodynamics(ReferenceWalker<Potential> const& walker) {
    auto const force = m_potential.force(walker.x);
    double const q = static_cast<double>(walker.x[m_params.sampling.coordinate]);
    for (int d = 0; d < Potential::dimension; ++d) {
      double const x = static_cast<double>(walker.x[d]), f = static_cast<double>(force[d]);
      double const v = static_cast<double>(walker.v[d]), half = static_cast<double>(walker.half[d]);
      sums[index(Quantity::kinetic)] += m_params.langevin.mass * v * v / 2;
      sums[index(Quantity::kinetic_half_step)] += m_params.langevin.mass * half * half / 2;
      sums[index(Quantity::virial)] -= x * f;
      sums[index(Quantity::force_squared)] += f * f;
    }
    sums[index(Quantity::potential_energy)] += static_cast<double>(m_potential.energy(walker.x));
    sums[index(Quantity::laplacian)] += static_cast<double>(m_potential.laplacian(walker.x));
    sums[index(Quantity::position)] += q;
    sums[index(Quantity::position_squared)] += q * q;
  }

  void membership(double q, double since) {
    Core const before = m_core;
    if (q <= m_params.sampling.core_a) m_core = Core::a;
    if (q >= m_params.sampling.core_b) m_core = Core::b;
    if (m_core == Core::a) sums[index(Quantity::samples_in_a)] += 1;
    if (m_core == Core::b) sums[index(Quantity::samples_in_b)] += 1;
    if (before == Core::a && m_core == Core::b) sums[index(Quantity::transitions_ab)] += 1;
    if (before == Core::b && m_core == Core::a) sums[index(Quantity::transitions_ba)] += 1;
    if (m_core == Core::b && !m_passed) {
      m_passed = true;
      sums[index(Quantity::passages)] += 1;
      sums[index(Quantity::passage_steps)] += since;
      sums[index(Quantity::passage_steps_squared)] += since * since;
    }
  }

  void count(ReferenceWalker<Potential> const& walker) {
    HistogramGrid const& grid = m_params.sampling.histogram;
    std::size_t place = 0;
    for (int k = 0; k < grid.dimensions; ++k) {
      double const x = static_cast<double>(walker.x[grid.axis + k]);
      if (!(x >= grid.lower[k] && x < grid.upper[k])) {
        ++histogram.back();
        return;
      }
      double const bin = std::floor((x - grid.lower[k]) / (grid.upper[k] - grid.lower[k]) * grid.bins[k]);
      place = place * static_cast<std::size_t>(grid.bins[k]) + static_cast<std::size_t>(bin);
    }
    ++histogram[place];
  }

  Potential m_potential;
  EnsembleParams m_params;
  Core m_core = Core::none;
  bool m_passed = false;
};

}  // namespace kramers::test
