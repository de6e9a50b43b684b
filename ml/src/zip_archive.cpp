// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "zip_archive.hpp"

#include <kramers/base/error.hpp>
#include <kramers/base/text.hpp>
#include <kramers/ml/safetensors.hpp>

#include <algorithm>
#include <limits>
#include <span>

#ifdef KRAMERS_HAVE_ZLIB
#include <zlib.h>
#endif

namespace kramers::ml::detail {
namespace {

constexpr std::uint32_t local_header = 0x04034b50, directory_entry = 0x02014b50, end_of_directory = 0x06054b50;
constexpr std::uint32_t end_of_directory_64 = 0x06064b50, locator_64 = 0x07064b50;
constexpr std::size_t most_members = 1000;
constexpr std::uint32_t in_extra = 0xffffffff;  // the number stands in the ZIP64 field

/// A little-endian integer at this place, which must be there.
template <class T>
T integer(std::string_view bytes, std::size_t at) {
  T value = 0;
  for (std::size_t i = sizeof(T); i-- > 0;) {
    value = static_cast<T>(static_cast<T>(value << 7 << 1) | static_cast<unsigned char>(bytes[at + i]));
  }
  return value;
}

std::string in_quotes(std::string const& text) {
  constexpr std::size_t longest = 60;
  return "'" + printable(text.substr(0, longest)) + (text.size() > longest ? "...'" : "'");
}

#ifdef KRAMERS_HAVE_ZLIB
/// The content that a raw stream of deflate unpacks to; empty where it is damaged or of another size.
std::string inflated(std::string_view packed, std::size_t size) {
  std::string content(size, '\0');
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) return {};
  // zlib counts in 32 bits, and its input is not const.
  constexpr std::size_t most = std::numeric_limits<uInt>::max();
  std::size_t taken = 0, given = 0;
  int state = Z_OK;
  while (state == Z_OK) {
    std::size_t const in = std::min(most, packed.size() - taken), out = std::min(most, size - given);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data() + taken));
    stream.avail_in = static_cast<uInt>(in);
    stream.next_out = reinterpret_cast<Bytef*>(content.data() + given);
    stream.avail_out = static_cast<uInt>(out);
    state = inflate(&stream, Z_NO_FLUSH);
    taken += in - stream.avail_in;
    given += out - stream.avail_out;
  }
  inflateEnd(&stream);
  return state == Z_STREAM_END && given == size && taken == packed.size() ? content : std::string();
}
#endif

}  // namespace

ZipArchive::ZipArchive(std::string_view bytes, std::string const& source) : m_bytes(bytes), m_source(source) {
  read_directory();
}

void ZipArchive::fail(std::string const& what) const {
  throw InputError(m_source, 0, what);
}

std::string ZipArchive::names() const {
  std::string list;
  for (auto const& [name, member] : m_members) {
    if (list.size() > 200) return list + ", ...";
    list += (list.empty() ? "" : ", ") + in_quotes(name);
  }
  return list.empty() ? "nothing" : list;
}

void ZipArchive::read_directory() {
  constexpr std::size_t end_size = 22, longest_comment = 65535, entry_size = 46;
  std::size_t at = m_bytes.size();
  std::size_t const lowest = at > end_size + longest_comment ? at - end_size - longest_comment : 0;
  bool found = false;
  for (std::size_t place = at < end_size ? 0 : at - end_size + 1; !found && place-- > lowest;) {
    if (integer<std::uint32_t>(m_bytes, place) != end_of_directory) continue;
    at = place;
    found = true;
  }
  if (!found) fail("is no archive of NumPy (.npz), or a truncated one");
  std::uint64_t count = integer<std::uint16_t>(m_bytes, at + 10);
  std::uint64_t offset = integer<std::uint32_t>(m_bytes, at + 16);
  // Where numbers do not fit, a longer record stands before this one.
  constexpr std::size_t locator_size = 20, end_size_64 = 56;
  if (at >= locator_size && integer<std::uint32_t>(m_bytes, at - locator_size) == locator_64) {
    auto const place = integer<std::uint64_t>(m_bytes, at - locator_size + 8);
    bool const fits = m_bytes.size() >= end_size_64 && place <= m_bytes.size() - end_size_64;
    if (!fits || integer<std::uint32_t>(m_bytes, place) != end_of_directory_64) fail("is a damaged archive");
    count = integer<std::uint64_t>(m_bytes, place + 32);
    offset = integer<std::uint64_t>(m_bytes, place + 48);
  }
  if (count > most_members) fail("is an archive of " + std::to_string(count) + " members; expected at most 1000");
  for (; count > 0; --count) {
    bool const fits = m_bytes.size() >= entry_size && offset <= m_bytes.size() - entry_size;
    if (!fits || integer<std::uint32_t>(m_bytes, offset) != directory_entry) fail("is a damaged archive");
    std::size_t const name_size = integer<std::uint16_t>(m_bytes, offset + 28);
    std::size_t const extra_size = integer<std::uint16_t>(m_bytes, offset + 30);
    std::size_t const comment_size = integer<std::uint16_t>(m_bytes, offset + 32);
    if (m_bytes.size() - offset - entry_size < name_size + extra_size + comment_size) fail("is a damaged archive");
    Member member;
    member.flags = integer<std::uint16_t>(m_bytes, offset + 8);
    member.method = integer<std::uint16_t>(m_bytes, offset + 10);
    member.checksum = integer<std::uint32_t>(m_bytes, offset + 16);
    member.packed = integer<std::uint32_t>(m_bytes, offset + 20);
    member.size = integer<std::uint32_t>(m_bytes, offset + 24);
    member.offset = integer<std::uint32_t>(m_bytes, offset + 42);
    read_extra(m_bytes.substr(offset + entry_size + name_size, extra_size), member);
    auto const [place, is_new] = m_members.emplace(std::string(m_bytes.substr(offset + entry_size, name_size)), member);
    if (!is_new) fail("is an archive with two members called " + in_quotes(place->first));
    offset += entry_size + name_size + extra_size + comment_size;
  }
}

void ZipArchive::read_extra(std::string_view extra, Member& member) const {
  constexpr std::size_t header_size = 4;
  constexpr std::uint16_t zip_64 = 1;
  while (extra.size() >= header_size) {
    auto const id = integer<std::uint16_t>(extra, 0);
    std::size_t const size = integer<std::uint16_t>(extra, 2);
    extra.remove_prefix(header_size);
    if (size > extra.size()) fail("is a damaged archive");
    std::string_view field = extra.substr(0, size);
    extra.remove_prefix(size);
    if (id != zip_64) continue;
    for (std::uint64_t* const number : {&member.size, &member.packed, &member.offset}) {
      if (*number != in_extra) continue;
      if (field.size() < sizeof(std::uint64_t)) fail("is a damaged archive");
      *number = integer<std::uint64_t>(field, 0);
      field.remove_prefix(sizeof(std::uint64_t));
    }
  }
}

std::string_view ZipArchive::packed_bytes(std::string const& name, Member const& member) const {
  constexpr std::size_t header_size = 30;
  auto const damaged = [&] { fail("is truncated or damaged at its member " + in_quotes(name)); };
  if (m_bytes.size() < header_size || member.offset > m_bytes.size() - header_size) damaged();
  auto const at = static_cast<std::size_t>(member.offset);
  if (integer<std::uint32_t>(m_bytes, at) != local_header) damaged();
  // Its sizes may stand behind the content; those of the directory are used.
  std::size_t const skipped =
      header_size + integer<std::uint16_t>(m_bytes, at + 26) + integer<std::uint16_t>(m_bytes, at + 28);
  std::size_t const rest = m_bytes.size() - at;
  if (skipped > rest || member.packed > rest - skipped) damaged();
  return m_bytes.substr(at + skipped, static_cast<std::size_t>(member.packed));
}

std::string ZipArchive::content(std::string const& name) const {
  auto const found = m_members.find(name);
  if (found == m_members.end()) fail("has no member " + in_quotes(name) + ", but " + names());
  Member const& member = found->second;
  constexpr std::uint16_t encrypted = 1, stored = 0, deflated = 8;
  if ((member.flags & encrypted) != 0) fail("has an encrypted member " + in_quotes(name));
  std::string_view const packed = packed_bytes(name, member);
  std::string content;
  if (member.method == stored) {
    if (member.size == member.packed) content = packed;
  } else if (member.method == deflated) {
#ifdef KRAMERS_HAVE_ZLIB
    // Deflate makes at most 258 bytes of two bits.
    if (member.size <= 1032 * (member.packed + 1)) content = inflated(packed, static_cast<std::size_t>(member.size));
#else
    fail("is compressed, and this kramers was built without zlib; write it with numpy.savez, not savez_compressed");
#endif
  } else {
    fail("has a member " + in_quotes(name) + " packed by method " + std::to_string(member.method) +
         "; expected numpy.savez or savez_compressed");
  }
  auto const checksum = safetensors::detail::crc32(0, std::as_bytes(std::span(content)));
  if (content.size() != member.size || checksum != member.checksum) {
    fail("is damaged: the checksum or the size of its member " + in_quotes(name) + " is another one");
  }
  return content;
}

}  // namespace kramers::ml::detail
