// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/runtime/build_config.hpp>

#ifdef KRAMERS_HAVE_HDF5
#include <kramers/runtime/collective_errors.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>
#include <limits>
#include <optional>

#include "h5_support.hpp"

#ifdef KRAMERS_HAVE_HDF5_PARALLEL
#include <mpi.h>
#endif

namespace kramers::h5 {

namespace fs = std::filesystem;
using detail::Block;

namespace {

// Rank 0 holds one piece of another rank's values at a time.
constexpr std::uint64_t gathered_piece_bytes = 16 << 20;
// Room for HDF5's own bookkeeping, of which a dataset and its attributes take a few kB.
constexpr std::uint64_t bookkeeping_bytes = 64 << 10;
// MPI-IO counts bytes in int in many places.
constexpr std::uint64_t collective_piece_bytes = 512 << 20;

/// Make a file longer by so many bytes that are really there; 0, or why not. HDF5 cuts off at the end what it did not
/// use.
int extend_file(fs::path const& path, std::uint64_t bytes) {
  int const file = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (file < 0) return errno;
  struct stat status{};
  int reason = 0;
#ifdef __linux__
  if (::fstat(file, &status) != 0 || ::fallocate(file, 0, status.st_size, static_cast<off_t>(bytes)) != 0) {
    reason = errno == EOPNOTSUPP ? 0 : errno;
  }
#endif
  ::close(file);
  return reason;
}

detail::Properties file_access() {
  detail::Properties access(H5Pcreate(H5P_FILE_ACCESS));
  // This format guards its own bookkeeping with checksums; h5py and every HDF5 since 1.8 read it.
  H5Pset_libver_bounds(access, H5F_LIBVER_V18, H5F_LIBVER_LATEST);
  return access;
}

detail::Properties make_parents() {
  detail::Properties link(H5Pcreate(H5P_LINK_CREATE));
  H5Pset_create_intermediate_group(link, 1);
  return link;
}

}  // namespace

struct Writer::Impl {
  fs::path path;
  Communicator comm;
  bool gathered;                       ///< rank 0 alone holds the file
  std::optional<PendingFile> pending;  ///< on rank 0
  detail::File file;
  bool all_failed = false;  ///< every rank knows that this file failed
  int exceptions = std::uncaught_exceptions();

  Impl(fs::path where, Communicator ranks, bool gather)
      : path(std::move(where)), comm(std::move(ranks)), gathered(gather) {}

  ~Impl() {
    detail::Silence const silence;
    // With MPI-IO closing is collective: a rank that unwinds alone must not wait for the others here.
    if (!gathered && !all_failed && std::uncaught_exceptions() > exceptions) file.leak();
    file.close();
  }

  void check(bool ok) const {
    if (!ok) throw IoError(path.string(), "cannot be written: " + detail::last_reason());
  }

  /// Collective: either all ranks come through or all throw.
  void settle(std::exception_ptr failure) {
    try {
      kramers::detail::agree_on(comm, std::move(failure));
    } catch (...) {
      all_failed = true;
      throw;
    }
  }

  /// Collective: do on every rank what needs no other rank.
  template <class Work>
  void alone(Work&& work) {
    std::exception_ptr failure;
    try {
      work();
    } catch (...) {
      failure = std::current_exception();
    }
    settle(std::move(failure));
  }

  /// Collective: do `work` on the ranks that hold the file, by calls that are collective among them.
  template <class Work>
  void together(Work&& work) {
    detail::Silence const silence;
    alone([&] {
      if (gathered && !comm.is_root()) return;
      if (!file.is_open()) throw Error("the HDF5 file " + path.string() + " is already complete");
      work();
    });
  }

  /// Collective, for MPI-IO: make room for so many more bytes beforehand, since a disk that fills up during a collective
  /// write is reported without the reason, or not on all ranks, or not at all.
  void reserve(std::uint64_t bytes) {
    if (gathered) return;
    alone([&] {
      if (!comm.is_root()) return;
      int const reason = extend_file(pending->temporary(), bytes + bookkeeping_bytes);
      if (reason != 0) throw IoError(path.string(), std::string("cannot be written: ") + std::strerror(reason));
    });
  }

  detail::Dataset create_dataset(std::string_view name, hid_t type, Extents const& extents) const {
    std::vector<hsize_t> const dims(extents.begin(), extents.end());
    detail::Dataspace const space(dims.empty() ? H5Screate(H5S_SCALAR)
                                               : H5Screate_simple(static_cast<int>(dims.size()), dims.data(), nullptr));
    check(space.is_open());
    detail::Properties const how(H5Pcreate(H5P_DATASET_CREATE));
    H5Pset_fill_time(how, H5D_FILL_TIME_NEVER);  // every element is written anyway
    detail::Dataset dataset(H5Dcreate2(file, std::string(name).c_str(), type, space, make_parents(), how, H5P_DEFAULT));
    check(dataset.is_open());
    return dataset;
  }

  void create_attribute(hid_t object, std::string_view name, hid_t type, hid_t space, void const* data) const {
    detail::Attribute attribute(H5Acreate2(object, std::string(name).c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT));
    check(attribute.is_open());
    check(H5Awrite(attribute, type, data) >= 0);
  }

  detail::Object open(std::string_view name) const {
    detail::Object object(H5Oopen(file, std::string(name).c_str(), H5P_DEFAULT));
    check(object.is_open());
    return object;
  }

  /// Write one piece; nullptr takes part in a collective write with nothing.
  void put(hid_t dataset, Block values, detail::Piece const* piece, hid_t transfer) const {
    hsize_t const elements = piece == nullptr ? 0 : piece->bytes / detail::size_of(values.type);
    detail::Dataspace const there(H5Dget_space(dataset));
    detail::Dataspace const here(H5Screate_simple(1, &elements, nullptr));
    if (piece == nullptr) {
      H5Sselect_none(there);
      H5Sselect_none(here);
    } else {
      std::vector<hsize_t> const offset(piece->offset.begin(), piece->offset.end());
      std::vector<hsize_t> const count(piece->count.begin(), piece->count.end());
      check(H5Sselect_hyperslab(there, H5S_SELECT_SET, offset.data(), nullptr, count.data(), nullptr) >= 0);
    }
    check(H5Dwrite(dataset, detail::native_type(values.type), here, there, transfer, values.data) >= 0);
  }

  void attach_checksum(hid_t dataset, std::uint64_t sum) const {
    detail::Dataspace const scalar(H5Screate(H5S_SCALAR));
    create_attribute(dataset, detail::checksum_name, H5T_NATIVE_UINT64, scalar, &sum);
  }

  void write_collectively(hid_t dataset, Block mine, std::vector<detail::Piece> const& pieces);
  void write_gathered(hid_t dataset, Block mine, Extents const& offset, Extents const& count);
};

void Writer::Impl::write_collectively(hid_t dataset, Block mine, std::vector<detail::Piece> const& pieces) {
#ifdef KRAMERS_HAVE_HDF5_PARALLEL
  detail::Properties const transfer(H5Pcreate(H5P_DATASET_XFER));
  H5Pset_dxpl_mpio(transfer, H5FD_MPIO_COLLECTIVE);
  auto const rounds = comm.max(std::uint64_t{pieces.size()});
  for (std::size_t i = 0; i < rounds; ++i) {
    together([&] {
      bool const mine_too = i < pieces.size();
      put(dataset, mine_too ? detail::part(mine, pieces[i]) : mine, mine_too ? &pieces[i] : nullptr, transfer);
    });
  }
#else
  static_cast<void>(dataset), static_cast<void>(mine), static_cast<void>(pieces);
#endif
}

void Writer::Impl::write_gathered(hid_t dataset, Block mine, Extents const& offset, Extents const& count) {
  auto const element_bytes = detail::size_of(mine.type);
  Extents place(offset);
  place.insert(place.end(), count.begin(), count.end());
  Extents const places = comm.gather(place);
  if (!comm.is_root()) {
    for (auto const& piece : detail::pieces_of(offset, count, element_bytes, gathered_piece_bytes)) {
      comm.send({static_cast<std::byte const*>(mine.data) + piece.first_byte, piece.bytes}, 0);
    }
    return settle(nullptr);
  }
  detail::Silence const silence;
  std::exception_ptr failure;
  auto const attempt = [&](Block values, detail::Piece const& piece) {
    if (failure) return;  // the file is lost, but the other ranks want to get rid of their pieces
    try {
      put(dataset, values, &piece, H5P_DEFAULT);
    } catch (...) {
      failure = std::current_exception();
    }
  };
  auto const dims = static_cast<std::ptrdiff_t>(offset.size());
  std::vector<std::byte> buffer;
  for (int rank = 0; rank < comm.size(); ++rank) {
    auto const begin = places.begin() + rank * 2 * dims;
    Extents const their_offset(begin, begin + dims);
    Extents const their_count(begin + dims, begin + 2 * dims);
    for (auto const& piece : detail::pieces_of(their_offset, their_count, element_bytes, gathered_piece_bytes)) {
      if (rank == 0) {
        attempt(detail::part(mine, piece), piece);
      } else {
        buffer.resize(piece.bytes);
        comm.receive(buffer, rank);
        attempt(Block{mine.type, buffer.data(), piece.bytes / element_bytes}, piece);
      }
    }
  }
  settle(failure);
}

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
        H5Gcreate2(m_impl->file, std::string(name).c_str(), make_parents(), H5P_DEFAULT, H5P_DEFAULT));
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

void Writer::write(std::string_view dataset, std::string_view text) {
  std::string copy(text);
  m_impl->comm.broadcast(copy);
  m_impl->reserve(copy.size());
  m_impl->together([&] {
    // Of fixed length: parallel HDF5 cannot write text of variable length into a dataset.
    if (copy.empty()) copy.push_back('\0');
    auto const type = detail::text_type(copy.size());
    auto const set = m_impl->create_dataset(dataset, type, {});
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
  auto const sum = impl.comm.sum(detail::box_checksum(mine, offset, count, extents));
  detail::Dataset set;
  impl.together([&] {
    expects_extent("the ranks' parts of " + std::string(dataset), static_cast<std::int64_t>(held),
                   static_cast<std::int64_t>(detail::product(extents, element_bytes)));
    set = impl.create_dataset(dataset, detail::native_type(mine.type), extents);
    impl.attach_checksum(set, sum);
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
                                 make_parents(), H5P_DEFAULT) >= 0);
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
