// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/base/error.hpp>
#include <kramers/base/file.hpp>
#include <kramers/runtime/communicator.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

/// HDF5 files, written whole or not at all, by one process or many. Where kramers is built without HDF5 every
/// constructor throws Error.
namespace kramers::h5 {

/// Is HDF5 built in? Can several ranks write one file at once (otherwise rank 0 writes for all)?
bool available() noexcept;
bool parallel() noexcept;

/// The numbers that datasets and attributes hold.
template <class T>
concept number = std::same_as<T, double> || std::same_as<T, float> || std::same_as<T, std::int64_t> ||
                 std::same_as<T, std::uint64_t> || std::same_as<T, std::int32_t> || std::same_as<T, std::uint32_t> ||
                 std::same_as<T, std::uint8_t>;

/// A contiguous range of numbers.
template <class R>
concept numbers = std::ranges::contiguous_range<R> && std::ranges::sized_range<R> &&
                  number<std::remove_cv_t<std::ranges::range_value_t<R>>>;

using Extents = std::vector<std::uint64_t>;

namespace detail {
enum class Type { f64, f32, i64, u64, i32, u32, u8 };

template <number T>
constexpr Type type_of() {
  if constexpr (std::same_as<T, double>) return Type::f64;
  if constexpr (std::same_as<T, float>) return Type::f32;
  if constexpr (std::same_as<T, std::int64_t>) return Type::i64;
  if constexpr (std::same_as<T, std::uint64_t>) return Type::u64;
  if constexpr (std::same_as<T, std::int32_t>) return Type::i32;
  if constexpr (std::same_as<T, std::uint32_t>) return Type::u32;
  return Type::u8;
}

/// Untyped view of a contiguous range.
struct Block {
  Type type;
  void const* data;
  std::size_t count;
};

template <numbers R>
Block block(R const& values) {
  return {type_of<std::remove_cv_t<std::ranges::range_value_t<R>>>(), std::ranges::data(values),
          static_cast<std::size_t>(std::ranges::size(values))};
}
}  // namespace detail

/// Sum over elements of a hash of (index, bytes), wrapping: parts of an array that different ranks hold add up to the
/// checksum of the whole. Each dataset carries that of its content in the attribute "checksum", which Reader verifies,
/// and a large one of rows those of blocks of rows in "block_checksums", so that a part can be verified alone.
///
/// @param first  index of the first element within the whole array
template <numbers R>
std::uint64_t checksum(R const& values, std::uint64_t first = 0);

/// How several ranks write one file: at once where HDF5 can, or all through rank 0, which holds no more than 16 MiB of
/// the others' values at a time. The second way needs nothing of the file system.
enum class Access { parallel, gathered };

/// Writes one HDF5 file. It stands under a hidden temporary name beside `path` until `commit`; without commit it is
/// removed and what stood under `path` is untouched. All functions are collective: every rank makes the same calls,
/// and either all return or all throw. Names are paths inside the file; groups on the way are created.
///
/// @throws IoError  with path and reason; Error where HDF5 is not built in
class Writer {
 public:
  Writer(std::filesystem::path path, Communicator comm, Access access = Access::parallel);
  ~Writer();
  Writer(Writer const&) = delete;
  Writer& operator=(Writer const&) = delete;

  void group(std::string_view name);

  /// Attribute of a group or dataset that exists ("/" is the file), the same values on all ranks.
  template <number T>
  void attribute(std::string_view object, std::string_view name, T value) {
    attribute_numbers(object, name, detail::block(std::span<T const>(&value, 1)), true);
  }
  template <numbers R>
  void attribute(std::string_view object, std::string_view name, R const& values) {
    attribute_numbers(object, name, detail::block(values), false);
  }
  void attribute(std::string_view object, std::string_view name, std::string_view text);
  void attribute(std::string_view object, std::string_view name, char const* text) {
    attribute(object, name, std::string_view(text));
  }
  void attribute(std::string_view object, std::string_view name, std::vector<std::string> const& texts);
  /// Text that programs decide by. It is of fixed length and stands in the object's header, which a checksum guards.
  /// Text of `attribute` is for people, of variable length as h5py's `str`, in a heap that has no checksum: after one
  /// wrong bit HDF5 may search it forever.
  void tag(std::string_view object, std::string_view name, std::string_view text);

  /// Dataset from the values of rank 0, in row-major order; no extents means a scalar. Other ranks may pass nothing
  /// for `values`, but the same extents.
  template <numbers R>
  void write(std::string_view dataset, R const& values, Extents const& extents) {
    write_whole(dataset, detail::block(values), extents);
  }
  template <number T>
  void write(std::string_view dataset, T value) {
    write_whole(dataset, detail::block(std::span<T const>(&value, 1)), {});
  }
  /// Scalar dataset of text, for what may be longer than the 64 KiB of an attribute.
  void write(std::string_view dataset, std::string_view text);

  /// Dataset of which every rank holds consecutive rows: extents {rows of all ranks, row_extents...}. Ranks hold
  /// disjoint rows that together make up the whole; a rank may hold none.
  template <numbers R>
  void write_rows(std::string_view dataset, R const& mine, std::uint64_t first_row, std::uint64_t all_rows,
                  Extents const& row_extents = {}) {
    write_rows_of(dataset, detail::block(mine), first_row, all_rows, row_extents);
  }
  /// Dataset of which every rank holds a box: `mine` has extents `count` and begins at `offset`. Boxes are disjoint
  /// and together make up the whole. For trajectories {frames, walkers, dimensions} split by walkers.
  template <numbers R>
  void write_box(std::string_view dataset, R const& mine, Extents const& offset, Extents const& count,
                 Extents const& extents) {
    write_box_of(dataset, detail::block(mine), offset, count, extents);
  }

  /// A second name for an existing object (hard link).
  void link(std::string_view existing, std::string_view name);

  /// Bring everything to the disk and give the file its name. Nothing may be written afterwards.
  void commit();

 private:
  struct Impl;

  void attribute_numbers(std::string_view object, std::string_view name, detail::Block values, bool scalar);
  void write_whole(std::string_view dataset, detail::Block values, Extents const& extents);
  void write_rows_of(std::string_view dataset, detail::Block mine, std::uint64_t first_row, std::uint64_t all_rows,
                     Extents const& row_extents);
  void write_box_of(std::string_view dataset, detail::Block mine, Extents const& offset, Extents const& count,
                    Extents const& extents);

  std::unique_ptr<Impl> m_impl;
};

/// Reads one HDF5 file; every rank opens it. All functions are collective and either all ranks return or all throw.
/// Types must be those that were written: reading float data as double is an error, not a conversion, but to
/// read_numbers.
///
/// @throws IoError  missing, not HDF5, truncated, damaged (checksum), or without the object asked for
class Reader {
 public:
  Reader(std::filesystem::path path, Communicator comm);
  ~Reader();
  Reader(Reader&&) noexcept;
  Reader& operator=(Reader&&) noexcept;

  std::filesystem::path const& path() const;
  /// Does a group or dataset of this name exist? An attribute? Not collective.
  bool has(std::string_view object) const;
  bool has_attribute(std::string_view object, std::string_view name) const;

  template <number T>
  T attribute(std::string_view object, std::string_view name) const {
    T value{};
    read_attribute(object, name, detail::type_of<T>(), &value, 1);
    return value;
  }
  template <number T>
  std::vector<T> attributes(std::string_view object, std::string_view name) const {
    std::vector<T> values(attribute_size(object, name));
    read_attribute(object, name, detail::type_of<T>(), values.data(), values.size());
    return values;
  }
  /// Text that Writer::attribute has written, of a file that is to be trusted; and that of Writer::tag, of any.
  std::string text_attribute(std::string_view object, std::string_view name) const;
  std::string tag(std::string_view object, std::string_view name) const;

  /// Extents of a dataset; empty for a scalar.
  Extents extents(std::string_view dataset) const;
  /// Names of what stands directly in a group ("/" is the file), in the order of the alphabet.
  std::vector<std::string> members(std::string_view group) const;
  /// Throw IoError unless there is a dataset of this type and these extents, with all its data.
  template <number T>
  void expect(std::string_view dataset, Extents const& extents) const {
    expect_dataset(dataset, detail::type_of<T>(), extents);
  }

  /// The whole dataset on every rank, checked against its checksum.
  template <number T>
  std::vector<T> read(std::string_view dataset) const {
    std::vector<T> values(elements(dataset, detail::type_of<T>()));
    read_whole(dataset, detail::type_of<T>(), values.data(), values.size());
    return values;
  }
  /// The same of numbers of any type and byte order, which another program may have written.
  std::vector<double> read_numbers(std::string_view dataset) const;
  std::string read_text(std::string_view dataset) const;
  /// `count` rows from `first_row` on; every rank its own, none is fine. They are checked against the checksum of the
  /// dataset where the ranks' rows are a partition of it, otherwise with the blocks around them; in a dataset without
  /// checksums of blocks that is the whole of it.
  template <number T>
  std::vector<T> read_rows(std::string_view dataset, std::uint64_t first_row, std::uint64_t count) const {
    std::vector<T> values(row_elements(dataset, detail::type_of<T>(), first_row, count));
    read_rows_of(dataset, detail::type_of<T>(), first_row, count, values.data(), values.size());
    return values;
  }

 private:
  struct Impl;

  std::size_t attribute_size(std::string_view object, std::string_view name) const;
  void expect_dataset(std::string_view dataset, detail::Type type, Extents const& extents) const;
  void read_attribute(std::string_view object, std::string_view name, detail::Type type, void* values,
                      std::size_t count) const;
  std::size_t elements(std::string_view dataset, detail::Type type) const;
  std::size_t row_elements(std::string_view dataset, detail::Type type, std::uint64_t first_row,
                           std::uint64_t count) const;
  void read_whole(std::string_view dataset, detail::Type type, void* values, std::size_t count) const;
  void read_rows_of(std::string_view dataset, detail::Type type, std::uint64_t first_row, std::uint64_t count,
                    void* values, std::size_t size) const;

  std::unique_ptr<Impl> m_impl;
};

namespace detail {
std::uint64_t checksum(Block values, std::uint64_t first);
}  // namespace detail

template <numbers R>
std::uint64_t checksum(R const& values, std::uint64_t first) {
  return detail::checksum(detail::block(values), first);
}

}  // namespace kramers::h5
