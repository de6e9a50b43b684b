// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <compare>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

struct hwloc_bitmap_s;

namespace kramers::topology {

/// A finite set of small numbers: of hardware threads (by the numbers of the operating system) or of NUMA nodes.
/// A value; it owns an hwloc bitmap.
///
/// An empty set is nowhere: `includes` of an empty argument is false, unlike hwloc's, and so is `intersects`.
///
/// @throws HwlocError  out of memory, from every function that makes or enlarges a set
class CpuSet {
 public:
  /// The largest number a set can hold.
  static constexpr unsigned largest = (1U << 20U) - 1;

  CpuSet();
  CpuSet(std::initializer_list<unsigned> members);
  CpuSet(CpuSet const& other);
  CpuSet(CpuSet&& other) noexcept;
  CpuSet& operator=(CpuSet const& other);
  CpuSet& operator=(CpuSet&& other) noexcept;
  ~CpuSet();

  /// From "0-3,8"; blanks are ignored, "" is the empty set.
  /// @throws UsageError  not such a list, or a number above `largest`
  static CpuSet from_list(std::string_view text);
  /// From a mask in hexadecimal, "0xff" or "ff", with or without commas every 32 bits as in /proc/self/status.
  /// @throws UsageError  not such a mask, or a number above `largest`
  static CpuSet from_mask(std::string_view text);
  /// A copy of an hwloc bitmap; null is the empty set.
  /// @throws UsageError  the bitmap has no end
  static CpuSet copy_of(hwloc_bitmap_s const* native);

  bool empty() const;
  std::size_t size() const;
  bool contains(unsigned member) const;
  /// The smallest member. Needs a set that is not empty.
  unsigned first() const;
  std::vector<unsigned> members() const;

  void insert(unsigned member);
  CpuSet& operator|=(CpuSet const& other);
  CpuSet& operator&=(CpuSet const& other);
  /// Take the members of `other` away.
  CpuSet& operator-=(CpuSet const& other);
  friend CpuSet operator|(CpuSet a, CpuSet const& b) { return a |= b; }
  friend CpuSet operator&(CpuSet a, CpuSet const& b) { return a &= b; }
  friend CpuSet operator-(CpuSet a, CpuSet const& b) { return a -= b; }

  /// Are all members of `other`, of which there is one at least, in this set?
  bool includes(CpuSet const& other) const;
  bool intersects(CpuSet const& other) const;
  friend bool operator==(CpuSet const& a, CpuSet const& b) { return a.equals(b); }
  /// A total order: by the members in ascending order, as words in a dictionary.
  friend std::strong_ordering operator<=>(CpuSet const& a, CpuSet const& b) { return a.compare(b); }

  /// "0-3,8"; "" if empty.
  std::string to_list() const;
  /// "0x10f": one number in hexadecimal, as Slurm and taskset take it; "0x0" if empty.
  std::string to_mask() const;

  /// The bitmap, owned by this set.
  hwloc_bitmap_s const* native() const { return m_bits; }

 private:
  explicit CpuSet(hwloc_bitmap_s* owned) : m_bits(owned) {}
  bool equals(CpuSet const& other) const;
  std::strong_ordering compare(CpuSet const& other) const;

  hwloc_bitmap_s* m_bits;  // null after a move only: such a set can be assigned to or destroyed
};

}  // namespace kramers::topology
