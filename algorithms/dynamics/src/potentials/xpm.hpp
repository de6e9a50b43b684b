// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace kramers::dynamics::detail {

/// A matrix of GROMACS, an XPM image of which a comment beside each colour says what it stands for.
struct XpmMatrix {
  std::array<std::size_t, 2> pixels{};      ///< along x, y
  std::array<std::vector<double>, 2> axis;  ///< centres of the pixels, or one more: their edges [length]
  std::vector<double> value;                ///< (pixels[0], pixels[1]), row by row, y from below [energy]
};

/// Does a text begin as such a matrix does, with a comment of C? No table of numbers can.
bool is_xpm(std::string_view text);

/// Read what write_xpm of GROMACS writes: comments with the type and the axes, lines "A  c #FF00FF " /* "12.3" */ of
/// colours, of one or two characters, and lines of pixels from the largest y to the smallest.
///
/// @throws InputError  with the line: of another type than Continuous, a colour without a finite number, a pixel of no
///                     colour, a line of another length; without: it ends early, an axis has another number of positions
/// @see Source  GROMACS, src/gromacs/fileio/matio.cpp; gmx sham writes edges, n + 1 of n pixels
XpmMatrix parse_xpm(std::string_view text, std::string const& source);

}  // namespace kramers::dynamics::detail
