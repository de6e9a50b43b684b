// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/topology/svg.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "common/text_utils.hpp"
#include "output/svg_canvas.hpp"

namespace kramers::topology {

namespace {

using detail::Box;
using detail::Canvas;

// Twelve colours that stay apart on a projector and in the eyes of most colour-blind people; more ranks begin anew.
constexpr std::array<char const*, 12> palette{"#4477aa", "#ee6677", "#228833", "#b8a200", "#33a8cc", "#aa3377",
                                              "#ee8833", "#44aa99", "#882255", "#888822", "#6666cc", "#cc5577"};
constexpr double page = 1600, margin = 40, gap = 16;
constexpr double card_height = 44, card_least_width = 160, head = 46, package_head = 40, inner = 12, largest_core = 44;

char const* colour_of(int rank) {
  return palette[static_cast<std::size_t>(rank) % palette.size()];
}

/// A device, and the ranks that use it.
struct Card {
  Device const* device;
  std::vector<int> ranks;
};

/// A box of one NUMA domain, or of what lies beside them.
struct Block {
  std::string title, detail;
  std::vector<int> cores;
  std::vector<Card> cards;
  int package = -1;
};

/// Things of one size in rows.
struct Grid {
  std::size_t per_row;
  double pitch;

  double height(std::size_t things, double each) const {
    return static_cast<double>((things + per_row - 1) / per_row) * each;
  }
  double x(std::size_t i) const { return pitch * static_cast<double>(i % per_row); }
  double y(std::size_t i, double each) const { return each * static_cast<double>(i / per_row); }
};

/// Cores in as few rows as their size allows, the last row as full as can be.
Grid core_grid(std::size_t cores, double width) {
  double const usable = width - 2 * inner;
  auto least = static_cast<std::size_t>(std::ceil(usable / largest_core));
  // Many cores are drawn smaller, so that a block does not grow tall.
  while (static_cast<double>(cores) / static_cast<double>(least) * (usable / static_cast<double>(least)) > 160) ++least;
  std::size_t best = least;
  auto const missing = [cores](std::size_t n) { return (n - cores % n) % n; };
  for (std::size_t n = least; n <= least + least / 2; ++n) {
    if (missing(n) < missing(best)) best = n;
  }
  return {best, usable / static_cast<double>(best)};
}

Grid card_grid(double width) {
  double const usable = width - 2 * inner + 8;
  double const per_row = std::max(1.0, std::floor(usable / (card_least_width + 8)));
  return {static_cast<std::size_t>(per_row), usable / per_row};
}

class Picture {
 public:
  Picture(Machine const& machine, std::string title, std::optional<Plan> const& plan)
      : m_machine(machine), m_title(std::move(title)), m_plan(plan) {
    if (!plan) return;
    for (Assignment const& rank : plan->assignments) {
      for (unsigned const cpu : rank.cpus.members()) m_rank_of_cpu[cpu] = rank.rank;
    }
  }
  std::string draw();

 private:
  std::vector<Block> blocks() const;
  Card card_of(Device const* device) const;
  std::vector<Card> take(std::vector<Device const*>& left, CpuSet const& cpus) const;
  double cores_height(Block const& block, double width) const {
    if (block.cores.empty()) return 0;
    Grid const grid = core_grid(block.cores.size(), width);
    return grid.height(block.cores.size(), grid.pitch) + inner;
  }
  double block_height(Block const& block, double width) const {
    return head + cores_height(block, width) + card_grid(width).height(block.cards.size(), card_height + 8) + inner;
  }
  void draw_core(Core const& core, double x, double y, double side);
  void draw_card(Card const& card, double x, double y, double width);
  void draw_block(Block const& block, Box const& box);
  static double block_width(double width, std::size_t columns) {
    return (width - gap * static_cast<double>(columns + 1)) / static_cast<double>(columns);
  }
  double row_height(std::vector<Block> const& row, std::size_t from, double width, std::size_t columns) const;
  double package_height(std::vector<Block> const& row, double width, std::size_t columns) const;
  void draw_package(std::vector<Block> const& row, std::string const& title, Box const& box, std::size_t columns);
  void draw_legend();

  Machine const& m_machine;
  std::string m_title;
  std::optional<Plan> const& m_plan;
  std::map<unsigned, int> m_rank_of_cpu;
  Canvas m_canvas;
  double m_y = margin;
};

Card Picture::card_of(Device const* device) const {
  Card card{device, {}};
  auto const index = static_cast<std::size_t>(device - m_machine.devices().data());
  if (!m_plan) return card;
  for (Assignment const& rank : m_plan->assignments) {
    if (rank.gpu == index || rank.nic == index) card.ranks.push_back(rank.rank);
  }
  return card;
}

std::vector<Card> Picture::take(std::vector<Device const*>& left, CpuSet const& cpus) const {
  std::vector<Card> cards;
  auto const here = [&](Device const* d) { return d->anchored && cpus.includes(d->cpus); };
  for (Device const* device : left) {
    if (!here(device)) continue;
    cards.push_back(card_of(device));
  }
  left.erase(std::remove_if(left.begin(), left.end(), here), left.end());
  std::stable_sort(cards.begin(), cards.end(), [](Card const& a, Card const& b) {
    auto const order = [](Device const& d) { return d.is_gpu() ? 0 : (d.kind == DeviceKind::fabric_nic ? 1 : 2); };
    return order(*a.device) < order(*b.device);
  });
  return cards;
}

std::vector<Block> Picture::blocks() const {
  std::vector<Device const*> left;
  for (Device const& device : m_machine.devices()) {
    if (device.is_gpu() || device.is_nic()) left.push_back(&device);
  }
  std::vector<Block> all;
  for (Domain const& domain : m_machine.domains()) {
    Block block;
    std::vector<std::string> memory;
    for (int const index : domain.numa) {
      NumaNode const& node = m_machine.numa_nodes()[static_cast<std::size_t>(index)];
      memory.push_back(detail::bytes_text(node.bytes) + (node.high_bandwidth ? " HBM" : ""));
    }
    block.title = "NUMA " + detail::set_of(domain.numa).to_list();
    block.detail = detail::join(memory, " + ");
    block.cores = domain.cores;
    block.cards = take(left, domain.cpus);
    block.package = domain.package;
    all.push_back(block);
  }
  for (Package const& package : m_machine.packages()) {
    Block block{.title = "package " + std::to_string(package.logical_index),
                .detail = "on no one NUMA node",
                .cores = {},
                .cards = {},
                .package = package.logical_index};
    block.cards = take(left, package.cpus);
    if (!block.cards.empty()) all.push_back(block);
  }
  if (!left.empty()) {
    Block block{.title = "no place told", .detail = "by the firmware", .cores = {}, .cards = {}};
    for (Device const* device : left) block.cards.push_back(card_of(device));
    all.push_back(block);
  }
  return all;
}

void Picture::draw_core(Core const& core, double x, double y, double side) {
  std::set<int> ranks;
  std::size_t used = 0;
  for (unsigned const cpu : core.pus) {
    auto const rank = m_rank_of_cpu.find(cpu);
    if (rank == m_rank_of_cpu.end()) continue;
    ranks.insert(rank->second);
    ++used;
  }
  Box const whole{.x = x, .y = y, .width = side, .height = side};
  m_canvas.rectangle(whole, {.fill = "#ffffff", .radius = 2});
  // Ranks that share a core have a strip of it each.
  double const strip = side / static_cast<double>(std::max<std::size_t>(ranks.size(), 1));
  double top = y;
  for (int const rank : ranks) {
    m_canvas.rectangle({.x = x, .y = top, .width = side, .height = strip}, {.fill = colour_of(rank), .radius = 2});
    top += strip;
  }
  // A pale foot: hardware threads of the core that no rank uses.
  if (!ranks.empty() && used < core.pus.size()) {
    m_canvas.rectangle({.x = x, .y = y + side * 0.86, .width = side, .height = side * 0.14},
                       {.fill = "#ffffff", .more = "fill-opacity=\"0.65\""});
  }
  m_canvas.rectangle(whole, {.fill = "none", .stroke = "#8a93a0", .radius = 2, .more = "stroke-width=\"1\""});
  if (side >= 17) {
    m_canvas.text(x + side / 2, y + side / 2 + 4, std::to_string(core.logical_index), side >= 28 ? 12 : 8.5,
                  ranks.empty() ? "#667080" : "#ffffff", "text-anchor=\"middle\"");
  }
}

void Picture::draw_card(Card const& card, double x, double y, double width) {
  Device const& device = *card.device;
  bool const down = device.state == PortState::down;
  bool const pale = down || device.kind == DeviceKind::management_nic;
  std::string const stroke = device.is_gpu() ? "#2f6f3e" : (pale ? "#b9bfc8" : "#1f4e8c");
  std::string const fill = device.is_gpu() ? "#e3f2e1" : (pale ? "#f4f5f7" : "#deebfa");
  std::string const ink = pale ? "#8a93a0" : "#222222";
  m_canvas.rectangle({.x = x, .y = y, .width = width, .height = card_height},
                     {.fill = fill,
                      .stroke = stroke,
                      .radius = 5,
                      .more = std::string("stroke-width=\"1.5\"") + (down ? " stroke-dasharray=\"5 4\"" : "")});
  // Discs of up to four ranks, or of three and the number of the others; a port that is down serves none.
  std::size_t const shown = card.ranks.size() > 4 ? 3 : card.ranks.size();
  double right = x + width - 15;
  if (down) m_canvas.text(x + width - 9, y + 18, "down", 12.5, "#c0392b", "text-anchor=\"end\" font-weight=\"bold\"");
  if (shown < card.ranks.size()) {
    m_canvas.text(right, y + 19, "+" + std::to_string(card.ranks.size() - shown), 12, ink, "text-anchor=\"middle\"");
    right -= 24;
  }
  for (std::size_t i = shown; i-- > 0; right -= 24)
    m_canvas.disc(right, y + 15, card.ranks[i], colour_of(card.ranks[i]));
  double const free = right + 12 - x - (down ? 48 : 0);
  m_canvas.text(x + 9, y + 18, Canvas::fitted(device.name, free - 12, 14), 14, ink, "font-weight=\"bold\"");
  std::string kind = device.is_gpu() ? "GPU" : std::string(name(device.fabric));
  if (device.kind == DeviceKind::management_nic) kind = "management";
  std::string const bus = device.bus_id.starts_with("0000:") ? device.bus_id.substr(5) : device.bus_id;
  m_canvas.text(x + 9, y + 36, Canvas::fitted(kind + "  " + bus, width - 14, 11.5), 11.5, pale ? ink : "#4a5360");
}

void Picture::draw_block(Block const& block, Box const& box) {
  auto const [x, y, width, height] = box;
  m_canvas.rectangle(box, {.fill = "#ffffff", .stroke = "#9aa3b0", .radius = 8, .more = "stroke-width=\"1.5\""});
  m_canvas.text(x + inner, y + 28, Canvas::fitted(block.title, width * 0.55, 17), 17, "#222222",
                "font-weight=\"bold\"");
  m_canvas.text(x + width - inner, y + 28, Canvas::fitted(block.detail, width * 0.42, 14), 14, "#667080",
                "text-anchor=\"end\"");
  if (!block.cores.empty()) {
    Grid const grid = core_grid(block.cores.size(), width);
    for (std::size_t i = 0; i < block.cores.size(); ++i) {
      draw_core(m_machine.cores()[static_cast<std::size_t>(block.cores[i])], x + inner + grid.x(i),
                y + head + grid.y(i, grid.pitch), grid.pitch - 3);
    }
  }
  double const top = y + head + cores_height(block, width);
  Grid const grid = card_grid(width);
  for (std::size_t i = 0; i < block.cards.size(); ++i) {
    draw_card(block.cards[i], x + inner + grid.x(i), top + grid.y(i, card_height + 8), grid.pitch - 8);
  }
}

double Picture::package_height(std::vector<Block> const& row, double width, std::size_t columns) const {
  columns = std::min(columns, row.size());
  double total = package_head;
  for (std::size_t from = 0; from < row.size(); from += columns) {
    total += row_height(row, from, block_width(width, columns), columns) + gap;
  }
  return total;
}

double Picture::row_height(std::vector<Block> const& row, std::size_t from, double width, std::size_t columns) const {
  double height = 0;
  for (std::size_t i = from; i < std::min(row.size(), from + columns); ++i) {
    height = std::max(height, block_height(row[i], width));
  }
  return height;
}

void Picture::draw_package(std::vector<Block> const& row, std::string const& title, Box const& box,
                           std::size_t columns) {
  columns = std::min(columns, row.size());
  m_canvas.rectangle(box, {.fill = "#eef1f5", .stroke = "#6b7685", .radius = 10, .more = "stroke-width=\"1.5\""});
  m_canvas.text(box.x + gap, box.y + 27, title, 18, "#3a4452", "font-weight=\"bold\"");
  double const each = block_width(box.width, columns);
  double y = box.y + package_head;
  for (std::size_t from = 0; from < row.size(); from += columns) {
    double const tall = row_height(row, from, each, columns);
    for (std::size_t i = from; i < std::min(row.size(), from + columns); ++i) {
      double const x = box.x + gap + (each + gap) * static_cast<double>(i - from);
      draw_block(row[i], {.x = x, .y = y, .width = each, .height = tall});
    }
    y += tall + gap;
  }
}

void Picture::draw_legend() {
  if (!m_plan) return;
  constexpr std::size_t most = 16;
  std::vector<Assignment> const& ranks = m_plan->assignments;
  std::size_t const shown = std::min(ranks.size(), most);
  std::size_t const columns = shown > 8 ? 4 : (shown > 3 ? 2 : 1);
  std::size_t const rows = (shown + columns - 1) / columns;
  double const width = (page - 2 * margin) / static_cast<double>(columns);
  m_y += 8;
  for (std::size_t i = 0; i < shown; ++i) {
    Assignment const& rank = ranks[i];
    double const x = margin + width * static_cast<double>(i / rows);
    double const y = m_y + 27 * static_cast<double>(i % rows);
    m_canvas.disc(x + 13, y + 13, rank.rank, colour_of(rank.rank));
    std::string label = "cores " + detail::set_of(m_machine.cores_of(rank.cpus)).to_list();
    if (rank.gpu) label += ", " + m_machine.devices()[*rank.gpu].name;
    if (rank.nic) label += ", " + m_machine.devices()[*rank.nic].name;
    if (rank.nic_distance && columns < 4) label += " (" + std::string(name(rank.nic_distance->locality)) + ")";
    if (rank.forced_far && columns < 4) label += ": no nearer one is up and free";
    m_canvas.text(x + 32, y + 18, Canvas::fitted(label, width - 40, 15), 15, rank.forced_far ? "#c0392b" : "#222222");
  }
  m_y += 27 * static_cast<double>(rows) + 4;
  if (shown < ranks.size()) {
    m_canvas.text(margin, m_y + 16,
                  "and " + detail::count(ranks.size() - shown, "more rank") + "; colours begin anew after " +
                      std::to_string(palette.size()),
                  14, "#667080");
    m_y += 26;
  }
}

std::string Picture::draw() {
  m_canvas.text(margin, m_y + 22, Canvas::fitted(m_title, page - 2 * margin, 28), 28, "#111111",
                "font-weight=\"bold\"");
  std::string summary = detail::count(m_machine.packages().size(), "package") + ", " +
                        detail::count(m_machine.numa_nodes().size(), "NUMA node") + ", " +
                        detail::count(m_machine.cores().size(), "core") + ", " +
                        detail::count(m_machine.gpus().size(), "GPU") + ", " +
                        detail::count(m_machine.fabric_nics().size(), "fabric NIC");
  if (m_plan) {
    summary += ". " + detail::count(m_plan->assignments.size(), "rank") + ", " + std::string(name(m_plan->policy)) +
               ": each colour and number is a rank";
  }
  m_canvas.text(margin, m_y + 50, summary, 17, "#4a5360");
  m_y += 72;
  // By package; what belongs to none comes last.
  std::map<std::pair<bool, int>, std::vector<Block>> packages;
  std::size_t most = 0;
  for (Block const& block : blocks()) {
    std::vector<Block>& row = packages[{block.package < 0, block.package}];
    row.push_back(block);
    most = std::max(most, row.size());
  }
  // Packages of few NUMA nodes stand side by side.
  std::size_t const beside = most <= 2 && packages.size() > 1 ? 2 : 1;
  double const width = (page - 2 * margin - gap * static_cast<double>(beside - 1)) / static_cast<double>(beside);
  for (auto first = packages.begin(); first != packages.end();) {
    auto last = first;
    double height = 0;
    for (std::size_t i = 0; i < beside && last != packages.end(); ++i, ++last) {
      height = std::max(height, package_height(last->second, width, 4 / beside));
    }
    for (double x = margin; first != last; ++first, x += width + gap) {
      auto const [none, number] = first->first;
      std::string const title = none ? "beside the packages" : "Package " + std::to_string(number);
      draw_package(first->second, title, {.x = x, .y = m_y, .width = width, .height = height}, 4 / beside);
    }
    m_y += height + gap;
  }
  draw_legend();
  std::string const height = Canvas::number(m_y + margin / 2), wide = Canvas::number(page);
  return "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + wide + "\" height=\"" + height + "\" viewBox=\"0 0 " +
         wide + " " + height + "\" font-family=\"DejaVu Sans, Helvetica, Arial, sans-serif\">\n<title>" +
         detail::escaped(m_title) + "</title>\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n" +
         m_canvas.take() + "</svg>\n";
}

}  // namespace

std::string svg(Machine const& machine, std::string const& title, std::optional<Plan> const& plan) {
  return Picture(machine, title, plan).draw();
}

}  // namespace kramers::topology
