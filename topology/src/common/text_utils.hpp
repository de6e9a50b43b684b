// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/topology/cpu_set.hpp>
#include <kramers/topology/device.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Small helpers for text that several sources share.
namespace kramers::topology::detail {

std::string join(std::vector<std::string> const& words, std::string_view separator);

/// "a", "a and b", "a, b and c".
std::string enumerate(std::vector<std::string> const& words);

std::vector<std::string> split(std::string_view text, char separator);

/// The lines of a text that ends with a line end.
std::vector<std::string> split_lines(std::string_view text);

std::string_view trimmed(std::string_view text);

/// The set of these small numbers, none of them negative.
CpuSet set_of(std::vector<int> const& numbers);

/// "1 rank", "4 ranks".
std::string count(std::size_t number, std::string_view noun);

/// "rank 3".
std::string rank_text(int rank);

/// "rank 3", "ranks 0-3,8".
std::string ranks_text(std::vector<int> const& ranks);

/// A number that is the whole text; nothing for another text.
std::optional<unsigned> whole_number(std::string_view text);

/// The number at the end of a name: 1 of "hsn1"; nothing where it ends otherwise.
std::optional<unsigned> number_at_end(std::string_view text);

/// "hsn1" or, where the name is not the bus id, "hsn1 (0000:21:00.0)".
std::string name_and_bus(Device const& device);

/// "25 GB/s", "31.5 GB/s"; "" for an unknown speed.
std::string speed_text(double gigabytes_per_second);

/// "125 GB": 2^30 bytes are one, as lstopo counts.
std::string bytes_text(std::uint64_t bytes);

}  // namespace kramers::topology::detail
