// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kramers {

/// What a reader of an input expects of a key.
struct AskedKey {
  std::string type;                          ///< "number", "text", "integers", ...
  bool required = false;                     ///< asked for without a default
  std::optional<std::string> fallback = {};  ///< the default
  std::vector<std::string> choices = {};     ///< the values that a text may have; empty means any
};

/// While one lives, it notes every key that any Config is asked for on this thread. They do not nest.
class KeyRecorder {
 public:
  KeyRecorder();
  ~KeyRecorder();
  KeyRecorder(KeyRecorder const&) = delete;
  KeyRecorder& operator=(KeyRecorder const&) = delete;

  std::map<std::string, AskedKey> const& asked() const { return m_asked; }

  /// For Config: the entry of a key in the living recorder; null where there is none.
  static AskedKey* entry(std::string_view key);

 private:
  std::map<std::string, AskedKey> m_asked;
};

namespace detail {
void note_type(std::string_view key, char const* type);
void note_required(std::string_view key);
void note_fallback(std::string_view key, std::string fallback);
void note_choices(std::string_view key, std::vector<std::string> const& choices);
}  // namespace detail

}  // namespace kramers
