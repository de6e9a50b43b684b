// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Any bytes as a table: a profile or a surface in cells, or an InputError or a DomainError, nothing else.
#include <kramers/base/error.hpp>
#include <kramers/dynamics/potentials/bicubic.hpp>
#include <kramers/dynamics/potentials/spline.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

namespace {

using namespace kramers::dynamics;

void use(std::string const& text, TableChoice const& choice) {
  try {
    Table table = parse_table(text, "fuzz", choice);
    if (table.position.size() < Table::fewest_points || table.position.size() != table.energy.size()) std::abort();
    static_cast<void>(hash_of(table));
    SplineCells const cells = spline_cells(natural_spline(table), 1);
    if (cells.cell.size() > SplineCells::most + 3) std::abort();
    if (table.period > 0) {
      double const period = table.period;
      static_cast<void>(spline_cells(spline_through(with_period(std::move(table), period)), 0));
    }
  } catch (kramers::InputError const&) {
  } catch (kramers::DomainError const&) {
  }
}

void use_as_surface(std::string const& text, std::optional<std::array<std::int64_t, 3>> const& columns) {
  try {
    Surface surface = parse_surface(text, "fuzz", columns);
    auto& [x, y] = surface.axis;
    if (x.points < Surface::fewest_points || y.points < Surface::fewest_points) std::abort();
    if (x.points * y.points != std::ssize(surface.energy)) std::abort();
    static_cast<void>(hash_of(surface));
    std::array<double, 2> const period{std::exchange(x.period, 0), std::exchange(y.period, 0)};
    BicubicCells const cells = bicubic_cells(surface, {0, 1});
    if (std::ssize(cells.cell) != (x.points + 1) * (y.points + 1)) std::abort();
    if (period[0] > 0) surface = with_period(std::move(surface), 0, period[0]);
    if (period[1] > 0) surface = with_period(std::move(surface), 1, period[1]);
    static_cast<void>(bicubic_cells(surface, {}));
  } catch (kramers::InputError const&) {
  } catch (kramers::DomainError const&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string const text(data, data + size);
  use(text, {});
  use(text, {.columns = {{1, 3}}, .set = 2});
  use_as_surface(text, std::nullopt);
  use_as_surface(text, {{3, 1, 2}});
  return 0;
}
