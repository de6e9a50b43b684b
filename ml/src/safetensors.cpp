// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/base/file.hpp>
#include <kramers/ml/safetensors.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdio>
#include <cstring>
#include <limits>

namespace kramers::ml::safetensors {

static_assert(std::endian::native == std::endian::little, "the format is little-endian and so is all that is copied");

namespace {

struct DtypeEntry {
  char const* name;
  std::uint64_t size;
};
// In the order of Dtype.
constexpr std::array<DtypeEntry, 15> dtypes{{{"BOOL", 1},
                                             {"U8", 1},
                                             {"I8", 1},
                                             {"F8_E5M2", 1},
                                             {"F8_E4M3", 1},
                                             {"I16", 2},
                                             {"U16", 2},
                                             {"F16", 2},
                                             {"BF16", 2},
                                             {"I32", 4},
                                             {"U32", 4},
                                             {"F32", 4},
                                             {"F64", 8},
                                             {"I64", 8},
                                             {"U64", 8}}};

DtypeEntry const& entry_of(Dtype dtype) {
  return dtypes.at(static_cast<std::size_t>(dtype));
}

constexpr std::array<std::uint32_t, 256> make_crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t c = i;
    for (int bit = 0; bit < 8; ++bit) c = (c & 1U) != 0 ? 0xedb88320U ^ (c >> 1) : c >> 1;
    table[i] = c;
  }
  return table;
}
constexpr auto crc_table = make_crc_table();

/// Bytes that the shape wants; nothing where that is more than a number holds.
std::optional<std::uint64_t> bytes_of(Shape const& shape, Dtype dtype) {
  std::uint64_t bytes = size_of(dtype);
  if (std::ranges::find(shape, 0U) != shape.end()) return 0;
  for (std::uint64_t const extent : shape) {
    if (bytes > std::numeric_limits<std::uint64_t>::max() / extent) return std::nullopt;
    bytes *= extent;
  }
  return bytes;
}

std::string json_string(std::string const& text) {
  try {
    return nlohmann::json(text).dump();
  } catch (nlohmann::json::exception const&) {
    throw DomainError("text", nlohmann::json(text).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace),
                      "UTF-8, to stand in a safetensors file");
  }
}

std::string entry_text(std::string const& name, Tensor const& tensor, std::uint64_t begin) {
  std::string extents;
  for (std::uint64_t const extent : tensor.shape) extents += (extents.empty() ? "" : ",") + std::to_string(extent);
  return json_string(name) + R"(:{"dtype":")" + name_of(tensor.dtype) + R"(","shape":[)" + extents +
         R"(],"data_offsets":[)" + std::to_string(begin) + "," + std::to_string(begin + tensor.bytes.size()) + "]}";
}

}  // namespace

std::string name_of(Dtype dtype) {
  return entry_of(dtype).name;
}

std::optional<Dtype> dtype_named(std::string_view name) {
  auto const* const place = std::ranges::find(dtypes, name, &DtypeEntry::name);
  if (place == dtypes.end()) return std::nullopt;
  return static_cast<Dtype>(place - dtypes.begin());
}

std::uint64_t size_of(Dtype dtype) {
  return entry_of(dtype).size;
}

std::string text_of(Shape const& shape) {
  std::string text;
  for (std::uint64_t const extent : shape) text += (text.empty() ? "" : ", ") + std::to_string(extent);
  return "(" + text + ")";
}

namespace detail {

std::vector<std::byte> copy_of(std::span<std::byte const> values, Dtype dtype, Shape const& shape) {
  auto const wanted = bytes_of(shape, dtype);
  auto const elements = wanted ? *wanted / size_of(dtype) : std::numeric_limits<std::uint64_t>::max() / 2;
  expects_extent("values of a tensor of shape " + text_of(shape),
                 static_cast<std::int64_t>(values.size() / size_of(dtype)), static_cast<std::int64_t>(elements));
  return {values.begin(), values.end()};
}

void copy_to(std::span<std::byte> values, std::span<std::byte const> bytes, Dtype dtype, Dtype wanted) {
  expects(dtype == wanted, "dtype of a tensor", name_of(dtype), name_of(wanted));
  if (!bytes.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
}

std::uint32_t crc32(std::uint32_t crc, std::span<std::byte const> bytes) {
  crc = ~crc;
  for (std::byte const byte : bytes) crc = crc_table[(crc ^ std::to_integer<std::uint32_t>(byte)) & 0xffU] ^ (crc >> 8);
  return ~crc;
}

std::optional<std::size_t> checksum_place(std::string_view header) {
  std::string const key = '"' + std::string(checksum_key) + "\":\"";
  for (auto at = header.find(key); at != std::string_view::npos; at = header.find(key, at + 1)) {
    // A quotation mark within a text has a backslash before it.
    std::size_t const digits = at + key.size();
    bool const is_key = at > 0 && (header[at - 1] == '{' || header[at - 1] == ',');
    if (is_key && digits + checksum_digits <= header.size()) return digits;
  }
  return std::nullopt;
}

std::string hexadecimal(std::uint32_t number) {
  std::array<char, 9> text{};
  std::snprintf(text.data(), text.size(), "%08x", static_cast<unsigned>(number));
  return text.data();
}

}  // namespace detail

std::string to_bytes(Content const& content) {
  using Entry = std::pair<std::string const, Tensor> const*;
  std::vector<Entry> entries;
  for (auto const& entry : content.tensors) {
    auto const& [name, tensor] = entry;
    expects(name != "__metadata__", "name of a tensor", name, "another than that of the metadata");
    expects(tensor.shape.size() <= largest_rank, "extents of tensor " + name, tensor.shape.size(),
            "at most " + std::to_string(largest_rank));
    if (bytes_of(tensor.shape, tensor.dtype) != tensor.bytes.size()) {
      throw DomainError("bytes of tensor " + name, std::to_string(tensor.bytes.size()),
                        "those of shape " + text_of(tensor.shape) + " and " + name_of(tensor.dtype));
    }
    entries.push_back(&entry);
  }
  std::ranges::stable_sort(entries, [](Entry a, Entry b) { return a->second.dtype > b->second.dtype; });

  auto metadata = content.metadata;
  bool const is_new = metadata.emplace(checksum_key, detail::hexadecimal(0)).second;
  expects(is_new, "metadata", std::string(checksum_key), "a key that is not reserved");

  std::string header = R"({"__metadata__":{)";
  for (auto const& [key, text] : metadata) {
    header += (header.back() == '{' ? "" : ",") + json_string(key) + ":" + json_string(text);
  }
  header += "}";
  std::uint64_t end = 0;
  for (Entry const entry : entries) {
    header += "," + entry_text(entry->first, entry->second, end);
    end += entry->second.bytes.size();
  }
  header += "}";
  constexpr std::uint64_t length_bytes = 8, alignment = 64;
  header.append((alignment - (length_bytes + header.size()) % alignment) % alignment, ' ');
  expects(header.size() <= largest_header, "header of a safetensors file", header.size(),
          "at most " + std::to_string(largest_header) + " bytes");

  std::string bytes(length_bytes, '\0');
  std::uint64_t const length = header.size();
  std::memcpy(bytes.data(), &length, length_bytes);
  bytes.reserve(length_bytes + header.size() + end);
  bytes += header;
  for (Entry const entry : entries) {
    bytes.append(reinterpret_cast<char const*>(entry->second.bytes.data()), entry->second.bytes.size());
  }
  std::string const checksum = detail::hexadecimal(detail::crc32(0, std::as_bytes(std::span(bytes))));
  bytes.replace(length_bytes + detail::checksum_place(header).value(), checksum.size(), checksum);
  return bytes;
}

void write(std::filesystem::path const& path, Content const& content) {
  write_text_atomically(path, to_bytes(content));
}

}  // namespace kramers::ml::safetensors
