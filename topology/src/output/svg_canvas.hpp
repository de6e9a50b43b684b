// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>
#include <string>

#include "xml.hpp"

namespace kramers::topology::detail {

/// Collects the shapes of a picture as text.
class Canvas {
 public:
  static std::string number(double value) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.1f", value);
    return text.data();
  }

  void rectangle(double x, double y, double w, double h, std::string const& fill, std::string const& stroke,
                 double radius, std::string const& more = "") {
    m_body += "<rect x=\"" + number(x) + "\" y=\"" + number(y) + "\" width=\"" + number(w) + "\" height=\"" +
              number(h) + "\" rx=\"" + number(radius) + "\" fill=\"" + fill + "\" stroke=\"" + stroke + "\"" +
              (more.empty() ? "" : " " + more) + "/>\n";
  }

  void text(double x, double y, std::string const& words, double size, std::string const& fill = "#222222",
            std::string const& more = "") {
    m_body += "<text x=\"" + number(x) + "\" y=\"" + number(y) + "\" font-size=\"" + number(size) + "\" fill=\"" +
              fill + "\"" + (more.empty() ? "" : " " + more) + ">" + escaped(words) + "</text>\n";
  }

  /// A disc with a rank's number in it.
  void disc(double x, double y, int number_in_it, std::string const& fill) {
    m_body += "<circle cx=\"" + number(x) + "\" cy=\"" + number(y) + "\" r=\"10.5\" fill=\"" + fill + "\"/>\n";
    text(x, y + 4, std::to_string(number_in_it), number_in_it < 100 ? 11.5 : 9, "#ffffff",
         "text-anchor=\"middle\" font-weight=\"bold\"");
  }

  /// As much of the words as a width holds; a letter is about 0.54 of its size wide.
  static std::string fitted(std::string const& words, double width, double size) {
    auto const letters = static_cast<std::size_t>(std::max(3.0, width / (0.54 * size)));
    return words.size() <= letters ? words : words.substr(0, letters - 2) + "..";
  }

  /// The shapes drawn since the last call, taken out.
  std::string take() {
    std::string body;
    body.swap(m_body);
    return body;
  }

 private:
  std::string m_body;
};

}  // namespace kramers::topology::detail
