// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/runtime/build_config.hpp>

#ifdef KRAMERS_HAVE_HDF5
#include <algorithm>
#include <cstring>
#include <numeric>

#include "h5_reader_impl.hpp"

namespace kramers::h5 {

using detail::Type;

namespace {

// Rows that are read only for their checksum pass through memory in pieces of this size.
constexpr std::uint64_t piece_bytes = 16 << 20;

}  // namespace

void Reader::Impl::check(bool ok, std::string const& what) const {
  if (ok) return;
  auto const reason = detail::last_reason();
  fail(reason.system.empty() ? "is damaged: " + what + " cannot be read" : "cannot be read: " + reason.system);
}

detail::Dataset Reader::Impl::open(std::string_view name) const {
  if (!detail::exists(file, name)) fail("holds no dataset " + detail::quoted(name));
  detail::Dataset set(H5Dopen2(file, std::string(name).c_str(), H5P_DEFAULT));
  if (!set.is_open()) fail("holds " + detail::quoted(name) + ", but not as a dataset that can be read");
  return set;
}

detail::Attribute Reader::Impl::open_attribute(std::string_view object, std::string_view name) const {
  std::string const owner(object), what(name);
  if (!detail::exists(file, object)) fail("holds no " + detail::quoted(object));
  if (H5Aexists_by_name(file, owner.c_str(), what.c_str(), H5P_DEFAULT) <= 0) {
    fail("holds no attribute " + detail::quoted(name) + " of " + detail::quoted(object));
  }
  detail::Attribute attribute(H5Aopen_by_name(file, owner.c_str(), what.c_str(), H5P_DEFAULT, H5P_DEFAULT));
  check(attribute.is_open(), "attribute " + detail::quoted(name));
  return attribute;
}

void Reader::Impl::expect_type(detail::Datatype const& stored, Type type, std::string_view name) const {
  check(stored.is_open(), "the type of " + detail::quoted(name));
  detail::Datatype const native(H5Tget_native_type(stored, H5T_DIR_ASCEND));
  if (!native.is_open() || H5Tequal(native, detail::native_type(type)) <= 0) {
    fail("holds " + detail::quoted(name) + " in another type than " + detail::name_of(type));
  }
}

void Reader::Impl::expect_text(detail::Datatype const& stored, detail::Dataspace const& space,
                               std::string_view name) const {
  bool const is_one = H5Tget_class(stored) == H5T_STRING && H5Sget_simple_extent_npoints(space) == 1;
  if (!is_one || H5Tis_variable_str(stored) != 0) {
    fail("holds " + detail::quoted(name) + " in another type than text of fixed length");
  }
}

Extents Reader::Impl::extents_of(hid_t set, std::string_view name) const {
  auto const what = "the shape of " + detail::quoted(name);
  detail::Dataspace const space(H5Dget_space(set));
  check(space.is_open(), what);
  int const dims = H5Sget_simple_extent_ndims(space);
  check(dims >= 0, what);
  std::vector<hsize_t> sizes(static_cast<std::size_t>(dims));
  check(H5Sget_simple_extent_dims(space, sizes.data(), nullptr) >= 0, what);
  return {sizes.begin(), sizes.end()};
}

void Reader::Impl::expect_stored(hid_t set, std::uint64_t bytes, std::string_view name) const {
  // More than any filter of HDF5 makes of a byte, that of deflate being 1032.
  constexpr std::uint64_t most_inflation = 2000;
  detail::Properties const how(H5Dget_create_plist(set));
  hsize_t file_bytes = 0;
  check(H5Fget_filesize(file, &file_bytes) >= 0, "the size of the file");
  bool const plain = H5Pget_layout(how) != H5D_CHUNKED;
  auto const stored = std::min<std::uint64_t>(H5Dget_storage_size(set), file_bytes);
  bool const elsewhere = H5Pget_external_count(how) > 0 || H5Pget_layout(how) == H5D_VIRTUAL;
  if (elsewhere || bytes / (plain ? 1 : most_inflation) > stored) {
    fail("is damaged: the data of " + detail::quoted(name) + " are not all there");
  }
}

std::uint64_t Reader::Impl::elements_of(Extents const& extents, Type type, std::string_view name) const {
  try {
    return detail::product(extents, detail::size_of(type));
  } catch (Error const&) {
    fail("is damaged: no memory holds as much as " + detail::quoted(name) + " claims to have");
  }
}

Extents Reader::Impl::whole_extents(hid_t set, Type type, std::string_view name) const {
  expect_type(detail::Datatype(H5Dget_type(set)), type, name);
  auto extents = extents_of(set, name);
  expect_stored(set, elements_of(extents, type, name) * detail::size_of(type), name);
  return extents;
}

std::vector<std::uint64_t> Reader::Impl::checksums(hid_t set, char const* attribute_name, std::string_view name) const {
  if (H5Aexists(set, attribute_name) <= 0) return {};
  auto const what = "attribute '" + std::string(attribute_name) + "' of " + detail::quoted(name);
  detail::Attribute const attribute(H5Aopen(set, attribute_name, H5P_DEFAULT));
  check(attribute.is_open(), what);
  detail::Dataspace const space(H5Aget_space(attribute));
  auto const count = H5Sget_simple_extent_npoints(space);
  check(count > 0 && count <= most_attribute_values, what);
  expect_type(detail::Datatype(H5Aget_type(attribute)), Type::u64, attribute_name);
  std::vector<std::uint64_t> values(static_cast<std::size_t>(count));
  check(H5Aread(attribute, H5T_NATIVE_UINT64, values.data()) >= 0, what);
  return values;
}

void Reader::Impl::fail_checksum(std::string_view name) const {
  fail("is damaged: the data of " + detail::quoted(name) + " do not match their checksum");
}

void Reader::Impl::expect_checksum(hid_t set, std::uint64_t sum, std::string_view name) const {
  auto const stored = checksums(set, detail::checksum_name, name);
  if (!stored.empty() && stored[0] != sum) fail_checksum(name);  // none: written by another program
}

void Reader::Impl::read_box(hid_t set, Extents const& extents, Type type, std::uint64_t first_row, std::uint64_t count,
                            void* values, std::string_view name) const {
  std::vector<hsize_t> offset(extents.size(), 0), box(extents.begin(), extents.end());
  offset[0] = first_row;
  box[0] = count;
  detail::Dataspace const there(H5Dget_space(set));
  detail::Dataspace const here(H5Screate_simple(static_cast<int>(box.size()), box.data(), nullptr));
  check(H5Sselect_hyperslab(there, H5S_SELECT_SET, offset.data(), nullptr, box.data(), nullptr) >= 0 &&
            H5Dread(set, detail::native_type(type), here, there, H5P_DEFAULT, values) >= 0,
        detail::quoted(name));
}

Reader::Impl::Blocks Reader::Impl::blocks_of(hid_t set, Extents const& extents, std::string_view name) const {
  auto const whole = checksums(set, detail::checksum_name, name);
  auto const rows = checksums(set, detail::rows_per_block_name, name);
  if (rows.empty()) return {extents[0], whole};
  auto const sums = checksums(set, detail::block_checksums_name, name);
  if (rows[0] == 0 || sums.size() != detail::blocks_of(extents[0], rows[0]) || whole.empty() ||
      std::accumulate(sums.begin(), sums.end(), std::uint64_t{0}) != whole[0]) {
    fail("is damaged: the checksums of " + detail::quoted(name) + " contradict each other");
  }
  return {rows[0], sums};
}

void Reader::Impl::read_checked(hid_t set, Extents const& extents, Type type, std::uint64_t first_row,
                                std::uint64_t count, std::byte* values, std::string_view name) const {
  auto const [block_rows, sums] = blocks_of(set, extents, name);
  if (sums.empty()) return read_box(set, extents, type, first_row, count, values, name);
  std::uint64_t const end = first_row + count;
  std::uint64_t const row = elements_of({extents.begin() + 1, extents.end()}, type, name);
  std::uint64_t const row_bytes = row * detail::size_of(type);
  std::uint64_t const piece_rows = std::max<std::uint64_t>(1, piece_bytes / row_bytes);
  std::vector<std::byte> piece;
  for (std::uint64_t block = first_row / block_rows; block * block_rows < end; ++block) {
    std::uint64_t const block_end = std::min((block + 1) * block_rows, extents[0]);
    std::uint64_t sum = 0;
    for (std::uint64_t at = block * block_rows, here = 0; at < block_end; at += here) {
      here = std::min(piece_rows, block_end - at);
      piece.resize(here * row_bytes);
      read_box(set, extents, type, at, here, piece.data(), name);
      sum += detail::checksum({type, piece.data(), static_cast<std::size_t>(here * row)}, at * row);
      std::uint64_t const from = std::max(at, first_row), to = std::min(at + here, end);
      if (from >= to) continue;
      std::memcpy(values + (from - first_row) * row_bytes, piece.data() + (from - at) * row_bytes,
                  (to - from) * row_bytes);
    }
    if (sum != sums[block]) fail_checksum(name);
  }
}

}  // namespace kramers::h5
#endif
