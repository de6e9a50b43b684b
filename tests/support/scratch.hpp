// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/runtime/communicator.hpp>

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace kramers::test {

/// A new folder, the same on all ranks, removed by rank 0 at the end of the scope. Collective.
class Scratch {
 public:
  explicit Scratch(Communicator comm = Communicator::self()) : m_comm(std::move(comm)) {
    std::string name = (std::filesystem::temp_directory_path() / "kramers_test_XXXXXX").string();
    if (m_comm.is_root() && mkdtemp(name.data()) == nullptr) throw std::runtime_error("no folder for tests");
    m_comm.broadcast(name);
    m_folder = name;
  }
  ~Scratch() {
    m_comm.barrier();
    std::error_code ignored;
    if (m_comm.is_root()) std::filesystem::remove_all(m_folder, ignored);
  }
  Scratch(Scratch const&) = delete;
  Scratch& operator=(Scratch const&) = delete;

  std::filesystem::path const& folder() const { return m_folder; }
  std::filesystem::path operator/(std::string const& name) const { return m_folder / name; }
  /// Number of files and folders in it, hidden ones included.
  std::size_t entries() const {
    std::size_t number = 0;
    for ([[maybe_unused]] auto const& entry : std::filesystem::directory_iterator(m_folder)) ++number;
    return number;
  }

 private:
  Communicator m_comm;
  std::filesystem::path m_folder;
};

inline std::string content(std::filesystem::path const& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void put(std::filesystem::path const& path, std::string_view text) {
  std::ofstream(path, std::ios::binary) << text;
}

/// Turn one bit of a file over; a second time to have it back.
inline void flip_bit(std::filesystem::path const& path, std::size_t byte, int bit) {
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  auto const place = static_cast<std::streamoff>(byte);
  int const old = file.seekg(place).get();
  file.seekp(place).put(static_cast<char>(old ^ (1 << bit)));
}

/// The message of the exception that `work` throws; empty if it throws none or one of another type.
template <class Expected, class Work>
std::string message(Work&& work) {
  try {
    work();
  } catch (Expected const& e) {
    return e.what();
  } catch (...) {
  }
  return {};
}

inline bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace kramers::test
