// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kramers::ml::detail {

/// An array as NumPy writes it (numpy.lib.format, versions 1 to 3), in memory.
struct NpyArray {
  char kind = 0;          ///< 'f', 'i' or 'u'
  std::size_t width = 0;  ///< bytes of a number
  bool by_columns = false;
  std::vector<std::uint64_t> shape;
  std::string_view numbers;  ///< as many bytes as shape and width say

  /// The number at this place in memory, rounded as a conversion does.
  double real(std::size_t place) const;
  /// The same of integers; those beyond 2^63 as the largest.
  std::int64_t integer(std::size_t place) const;
};

/// @param[in] bytes   must outlive the array
/// @param[in] source  the file, for messages
/// @param[in] name    of the array, for messages
/// @throws InputError  no array, numbers of another type (little-endian f4, f8, i1 to i8 and u1 to u8 are known), or a shape
///                     that is not that of the bytes
NpyArray parse_npy(std::string_view bytes, std::string const& source, std::string const& name);

}  // namespace kramers::ml::detail
