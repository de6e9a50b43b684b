// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "machine/xml_tree.hpp"

#include <kramers/topology/error.hpp>

#include <algorithm>
#include <charconv>

namespace kramers::topology::detail {

namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
         c == '.' || c == ':';
}

class Parser {
 public:
  Parser(std::string_view text, std::string const& source) : m_rest(text), m_source(source) {}

  XmlElement root() {
    if (m_rest.starts_with("\xef\xbb\xbf")) take(3);
    skip_prolog();
    if (!m_rest.starts_with("<")) fail("an element is wanted here");
    XmlElement element = parse(0);
    skip_prolog();
    if (!m_rest.empty()) fail("something follows the end of the root");
    return element;
  }

 private:
  // Far more than any node has: elements of it have some tens of attributes, and there are some thousands of them.
  static constexpr int deepest = 200;
  static constexpr std::size_t most_attributes = 1000;
  static constexpr int most_elements = 1'000'000;

  [[noreturn]] void fail(std::string const& what) const { reject_xml(m_source, m_line, what); }

  std::string_view take(std::size_t length) {
    std::string_view const taken = m_rest.substr(0, length);
    m_line += static_cast<int>(std::ranges::count(taken, '\n'));
    m_rest.remove_prefix(taken.size());
    return taken;
  }

  void skip_blanks() {
    std::size_t end = 0;
    while (end < m_rest.size() && is_blank(m_rest[end])) ++end;
    take(end);
  }

  bool skip(std::string_view word) {
    if (!m_rest.starts_with(word)) return false;
    take(word.size());
    return true;
  }

  /// Everything up to a word, and the word.
  std::string_view take_to(std::string_view word) {
    std::size_t const at = m_rest.find(word);
    if (at == std::string_view::npos) fail("the file ends before '" + std::string(word) + "'");
    std::string_view const before = take(at);
    take(word.size());
    return before;
  }

  void skip_prolog() {
    for (;;) {
      skip_blanks();
      if (skip("<!--")) {
        take_to("-->");
      } else if (skip("<?")) {
        take_to("?>");
      } else if (skip("<!DOCTYPE")) {
        if (take_to(">").find('[') != std::string_view::npos) fail("definitions inside the file are not read");
      } else {
        return;
      }
    }
  }

  std::string take_name() {
    std::size_t end = 0;
    while (end < m_rest.size() && is_name(m_rest[end])) ++end;
    if (end == 0) fail("a name is wanted here");
    return std::string(take(end));
  }

  std::string decoded(std::string_view raw) const {
    std::string text;
    while (!raw.empty()) {
      std::size_t const at = std::min(raw.find('&'), raw.size());
      text += raw.substr(0, at);
      raw.remove_prefix(at);
      if (raw.empty()) break;
      std::size_t const end = raw.find(';');
      if (end == std::string_view::npos || end > 10) fail("'&' begins no entity");
      text += entity(raw.substr(1, end - 1));
      raw.remove_prefix(end + 1);
    }
    return text;
  }

  char entity(std::string_view name) const {
    if (name == "lt") return '<';
    if (name == "gt") return '>';
    if (name == "amp") return '&';
    if (name == "quot") return '"';
    if (name == "apos") return '\'';
    if (name.starts_with("#")) {
      bool const hex = name.starts_with("#x");
      name.remove_prefix(hex ? 2 : 1);
      unsigned code = 0;
      auto const [end, error] = std::from_chars(name.data(), name.data() + name.size(), code, hex ? 16 : 10);
      if (error == std::errc{} && end == name.data() + name.size() && code > 0)
        return code < 128 ? static_cast<char>(code) : '?';
    }
    fail("an entity is not known");
  }

  XmlElement parse(int depth) {
    if (depth > deepest) fail("elements are nested more than " + std::to_string(deepest) + " deep");
    if (++m_elements > most_elements) fail("it has more than " + std::to_string(most_elements) + " elements");
    take(1);  // <
    XmlElement element;
    element.line = m_line;
    element.name = take_name();
    for (;;) {
      skip_blanks();
      if (skip("/>")) return element;
      if (skip(">")) break;
      std::string attribute = take_name();
      skip_blanks();
      if (!skip("=")) fail("'=' is wanted after '" + attribute + "'");
      skip_blanks();
      std::string_view const quote = m_rest.substr(0, 1);
      if (quote != "\"" && quote != "'") fail("the value of '" + attribute + "' is not quoted");
      take(1);
      std::string_view const value = take_to(quote);
      if (value.find('<') != std::string_view::npos) fail("the value of '" + attribute + "' has no end");
      if (element.attributes.size() == most_attributes) {
        fail("<" + element.name + "> has more than " + std::to_string(most_attributes) + " attributes");
      }
      if (element.find(attribute) != nullptr) fail("'" + attribute + "' is given twice");
      element.attributes.emplace_back(std::move(attribute), decoded(value));
    }
    content(element, depth);
    return element;
  }

  void content(XmlElement& element, int depth) {
    for (;;) {
      std::size_t const at = m_rest.find('<');
      if (at == std::string_view::npos) fail("the file ends inside <" + element.name + ">");
      element.text += decoded(take(at));
      if (skip("</")) {
        std::string const name = take_name();
        skip_blanks();
        if (name != element.name || !skip(">"))
          fail("<" + element.name + "> of line " + std::to_string(element.line) + " has no end");
        return;
      }
      if (skip("<!--")) {
        take_to("-->");
        continue;
      }
      if (m_rest.size() < 2 || !is_name(m_rest[1])) fail("only elements and comments are read here");
      element.children.push_back(parse(depth + 1));
    }
  }

  std::string_view m_rest;
  std::string const& m_source;
  int m_line = 1, m_elements = 0;
};

}  // namespace

std::string const* XmlElement::find(std::string_view attribute) const {
  auto const at = std::ranges::find(attributes, attribute, [](auto const& a) { return std::string_view(a.first); });
  return at == attributes.end() ? nullptr : &at->second;
}

void reject_xml(std::string const& source, int line, std::string const& what) {
  throw InputError(source, line, "is damaged: " + what + "; export or copy it again");
}

XmlElement parse_xml(std::string_view text, std::string const& source) {
  return Parser(text, source).root();
}

}  // namespace kramers::topology::detail
