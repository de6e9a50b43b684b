// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/topology/cpu_set.hpp>
#include <kramers/topology/error.hpp>

#include <hwloc/bitmap.h>

#include <cerrno>
#include <charconv>
#include <memory>
#include <utility>

namespace kramers::topology {

namespace {

hwloc_bitmap_t checked(hwloc_bitmap_t bits, char const* call) {
  if (bits == nullptr) throw HwlocError(call, errno);
  return bits;
}

void check(int status, char const* call) {
  if (status < 0) throw HwlocError(call, errno);
}

[[noreturn]] void reject(std::string_view text, char const* rule) {
  throw UsageError(invalid_value("set of numbers", text, rule));
}

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

unsigned parsed(std::string_view digits, std::string_view whole) {
  unsigned value = 0;
  auto const [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error == std::errc::result_out_of_range || value > CpuSet::largest) {
    reject(whole, "no number above 1048575");
  }
  if (error != std::errc{} || end != digits.data() + digits.size()) {
    reject(whole, "numbers and ranges, as in 0-3,8");
  }
  return value;
}

}  // namespace

CpuSet::CpuSet() : m_bits(checked(hwloc_bitmap_alloc(), "hwloc_bitmap_alloc")) {}

CpuSet::CpuSet(std::initializer_list<unsigned> members) : CpuSet() {
  for (unsigned const member : members) insert(member);
}

CpuSet::CpuSet(CpuSet const& other) : m_bits(checked(hwloc_bitmap_dup(other.m_bits), "hwloc_bitmap_dup")) {}

CpuSet::CpuSet(CpuSet&& other) noexcept : m_bits(std::exchange(other.m_bits, nullptr)) {}

CpuSet& CpuSet::operator=(CpuSet const& other) {
  if (this != &other) *this = CpuSet(other);
  return *this;
}

CpuSet& CpuSet::operator=(CpuSet&& other) noexcept {
  std::swap(m_bits, other.m_bits);
  return *this;
}

CpuSet::~CpuSet() {
  hwloc_bitmap_free(m_bits);
}

CpuSet CpuSet::from_list(std::string_view text) {
  CpuSet set;
  std::string_view rest = trimmed(text);
  while (!rest.empty()) {
    std::size_t const comma = rest.find(',');
    std::string_view const item = trimmed(rest.substr(0, comma));
    std::size_t const dash = item.find('-');
    unsigned const first = parsed(trimmed(item.substr(0, dash)), text);
    unsigned const last = dash == std::string_view::npos ? first : parsed(trimmed(item.substr(dash + 1)), text);
    if (last < first) reject(text, "ranges from the smaller end to the larger");
    check(hwloc_bitmap_set_range(set.m_bits, first, static_cast<int>(last)), "hwloc_bitmap_set_range");
    if (comma == std::string_view::npos) break;
    rest.remove_prefix(comma + 1);
    if (rest.empty()) reject(text, "numbers and ranges, as in 0-3,8");
  }
  return set;
}

CpuSet CpuSet::from_mask(std::string_view text) {
  std::string_view digits = trimmed(text);
  if (digits.starts_with("0x") || digits.starts_with("0X")) digits.remove_prefix(2);
  if (digits.empty()) reject(text, "a hexadecimal number, as in 0xff");
  CpuSet set;
  unsigned bit = 0;
  for (auto at = digits.rbegin(); at != digits.rend(); ++at) {
    if (*at == ',') continue;
    unsigned value = 0;
    if (std::from_chars(&*at, &*at + 1, value, 16).ptr == &*at) reject(text, "a hexadecimal number, as in 0xff");
    for (unsigned i = 0; i < 4; ++i) {
      if ((value >> i & 1U) == 0) continue;
      if (bit + i > largest) reject(text, "no number above 1048575");
      set.insert(bit + i);
    }
    bit += 4;
  }
  return set;
}

CpuSet CpuSet::copy_of(hwloc_bitmap_s const* native) {
  if (native == nullptr) return {};
  if (hwloc_bitmap_weight(native) < 0) throw UsageError("a set of hardware threads has no end");
  return CpuSet(checked(hwloc_bitmap_dup(native), "hwloc_bitmap_dup"));
}

bool CpuSet::empty() const {
  return hwloc_bitmap_iszero(m_bits) != 0;
}

std::size_t CpuSet::size() const {
  return static_cast<std::size_t>(hwloc_bitmap_weight(m_bits));
}

bool CpuSet::contains(unsigned member) const {
  return hwloc_bitmap_isset(m_bits, member) != 0;
}

unsigned CpuSet::first() const {
  int const member = hwloc_bitmap_first(m_bits);
  if (member < 0) throw UsageError("an empty set has no first member");
  return static_cast<unsigned>(member);
}

std::vector<unsigned> CpuSet::members() const {
  std::vector<unsigned> members;
  for (int i = hwloc_bitmap_first(m_bits); i >= 0; i = hwloc_bitmap_next(m_bits, i)) {
    members.push_back(static_cast<unsigned>(i));
  }
  return members;
}

void CpuSet::insert(unsigned member) {
  if (member > largest) reject(std::to_string(member), "no number above 1048575");
  check(hwloc_bitmap_set(m_bits, member), "hwloc_bitmap_set");
}

CpuSet& CpuSet::operator|=(CpuSet const& other) {
  check(hwloc_bitmap_or(m_bits, m_bits, other.m_bits), "hwloc_bitmap_or");
  return *this;
}

CpuSet& CpuSet::operator&=(CpuSet const& other) {
  check(hwloc_bitmap_and(m_bits, m_bits, other.m_bits), "hwloc_bitmap_and");
  return *this;
}

CpuSet& CpuSet::operator-=(CpuSet const& other) {
  check(hwloc_bitmap_andnot(m_bits, m_bits, other.m_bits), "hwloc_bitmap_andnot");
  return *this;
}

bool CpuSet::includes(CpuSet const& other) const {
  return !other.empty() && hwloc_bitmap_isincluded(other.m_bits, m_bits) != 0;
}

bool CpuSet::intersects(CpuSet const& other) const {
  return hwloc_bitmap_intersects(m_bits, other.m_bits) != 0;
}

bool CpuSet::equals(CpuSet const& other) const {
  return hwloc_bitmap_isequal(m_bits, other.m_bits) != 0;
}

std::strong_ordering CpuSet::compare(CpuSet const& other) const {
  int a = hwloc_bitmap_first(m_bits);
  int b = hwloc_bitmap_first(other.m_bits);
  while (a == b && a >= 0) {
    a = hwloc_bitmap_next(m_bits, a);
    b = hwloc_bitmap_next(other.m_bits, b);
  }
  return a <=> b;  // -1 at the end: a prefix comes first
}

std::string CpuSet::to_list() const {
  std::string text;
  for (int i = hwloc_bitmap_first(m_bits); i >= 0;) {
    int const end = hwloc_bitmap_next_unset(m_bits, i);
    text += (text.empty() ? "" : ",") + std::to_string(i);
    if (end - 1 > i) text += "-" + std::to_string(end - 1);
    i = hwloc_bitmap_next(m_bits, end);
  }
  return text;
}

std::string CpuSet::to_mask() const {
  int const last = hwloc_bitmap_last(m_bits);
  std::string text = "0x";
  for (int digit = last < 0 ? 0 : last / 4; digit >= 0; --digit) {
    unsigned value = 0;
    for (unsigned i = 0; i < 4; ++i) value |= contains(static_cast<unsigned>(digit) * 4 + i) ? 1U << i : 0U;
    text += "0123456789abcdef"[value];
  }
  return text;
}

}  // namespace kramers::topology
