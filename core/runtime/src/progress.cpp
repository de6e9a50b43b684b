// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/runtime/progress.hpp>

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string_view>
#include <utility>

namespace kramers {

namespace {

std::string formatted(char const* format, double value) {
  char text[64];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

bool is_terminal() {
  char const* const kind = std::getenv("TERM");
  return isatty(STDERR_FILENO) == 1 && !(kind != nullptr && std::string_view(kind) == "dumb");
}

int terminal_width() {
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 80;
}

}  // namespace

namespace detail {

std::string human_count(double value) {
  constexpr std::string_view prefixes = " kMGTPE";
  std::size_t prefix = 0;
  // 999.5 would be printed as 1000.
  while (value >= 999.5 && prefix + 1 < prefixes.size()) {
    value /= 1000;
    ++prefix;
  }
  std::string text = formatted(value < 9.995 ? "%.2f" : value < 99.95 ? "%.1f" : "%.0f", value);
  if (prefix > 0) text += std::string(" ") + prefixes[prefix];
  return text;
}

std::string human_time(double seconds) {
  if (!(seconds < 360000.0)) return "> 99 h";
  auto const total = static_cast<int>(std::lround(std::max(seconds, 0.0)));
  char text[32];
  if (total >= 3600) {
    std::snprintf(text, sizeof text, "%d:%02d:%02d", total / 3600, total / 60 % 60, total % 60);
  } else {
    std::snprintf(text, sizeof text, "%d:%02d", total / 60, total % 60);
  }
  return text;
}

std::string progress_line(std::string const& label, std::string const& unit, std::uint64_t start, std::uint64_t done,
                          std::uint64_t total, double seconds, int width) {
  done = std::clamp(done, std::min(start, total), total);
  double const share = static_cast<double>(done) / static_cast<double>(total);
  std::string tail = formatted("%5.1f %%", 100 * share);
  if (done > start && seconds > 0) {
    double const rate = static_cast<double>(done - start) / seconds;
    std::string const scaled = human_count(rate);
    bool const has_prefix = scaled.find(' ') != std::string::npos;
    tail += "  " + scaled + (has_prefix ? "" : " ") + unit + "/s  ";
    tail += done < total ? human_time(static_cast<double>(total - done) / rate) + " left" : "in " + human_time(seconds);
  }
  if (width == 0) return label + ": " + tail;
  auto const room = width - static_cast<int>(label.size() + tail.size()) - 4;
  std::string bar = " ";
  if (room >= 8) {
    auto const cells = static_cast<std::size_t>(std::min(room, 40));
    auto const full = static_cast<std::size_t>(share * static_cast<double>(cells));
    bar = " [" + std::string(full, '#') + std::string(cells - full, '.') + "] ";
  }
  return (label + bar + tail).substr(0, static_cast<std::size_t>(width));
}

}  // namespace detail

Progress::Progress(Communicator const& comm, std::uint64_t total, std::string label, Options options)
    : m_kind(options.quiet || !comm.is_root() ? Kind::silent
             : is_terminal()                  ? Kind::bar
                                              : Kind::lines),
      m_total(total),
      m_label(std::move(label)),
      m_options(std::move(options)),
      m_begin(Clock::now()),
      m_next(m_begin + (m_kind == Kind::bar ? m_options.bar_interval : m_options.line_interval)),
      m_done(m_options.start),
      m_exceptions(std::uncaught_exceptions()) {
  expects(total > 0, "total", total, "> 0");
}

Progress::Progress(Communicator const& comm, std::uint64_t total, std::string label, bool quiet)
    : Progress(comm, total, std::move(label), Options{.quiet = quiet}) {}

Progress::~Progress() {
  if (m_kind == Kind::silent) return;
  bool const complete = m_done >= m_total && std::uncaught_exceptions() <= m_exceptions;
  try {
    if (complete) show(Clock::now());
  } catch (...) {  // no memory for a line of progress is no reason to end a run
  }
  end_line();
}

void Progress::end_line() {
  if (m_open) std::fputc('\n', stderr);
  m_open = false;
}

void Progress::update(std::uint64_t done) {
  m_done = done;
  if (m_kind == Kind::silent) return;
  auto const now = Clock::now();
  if (now < m_next) return;
  m_next = now + (m_kind == Kind::bar ? m_options.bar_interval : m_options.line_interval);
  show(now);
}

void Progress::show(Clock::time_point now) {
  double const seconds = std::chrono::duration<double>(now - m_begin).count();
  bool const bar = m_kind == Kind::bar;
  std::string const line = detail::progress_line(m_label, m_options.unit, m_options.start, m_done, m_total, seconds,
                                                 bar ? terminal_width() - 1 : 0);
  // "\x1b[K" clears what a longer line left behind.
  std::fputs((bar ? "\r" + line + "\x1b[K" : line + "\n").c_str(), stderr);
  std::fflush(stderr);
  m_open = bar;
}

}  // namespace kramers
