// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/base/hash.hpp>
#include <kramers/dynamics/potentials/surface.hpp>
#include <kramers/runtime/recorded_input.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <utility>

#include "table_text.hpp"
#include "xpm.hpp"

namespace kramers::dynamics {
namespace {

using detail::counted;
using detail::in_quotes;
using detail::PlumedHeader;

constexpr std::array<char const*, 2> axis_name{"x", "y"};

struct Row {
  std::array<double, 2> position;
  double energy;
  int line;
};

// Columns of x, y and energy that a header names, from 0.
std::array<std::size_t, 3> surface_columns(PlumedHeader const& header) {
  auto const& fields = header.fields();
  std::string const names = "names " + counted(fields.size(), "field");
  if (fields.size() < 3) header.fail_fields(names + ", but three are needed: x, y and energy");
  if (header.is_derivative(2, 0)) {
    header.fail_fields(names + ", of which " + in_quotes(fields[2]) +
                       " is a derivative: a profile of one coordinate, but a surface has two");
  }
  for (std::size_t i = 3; i < fields.size(); ++i) {
    if (header.is_derivative(i, 0) || header.is_derivative(i, 1)) continue;
    header.fail_fields(names + ", of which " + in_quotes(fields[i]) +
                       " is no derivative; choose those of x, y and energy");
  }
  return {0, 1, 2};
}

// Rows of three numbers and what the header says of the two coordinates.
class Parser {
 public:
  Parser(std::string const& source, std::optional<std::array<std::int64_t, 3>> const& choice)
      : m_source(source), m_choice(choice), m_header(source) {}

  void line(std::string_view raw, int number) {
    m_line = number;
    std::string_view const text = detail::trim(raw);
    if (text.starts_with("#!")) {
      if (!m_seen_row) m_header.line(text, number);
    } else if (!detail::is_comment(text)) {
      row(text);
    }
  }

  std::vector<Row> const& rows() const { return m_rows; }

  // The name of a coordinate in the header; empty without one.
  std::string coordinate(std::size_t axis) const {
    return m_columns[axis] < m_header.fields().size() ? m_header.fields()[m_columns[axis]] : std::string();
  }
  PlumedHeader const& header() const { return m_header; }

 private:
  [[noreturn]] void fail(std::string const& what) const { throw InputError(m_source, m_line, what); }

  void row(std::string_view text) {
    auto const fields = detail::columns_of(text);
    if (!m_know_columns) choose_columns();
    check_count(fields.size());
    std::array<std::optional<double>, 3> value;
    for (std::size_t i = 0; i < 3; ++i) value[i] = detail::number(fields[m_columns[i]]);
    bool const may_be_header = detail::has_commas(text) && !m_seen_row;
    m_seen_row = true;
    if (may_be_header && !value[0] && !value[1] && !value[2]) return;
    for (std::size_t i = 0; i < 3; ++i) {
      std::string const what = in_quotes(fields[m_columns[i]]);
      if (!value[i]) fail(what + " is not a number");
      if (!std::isfinite(*value[i])) {
        fail((i < 2 ? std::string("the position ") + axis_name[i] + " = " : "the energy ") + what +
             " is not a finite number");
      }
    }
    if (std::ssize(m_rows) == Surface::most_points) {
      fail("is one point more than " + std::to_string(Surface::most_points) + "; use a coarser grid");
    }
    m_rows.push_back({{*value[0], *value[1]}, *value[2], m_line});
  }

  void choose_columns() {
    if (m_choice) {
      for (std::size_t i = 0; i < 3; ++i) m_columns[i] = static_cast<std::size_t>((*m_choice)[i] - 1);
    } else if (!m_header.fields().empty()) {
      m_columns = surface_columns(m_header);
    }
    m_know_columns = true;
  }

  void check_count(std::size_t count) const {
    std::size_t const last = std::max({m_columns[0], m_columns[1], m_columns[2]}) + 1;
    std::size_t const named = m_header.fields().size();
    if (named > 0 && count != named) {
      fail("has " + counted(count, "column") + ", but the header names " + std::to_string(named));
    }
    if (m_choice && count < last) {
      fail("has " + counted(count, "column") + ", but number " + std::to_string(last) + " is chosen");
    }
    if (!m_choice && named == 0 && count != 3) {
      fail("has " + counted(count, "column") + ", but three are needed: x, y and energy" +
           (count > 3 ? "; choose them by their numbers" : ""));
    }
  }

  std::string const& m_source;
  std::optional<std::array<std::int64_t, 3>> const& m_choice;
  PlumedHeader m_header;
  int m_line = 0;
  bool m_seen_row = false, m_know_columns = false;
  std::array<std::size_t, 3> m_columns{0, 1, 2};
  std::vector<Row> m_rows;
};

// The different positions along an axis, in order. Those that differ by less than a file's rounding are one: no grid of
// Surface::most_points has so small a spacing.
std::vector<double> positions_along(std::vector<Row> const& rows, std::size_t axis) {
  std::vector<double> all;
  for (Row const& row : rows) all.push_back(row.position[axis]);
  std::ranges::sort(all);
  double const near = 1e-6 * (all.back() - all.front());
  std::vector<double> different;
  for (double const position : all) {
    if (different.empty() || position - different.back() > near) different.push_back(position);
  }
  return different;
}

std::string shown(std::size_t axis, double position) {
  return std::string(axis_name[axis]) + " = " + shortest_decimal(position);
}

SurfaceAxis even_axis(std::vector<double> const& position, std::size_t axis, std::string const& source) {
  std::size_t const n = position.size();
  if (n < Surface::fewest_points) {
    throw InputError(source, 0,
                     "has " + counted(n, "position") + " along " + axis_name[axis] + ", but a spline needs at least " +
                         std::to_string(Surface::fewest_points));
  }
  double const first = position.front(), spacing = (position.back() - first) / static_cast<double>(n - 1);
  std::size_t narrow = 1, wide = 1;
  bool even = true;
  for (std::size_t i = 1; i < n; ++i) {
    double const gap = position[i] - position[i - 1];
    if (gap < position[narrow] - position[narrow - 1]) narrow = i;
    if (gap > position[wide] - position[wide - 1]) wide = i;
    double const off = position[i] - (first + static_cast<double>(i) * spacing);
    even = even && std::abs(off) <= Surface::rounding * spacing;
  }
  if (!even) {
    throw InputError(source, 0,
                     std::string("is no grid of evenly spaced points: after ") + shown(axis, position[wide - 1]) +
                         " comes " + shortest_decimal(position[wide]) + ", after " +
                         shortest_decimal(position[narrow - 1]) + " comes " + shortest_decimal(position[narrow]));
  }
  return {static_cast<std::int64_t>(n), first, spacing, 0};
}

// Which point of an axis a position is.
std::int64_t index_along(std::vector<double> const& positions, double position) {
  auto const above = std::ranges::upper_bound(positions, position);
  return (above - positions.begin()) - 1;
}

// The energies, if every point of the grid has one.
std::vector<double> energies_on(std::array<std::vector<double>, 2> const& positions, std::vector<Row> const& rows,
                                std::string const& source) {
  struct Point {
    std::int64_t place;
    Row const* row;
  };
  auto const columns = std::ssize(positions[1]);
  std::vector<Point> points;
  for (Row const& row : rows) {
    points.push_back(
        {index_along(positions[0], row.position[0]) * columns + index_along(positions[1], row.position[1]), &row});
  }
  std::ranges::stable_sort(points, {}, &Point::place);
  auto const name = [&](std::int64_t place) {
    return "the point " + shown(0, positions[0][static_cast<std::size_t>(place / columns)]) + ", " +
           shown(1, positions[1][static_cast<std::size_t>(place % columns)]);
  };
  std::string const grid = "the grid of " + std::to_string(positions[0].size()) + " x " + std::to_string(columns);
  std::vector<double> energy;
  for (Point const& point : points) {
    auto const next = std::ssize(energy);
    if (point.place < next) {
      Row const* const before = points[static_cast<std::size_t>(next - 1)].row;
      throw InputError(source, point.row->line,
                       name(point.place) + " comes twice, first in line " + std::to_string(before->line));
    }
    if (point.place > next) throw InputError(source, 0, "lacks " + name(next) + " of " + grid);
    energy.push_back(point.row->energy);
  }
  if (std::ssize(energy) < std::ssize(positions[0]) * columns) {
    throw InputError(source, 0, "lacks " + name(std::ssize(energy)) + " of " + grid);
  }
  return energy;
}

void expect_equal_ends(Surface const& surface, std::size_t axis) {
  auto const columns = static_cast<std::size_t>(surface.axis[1].points);
  auto const [least, most] = std::ranges::minmax(surface.energy);
  std::size_t const n = static_cast<std::size_t>(surface.axis[axis].points), other = surface.energy.size() / n;
  for (std::size_t i = 0; i < other; ++i) {
    double const first = surface.energy[axis == 0 ? i : i * columns];
    double const last = surface.energy[axis == 0 ? (n - 1) * columns + i : i * columns + n - 1];
    expects(std::abs(last - first) <= 1e-6 * (most - least),
            std::string("energy one period after the first along ") + axis_name[axis], last,
            shortest_decimal(first) + ", as at the first point");
  }
}

// Without the last point of an axis.
void drop_last(Surface& surface, std::size_t axis) {
  auto const rows = static_cast<std::size_t>(surface.axis[0].points);
  auto const columns = static_cast<std::size_t>(surface.axis[1].points);
  std::vector<double> kept;
  for (std::size_t i = 0; i < (axis == 0 ? rows - 1 : rows); ++i) {
    for (std::size_t j = 0; j < (axis == 1 ? columns - 1 : columns); ++j) {
      kept.push_back(surface.energy[i * columns + j]);
    }
  }
  surface.energy = std::move(kept);
  --surface.axis[axis].points;
}

// Where an XPM matrix has its pixels, of which edges are those of even bins.
Surface surface_of(detail::XpmMatrix matrix, std::string const& source) {
  Surface surface;
  for (std::size_t axis = 0; axis < 2; ++axis) {
    auto const pixels = matrix.pixels[axis];
    auto& positions = matrix.axis[axis];
    if (!std::ranges::is_sorted(positions, std::ranges::less_equal())) {
      throw InputError(source, 0, std::string("has positions along ") + axis_name[axis] + " that do not increase");
    }
    bool const are_edges = positions.size() == pixels + 1;
    if (are_edges) {
      for (std::size_t i = 0; i < pixels; ++i) positions[i] += (positions[i + 1] - positions[i]) / 2;
      positions.pop_back();
    }
    surface.axis[axis] = even_axis(positions, axis, source);
  }
  surface.energy = std::move(matrix.value);
  return surface;
}

}  // namespace

Surface parse_surface(std::string_view text, std::string const& source,
                      std::optional<std::array<std::int64_t, 3>> const& columns) {
  if (detail::is_xpm(text)) {
    if (columns) throw InputError(source, 0, "is a matrix of XPM, in which there are no columns to choose");
    return surface_of(detail::parse_xpm(text, source), source);
  }
  Parser parser(source, columns);
  detail::for_each_line(text, [&](std::string_view line, int number) { parser.line(line, number); });
  std::vector<Row> const& rows = parser.rows();
  if (rows.empty()) throw InputError(source, 0, "holds no points");
  Surface surface;
  std::array<std::vector<double>, 2> const positions{positions_along(rows, 0), positions_along(rows, 1)};
  for (std::size_t axis = 0; axis < 2; ++axis) {
    std::string const name = parser.coordinate(axis);
    double const period = name.empty() ? 0 : parser.header().period_of(name);
    if (!name.empty()) parser.header().expect_points(name, positions[axis].size());
    surface.axis[axis] = even_axis(positions[axis], axis, source);
    surface.axis[axis].period = period;
  }
  surface.energy = energies_on(positions, rows, source);
  return surface;
}

Surface read_surface(std::filesystem::path const& path, std::optional<std::array<std::int64_t, 3>> const& columns) {
  if (!is_hdf5(path)) return parse_surface(read_named_input(path), path.string(), columns);
  if (columns) throw InputError(path.string(), 0, "is a file of HDF5, in which there are no columns to choose");
  return parse_surface(surface_text(path), path.string());
}

Surface with_period(Surface surface, int axis, double period) {
  expects(axis == 0 || axis == 1, "axis", axis, "0 or 1");
  auto const a = static_cast<std::size_t>(axis);
  SurfaceAxis& line = surface.axis[a];
  auto const gaps = static_cast<double>(line.points - 1);
  double const spacings = period / line.spacing, whole = std::round(spacings);
  expects(whole >= gaps, "period", period, "at least the length of the grid, " + shortest_decimal(gaps * line.spacing));
  bool const closed = whole == gaps;  // the last point is the first one again
  expects((closed || whole == gaps + 1) && std::abs(spacings - whole) <= 2 * Surface::rounding, "period", period,
          std::to_string(line.points) + " times the spacing " + shortest_decimal(line.spacing) +
              ", or one time less where the last point is the first one again");
  if (closed) {
    expect_equal_ends(surface, a);
    drop_last(surface, a);
  }
  expects(line.points >= Surface::fewest_points, "points in a period", line.points, "at least 3");
  line.spacing = period / static_cast<double>(line.points);
  line.period = period;
  return surface;
}

std::uint64_t hash_of(Surface const& surface) {
  std::uint64_t sum = 0, place = 0;
  auto const add = [&](double value) { sum += hash_element(place++, std::bit_cast<std::uint64_t>(value)); };
  for (SurfaceAxis const& axis : surface.axis) {
    for (double const value : {static_cast<double>(axis.points), axis.first, axis.spacing, axis.period}) add(value);
  }
  for (double const value : surface.energy) add(value);
  return sum;
}

}  // namespace kramers::dynamics
