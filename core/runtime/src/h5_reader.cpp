// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/runtime/build_config.hpp>

#ifdef KRAMERS_HAVE_HDF5
#include <kramers/runtime/collective_errors.hpp>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "h5_support.hpp"

namespace kramers::h5 {

namespace fs = std::filesystem;
using detail::Type;

struct Reader::Impl {
  fs::path path;
  Communicator comm;
  detail::File file;

  [[noreturn]] void fail(std::string const& reason) const { throw IoError(path.string(), reason); }
  void check(bool ok) const {
    if (!ok) fail("cannot be read, it may be damaged: " + detail::last_reason());
  }

  template <class Work>
  void together(Work&& work) const {
    agree(comm, [&] {
      detail::Silence const silence;
      work();
    });
  }

  detail::Dataset open(std::string_view name) const {
    if (!detail::exists(file, name)) fail("holds no dataset '" + std::string(name) + "'");
    detail::Dataset set(H5Dopen2(file, std::string(name).c_str(), H5P_DEFAULT));
    check(set.is_open());
    return set;
  }

  detail::Attribute open_attribute(std::string_view object, std::string_view name) const {
    std::string const owner(object), what(name);
    if (!detail::exists(file, object)) fail("holds no '" + owner + "'");
    if (H5Aexists_by_name(file, owner.c_str(), what.c_str(), H5P_DEFAULT) <= 0) {
      fail("holds no attribute '" + what + "' of '" + owner + "'");
    }
    detail::Attribute attribute(H5Aopen_by_name(file, owner.c_str(), what.c_str(), H5P_DEFAULT, H5P_DEFAULT));
    check(attribute.is_open());
    return attribute;
  }

  void expect_type(detail::Datatype const& stored, Type type, std::string_view name) const {
    check(stored.is_open());
    detail::Datatype const native(H5Tget_native_type(stored, H5T_DIR_ASCEND));
    if (!native.is_open() || H5Tequal(native, detail::native_type(type)) <= 0) {
      fail("holds '" + std::string(name) + "' in another type than " + detail::name_of(type));
    }
  }

  Extents extents_of(hid_t set) const {
    detail::Dataspace const space(H5Dget_space(set));
    check(space.is_open());
    int const dims = H5Sget_simple_extent_ndims(space);
    check(dims >= 0);
    std::vector<hsize_t> sizes(static_cast<std::size_t>(dims));
    check(H5Sget_simple_extent_dims(space, sizes.data(), nullptr) >= 0);
    return {sizes.begin(), sizes.end()};
  }

  /// Extents of a dataset of this type whose data are all there.
  Extents whole_extents(hid_t set, Type type, std::string_view name) const {
    expect_type(detail::Datatype(H5Dget_type(set)), type, name);
    auto const extents = extents_of(set);
    detail::Properties const how(H5Dget_create_plist(set));
    auto const bytes = detail::product(extents, detail::size_of(type)) * detail::size_of(type);
    if (H5Pget_layout(how) == H5D_CONTIGUOUS && H5Dget_storage_size(set) < bytes) {
      fail("is damaged: the data of '" + std::string(name) + "' are not all there");
    }
    return extents;
  }

  void expect_checksum(hid_t set, std::uint64_t sum, std::string_view name) const {
    if (H5Aexists(set, detail::checksum_name) <= 0) return;  // written by another program
    detail::Attribute const attribute(H5Aopen(set, detail::checksum_name, H5P_DEFAULT));
    std::uint64_t stored = 0;
    check(attribute.is_open() && H5Aread(attribute, H5T_NATIVE_UINT64, &stored) >= 0);
    if (stored != sum) fail("is damaged: the data of '" + std::string(name) + "' do not match their checksum");
  }
};

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
  std::string const reason = detail::last_reason();
  if (reason.find("signature") != std::string::npos) fail("is not an HDF5 file, or its beginning is lost");
  if (reason.find("truncated") != std::string::npos) fail("is truncated");
  throw IoError(path.string(), "cannot be read, it may be damaged: " + reason);
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
    m_impl->check(size >= 0);
  });
  return static_cast<std::size_t>(size);
}

void Reader::read_attribute(std::string_view object, std::string_view name, Type type, void* values,
                            std::size_t count) const {
  m_impl->together([&] {
    auto const attribute = m_impl->open_attribute(object, name);
    m_impl->expect_type(detail::Datatype(H5Aget_type(attribute)), type, name);
    detail::Dataspace const space(H5Aget_space(attribute));
    expects_extent("attribute '" + std::string(name) + "'", H5Sget_simple_extent_npoints(space),
                   static_cast<std::int64_t>(count));
    m_impl->check(H5Aread(attribute, detail::native_type(type), values) >= 0);
  });
}

std::string Reader::text_attribute(std::string_view object, std::string_view name) const {
  std::string text;
  m_impl->together([&] {
    auto const attribute = m_impl->open_attribute(object, name);
    detail::Datatype const type(H5Aget_type(attribute));
    detail::Dataspace const space(H5Aget_space(attribute));
    if (H5Tget_class(type) != H5T_STRING || H5Sget_simple_extent_npoints(space) != 1) {
      m_impl->fail("holds '" + std::string(name) + "' in another type than text");
    }
    if (H5Tis_variable_str(type) > 0) {
      char* pointer = nullptr;
      auto const memory = detail::text_type(0);
      m_impl->check(H5Aread(attribute, memory, &pointer) >= 0);
      if (pointer != nullptr) text = pointer;
      H5free_memory(pointer);
    } else {
      text.resize(H5Tget_size(type));
      m_impl->check(H5Aread(attribute, type, text.data()) >= 0);
      text.resize(std::strlen(text.c_str()));
    }
  });
  return text;
}

Extents Reader::extents(std::string_view dataset) const {
  Extents extents;
  m_impl->together([&] { extents = m_impl->extents_of(m_impl->open(dataset)); });
  return extents;
}

std::size_t Reader::elements(std::string_view dataset, Type type) const {
  std::uint64_t number = 0;
  m_impl->together([&] {
    number = detail::product(m_impl->whole_extents(m_impl->open(dataset), type, dataset), detail::size_of(type));
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
    number = detail::product(extents, detail::size_of(type));
  });
  return static_cast<std::size_t>(number);
}

void Reader::read_whole(std::string_view dataset, Type type, void* values, std::size_t count) const {
  m_impl->together([&] {
    auto const set = m_impl->open(dataset);
    m_impl->check(H5Dread(set, detail::native_type(type), H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
    m_impl->expect_checksum(set, detail::checksum({type, values, count}, 0), dataset);
  });
}

std::string Reader::read_text(std::string_view dataset) const {
  std::string text;
  m_impl->together([&] {
    auto const set = m_impl->open(dataset);
    detail::Datatype const type(H5Dget_type(set));
    detail::Dataspace const space(H5Dget_space(set));
    if (H5Tget_class(type) != H5T_STRING || H5Tis_variable_str(type) > 0 || H5Sget_simple_extent_npoints(space) != 1) {
      m_impl->fail("holds '" + std::string(dataset) + "' in another type than text");
    }
    text.resize(H5Tget_size(type));
    m_impl->check(H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, text.data()) >= 0);
    text.resize(std::min(text.size(), std::strlen(text.c_str())));
  });
  return text;
}

void Reader::read_rows_of(std::string_view dataset, Type type, std::uint64_t first_row, std::uint64_t count,
                          void* values, std::size_t size) const {
  detail::Dataset set;
  Extents extents;
  m_impl->together([&] {
    set = m_impl->open(dataset);
    extents = m_impl->extents_of(set);
    if (size == 0) return;
    std::vector<hsize_t> offset(extents.size(), 0), box(extents.begin(), extents.end());
    offset[0] = first_row;
    box[0] = count;
    detail::Dataspace const there(H5Dget_space(set));
    detail::Dataspace const here(H5Screate_simple(static_cast<int>(box.size()), box.data(), nullptr));
    m_impl->check(H5Sselect_hyperslab(there, H5S_SELECT_SET, offset.data(), nullptr, box.data(), nullptr) >= 0);
    m_impl->check(H5Dread(set, detail::native_type(type), here, there, H5P_DEFAULT, values) >= 0);
  });
  auto const& comm = m_impl->comm;
  auto const parts = comm.gather(std::vector<std::array<std::uint64_t, 2>>{{first_row, count}});
  bool whole = comm.is_root() && is_partition(parts, extents[0]);
  comm.broadcast(whole);
  if (!whole) return;
  auto const row = count == 0 ? 0 : size / count;
  auto const sum = comm.sum(detail::checksum({type, values, size}, first_row * row));
  m_impl->together([&] { m_impl->expect_checksum(set, sum, dataset); });
}

}  // namespace kramers::h5
#endif
