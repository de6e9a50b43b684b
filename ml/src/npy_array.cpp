// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "npy_array.hpp"

#include <kramers/base/error.hpp>
#include <kramers/base/text.hpp>

#include <algorithm>
#include <bit>
#include <charconv>
#include <limits>
#include <optional>

namespace kramers::ml::detail {
namespace {

/// The header, a literal of a dictionary of Python such as
/// {'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }.
class NpyHeader {
 public:
  NpyHeader(std::string_view text, std::string const& source, std::string const& name)
      : m_rest(text), m_source(source), m_name(name) {}

  NpyArray read() {
    NpyArray array;
    expect('{');
    bool has_type = false, has_order = false, has_shape = false;
    while (!takes('}')) {
      std::string_view const key = text();
      expect(':');
      if (key == "descr" && !has_type) {
        has_type = true;
        type(array);
      } else if (key == "fortran_order" && !has_order) {
        has_order = true;
        array.by_columns = truth();
      } else if (key == "shape" && !has_shape) {
        has_shape = true;
        array.shape = shape();
      } else {
        damaged();
      }
      if (!takes(',')) {
        expect('}');
        break;
      }
    }
    skip_blanks();
    if (!m_rest.empty() || !has_type || !has_order || !has_shape) damaged();
    return array;
  }

 private:
  [[noreturn]] void fail(std::string const& what) const {
    throw InputError(m_source, 0, "array '" + printable(m_name) + "' " + what);
  }
  [[noreturn]] void damaged() const { fail("has a header that numpy.save does not write"); }

  void skip_blanks() { m_rest.remove_prefix(std::min(m_rest.find_first_not_of(" \n"), m_rest.size())); }
  bool takes(char c) {
    skip_blanks();
    bool const is_there = m_rest.starts_with(c);
    if (is_there) m_rest.remove_prefix(1);
    return is_there;
  }
  void expect(char c) {
    if (!takes(c)) damaged();
  }
  bool takes(std::string_view word) {
    skip_blanks();
    bool const is_there = m_rest.starts_with(word);
    if (is_there) m_rest.remove_prefix(word.size());
    return is_there;
  }

  std::string_view text() {
    skip_blanks();
    char const quote = m_rest.empty() ? '\0' : m_rest.front();
    std::size_t const end = m_rest.find(quote, 1);
    if ((quote != '\'' && quote != '"') || end == std::string_view::npos) damaged();
    std::string_view const found = m_rest.substr(1, end - 1);
    m_rest.remove_prefix(end + 1);
    return found;
  }

  bool truth() {
    if (takes(std::string_view("True"))) return true;
    if (!takes(std::string_view("False"))) damaged();
    return false;
  }

  void type(NpyArray& array) {
    skip_blanks();
    if (m_rest.starts_with('[')) fail("has records; expected numbers");
    std::string_view const word = text();
    constexpr std::string_view known[] = {"<f4", "<f8", "<i2", "<i4", "<i8", "<u2", "<u4", "<u8", "|i1", "|u1"};
    if (std::ranges::find(known, word) == std::end(known)) {
      fail("is of the type '" + printable(word.substr(0, 20)) +
           "'; expected little-endian numbers, f4 or f8, i1 to i8 or u1 to u8");
    }
    array.kind = word[1];
    array.width = static_cast<std::size_t>(word[2] - '0');
  }

  std::vector<std::uint64_t> shape() {
    std::vector<std::uint64_t> extents;
    expect('(');
    while (!takes(')')) {
      skip_blanks();
      std::uint64_t extent = 0;
      auto const [end, error] = std::from_chars(m_rest.data(), m_rest.data() + m_rest.size(), extent);
      if (error != std::errc{} || extents.size() == 32) damaged();  // NumPy knows 64 dimensions, we two
      m_rest.remove_prefix(static_cast<std::size_t>(end - m_rest.data()));
      extents.push_back(extent);
      if (!takes(',')) {
        expect(')');
        break;
      }
    }
    return extents;
  }

  std::string_view m_rest;
  std::string const& m_source;
  std::string const& m_name;
};

/// The bytes of the product of these, if it is a number.
std::optional<std::uint64_t> product(std::vector<std::uint64_t> const& extents, std::uint64_t width) {
  std::uint64_t bytes = width;
  for (std::uint64_t const extent : extents) {
    if (extent != 0 && bytes > std::numeric_limits<std::uint64_t>::max() / extent) return std::nullopt;
    bytes *= extent;
  }
  return bytes;
}

/// A little-endian unsigned integer.
std::uint64_t bits(std::string_view bytes, std::size_t at, std::size_t width) {
  std::uint64_t value = 0;
  for (std::size_t i = width; i-- > 0;) value = (value << 8) | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

}  // namespace

double NpyArray::real(std::size_t place) const {
  std::uint64_t const value = bits(numbers, place * width, width);
  if (kind == 'u') return static_cast<double>(value);
  if (kind == 'i') return static_cast<double>(integer(place));
  if (width == 4) return static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(value)));
  return std::bit_cast<double>(value);
}

std::int64_t NpyArray::integer(std::size_t place) const {
  std::uint64_t const value = bits(numbers, place * width, width);
  constexpr std::int64_t largest = std::numeric_limits<std::int64_t>::max();
  if (kind == 'u') return value > static_cast<std::uint64_t>(largest) ? largest : static_cast<std::int64_t>(value);
  // The sign goes up to the highest bit and comes back with all above it.
  int const shift = static_cast<int>(64 - 8 * width);
  return static_cast<std::int64_t>(value << shift) >> shift;
}

NpyArray parse_npy(std::string_view bytes, std::string const& source, std::string const& name) {
  auto const fail = [&](std::string const& what) {
    throw InputError(source, 0, "array '" + printable(name) + "' " + what);
  };
  constexpr std::string_view magic = "\x93NUMPY";
  std::size_t const fixed = magic.size() + 2;
  if (!bytes.starts_with(magic) || bytes.size() < fixed + 2) fail("is no array of NumPy, or truncated");
  int const version = static_cast<unsigned char>(bytes[magic.size()]);
  if (version < 1 || version > 3) fail("is written in version " + std::to_string(version) + "; expected 1 to 3");
  std::size_t const width = version == 1 ? 2 : 4;
  if (bytes.size() < fixed + width) fail("is truncated");
  std::uint64_t const length = bits(bytes, fixed, width);
  if (length > bytes.size() - fixed - width) fail("is truncated");
  NpyArray array = NpyHeader(bytes.substr(fixed + width, static_cast<std::size_t>(length)), source, name).read();
  array.numbers = bytes.substr(fixed + width + static_cast<std::size_t>(length));
  if (product(array.shape, array.width) != array.numbers.size()) {
    fail("has " + std::to_string(array.numbers.size()) + " bytes, which its shape and type do not need");
  }
  return array;
}

}  // namespace kramers::ml::detail
