// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/runtime/collective_errors.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "h5_support.hpp"

namespace kramers::h5 {

/// The largest number of values that an attribute may have; HDF5 stores more than 64 KiB of them in a way of its own.
inline constexpr hssize_t most_attribute_values = 1 << 20;

/// What the calls of a Reader are made of. Nothing that the file says is believed before it is compared with the rest of
/// the file: types, extents, how much is stored, checksums.
struct Reader::Impl {
  std::filesystem::path path;
  Communicator comm;
  detail::File file;

  [[noreturn]] void fail(std::string const& reason) const { throw IoError(path.string(), reason); }
  /// Throw unless HDF5 could do its work on `what`.
  void check(bool ok, std::string const& what) const;

  template <class Work>
  void together(Work&& work) const {
    agree(comm, [&] {
      detail::Silence const silence;
      work();
    });
  }

  detail::Dataset open(std::string_view name) const;

  detail::Attribute open_attribute(std::string_view object, std::string_view name) const;

  void expect_type(detail::Datatype const& stored, detail::Type type, std::string_view name) const;

  /// Throw unless this is one text of fixed length.
  void expect_text(detail::Datatype const& stored, detail::Dataspace const& space, std::string_view name) const;

  Extents extents_of(hid_t set, std::string_view name) const;

  /// Throw unless a dataset that claims so many bytes can hold them, before memory is taken for them.
  void expect_stored(hid_t set, std::uint64_t bytes, std::string_view name) const;

  std::uint64_t elements_of(Extents const& extents, detail::Type type, std::string_view name) const;

  /// Extents of a dataset of this type whose data are all there.
  Extents whole_extents(hid_t set, detail::Type type, std::string_view name) const;

  /// The numbers of an attribute of a dataset; nothing where it has none of this name.
  std::vector<std::uint64_t> checksums(hid_t set, char const* attribute_name, std::string_view name) const;

  [[noreturn]] void fail_checksum(std::string_view name) const;
  void expect_checksum(hid_t set, std::uint64_t sum, std::string_view name) const;

  /// Consecutive rows, into memory that has room for them.
  void read_box(hid_t set, Extents const& extents, detail::Type type, std::uint64_t first_row, std::uint64_t count,
                void* values, std::string_view name) const;

  /// Blocks of rows and the checksum of each; where a dataset has none it is one block.
  struct Blocks {
    std::uint64_t rows;
    std::vector<std::uint64_t> sums;
  };
  Blocks blocks_of(hid_t set, Extents const& extents, std::string_view name) const;

  /// Rows of a dataset, read together with the blocks around them.
  void read_checked(hid_t set, Extents const& extents, detail::Type type, std::uint64_t first_row, std::uint64_t count,
                    std::byte* values, std::string_view name) const;
};

}  // namespace kramers::h5
