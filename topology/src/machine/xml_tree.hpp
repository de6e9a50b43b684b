// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kramers::topology::detail {

/// One element of an XML file.
struct XmlElement {
  std::string name;
  std::vector<std::pair<std::string, std::string>> attributes;
  std::vector<XmlElement> children;
  /// All characters directly inside it.
  std::string text;
  int line = 0;

  /// Value of an attribute; null where it is absent.
  std::string const* find(std::string_view attribute) const;
};

/// Throw InputError: the text is damaged there.
[[noreturn]] void reject_xml(std::string const& source, int line, std::string const& what);

/// The root of an XML text, read strictly: elements nested at most 200 deep, attributes once each, the five named
/// entities and numbers of ASCII characters; no DTD inside the text, no CDATA, no processing instruction inside the
/// root.
/// @throws InputError  with the line: the text is not that
XmlElement parse_xml(std::string_view text, std::string const& source);

}  // namespace kramers::topology::detail
