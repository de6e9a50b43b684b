// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "kept_points.hpp"

#include <kramers/base/error.hpp>
#include <kramers/base/text.hpp>
#include <kramers/runtime/h5.hpp>

#include <utility>

namespace kramers::langevin {

namespace fs = std::filesystem;

namespace {

/// As people count.
std::string number_of(std::int64_t point) {
  return "point_" + std::to_string(point + 1);
}

/// Of a file that a killed process was about to write here.
bool is_part(std::string const& name) {
  return (name.starts_with(".point_") || name.starts_with(".input.")) && name.ends_with(".part");
}

}  // namespace

KeptPoints::KeptPoints(fs::path const& checkpoint, std::string fingerprint)
    : m_folder(fs::path(checkpoint).replace_extension(".points")), m_fingerprint(std::move(fingerprint)) {}

fs::path KeptPoints::input() const {
  return m_folder / "input.h5";
}

fs::path KeptPoints::file(std::int64_t point) const {
  return m_folder / (number_of(point) + ".h5");
}

fs::path KeptPoints::checkpoint(std::int64_t point) const {
  return m_folder / (number_of(point) + ".checkpoint.h5");
}

void KeptPoints::begin() const {
  std::error_code problem;
  fs::create_directory(m_folder, problem);
  if (problem) {
    throw IoError(m_folder.string(),
                  "cannot be made (" + problem.message() + "); name another place by checkpoint.file");
  }
  if (fs::exists(input())) {
    throw UsageError(printable(m_folder.string()) +
                     " holds what an earlier sweep has found; go on with --resume, or remove it to start anew");
  }
  h5::Writer file(input(), Communicator::self());
  file.write("fingerprint", std::string_view(m_fingerprint));
  file.commit();
}

std::map<std::int64_t, nlohmann::json> KeptPoints::read(std::int64_t points) const {
  if (!fs::exists(input())) {
    throw InputError(m_folder.string(), 0, "holds no points to go on from; leave out --resume");
  }
  if (h5::Reader(input(), Communicator::self()).read_text("fingerprint") != m_fingerprint) {
    throw InputError(m_folder.string(), 0,
                     "belongs to a sweep of another input; resume with the input that started it, or remove the folder "
                     "to start anew");
  }
  std::map<std::int64_t, nlohmann::json> rows;
  for (std::int64_t point = 0; point < points; ++point) {
    if (!fs::exists(file(point))) continue;
    h5::Reader const kept(file(point), Communicator::self());
    rows[point] = nlohmann::json::parse(kept.read_text("row"), nullptr, false);
    if (!rows[point].is_object()) throw IoError(file(point).string(), "is damaged: its 'row' is none of a sweep");
  }
  return rows;
}

void KeptPoints::keep(std::int64_t point, nlohmann::json const& row) const {
  h5::Writer kept(file(point), Communicator::self());
  kept.write("row", std::string_view(row.dump()));
  kept.commit();
  std::error_code ignored;
  fs::remove(checkpoint(point), ignored);
}

void KeptPoints::remove(std::int64_t points) const {
  std::error_code ignored;
  for (fs::directory_entry const& entry : fs::directory_iterator(m_folder, ignored)) {
    if (is_part(entry.path().filename().string())) fs::remove(entry.path(), ignored);
  }
  for (std::int64_t point = 0; point < points; ++point) {
    fs::remove(file(point), ignored);
    fs::remove(checkpoint(point), ignored);
  }
  fs::remove(input(), ignored);
  fs::remove(m_folder, ignored);
}

}  // namespace kramers::langevin
