// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/grids/csr_matrix.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace kramers::grids {

/// A matrix in the coordinate format of Matrix Market: real, integer or pattern (entries 1), general or symmetric (of which
/// the file has the lower triangle). Entries that stand twice are added, in the order of the file. Every row has an entry,
/// so that memory is bounded by a small multiple of the text.
///
/// @param[in] source  names the text in messages
/// @throws InputError  with the line: another format or field, a number that is none or not finite, an index out of range,
///                     more or fewer entries than announced, a last line without an end, a row without entries
/// @see    Source     Boisvert, Pozo, Remington, The Matrix Market exchange formats, NISTIR 5935 (1996)
CsrMatrix parse_matrix_market(std::string_view text, std::string const& source);

/// A vector in the array format of Matrix Market: real or integer, general, one column.
/// @throws InputError  likewise
std::vector<double> parse_matrix_market_vector(std::string_view text, std::string const& source);

/// Throw unless the matrix is square, equals its transpose to the bit and has a positive diagonal, as one that is symmetric
/// and positive definite has. Cost: a pass over the entries, each looked up in its mirrored row.
/// @throws InputError  which rule is broken, and where in the matrix (counted from 1)
void require_symmetric(CsrMatrix const& matrix, std::string const& source);

}  // namespace kramers::grids
