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
std::string last_reason();

hid_t native_type(Type type);
std::size_t size_of(Type type);
std::string name_of(Type type);
/// Text of this many bytes; a variable-length one for 0.
Datatype text_type(std::size_t bytes);

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

/// Name of the attribute that holds the checksum.
inline constexpr char checksum_name[] = "checksum";

}  // namespace kramers::h5::detail
