// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>
#include <string>

#include "common/xml_escape.hpp"

namespace kramers::topology::detail {

struct Box {
  double x = 0, y = 0, width = 0, height = 0;
};

struct Look {
  std::string fill, stroke = "none";
  double radius = 0;
  std::string more = {};  ///< further attributes
};

/// Collects the shapes of a picture as text.
class Canvas {
 public:
  static std::string number(double value) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.1f", value);
    return text.data();
  }

  void rectangle(Box const& box, Look const& look) {
    m_body += "<rect x=\"" + number(box.x) + "\" y=\"" + number(box.y) + "\" width=\"" + number(box.width) +
              "\" height=\"" + number(box.height) + "\" rx=\"" + number(look.radius) + "\" fill=\"" + look.fill +
              "\" stroke=\"" + look.stroke + "\"" + (look.more.empty() ? "" : " " + look.more) + "/>\n";
  }

  void text(double x, double y, std::string const& label, double size, std::string const& fill = "#222222",
            std::string const& more = "") {
    m_body += "<text x=\"" + number(x) + "\" y=\"" + number(y) + "\" font-size=\"" + number(size) + "\" fill=\"" +
              fill + "\"" + (more.empty() ? "" : " " + more) + ">" + escaped(label) + "</text>\n";
  }

  /// A disc with a rank's number in it.
  void disc(double x, double y, int number_in_it, std::string const& fill) {
    m_body += "<circle cx=\"" + number(x) + "\" cy=\"" + number(y) + "\" r=\"10.5\" fill=\"" + fill + "\"/>\n";
    text(x, y + 4, std::to_string(number_in_it), number_in_it < 100 ? 11.5 : 9, "#ffffff",
         "text-anchor=\"middle\" font-weight=\"bold\"");
  }

  /// As much of a label as a width holds; a letter is about 0.54 of its size wide.
  static std::string fitted(std::string const& label, double width, double size) {
    auto const letters = static_cast<std::size_t>(std::max(3.0, width / (0.54 * size)));
    return label.size() <= letters ? label : label.substr(0, letters - 2) + "..";
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
