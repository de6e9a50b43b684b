// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Any edit of a checkpoint of kramers-langevin that leaves it HDF5: one that is read whole or an Error, nothing else. The
// input is lines: "step N", "-PATH" (without this object), "=PATH TYPE E,E,... V V ..." (a dataset of these extents and
// values instead, the last one repeated), "#TEXT" (the fingerprint), "@PATH NAME N" (an attribute).
#include <hdf5.h>

#include <cstdlib>
#include <sstream>
#include <vector>

#include "langevin_checkpoint.hpp"

namespace {

using kramers::test::SmallStudy;

/// A type of HDF5 as inputs name it.
hid_t type_named(std::string const& name) {
  if (name == "f8") return H5T_NATIVE_DOUBLE;
  if (name == "f4") return H5T_NATIVE_FLOAT;
  if (name == "i8") return H5T_NATIVE_INT64;
  if (name == "u8") return H5T_NATIVE_UINT64;
  return H5T_NATIVE_UINT8;
}

/// Write a dataset of any extents; where they are large, without storage.
void put(hid_t file, std::string const& path, hid_t type, std::vector<hsize_t> const& extents,
         std::vector<double> const& values) {
  hsize_t elements = 1;
  bool small = true;
  for (hsize_t const extent : extents) {
    small = small && extent <= 1000 && elements * extent <= 1000;
    elements = small ? elements * extent : 0;
  }
  hid_t const space = extents.empty() ? H5Screate(H5S_SCALAR)
                                      : H5Screate_simple(static_cast<int>(extents.size()), extents.data(), nullptr);
  hid_t const how = H5Pcreate(H5P_DATASET_CREATE);
  if (!small) {
    std::vector<hsize_t> const chunk(extents.size(), 8);
    H5Pset_chunk(how, static_cast<int>(chunk.size()), chunk.data());
  }
  hid_t const set = H5Dcreate2(file, path.c_str(), type, space, H5P_DEFAULT, how, H5P_DEFAULT);
  if (set >= 0 && small) {
    std::vector<double> all(static_cast<std::size_t>(elements), values.empty() ? 0.0 : values.back());
    for (std::size_t i = 0; i < std::min(all.size(), values.size()); ++i) all[i] = values[i];
    H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, all.data());
  }
  if (set >= 0) H5Dclose(set);
  H5Pclose(how);
  if (space >= 0) H5Sclose(space);
}

void put_text(hid_t file, std::string const& path, std::string const& text) {
  hid_t const type = H5Tcopy(H5T_C_S1), space = H5Screate(H5S_SCALAR);
  H5Tset_size(type, text.size() + 1);
  hid_t const set = H5Dcreate2(file, path.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  if (set >= 0) {
    H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, text.c_str());
    H5Dclose(set);
  }
  H5Sclose(space);
  H5Tclose(type);
}

void put_attribute(hid_t file, std::string const& path, std::string const& name, std::int64_t value) {
  H5Adelete_by_name(file, path.c_str(), name.c_str(), H5P_DEFAULT);
  hid_t const space = H5Screate(H5S_SCALAR);
  hid_t const attribute = H5Acreate_by_name(file, path.c_str(), name.c_str(), H5T_NATIVE_INT64, space, H5P_DEFAULT,
                                            H5P_DEFAULT, H5P_DEFAULT);
  if (attribute >= 0) {
    H5Awrite(attribute, H5T_NATIVE_INT64, &value);
    H5Aclose(attribute);
  }
  H5Sclose(space);
}

void edit(hid_t file, std::string const& line) {
  if (line.empty()) return;
  std::istringstream words(line.substr(line.starts_with("step ") ? 5 : 1));
  std::string path, type, extents, name;
  if (line[0] == '-' && words >> path) {
    H5Ldelete(file, path.c_str(), H5P_DEFAULT);
  } else if (line[0] == '#') {
    H5Ldelete(file, "fingerprint", H5P_DEFAULT);
    put_text(file, "fingerprint", line.substr(1));
  } else if (std::int64_t number = 0; line[0] == '@' ? bool(words >> path >> name >> number) : bool(words >> number)) {
    if (line[0] == '@') put_attribute(file, path, name, number);
    if (line.starts_with("step ")) put_attribute(file, "/", "step", number);
  } else if (line[0] == '=') {
    std::istringstream again(line.substr(1));
    if (!(again >> path >> type >> extents)) return;
    std::vector<hsize_t> shape;
    std::istringstream list(extents);
    for (std::string extent; std::getline(list, extent, ',') && shape.size() < 8;) {
      shape.push_back(std::strtoull(extent.c_str(), nullptr, 10));
    }
    std::vector<double> values;
    for (std::string value; again >> value && values.size() < 100;)
      values.push_back(std::strtod(value.c_str(), nullptr));
    H5Ldelete(file, path.c_str(), H5P_DEFAULT);
    put(file, path, type_named(type), shape, values);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  static SmallStudy const study;
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  study.restore();
  hid_t const file = H5Fopen(study.path().c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
  if (file < 0) std::abort();
  std::istringstream lines(std::string(data, data + size));
  for (std::string line; std::getline(lines, line);) edit(file, line);
  H5Fclose(file);
  try {
    study.read();
  } catch (kramers::Error const&) {
  }
  return 0;
}
