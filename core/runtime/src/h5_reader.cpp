// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/runtime/build_config.hpp>

#ifdef KRAMERS_HAVE_HDF5
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "h5_reader_impl.hpp"

namespace kramers::h5 {

namespace fs = std::filesystem;
using detail::Type;

namespace {

/// Do these {first, count} pairs cover 0 .. rows exactly once?
bool is_partition(std::vector<std::array<std::uint64_t, 2>> parts, std::uint64_t rows) {
  std::ranges::sort(parts);
  std::uint64_t next = 0;
  for (auto const& [first, count] : parts) {
    if (count == 0) continue;
    if (first != next) return false;
    next += count;
  }
  return next == rows;
}

detail::File open_file(fs::path const& path) {
  auto const fail = [&](std::string const& why) { throw IoError(path.string(), why); };
  std::error_code ignored;
  if (::access(path.c_str(), R_OK) != 0) fail(std::string("cannot be read: ") + std::strerror(errno));
  if (!fs::is_regular_file(path, ignored)) fail("cannot be read: it is not a regular file");
  detail::Properties const how(H5Pcreate(H5P_FILE_ACCESS));
  H5Pset_fclose_degree(how, H5F_CLOSE_STRONG);
  detail::File file(H5Fopen(path.c_str(), H5F_ACC_RDONLY, how));
  if (file.is_open()) return file;
  auto const [system, sentence] = detail::last_reason();
  if (!system.empty()) fail("cannot be read: " + system);
  if (sentence.find("signature") != std::string::npos) fail("is not an HDF5 file, or its beginning is lost");
  if (sentence.find("truncated") != std::string::npos)
    fail("is truncated: use a whole copy of it, or start without it");
  throw IoError(path.string(), "is damaged at its beginning, or written by a later HDF5 than this program has");
}

}  // namespace

Reader::Reader(fs::path path, Communicator comm)
    : m_impl(std::make_unique<Impl>(Impl{std::move(path), std::move(comm), {}})) {
  m_impl->together([&] { m_impl->file = open_file(m_impl->path); });
}

Reader::~Reader() = default;
Reader::Reader(Reader&&) noexcept = default;
Reader& Reader::operator=(Reader&&) noexcept = default;

fs::path const& Reader::path() const {
  return m_impl->path;
}

bool Reader::has(std::string_view object) const {
  detail::Silence const silence;
  return detail::exists(m_impl->file, object);
}

bool Reader::has_attribute(std::string_view object, std::string_view name) const {
  detail::Silence const silence;
  return detail::exists(m_impl->file, object) &&
         H5Aexists_by_name(m_impl->file, std::string(object).c_str(), std::string(name).c_str(), H5P_DEFAULT) > 0;
}

std::size_t Reader::attribute_size(std::string_view object, std::string_view name) const {
  hssize_t size = 0;
  m_impl->together([&] {
    detail::Dataspace const space(H5Aget_space(m_impl->open_attribute(object, name)));
    size = H5Sget_simple_extent_npoints(space);
    m_impl->check(size >= 0 && size <= most_attribute_values, "attribute " + detail::quoted(name));
  });
  return static_cast<std::size_t>(size);
}

void Reader::read_attribute(std::string_view object, std::string_view name, Type type, void* values,
                            std::size_t count) const {
  m_impl->together([&] {
    auto const attribute = m_impl->open_attribute(object, name);
    m_impl->expect_type(detail::Datatype(H5Aget_type(attribute)), type, name);
    detail::Dataspace const space(H5Aget_space(attribute));
    auto const found = H5Sget_simple_extent_npoints(space);
    if (found != static_cast<hssize_t>(count)) {
      m_impl->fail("holds " + std::to_string(found) + " values in attribute " + detail::quoted(name) + ", want " +
                   std::to_string(count));
    }
    m_impl->check(H5Aread(attribute, detail::native_type(type), values) >= 0, "attribute " + detail::quoted(name));
  });
}

std::string Reader::text_attribute(std::string_view object, std::string_view name) const {
  std::string text;
  m_impl->together([&] {
    auto const attribute = m_impl->open_attribute(object, name);
    detail::Datatype const type(H5Aget_type(attribute));
    detail::Dataspace const space(H5Aget_space(attribute));
    if (H5Tget_class(type) != H5T_STRING || H5Sget_simple_extent_npoints(space) != 1) {
      m_impl->fail("holds " + detail::quoted(name) + " in another type than text");
    }
    auto const what = "attribute " + detail::quoted(name);
    if (H5Tis_variable_str(type) > 0) {
      char* pointer = nullptr;
      auto const memory = detail::text_type(0);
      m_impl->check(H5Aread(attribute, memory, &pointer) >= 0, what);
      if (pointer != nullptr) text = pointer;
      H5free_memory(pointer);
    } else {
      text.resize(H5Tget_size(type));
      m_impl->check(H5Aread(attribute, type, text.data()) >= 0, what);
      text.resize(std::strlen(text.c_str()));
    }
  });
  return text;
}

std::string Reader::tag(std::string_view object, std::string_view name) const {
  std::string text;
  m_impl->together([&] {
    auto const attribute = m_impl->open_attribute(object, name);
    detail::Datatype const type(H5Aget_type(attribute));
    detail::Dataspace const space(H5Aget_space(attribute));
    m_impl->expect_text(type, space, name);
    text.resize(H5Tget_size(type));
    m_impl->check(H5Aread(attribute, type, text.data()) >= 0, "attribute " + detail::quoted(name));
    text.resize(std::min(text.size(), text.find('\0')));
  });
  return text;
}

Extents Reader::extents(std::string_view dataset) const {
  Extents extents;
  m_impl->together([&] { extents = m_impl->extents_of(m_impl->open(dataset), dataset); });
  return extents;
}

std::vector<std::string> Reader::members(std::string_view group) const {
  std::vector<std::string> names;
  m_impl->together([&] {
    if (!detail::exists(m_impl->file, group)) m_impl->fail("holds no " + detail::quoted(group));
    detail::Group const opened(H5Gopen2(m_impl->file, std::string(group).c_str(), H5P_DEFAULT));
    if (!opened.is_open()) m_impl->fail("holds " + detail::quoted(group) + ", but not as a group that can be read");
    auto const add = [](hid_t, char const* name, H5L_info_t const*, void* data) -> herr_t {
      static_cast<std::vector<std::string>*>(data)->emplace_back(name);
      return 0;
    };
    m_impl->check(H5Literate(opened, H5_INDEX_NAME, H5_ITER_INC, nullptr, add, &names) >= 0, detail::quoted(group));
  });
  return names;
}

void Reader::expect_dataset(std::string_view dataset, Type type, Extents const& extents) const {
  m_impl->together([&] {
    auto const set = m_impl->open(dataset);
    m_impl->expect_type(detail::Datatype(H5Dget_type(set)), type, dataset);
    auto const found = m_impl->extents_of(set, dataset);
    if (found != extents) {
      m_impl->fail("is damaged: " + detail::quoted(dataset) + " has extents " + detail::text_of(found) + ", want " +
                   detail::text_of(extents));
    }
    static_cast<void>(m_impl->whole_extents(set, type, dataset));
  });
}

std::size_t Reader::elements(std::string_view dataset, Type type) const {
  std::uint64_t number = 0;
  m_impl->together([&] {
    number = m_impl->elements_of(m_impl->whole_extents(m_impl->open(dataset), type, dataset), type, dataset);
  });
  return static_cast<std::size_t>(number);
}

std::size_t Reader::row_elements(std::string_view dataset, Type type, std::uint64_t first_row,
                                 std::uint64_t count) const {
  std::uint64_t number = 0;
  m_impl->together([&] {
    auto extents = m_impl->whole_extents(m_impl->open(dataset), type, dataset);
    expects(!extents.empty(), "dimensions of '" + std::string(dataset) + "'", extents.size(), "at least 1");
    expects(first_row <= extents[0] && count <= extents[0] - first_row, "last row of '" + std::string(dataset) + "'",
            first_row + count, "<= " + std::to_string(extents[0]));
    extents[0] = count;
    number = m_impl->elements_of(extents, type, dataset);
  });
  return static_cast<std::size_t>(number);
}

void Reader::read_whole(std::string_view dataset, Type type, void* values, std::size_t count) const {
  m_impl->together([&] {
    auto const set = m_impl->open(dataset);
    m_impl->check(H5Dread(set, detail::native_type(type), H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0,
                  detail::quoted(dataset));
    m_impl->expect_checksum(set, detail::checksum({type, values, count}, 0), dataset);
  });
}

std::vector<double> Reader::read_numbers(std::string_view dataset) const {
  std::vector<double> values;
  m_impl->together([&] {
    auto const set = m_impl->open(dataset);
    detail::Datatype const stored(H5Dget_type(set));
    auto const kind = H5Tget_class(stored);
    if (kind != H5T_FLOAT && kind != H5T_INTEGER) {
      m_impl->fail("holds " + detail::quoted(dataset) + " in another type than numbers");
    }
    auto const count = m_impl->elements_of(m_impl->extents_of(set, dataset), Type::f64, dataset);
    m_impl->expect_stored(set, count * H5Tget_size(stored), dataset);
    values.resize(count);
    m_impl->check(H5Dread(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) >= 0,
                  detail::quoted(dataset));
    bool const as_written = H5Tequal(stored, H5T_NATIVE_DOUBLE) > 0;
    if (as_written)
      m_impl->expect_checksum(set, detail::checksum({Type::f64, values.data(), values.size()}, 0), dataset);
  });
  return values;
}

std::string Reader::read_text(std::string_view dataset) const {
  std::string text;
  m_impl->together([&] {
    auto const set = m_impl->open(dataset);
    detail::Datatype const type(H5Dget_type(set));
    detail::Dataspace const space(H5Dget_space(set));
    m_impl->expect_text(type, space, dataset);
    m_impl->expect_stored(set, H5Tget_size(type), dataset);
    text.resize(H5Tget_size(type));
    m_impl->check(H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, text.data()) >= 0, detail::quoted(dataset));
    m_impl->expect_checksum(set, detail::checksum({Type::u8, text.data(), text.size()}, 0), dataset);
    text.resize(std::min(text.size(), text.find('\0')));
  });
  return text;
}

void Reader::read_rows_of(std::string_view dataset, Type type, std::uint64_t first_row, std::uint64_t count,
                          void* values, std::size_t size) const {
  detail::Dataset set;
  Extents extents;
  m_impl->together([&] {
    set = m_impl->open(dataset);
    extents = m_impl->extents_of(set, dataset);
  });
  auto const& comm = m_impl->comm;
  auto const parts = comm.gather(std::vector<std::array<std::uint64_t, 2>>{{first_row, count}});
  bool whole = comm.is_root() && is_partition(parts, extents[0]);
  comm.broadcast(whole);
  m_impl->together([&] {
    if (size == 0) return;
    if (whole) {
      m_impl->read_box(set, extents, type, first_row, count, values, dataset);
    } else {
      m_impl->read_checked(set, extents, type, first_row, count, static_cast<std::byte*>(values), dataset);
    }
  });
  if (!whole) return;
  auto const row = count == 0 ? 0 : size / count;
  auto const sum = comm.sum(detail::checksum({type, values, size}, first_row * row));
  m_impl->together([&] { m_impl->expect_checksum(set, sum, dataset); });
}

}  // namespace kramers::h5
#endif
