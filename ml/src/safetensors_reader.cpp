// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/ml/safetensors.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <functional>
#include <set>
#include <span>

namespace kramers::ml::safetensors {

std::string detail::shown(std::string const& text) {
  constexpr std::size_t enough = 80;
  auto const replace = nlohmann::json::error_handler_t::replace;
  return nlohmann::json(text.substr(0, enough)).dump(-1, ' ', false, replace) + (text.size() > enough ? "..." : "");
}

namespace {

using detail::shown;

using Json = nlohmann::json;
constexpr std::uint64_t length_bytes = 8;

/// An entry of the header.
struct Entry {
  std::string name;
  Dtype dtype = Dtype::f32;
  Shape shape;
  std::vector<std::uint64_t> offsets;
};

struct Header {
  std::vector<Entry> entries;
  std::map<std::string, std::string> metadata;
};

/// Takes the JSON of a header piece by piece and refuses the first that does not belong there. No tree is built, so
/// that neither depth nor length of a hostile header costs more memory than a small multiple of its bytes.
class HeaderParser final : public nlohmann::json_sax<Json> {
 public:
  explicit HeaderParser(std::string const& source) : m_source(source) {}

  static Header parse(std::string_view text, std::string const& source) {
    HeaderParser parser(source);
    Json::sax_parse(text.begin(), text.end(), &parser);
    return std::move(parser.m_header);
  }

  bool null() override { unexpected("null"); }
  bool boolean(bool value) override { unexpected(value ? "true" : "false"); }
  bool binary(binary_t& /*value*/) override { unexpected("binary data"); }
  bool number_integer(number_integer_t value) override {
    if (m_numbers == nullptr) unexpected("the number " + std::to_string(value));
    fail_in_entry("'" + m_field + "' has the number " + std::to_string(value) + ", want none below 0");
  }
  bool number_float(number_float_t /*value*/, string_t const& text) override {
    if (m_numbers == nullptr) unexpected("the number " + text.substr(0, 40));
    fail_in_entry("'" + m_field + "' has the number " + text.substr(0, 40) + ", want integers below 2^64");
  }
  bool number_unsigned(number_unsigned_t value) override {
    if (m_numbers == nullptr) unexpected("the number " + std::to_string(value));
    std::size_t const most = m_field == "shape" ? largest_rank : 2;
    if (m_numbers->size() == most)
      fail_in_entry("'" + m_field + "' has more than " + std::to_string(most) + " numbers");
    m_numbers->push_back(value);
    return true;
  }

  bool string(string_t& value) override {
    if (m_place == Place::metadata) {
      m_header.metadata[m_field] = std::move(value);
      return true;
    }
    if (m_place != Place::entry || m_field != "dtype") unexpected("the text " + shown(value));
    auto const dtype = dtype_named(value);
    if (!dtype) fail_in_entry("'dtype' is " + shown(value) + ", which is no type of the format");
    m_header.entries.back().dtype = *dtype;
    return true;
  }

  bool start_object(std::size_t /*size*/) override {
    if (m_place == Place::start) {
      m_place = Place::top;
    } else if (m_place == Place::top) {
      m_place = m_name == "__metadata__" ? Place::metadata : Place::entry;
      m_fields.clear();
      if (m_place == Place::entry) m_header.entries.push_back({m_name, {}, {}, {}});
    } else {
      unexpected("an object");
    }
    return true;
  }
  bool end_object() override {
    if (m_place == Place::entry) {
      for (char const* field : {"dtype", "shape", "data_offsets"}) {
        if (!m_fields.contains(field)) fail_in_entry("has no '" + std::string(field) + "'");
      }
      if (m_header.entries.back().offsets.size() != 2) fail_in_entry("'data_offsets' are not two numbers");
    }
    m_place = m_place == Place::top ? Place::end : Place::top;
    return true;
  }
  bool key(string_t& name) override {
    if (m_place == Place::top) {
      m_name = name;
      if (!m_names.insert(name).second) fail("the header has two entries " + shown(name));
      return true;
    }
    m_field = name;
    bool const is_new = m_fields.insert(name).second;
    if (m_place == Place::metadata) {
      if (!is_new) fail("the metadata have two texts " + shown(name));
      return true;
    }
    if (name != "dtype" && name != "shape" && name != "data_offsets") {
      fail_in_entry("has the key " + shown(name) + ", which the format does not know");
    }
    if (!is_new) fail_in_entry("has '" + name + "' twice");
    return true;
  }

  bool start_array(std::size_t /*size*/) override {
    if (m_place != Place::entry || m_numbers != nullptr || m_field == "dtype") unexpected("an array");
    Entry& entry = m_header.entries.back();
    m_numbers = m_field == "shape" ? &entry.shape : &entry.offsets;
    return true;
  }
  bool end_array() override {
    m_numbers = nullptr;
    return true;
  }

  bool parse_error(std::size_t position, std::string const& /*token*/, Json::exception const& /*error*/) override {
    fail("the header is no JSON from its byte " + std::to_string(position) + " on");
  }

 private:
  enum class Place { start, top, metadata, entry, end };

  [[noreturn]] void fail(std::string const& what) const { throw IoError(m_source, what); }
  [[noreturn]] void fail_in_entry(std::string const& what) const { fail("tensor " + shown(m_name) + ": " + what); }
  [[noreturn]] void unexpected(std::string const& what) const {
    if (m_place == Place::metadata) fail("the metadata " + shown(m_field) + " are " + what + ", want a text");
    if (m_place == Place::entry) fail_in_entry("'" + m_field + "' has " + what + ", which does not belong there");
    fail("the header has " + what + " where a tensor should stand");
  }

  std::string const& m_source;
  Header m_header;
  Place m_place = Place::start;
  std::string m_name, m_field;
  std::set<std::string, std::less<>> m_names, m_fields;
  std::vector<std::uint64_t>* m_numbers = nullptr;  // those of the array that is open
};

std::uint64_t header_length(std::string_view first_bytes, std::uint64_t file_bytes, std::string const& source) {
  if (file_bytes < length_bytes) {
    throw IoError(source, "no safetensors file: it has " + std::to_string(file_bytes) + " bytes, want at least 8");
  }
  std::uint64_t length = 0;
  std::memcpy(&length, first_bytes.data(), length_bytes);
  if (length > largest_header) {
    throw IoError(source, "no safetensors file: it asks for a header of " + std::to_string(length) +
                              " bytes, want at most " + std::to_string(largest_header));
  }
  if (length > file_bytes - length_bytes) {
    throw IoError(source, "truncated, or no safetensors file: it asks for a header of " + std::to_string(length) +
                              " bytes and has " + std::to_string(file_bytes - length_bytes));
  }
  return length;
}

/// Does the byte count follow from shape and type? Only then may memory be taken.
void check_size(Entry const& entry, std::uint64_t data_bytes, std::string const& source) {
  std::string const tensor = "tensor " + shown(entry.name) + ": ";
  std::uint64_t const begin = entry.offsets[0], end = entry.offsets[1];
  std::string const span = "'data_offsets' are [" + std::to_string(begin) + ", " + std::to_string(end) + "], ";
  if (begin > end) throw IoError(source, tensor + span + "want the end after the beginning");
  if (end > data_bytes) {
    throw IoError(source, tensor + span + "but the file has " + std::to_string(data_bytes) + " bytes of data");
  }
  std::uint64_t left = (end - begin) / size_of(entry.dtype);
  bool fits = (end - begin) % size_of(entry.dtype) == 0;
  bool const is_empty = std::ranges::find(entry.shape, 0U) != entry.shape.end();
  // Division instead of a product that could overflow.
  for (std::uint64_t const extent : entry.shape) {
    if (is_empty || !fits) break;
    fits = left % extent == 0;
    left /= extent;
  }
  if (!fits || left != (is_empty ? 0 : 1)) {
    throw IoError(source, tensor + span + "which are not the bytes of shape " + text_of(entry.shape) + " and " +
                              name_of(entry.dtype));
  }
}

/// The entries in the order of their data, which they cover without holes.
Header checked_header(std::string_view text, std::uint64_t data_bytes, std::string const& source) {
  if (!text.starts_with('{')) throw IoError(source, "no safetensors file: its header does not begin with '{'");
  Header header = HeaderParser::parse(text, source);
  for (Entry const& entry : header.entries) check_size(entry, data_bytes, source);
  std::ranges::sort(header.entries, {}, &Entry::offsets);
  std::uint64_t covered = 0;
  for (Entry const& entry : header.entries) {
    std::uint64_t const begin = entry.offsets[0];
    if (begin != covered) {
      throw IoError(source, "tensor " + shown(entry.name) + ": begins at byte " + std::to_string(begin) +
                                (begin < covered ? " and overlaps" : " and leaves a hole after") +
                                " the one before it, which ends at " + std::to_string(covered));
    }
    covered = entry.offsets[1];
  }
  if (covered != data_bytes) {
    throw IoError(source, "the tensors end at byte " + std::to_string(covered) + ", but the file has " +
                              std::to_string(data_bytes) + " bytes of data");
  }
  return header;
}

/// Everything after the length: `take(bytes, count)` gives the next bytes of the file.
template <class Take>
Content content_of(std::uint64_t header_bytes, std::uint64_t data_bytes, std::string const& source, Checksum wanted,
                   Take const& take) {
  Header header;
  std::uint32_t checksum = detail::crc32(0, std::as_bytes(std::span(&header_bytes, 1)));
  {
    std::string text(header_bytes, '\0');
    take(text.data(), header_bytes);
    header = checked_header(text, data_bytes, source);
    if (auto const place = detail::checksum_place(text))
      text.replace(*place, detail::checksum_digits, detail::hexadecimal(0));
    checksum = detail::crc32(checksum, std::as_bytes(std::span(text)));
  }
  Content content;
  for (Entry& entry : header.entries) {
    std::uint64_t const count = entry.offsets[1] - entry.offsets[0];
    Tensor tensor{entry.dtype, std::move(entry.shape), std::vector<std::byte>(count)};
    take(reinterpret_cast<char*>(tensor.bytes.data()), count);
    checksum = detail::crc32(checksum, tensor.bytes);
    content.tensors.emplace(std::move(entry.name), std::move(tensor));
  }
  content.metadata = std::move(header.metadata);
  auto const stored = content.metadata.extract(checksum_key);
  if (stored.empty() && wanted == Checksum::required) {
    throw IoError(source, "the metadata have no '" + std::string(checksum_key) +
                              "', so that damage would go unseen: the file is damaged, or of another program or an "
                              "earlier kramers; write it again");
  }
  if (!stored.empty() && stored.mapped() != detail::hexadecimal(checksum)) {
    throw IoError(source,
                  "damaged: it has the checksum " + detail::hexadecimal(checksum) + ", want " + shown(stored.mapped()));
  }
  return content;
}

}  // namespace

Content parse(std::string_view bytes, std::string const& source, Checksum checksum) {
  std::uint64_t const header_bytes = header_length(bytes, bytes.size(), source);
  bytes.remove_prefix(length_bytes);
  return content_of(header_bytes, bytes.size() - header_bytes, source, checksum, [&](char* to, std::uint64_t count) {
    if (count != 0) std::memcpy(to, bytes.data(), count);
    bytes.remove_prefix(count);
  });
}

Content read(std::filesystem::path const& path, Checksum checksum) {
  std::string const source = path.string();
  auto const fail = [&](std::string const& reason) { throw IoError(source, "cannot be read: " + reason); };
  std::error_code error;
  auto const status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status)) fail(std::strerror(error ? error.value() : ENOENT));
  if (!std::filesystem::is_regular_file(status)) fail("it is not a regular file");
  std::uint64_t const size = std::filesystem::file_size(path, error);
  if (error) fail(error.message());
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) fail(errno != 0 ? std::strerror(errno) : "it cannot be opened");
  auto const take = [&](char* to, std::uint64_t count) {
    if (!file.read(to, static_cast<std::streamsize>(count))) fail("it ends too early");
  };
  std::string first(std::min(size, length_bytes), '\0');
  take(first.data(), first.size());
  std::uint64_t const header_bytes = header_length(first, size, source);
  return content_of(header_bytes, size - length_bytes - header_bytes, source, checksum, take);
}

}  // namespace kramers::ml::safetensors
