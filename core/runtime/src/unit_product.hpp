// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kramers::detail {

/// Names with their powers: "energy / length^2" is {{"energy", 1}, {"length", -2}}.
using UnitProduct = std::vector<std::pair<std::string, int>>;

/// Names with ^ and an integer, joined by * or blanks and by /, with parentheses; a 1 may stand before the first /.
/// After a / only another / may follow: whether "a / b c" divides by c is a question of taste. Nothing where it is no
/// such product, is longer than 100 characters or has a power above 9.
std::optional<UnitProduct> read_product(std::string_view text);

/// "kJ/mol/nm^2", "1/ps", "1".
std::string product_text(UnitProduct const& product);
/// "kJ mol-1 nm-2", "ps-1", "1".
std::string h5md_text(UnitProduct const& product);

/// A decimal number at the begin of a text and what follows it.
struct NumberAndUnits {
  double number;
  std::string_view units;
};
std::optional<NumberAndUnits> split_number(std::string_view text);

}  // namespace kramers::detail
