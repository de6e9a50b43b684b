// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/base/error.hpp>
#include <kramers/core/concepts.hpp>
#include <kramers/core/copy_view.hpp>
#include <kramers/core/lanes.hpp>
#include <kramers/core/math.hpp>
#include <kramers/core/vec.hpp>
#include <kramers/dynamics/potentials/expression_params.hpp>
#include <kramers/dynamics/potentials/separable.hpp>

#include <cmath>
#include <functional>
#include <limits>
#include <string>

namespace kramers::dynamics {

namespace detail {

/// sin and cos of x. The turns x / (2 pi) are taken in two parts, so that the error is below 2e-16 (f32: 1e-7) plus 3e-33
/// (6e-15) of x.
template <class T>
KOKKOS_FORCEINLINE_FUNCTION void sincos(T const x, T& s, T& c) {
  constexpr double high = 0x1.45f306dc9c883p-3, low = -0x1.6b01ec5417056p-57;  // 1 / (2 pi)
  constexpr T turns_high = static_cast<T>(high),
              turns_low = static_cast<T>((high - static_cast<double>(turns_high)) + low);
  constexpr T two_pi = static_cast<T>(0x1.921fb54442d18p+2);
  T const turns = x * turns_high;
  T const rest = two_pi * math::fma(x, turns_low, math::fma(x, turns_high, -turns));
  T s0, c0;
  math::sincos_2pi(turns, s0, c0);
  s = math::fma(rest, c0, s0);
  c = math::fma(-rest, s0, c0);
}

/// use(f) with the function f(a, b, c, k) of an operation.
template <class T, class Use>
KOKKOS_FORCEINLINE_FUNCTION void for_operation(Operation const operation, Use const& use) {
  switch (operation) {
    case Operation::number:
      return use([](T, T, T, T k) { return k; });
    case Operation::add:
      return use([](T a, T b, T, T) { return a + b; });
    case Operation::add_number:
      return use([](T a, T, T, T k) { return a + k; });
    case Operation::subtract:
      return use([](T a, T b, T, T) { return a - b; });
    case Operation::multiply:
      return use([](T a, T b, T, T) { return a * b; });
    case Operation::multiply_number:
      return use([](T a, T, T, T k) { return k * a; });
    case Operation::divide:
      return use([](T a, T b, T, T) { return a / b; });
    case Operation::divide_number:
      return use([](T a, T, T, T k) { return k / a; });
    case Operation::fma:
      return use([](T a, T b, T c, T) { return math::fma(a, b, c); });
    case Operation::fma_plus_number:
      return use([](T a, T b, T, T k) { return math::fma(a, b, k); });
    case Operation::fma_by_number:
      return use([](T a, T, T c, T k) { return math::fma(k, a, c); });
    case Operation::square_root:
      return use([](T a, T, T, T) { return math::sqrt(a); });
    case Operation::exponential:
      return use([](T a, T, T, T) { return math::exp(a); });
    case Operation::logarithm:
      return use([](T a, T, T, T) { return math::log(a); });
    case Operation::sine:
      return use([](T a, T, T, T) {
        T s, c;
        sincos(a, s, c);
        return s;
      });
    case Operation::cosine:
      return use([](T a, T, T, T) {
        T s, c;
        sincos(a, s, c);
        return c;
      });
    case Operation::hyperbolic_tangent:
      return use([](T a, T, T, T) { return math::tanh(a); });
    case Operation::error_function:
      return use([](T a, T, T, T) { return math::erf(a); });
    case Operation::absolute:
      return use([](T a, T, T, T) { return a < T(0) ? -a : a; });
    case Operation::minimum:
      return use([](T a, T b, T, T) { return a < b ? a : b; });
    case Operation::maximum:
      return use([](T a, T b, T, T) { return a > b ? a : b; });
    case Operation::step:
      return use([](T a, T, T, T) { return a >= T(0) ? T(1) : T(0); });
    case Operation::select:
      return use([](T a, T b, T c, T) { return a != T(0) ? b : c; });
  }
}

}  // namespace detail

/// A potential given as a formula: a program that runs for one walker at a time, or for a pack of them, one instruction
/// after the other over all lanes. The bits are the same, and those of any backend.
///
/// Of one coordinate it is a profile, of two a surface.
///
/// Cost      per instruction and pack two or three rows of L1 read and one written, beside its arithmetic; of one walker,
///           a jump per instruction. On a device the registers of the program lie in local memory, which L1 holds.
/// Accuracy  that of the operations of core/math.hpp, one after the other
template <real T, execution_space Space, int D>
class Expression {
 public:
  using value_type = T;
  using Point = Vec<T, D>;
  static constexpr int dimension = D;
  static constexpr int registers = ExpressionProgram::most_registers;

  /// Put the program into the memory of `exec`; waits.
  /// @throws DomainError  a number of the formula that overflows in the precision T
  Expression(Space const& exec, ExpressionProgram const& program)
      : m_force_end(program.force_end),
        m_energy_end(program.energy_end),
        m_end(static_cast<int>(program.instructions.size())),
        m_energy(program.energy),
        m_laplacian(program.laplacian) {
    expects(program.dimension == D, "coordinates of a formula", program.dimension, std::to_string(D));
    for (std::size_t d = 0; d < D; ++d) m_force[d] = program.force[d];
    Kokkos::View<Instruction*, Space> const code(
        Kokkos::view_alloc(exec, Kokkos::WithoutInitializing, "kramers::Expression::code"),
        program.instructions.size());
    auto const host_code = Kokkos::create_mirror_view(code);
    for (std::size_t i = 0; i < program.instructions.size(); ++i) {
      auto const& from = program.instructions[i];
      expects(std::abs(from.number) <= static_cast<double>(std::numeric_limits<T>::max()), "number in a formula",
              from.number, "finite in the chosen precision");
      host_code(i) = {static_cast<T>(from.number), from.operation, from.to, from.a, from.b, from.c};
    }
    copy_view(exec, code, host_code);
    exec.fence("kramers::Expression");
    m_code = code;
  }

  KOKKOS_FUNCTION T energy(Point const& x) const {
    T r[registers];
    run(x, m_energy_end, r);
    return r[m_energy];
  }
  KOKKOS_FUNCTION Point force(Point const& x) const {
    T r[registers];
    run(x, m_force_end, r);
    Point f;
    for (int d = 0; d < D; ++d) f[d] = r[m_force[d]];
    return f;
  }
  KOKKOS_FUNCTION T laplacian(Point const& x) const {
    T r[registers];
    run(x, m_end, r);
    return r[m_laplacian];
  }

  // Of one coordinate:
  KOKKOS_FUNCTION T energy(T x) const
    requires(D == 1)
  {
    return energy(Point{x});
  }
  KOKKOS_FUNCTION T force(T x) const
    requires(D == 1)
  {
    return force(Point{x})[0];
  }
  KOKKOS_FUNCTION T curvature(T x) const
    requires(D == 1)
  {
    return laplacian(Point{x});
  }

  /// Forces of W walkers, on hosts only.
  template <int W>
  KOKKOS_FUNCTION void force_of_pack(T const (&x)[D][W], T (&force)[D][W]) const {
    T r[registers][W];
    run_pack<W>(x, m_force_end, r);
    for (int d = 0; d < D; ++d) copy_row<W>(r[m_force[d]], force[d]);
  }
  /// Energies of W walkers.
  template <int W>
  KOKKOS_FUNCTION void energy_of_pack(T const (&x)[D][W], T (&energy)[W]) const {
    T r[registers][W];
    run_pack<W>(x, m_energy_end, r);
    copy_row<W>(r[m_energy], energy);
  }
  /// Forces, energies and Laplacians of W walkers.
  template <int W>
  KOKKOS_FUNCTION void values_of_pack(T const (&x)[D][W], T (&force)[D][W], T (&energy)[W], T (&laplacian)[W]) const {
    T r[registers][W];
    run_pack<W>(x, m_end, r);
    for (int d = 0; d < D; ++d) copy_row<W>(r[m_force[d]], force[d]);
    copy_row<W>(r[m_energy], energy);
    copy_row<W>(r[m_laplacian], laplacian);
  }

 private:
  using Instruction = ExpressionInstruction<T>;

  KOKKOS_FUNCTION void run(Point const& x, int const end, T (&r)[registers]) const {
    for (int d = 0; d < D; ++d) r[d] = x[d];
    for (int i = 0; i < end; ++i) {
      Instruction const now = m_code(i);
      detail::for_operation<T>(now.operation,
                               [&](auto const& f) { r[now.to] = f(r[now.a], r[now.b], r[now.c], now.number); });
    }
  }

  // Not inlined: it is so large that GCC would leave other loops over lanes with calls, which do not vectorise.
  template <int W>
  [[gnu::noinline]] KOKKOS_FUNCTION void run_pack(T const (&x)[D][W], int const end, T (&r)[registers][W]) const {
    for (int d = 0; d < D; ++d) copy_row<W>(x[d], r[d]);
    for (int i = 0; i < end; ++i) {
      Instruction const now = m_code(i);
      T const *const a = r[now.a], *const b = r[now.b], *const c = r[now.c];
      T* const to = r[now.to];
      T const k = now.number;
      detail::for_operation<T>(
          now.operation, [&](auto const& f) { for_lanes<W>([&](int const l) { to[l] = f(a[l], b[l], c[l], k); }); });
    }
  }

  template <int W>
  KOKKOS_FORCEINLINE_FUNCTION static void copy_row(T const (&from)[W], T (&to)[W]) {
    for_lanes<W>([&](int const l) { to[l] = from[l]; });
  }

  Kokkos::View<Instruction const*, Space> m_code;
  int m_force_end, m_energy_end, m_end;
  int m_force[D], m_energy, m_laplacian;  // registers
};

/// What the engine asks for the forces of whole packs.
template <real T, execution_space Space, int D>
KOKKOS_FORCEINLINE_FUNCTION Expression<T, Space, D> const* in_packs(Expression<T, Space, D> const& potential) {
  return &potential;
}
/// @copydoc in_packs
template <real T, execution_space Space>
KOKKOS_FORCEINLINE_FUNCTION Expression<T, Space, 1> const* in_packs(
    Separable<Expression<T, Space, 1>, 1> const& potential) {
  return &potential.axis[0];
}

namespace detail {

inline double fold_operation(Operation const operation, double const a, double const b, double const c) {
  double result = 0;
  for_operation<double>(operation, [&](auto const& f) { result = f(a, b, c, 0.0); });
  return result;
}

/// Runs a program on the host.
template <int D>
std::function<ExpressionValue(ExpressionPoint const&)> load_expression(ExpressionProgram const& program) {
  using Host = Kokkos::DefaultHostExecutionSpace;
  return [v = Expression<double, Host, D>(Host{}, program)](ExpressionPoint const& x) {
    Vec<double, D> at;
    for (int d = 0; d < D; ++d) at[d] = x[static_cast<std::size_t>(d)];
    Vec<double, D> const force = v.force(at);
    ExpressionValue value{v.energy(at), {}};
    for (int d = 0; d < D; ++d) value.force[static_cast<std::size_t>(d)] = force[d];
    return value;
  };
}

}  // namespace detail

}  // namespace kramers::dynamics
