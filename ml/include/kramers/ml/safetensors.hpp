// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Files in the safetensors format: arrays by name and a map of texts, which Python's packages safetensors and torch
/// read and write. The length of a JSON header (8 bytes, little-endian), the header, then the arrays row by row,
/// little-endian and without holes.
/// @see  Source  README of the project safetensors, section Format
namespace kramers::ml::safetensors {

/// Element types of the format. Values can be made of and taken from f32, f64, i64 and u64.
enum class Dtype : int { boolean, u8, i8, f8_e5m2, f8_e4m3, i16, u16, f16, bf16, i32, u32, f32, f64, i64, u64 };
/// "F32", "I64", "BOOL", ... as files say it.
std::string name_of(Dtype dtype);
std::optional<Dtype> dtype_named(std::string_view name);
/// Bytes of one element.
std::uint64_t size_of(Dtype dtype);

template <class T>
concept element = std::same_as<T, float> || std::same_as<T, double> || std::same_as<T, std::int64_t> ||
                  std::same_as<T, std::uint64_t>;

template <element T>
constexpr Dtype dtype_of() {
  if constexpr (std::same_as<T, float>) return Dtype::f32;
  if constexpr (std::same_as<T, double>) return Dtype::f64;
  if constexpr (std::same_as<T, std::int64_t>) return Dtype::i64;
  return Dtype::u64;
}

using Shape = std::vector<std::uint64_t>;
/// "(8, 2)"; "()" for a single value.
std::string text_of(Shape const& shape);

namespace detail {
std::vector<std::byte> copy_of(std::span<std::byte const> values, Dtype dtype, Shape const& shape);
void copy_to(std::span<std::byte> values, std::span<std::byte const> bytes, Dtype dtype, Dtype wanted);
/// CRC-32 as of zlib, which goes on from `crc`; that of nothing is 0.
std::uint32_t crc32(std::uint32_t crc, std::span<std::byte const> bytes);
/// Eight hexadecimal digits.
inline constexpr std::size_t checksum_digits = 8;
std::string hexadecimal(std::uint32_t number);
/// Where in a header the digits of the checksum stand.
std::optional<std::size_t> checksum_place(std::string_view header);
/// A text out of a file as messages show it: in quotation marks, short, and without what a terminal would obey.
std::string shown(std::string const& text);
}  // namespace detail

/// An array: its elements row by row as they stand in the file.
struct Tensor {
  Dtype dtype = Dtype::f32;
  Shape shape;  ///< slowest extent first; none for a single value
  std::vector<std::byte> bytes;

  /// @throws ShapeError  the shape wants another number of values
  template <element T>
  static Tensor of(Shape shape, std::vector<T> const& values) {
    auto bytes = detail::copy_of(std::as_bytes(std::span<T const>(values)), dtype_of<T>(), shape);
    return {dtype_of<T>(), std::move(shape), std::move(bytes)};
  }

  std::uint64_t size() const { return bytes.size() / size_of(dtype); }

  /// The elements, without conversion.
  /// @throws DomainError  they are of another type
  template <element T>
  std::vector<T> values() const {
    std::vector<T> copy(bytes.size() / sizeof(T));
    detail::copy_to(std::as_writable_bytes(std::span<T>(copy)), bytes, dtype, dtype_of<T>());
    return copy;
  }
  friend bool operator==(Tensor const&, Tensor const&) = default;
};

/// What a file holds. Names and texts are UTF-8.
struct Content {
  std::map<std::string, Tensor> tensors;
  std::map<std::string, std::string> metadata;
  friend bool operator==(Content const&, Content const&) = default;
};

/// The key of the metadata under which `write` leaves the CRC-32 (as of zlib, eight hexadecimal digits) of the whole
/// file as it is with zeros in place of these digits: header and arrays, every byte. Where a file has it, it is compared;
/// it is not part of Content.
inline constexpr char checksum_key[] = "kramers.checksum";
/// Must a file have one? Those of other programs have none.
enum class Checksum { optional, required };
/// A longer header is refused, as by the format's own library [bytes].
inline constexpr std::uint64_t largest_header = 100'000'000;
/// A tensor with more extents is refused.
inline constexpr std::size_t largest_rank = 64;

/// The bytes of the file: entries sorted by size of element, then by name, so that all are aligned; the header ends in
/// spaces so that the arrays begin at a multiple of 64 bytes. The same content gives the same bytes.
///
/// @throws DomainError  a tensor or a key of the metadata has a reserved name, a name or text is not UTF-8, or the header
///                      would be too long; ShapeError  a tensor's bytes do not fill its shape
std::string to_bytes(Content const& content);
/// Replace the file by this content, or leave it as it was.
/// @throws IoError  it cannot be written; and what to_bytes throws
void write(std::filesystem::path const& path, Content const& content);

/// Read strictly: every byte belongs to the header or to one tensor, every entry is whole and unique, and what the file
/// claims is checked against its size before memory is taken for it.
///
/// @param source    name of the file in messages
/// @param checksum  required for files whose metadata change results
/// @throws IoError  with file, tensor and the rule that is broken
Content parse(std::string_view bytes, std::string const& source, Checksum checksum = Checksum::optional);
/// The same from a regular file. Takes memory for the content and the header, no more.
Content read(std::filesystem::path const& path, Checksum checksum = Checksum::optional);

}  // namespace kramers::ml::safetensors
