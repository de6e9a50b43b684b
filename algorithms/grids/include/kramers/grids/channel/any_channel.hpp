// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/grids/block.hpp>
#include <kramers/grids/messages.hpp>
#include <kramers/runtime/communicator.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace kramers::grids {

/// How a channel begins.
enum class ChannelStart {
  rest,       ///< u = v = 0, p = 1
  perturbed,  ///< the same, with v = 0.1 sin(2 pi i / columns) sin(pi y / 2): it exercises pressure and v
};

/// Flow between two plates, driven by a force: step 12 of Barba and Forsyth's "CFD Python". The square [0, 2] x [0, 2], walls
/// at both ends of y, a ring in x on which both seam columns are stored, so that its length is columns * dx.
struct ChannelParams {
  std::int64_t rows = 41, columns = 41;  ///< >= 3 each
  double dt = 0.01;                      ///< > 0
  double viscosity = 0.1;                ///< nu >= 0
  double density = 1;                    ///< rho > 0
  double force = 1;
  std::int64_t sweeps = 50;  ///< of the pressure, each step
  ChannelStart start = ChannelStart::rest;
  Messages messages = Messages::automatic;  ///< of halos

  double dx() const { return 2.0 / static_cast<double>(columns - 1); }
  double dy() const { return 2.0 / static_cast<double>(rows - 1); }
};

/// How viscosity limits dt: the explicit step is stable in two dimensions up to nu dt (1/dx^2 + 1/dy^2) = 1/2, for flows
/// that do not depend on x up to nu dt / dy^2 = 1/2.
struct ChannelStability {
  double number = 0;          ///< nu dt (1/dx^2 + 1/dy^2)
  double uniform_number = 0;  ///< nu dt / dy^2
  double largest_dt = 0;      ///< at which `number` is 1/2; infinite without viscosity
  double largest_uniform_dt = 0;

  bool stable() const { return number <= limit(); }
  /// A flow that starts without dependence on x survives, as long as the last bit of all columns stays the same.
  bool stable_while_uniform() const { return uniform_number <= limit(); }
  static double limit() { return 0.5 * (1 + 1e-12); }
};
ChannelStability stability_of(ChannelParams const& params);

/// How much a difference between two flows that are nearly at rest grows per step in the end: the largest |1 - 4 nu dt
/// (sin^2(a) / dx^2 + sin^2(b) / dy^2)| over the waves that the grid has (von Neumann). Above 1 rounding grows.
double linear_growth(ChannelParams const& params);

/// Whether a host does all steps on one core, without launches.
bool channel_fits_one_core(ChannelParams const& params, bool device, int ranks);

/// The v that a perturbed channel begins with, of one row; computed on the host by libm.
std::vector<double> perturbed_row(ChannelParams const& params, std::int64_t row);

/// Bytes of a rank's fields, before they are allocated.
double channel_bytes(ChannelParams const& params, std::string const& precision, int ranks);

/// Rows of this rank; (size, columns).
struct ChannelFields {
  std::vector<double> u, v, p;
};

/// A channel; space and precision are hidden. Its fields have the same bits for any threads, ranks and backend: all columns
/// are computed by one expression, with ghost columns at the seam and no fused operations. All functions are collective.
class AnyChannel {
 public:
  virtual ~AnyChannel() = default;

  /// Do `steps` steps, or fewer: the first whose relative change of the sum of u, (sum u - sum u before) / sum u, is at most
  /// `tolerance` in size is the last, as is one after which it is no number. Returns these changes; waits. Sums are in the order of
  /// NumPy.
  virtual std::vector<double> advance(std::int64_t steps, double tolerance) = 0;
  /// Steps since the start.
  virtual std::int64_t step() const = 0;
  /// Sum of u over the grid after the last step.
  virtual double sum_u() const = 0;
  /// Hash of the bits of u, v and p.
  virtual std::uint64_t hash() = 0;
  virtual ChannelFields fields() = 0;
  /// Go on from what `fields` gave after this number of steps, on whatever ranks. Waits.
  virtual void restore(ChannelFields const& fields, std::int64_t step) = 0;
  /// Largest |u - u of the other|, the same on all ranks; the largest number of the precision where one is not finite. Waits.
  /// @throws DomainError  the other channel is of another space, precision or size
  virtual double largest_difference(AnyChannel const& other) = 0;
  virtual Block const& block() const = 0;
  virtual std::int64_t bytes() const = 0;
};

/// @param[in] space      a name of space_names()
/// @param[in] precision  "f64" or "f32"
/// @throws DomainError  sizes below 3; fewer than two rows for a rank
std::unique_ptr<AnyChannel> make_channel(std::string const& space, std::string const& precision,
                                         ChannelParams const& params, Communicator const& comm);

}  // namespace kramers::grids
