// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Any bytes as a table: a profile in cells, or an InputError or a DomainError, nothing else.
#include <kramers/base/error.hpp>
#include <kramers/dynamics/potentials/spline.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string const text(data, data + size);
  use(text, {});
  use(text, {.columns = {{1, 3}}, .set = 2});
  return 0;
}
