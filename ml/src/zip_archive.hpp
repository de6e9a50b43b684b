// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace kramers::ml::detail {

/// The members of a ZIP archive that lies in memory, by name (APPNOTE.TXT 6.3.10, PKWARE, with ZIP64 sizes). Every size and
/// offset is compared with the length of the archive before it is used.
class ZipArchive {
 public:
  /// @param[in] bytes   must outlive the archive
  /// @param[in] source  the file, for messages
  /// @throws InputError  no archive, a damaged one, or one in several files
  ZipArchive(std::string_view bytes, std::string const& source);

  bool has(std::string const& name) const { return m_members.contains(name); }
  /// The names of all members, for a message.
  std::string names() const;
  /// The content of a member, stored or, where the build has zlib, deflated; its CRC-32 is compared.
  /// @throws InputError  it is not there, encrypted, packed otherwise or damaged
  std::string content(std::string const& name) const;

 private:
  struct Member {
    std::uint64_t packed = 0, size = 0, offset = 0;
    std::uint32_t checksum = 0;
    std::uint16_t flags = 0, method = 0;
  };
  [[noreturn]] void fail(std::string const& what) const;
  void read_directory();
  void read_extra(std::string_view extra, Member& member) const;
  std::string_view packed_bytes(std::string const& name, Member const& member) const;

  std::string_view m_bytes;
  std::string const& m_source;
  std::map<std::string, Member> m_members;
};

}  // namespace kramers::ml::detail
