// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/runtime/build_config.hpp>
#include <kramers/runtime/h5.hpp>

#ifndef KRAMERS_HAVE_HDF5
namespace kramers::h5 {

// The constructors throw, so that nothing below is ever called.
struct Writer::Impl {};
struct Reader::Impl {
  std::filesystem::path path;
};

namespace {
[[noreturn]] void refuse(std::filesystem::path const& path) {
  throw IoError(path.string(), "this build of kramers has no HDF5");
}
}  // namespace

Writer::Writer(std::filesystem::path path, Communicator, Access) {
  refuse(path);
}
Writer::~Writer() = default;
void Writer::group(std::string_view) {}
void Writer::attribute(std::string_view, std::string_view, std::string_view) {}
void Writer::attribute(std::string_view, std::string_view, std::vector<std::string> const&) {}
void Writer::tag(std::string_view, std::string_view, std::string_view) {}
void Writer::write(std::string_view, std::string_view) {}
void Writer::link(std::string_view, std::string_view) {}
void Writer::commit() {}
void Writer::attribute_numbers(std::string_view, std::string_view, detail::Block, bool) {}
void Writer::write_whole(std::string_view, detail::Block, Extents const&) {}
void Writer::write_rows_of(std::string_view, detail::Block, std::uint64_t, std::uint64_t, Extents const&) {}
void Writer::write_box_of(std::string_view, detail::Block, Extents const&, Extents const&, Extents const&) {}

Reader::Reader(std::filesystem::path path, Communicator) {
  refuse(path);
}
Reader::~Reader() = default;
Reader::Reader(Reader&&) noexcept = default;
Reader& Reader::operator=(Reader&&) noexcept = default;
std::filesystem::path const& Reader::path() const {
  return m_impl->path;
}
bool Reader::has(std::string_view) const {
  return false;
}
bool Reader::has_attribute(std::string_view, std::string_view) const {
  return false;
}
std::string Reader::text_attribute(std::string_view, std::string_view) const {
  return {};
}
std::string Reader::tag(std::string_view, std::string_view) const {
  return {};
}
Extents Reader::extents(std::string_view) const {
  return {};
}
std::vector<std::string> Reader::members(std::string_view) const {
  return {};
}
void Reader::expect_dataset(std::string_view, detail::Type, Extents const&) const {}
std::vector<double> Reader::read_numbers(std::string_view) const {
  return {};
}
std::string Reader::read_text(std::string_view) const {
  return {};
}
std::size_t Reader::attribute_size(std::string_view, std::string_view) const {
  return 0;
}
void Reader::read_attribute(std::string_view, std::string_view, detail::Type, void*, std::size_t) const {}
std::size_t Reader::elements(std::string_view, detail::Type) const {
  return 0;
}
std::size_t Reader::row_elements(std::string_view, detail::Type, std::uint64_t, std::uint64_t) const {
  return 0;
}
void Reader::read_whole(std::string_view, detail::Type, void*, std::size_t) const {}
void Reader::read_rows_of(std::string_view, detail::Type, std::uint64_t, std::uint64_t, void*, std::size_t) const {}

}  // namespace kramers::h5
#endif
