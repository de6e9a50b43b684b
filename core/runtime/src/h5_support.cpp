// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/hash.hpp>
#include <kramers/runtime/build_config.hpp>
#include <kramers/runtime/h5.hpp>

#include <cstring>

#ifdef KRAMERS_HAVE_HDF5
#include <algorithm>
#include <cstdlib>
#include <limits>
#include <utility>

#include "h5_support.hpp"
#endif

namespace kramers::h5 {

bool available() noexcept {
#ifdef KRAMERS_HAVE_HDF5
  return true;
#else
  return false;
#endif
}

bool parallel() noexcept {
#ifdef KRAMERS_HAVE_HDF5_PARALLEL
  return true;
#else
  return false;
#endif
}

namespace detail {

namespace {

template <class Word>
std::uint64_t checksum_of(void const* data, std::size_t count, std::uint64_t first) {
  auto const* bytes = static_cast<unsigned char const*>(data);
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < count; ++i) {
    Word word;
    std::memcpy(&word, bytes + i * sizeof(Word), sizeof(Word));
    sum += hash_element(first + i, word);
  }
  return sum;
}

}  // namespace

std::uint64_t checksum(Block values, std::uint64_t first) {
  switch (values.type) {
    case Type::f64:
    case Type::i64:
    case Type::u64:
      return checksum_of<std::uint64_t>(values.data, values.count, first);
    case Type::f32:
    case Type::i32:
    case Type::u32:
      return checksum_of<std::uint32_t>(values.data, values.count, first);
    case Type::u8:
      break;
  }
  return checksum_of<std::uint8_t>(values.data, values.count, first);
}

#ifdef KRAMERS_HAVE_HDF5

Silence::Silence() {
  // At exit HDF5 would try once more to write the files that a full disk kept it from writing.
  H5dont_atexit();
  H5Eget_auto2(H5E_DEFAULT, &m_function, &m_data);
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

Silence::~Silence() {
  H5Eset_auto2(H5E_DEFAULT, m_function, m_data);
}

Reason last_reason() {
  struct Found {
    std::string first;
    int error_number = 0;
  } found;
  auto const visit = [](unsigned, H5E_error2_t const* error, void* data) -> herr_t {
    auto& result = *static_cast<Found*>(data);
    std::string const text = error->desc != nullptr ? error->desc : "";
    if (result.first.empty()) result.first = text;
    // HDF5 hides errno in the text: "file write failed: ..., errno = 28, error message = ...".
    constexpr std::string_view mark = "errno = ";
    auto const at = text.find(mark);
    if (at != std::string::npos && result.error_number == 0) result.error_number = std::atoi(&text[at + mark.size()]);
    return 0;
  };
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, visit, &found);
  return {found.error_number != 0 ? std::strerror(found.error_number) : "", found.first};
}

hid_t native_type(Type type) {
  switch (type) {
    case Type::f64:
      return H5T_NATIVE_DOUBLE;
    case Type::f32:
      return H5T_NATIVE_FLOAT;
    case Type::i64:
      return H5T_NATIVE_INT64;
    case Type::u64:
      return H5T_NATIVE_UINT64;
    case Type::i32:
      return H5T_NATIVE_INT32;
    case Type::u32:
      return H5T_NATIVE_UINT32;
    case Type::u8:
      break;
  }
  return H5T_NATIVE_UINT8;
}

std::size_t size_of(Type type) {
  return H5Tget_size(native_type(type));
}

std::string name_of(Type type) {
  switch (type) {
    case Type::f64:
      return "double";
    case Type::f32:
      return "float";
    case Type::i64:
      return "64-bit integer";
    case Type::u64:
      return "unsigned 64-bit integer";
    case Type::i32:
      return "32-bit integer";
    case Type::u32:
      return "unsigned 32-bit integer";
    case Type::u8:
      break;
  }
  return "byte";
}

Datatype text_type(std::size_t bytes) {
  Datatype type(H5Tcopy(H5T_C_S1));
  H5Tset_size(type, bytes == 0 ? H5T_VARIABLE : bytes);
  H5Tset_cset(type, H5T_CSET_UTF8);
  if (bytes != 0) H5Tset_strpad(type, H5T_STR_NULLPAD);  // else the last byte is taken for an end
  return type;
}

std::string quoted(std::string_view name) {
  constexpr std::size_t enough = 80;
  std::string text(name.substr(0, enough));
  std::ranges::replace_if(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; }, '?');
  return "'" + text + (name.size() > enough ? "...'" : "'");
}

std::string text_of(Extents const& extents) {
  std::string text;
  for (auto const extent : extents) text += (text.empty() ? "" : ", ") + std::to_string(extent);
  return "(" + text + ")";
}

std::uint64_t product(Extents const& extents, std::size_t element_bytes) {
  constexpr auto largest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  std::uint64_t number = 1;
  for (auto const extent : extents) {
    if (extent != 0 && number > largest / element_bytes / extent) throw Error("the extents of an array overflow");
    number *= extent;
  }
  return number;
}

std::uint64_t box_checksum(Block values, Extents const& offset, Extents const& count, Extents const& extents) {
  if (values.count == 0) return 0;
  if (extents.empty()) return checksum(values, 0);
  // Trailing dimensions that are held whole make one run of consecutive elements together with the one before them.
  std::size_t outer = extents.size() - 1;
  std::uint64_t run = count[outer];
  while (outer > 0 && count[outer] == extents[outer]) run *= count[--outer];
  std::uint64_t sum = 0;
  auto const* bytes = static_cast<unsigned char const*>(values.data);
  Extents index(extents.size(), 0);
  for (std::uint64_t done = 0; done < values.count; done += run) {
    std::uint64_t place = 0;
    for (std::size_t d = 0; d < extents.size(); ++d) place = place * extents[d] + offset[d] + index[d];
    sum += checksum(Block{values.type, bytes + done * size_of(values.type), static_cast<std::size_t>(run)}, place);
    for (std::size_t d = outer; d-- > 0;) {
      if (++index[d] < count[d]) break;
      index[d] = 0;
    }
  }
  return sum;
}

std::uint64_t rows_per_block(Extents const& extents, std::size_t element_bytes) {
  constexpr std::uint64_t most_blocks = 4096, least_bytes = 64 << 10;
  std::uint64_t const row_bytes = product({extents.begin() + 1, extents.end()}, element_bytes) * element_bytes;
  std::uint64_t const least = least_bytes / std::max<std::uint64_t>(row_bytes, 1);
  return std::max({least, blocks_of(extents[0], most_blocks), std::uint64_t{1}});
}

std::uint64_t blocks_of(std::uint64_t rows, std::uint64_t rows_per_block) {
  return rows / rows_per_block + (rows % rows_per_block != 0 ? 1 : 0);
}

std::vector<std::uint64_t> block_checksums(Block values, Extents const& offset, Extents const& count,
                                           Extents const& extents, std::uint64_t rows_per_block) {
  std::vector<std::uint64_t> sums(blocks_of(extents[0], rows_per_block), 0);
  if (values.count == 0) return sums;
  std::uint64_t const row = values.count / count[0], end = offset[0] + count[0];
  auto const* const bytes = static_cast<std::byte const*>(values.data);
  Extents place = offset, size = count;
  for (; place[0] < end; place[0] += size[0]) {
    std::uint64_t const block = place[0] / rows_per_block;
    size[0] = std::min(rows_per_block - place[0] % rows_per_block, end - place[0]);
    auto const* const here = bytes + (place[0] - offset[0]) * row * size_of(values.type);
    sums[block] += box_checksum({values.type, here, static_cast<std::size_t>(size[0] * row)}, place, size, extents);
  }
  return sums;
}

std::vector<Piece> pieces_of(Extents const& offset, Extents const& count, std::size_t element_bytes,
                             std::uint64_t piece_bytes) {
  std::vector<Piece> pieces;
  std::uint64_t const elements = product(count, element_bytes);
  if (elements == 0) return pieces;
  std::uint64_t const row_bytes = elements / count[0] * element_bytes;
  std::uint64_t const step = std::max<std::uint64_t>(1, piece_bytes / row_bytes);
  for (std::uint64_t row = 0; row < count[0]; row += step) {
    std::uint64_t const rows = std::min(step, count[0] - row);
    Piece piece{offset, count, static_cast<std::size_t>(row * row_bytes), static_cast<std::size_t>(rows * row_bytes)};
    piece.offset[0] += row;
    piece.count[0] = rows;
    pieces.push_back(std::move(piece));
  }
  return pieces;
}

Block part(Block values, Piece const& piece) {
  return {values.type, static_cast<std::byte const*>(values.data) + piece.first_byte,
          piece.bytes / size_of(values.type)};
}

bool exists(hid_t file, std::string_view name) {
  std::string const path(name);
  for (auto slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    if (H5Lexists(file, path.substr(0, slash).c_str(), H5P_DEFAULT) <= 0) return false;
  }
  return path == "/" ||
         (H5Lexists(file, path.c_str(), H5P_DEFAULT) > 0 && H5Oexists_by_name(file, path.c_str(), H5P_DEFAULT) > 0);
}

#endif

}  // namespace detail

}  // namespace kramers::h5
