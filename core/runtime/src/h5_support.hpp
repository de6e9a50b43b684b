// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/runtime/h5.hpp>

#include <hdf5.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

/// What Writer and Reader share: handles, types, and HDF5's errors as sentences.
namespace kramers::h5::detail {

/// An HDF5 identifier with the function that closes it.
template <herr_t (*Close)(hid_t)>
class Handle {
 public:
  Handle() = default;
  explicit Handle(hid_t id) : m_id(id) {}
  ~Handle() { close(); }
  Handle(Handle&& other) noexcept : m_id(std::exchange(other.m_id, H5I_INVALID_HID)) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(m_id, other.m_id);
    return *this;
  }
  operator hid_t() const { return m_id; }
  bool is_open() const { return m_id >= 0; }
  /// Close now; false if that failed.
  bool close() { return m_id < 0 || Close(std::exchange(m_id, H5I_INVALID_HID)) >= 0; }
  /// Forget the identifier without closing it.
  void leak() { m_id = H5I_INVALID_HID; }

 private:
  hid_t m_id = H5I_INVALID_HID;
};

using File = Handle<H5Fclose>;
using Object = Handle<H5Oclose>;
using Group = Handle<H5Gclose>;
using Dataset = Handle<H5Dclose>;
using Dataspace = Handle<H5Sclose>;
using Datatype = Handle<H5Tclose>;
using Attribute = Handle<H5Aclose>;
using Properties = Handle<H5Pclose>;

/// HDF5 prints its errors unless told not to: silent while alive.
class Silence {
 public:
  Silence();
  ~Silence();
  Silence(Silence const&) = delete;
  Silence& operator=(Silence const&) = delete;

 private:
  H5E_auto2_t m_function = nullptr;
  void* m_data = nullptr;
};

/// Why the last HDF5 call failed: the system's word for it if it was the system, else HDF5's innermost sentence.
struct Reason {
  std::string system, sentence;
};
Reason last_reason();

hid_t native_type(Type type);
std::size_t size_of(Type type);
std::string name_of(Type type);
/// Text of this many bytes; a variable-length one for 0.
Datatype text_type(std::size_t bytes);

/// A name as messages show it: in quotation marks, short, and without what a terminal would obey.
std::string quoted(std::string_view name);
/// "(300, 2)"; "()" for a scalar.
std::string text_of(Extents const& extents);

/// Number of elements of these extents; 1 for a scalar.
///
/// @throws Error  more than 2^63 bytes
std::uint64_t product(Extents const& extents, std::size_t element_bytes);

/// Checksum of a box of values within an array of these extents.
std::uint64_t box_checksum(Block values, Extents const& offset, Extents const& count, Extents const& extents);

/// Consecutive rows of a box that go to the file in one call.
struct Piece {
  Extents offset, count;
  std::size_t first_byte = 0, bytes = 0;
};

/// A box in pieces of whole rows, of about `piece_bytes` each; nothing for an empty box.
std::vector<Piece> pieces_of(Extents const& offset, Extents const& count, std::size_t element_bytes,
                             std::uint64_t piece_bytes);

/// The values of one piece of a box.
Block part(Block values, Piece const& piece);

/// Does this path exist, link by link?
bool exists(hid_t file, std::string_view name);

/// How a dataset is divided so that a part of it can be checked alone: so many rows per block, the last one may be
/// shorter. At most 4096 blocks, of at least 64 KiB.
std::uint64_t rows_per_block(Extents const& extents, std::size_t element_bytes);
std::uint64_t blocks_of(std::uint64_t rows, std::uint64_t rows_per_block);

/// What a box of values adds to the checksum of each block; their sum is box_checksum.
std::vector<std::uint64_t> block_checksums(Block values, Extents const& offset, Extents const& count,
                                           Extents const& extents, std::uint64_t rows_per_block);

/// Names of the attributes that hold the checksum of a dataset, those of its blocks, and the rows of a block.
inline constexpr char checksum_name[] = "checksum";
inline constexpr char block_checksums_name[] = "block_checksums";
inline constexpr char rows_per_block_name[] = "rows_per_block";

}  // namespace kramers::h5::detail
