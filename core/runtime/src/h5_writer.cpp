// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/runtime/build_config.hpp>

#ifdef KRAMERS_HAVE_HDF5
#include <algorithm>
#include <numeric>
#include <utility>

#include "h5_writer_impl.hpp"

#ifdef KRAMERS_HAVE_HDF5_PARALLEL
#include <mpi.h>
#endif

namespace kramers::h5 {

namespace fs = std::filesystem;
using detail::Block;

namespace {

// MPI-IO counts bytes in int in many places.
constexpr std::uint64_t collective_piece_bytes = 512 << 20;

detail::Properties file_access() {
  detail::Properties access(H5Pcreate(H5P_FILE_ACCESS));
  // This format guards its own bookkeeping with checksums; h5py and every HDF5 since 1.8 read it.
  H5Pset_libver_bounds(access, H5F_LIBVER_V18, H5F_LIBVER_LATEST);
  return access;
}

}  // namespace

Writer::Writer(fs::path path, Communicator comm, Access access) {
  bool const gathered = access == Access::gathered || !parallel() || comm.size() == 1;
  m_impl = std::make_unique<Impl>(std::move(path), std::move(comm), gathered);
  auto& impl = *m_impl;
  detail::Silence const silence;
  std::string temporary;
  impl.alone([&] {
    if (impl.comm.is_root()) temporary = impl.pending.emplace(impl.path).temporary().string();
  });
  impl.comm.broadcast(temporary);
  impl.expect_shared(temporary);
  impl.reserve(0);
  impl.alone([&] {
    if (gathered && !impl.comm.is_root()) return;
    auto const how = file_access();
#ifdef KRAMERS_HAVE_HDF5_PARALLEL
    if (!gathered) {
      H5Pset_fapl_mpio(how, *static_cast<MPI_Comm const*>(impl.comm.native()), MPI_INFO_NULL);
      H5Pset_all_coll_metadata_ops(how, true);
      H5Pset_coll_metadata_write(how, true);
    }
#endif
    impl.file = detail::File(H5Fcreate(temporary.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, how));
    impl.check(impl.file.is_open());
  });
}

Writer::~Writer() = default;

void Writer::group(std::string_view name) {
  m_impl->together([&] {
    if (detail::exists(m_impl->file, name)) return;
    detail::Group const group(
        H5Gcreate2(m_impl->file, std::string(name).c_str(), detail::make_parents(), H5P_DEFAULT, H5P_DEFAULT));
    m_impl->check(group.is_open());
  });
}

void Writer::attribute_numbers(std::string_view object, std::string_view name, Block values, bool scalar) {
  m_impl->together([&] {
    hsize_t const count = values.count;
    detail::Dataspace const space(scalar ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, &count, nullptr));
    m_impl->create_attribute(m_impl->open(object), name, detail::native_type(values.type), space, values.data);
  });
}

void Writer::attribute(std::string_view object, std::string_view name, std::string_view text) {
  m_impl->together([&] {
    std::string const copy(text);
    char const* const pointer = copy.c_str();
    detail::Dataspace const space(H5Screate(H5S_SCALAR));
    m_impl->create_attribute(m_impl->open(object), name, detail::text_type(0), space, &pointer);
  });
}

void Writer::attribute(std::string_view object, std::string_view name, std::vector<std::string> const& texts) {
  m_impl->together([&] {
    std::vector<char const*> pointers;
    for (auto const& text : texts) pointers.push_back(text.c_str());
    hsize_t const count = texts.size();
    detail::Dataspace const space(H5Screate_simple(1, &count, nullptr));
    m_impl->create_attribute(m_impl->open(object), name, detail::text_type(0), space, pointers.data());
  });
}

void Writer::tag(std::string_view object, std::string_view name, std::string_view text) {
  m_impl->together([&] {
    std::string copy(text);
    if (copy.empty()) copy.push_back('\0');
    detail::Dataspace const space(H5Screate(H5S_SCALAR));
    auto const type = detail::text_type(copy.size());
    // ASCII is UTF-8, too; VTK's reader knows no other name for it.
    if (std::ranges::all_of(copy, [](unsigned char c) { return c < 0x80; })) H5Tset_cset(type, H5T_CSET_ASCII);
    m_impl->create_attribute(m_impl->open(object), name, type, space, copy.data());
  });
}

void Writer::write(std::string_view dataset, std::string_view text) {
  std::string copy(text);
  m_impl->comm.broadcast(copy);
  m_impl->reserve(copy.size());
  m_impl->together([&] {
    // Of fixed length: parallel HDF5 cannot write text of variable length into a dataset.
    if (copy.empty()) copy.push_back('\0');
    auto const type = detail::text_type(copy.size());
    auto const set = m_impl->create_dataset(dataset, type, {});
    m_impl->attach_checksum(set, detail::checksum({detail::Type::u8, copy.data(), copy.size()}, 0));
    if (m_impl->comm.is_root()) m_impl->check(H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, copy.data()) >= 0);
  });
}

void Writer::write_whole(std::string_view dataset, Block values, Extents const& extents) {
  auto& impl = *m_impl;
  bool const root = impl.comm.is_root();
  auto const element_bytes = detail::size_of(values.type);
  impl.alone([&] {
    auto const elements = detail::product(extents, element_bytes);
    if (root) expects_extent(dataset, static_cast<std::int64_t>(values.count), static_cast<std::int64_t>(elements));
  });
  impl.reserve(detail::product(extents, element_bytes) * element_bytes);
  auto const sum = impl.comm.sum(root ? detail::checksum(values, 0) : 0);
  impl.together([&] {
    auto set = impl.create_dataset(dataset, detail::native_type(values.type), extents);
    impl.attach_checksum(set, sum);
    if (root && extents.empty()) {
      impl.check(H5Dwrite(set, detail::native_type(values.type), H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data) >= 0);
    } else if (root) {
      Extents const start(extents.size(), 0);
      for (auto const& piece : detail::pieces_of(start, extents, element_bytes, collective_piece_bytes)) {
        impl.put(set, detail::part(values, piece), &piece, H5P_DEFAULT);
      }
    }
    impl.check(set.close());
  });
}

void Writer::write_rows_of(std::string_view dataset, Block mine, std::uint64_t first_row, std::uint64_t all_rows,
                           Extents const& row_extents) {
  auto const row = detail::product(row_extents, detail::size_of(mine.type));
  Extents offset(row_extents.size() + 1, 0), count{row == 0 ? 0 : mine.count / row}, extents{all_rows};
  offset[0] = first_row;
  count.insert(count.end(), row_extents.begin(), row_extents.end());
  extents.insert(extents.end(), row_extents.begin(), row_extents.end());
  write_box_of(dataset, mine, offset, count, extents);
}

void Writer::write_box_of(std::string_view dataset, Block mine, Extents const& offset, Extents const& count,
                          Extents const& extents) {
  auto& impl = *m_impl;
  auto const element_bytes = detail::size_of(mine.type);
  impl.alone([&] {
    expects(!extents.empty(), "extents of " + std::string(dataset), 0, "at least one dimension");
    expects_extent("offset of " + std::string(dataset), static_cast<std::int64_t>(offset.size()),
                   static_cast<std::int64_t>(extents.size()));
    expects_extent("count of " + std::string(dataset), static_cast<std::int64_t>(count.size()),
                   static_cast<std::int64_t>(extents.size()));
    expects_extent(dataset, static_cast<std::int64_t>(mine.count),
                   static_cast<std::int64_t>(detail::product(count, element_bytes)));
    for (std::size_t d = 0; d < extents.size() && mine.count > 0; ++d) {
      expects(offset[d] <= extents[d] && count[d] <= extents[d] - offset[d], "box of " + std::string(dataset),
              offset[d] + count[d], "within the extents");
    }
  });
  impl.reserve(detail::product(extents, element_bytes) * element_bytes);
  auto const held = impl.comm.sum(std::uint64_t{mine.count});
  auto const rows_per_block = detail::rows_per_block(extents, element_bytes);
  auto sums = detail::block_checksums(mine, offset, count, extents, rows_per_block);
  impl.comm.sum(std::span(sums));
  detail::Dataset set;
  impl.together([&] {
    expects_extent("the ranks' parts of " + std::string(dataset), static_cast<std::int64_t>(held),
                   static_cast<std::int64_t>(detail::product(extents, element_bytes)));
    set = impl.create_dataset(dataset, detail::native_type(mine.type), extents);
    impl.attach_checksum(set, std::accumulate(sums.begin(), sums.end(), std::uint64_t{0}));
    if (sums.size() > 1) impl.attach_block_checksums(set, sums, rows_per_block);
  });
  if (impl.gathered) {
    impl.write_gathered(set, mine, offset, count);
  } else {
    impl.write_collectively(set, mine, detail::pieces_of(offset, count, element_bytes, collective_piece_bytes));
  }
  impl.together([&] { impl.check(set.close()); });
}

void Writer::link(std::string_view existing, std::string_view name) {
  m_impl->together([&] {
    m_impl->check(H5Lcreate_hard(m_impl->file, std::string(existing).c_str(), m_impl->file, std::string(name).c_str(),
                                 detail::make_parents(), H5P_DEFAULT) >= 0);
  });
}

void Writer::commit() {
  auto& impl = *m_impl;
  impl.together([&] { impl.check(H5Fflush(impl.file, H5F_SCOPE_GLOBAL) >= 0); });
  impl.together([&] { impl.check(impl.file.close()); });
  impl.alone([&] {
    if (impl.pending) impl.pending->commit();
  });
}

}  // namespace kramers::h5
#endif
