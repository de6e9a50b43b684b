# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Charts as SVG that takes the colours of the page. All are 520 units wide and shrink with it."""

import html
import math

from .verdict import percent

WIDTH = 520
COLOURS = ("var(--a)", "var(--b)", "var(--c)", "var(--d)", "var(--soft)", "var(--ink)")


def text(x, y, words, anchor="start", kind=""):
    mark = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{mark}>{html.escape(str(words))}</text>'


def line(x1, y1, x2, y2, style):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" {style}/>'


def dot(x, y, colour, words, radius=4):
    return (f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" fill="{colour}"><title>{html.escape(str(words))}</title>'
            "</circle>")


def svg(height, parts, words):
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" role="img" '
            f'aria-label="{html.escape(words, quote=True)}">{"".join(parts)}</svg>')


def shortened(name, length=46):
    return name if len(name) <= length else name[:length - 1] + "…"


def ticks(low, high, most=6):
    """Round numbers from low to high."""
    rough = (high - low) / most if high > low else 1.0
    power = 10 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
    first = math.ceil(low / step - 1e-9)
    return [step * index for index in range(first, math.floor(high / step + 1e-9) + 1)]


def legend(names, top):
    """A line of text and colour for each name; the height it takes."""
    parts, x, y = [], 10.0, top + 12
    for index, name in enumerate(names):
        width = 22 + 7.2 * len(name)
        if x + width > WIDTH and x > 10:
            x, y = 10.0, y + 16
        parts += [f'<rect x="{x:.1f}" y="{y - 8:.1f}" width="10" height="10" fill="{COLOURS[index % len(COLOURS)]}"/>',
                  text(x + 14, y + 1, name)]
        x += width
    return parts, y + 10 - top


def bars(values, unit, full):
    """Horizontal bars; `full` is marked: what the machine could do."""
    high = max([full, *(value for _, value in values)]) * 1.02
    scale, parts, y = (WIDTH - 70) / high, [], 14.0
    for name, value in values:
        parts += [text(4, y, shortened(name, 70)),
                  f'<rect x="4" y="{y + 5:.1f}" width="{max(value * scale, 1):.1f}" height="10" fill="var(--a)">'
                  f"<title>{html.escape(name)}: {value:.4g} {html.escape(unit)}</title></rect>",
                  text(8 + value * scale, y + 14, f"{value:.3g}", kind="soft")]
        y += 32
    parts += [line(4 + full * scale, 2, 4 + full * scale, y - 12, 'stroke="var(--b)" stroke-dasharray="4 3"'),
              text(4, y + 2, f"{unit}; dashed: {full:g}", kind="soft")]
    return svg(y + 10, parts, unit)


def lines(series, order, unit):
    """Lines over named places, on a logarithmic scale."""
    values = [value for points in series.values() for _, value in points]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)) + 1e-9)
    high = max(high, low + 1)
    left, right, top, bottom = 52, WIDTH - 14, 12, 232

    def x_of(place):
        return left + (right - left) * (order.index(place) + 0.5) / len(order)

    def y_of(value):
        return bottom - (bottom - top) * (math.log10(value) - low) / (high - low)

    parts = []
    for power in range(low, high + 1):
        parts += [line(left, y_of(10.0**power), right, y_of(10.0**power), 'class="grid"'),
                  text(left - 5, y_of(10.0**power) + 4, f"{10.0**power:g}", "end", "soft")]
    parts += [text(x_of(place), bottom + 15, place, "middle", "soft") for place in order]
    for index, (name, points) in enumerate(series.items()):
        colour = COLOURS[index % len(COLOURS)]
        path = " ".join(f"{x_of(place):.1f},{y_of(value):.1f}" for place, value in points)
        dash = ' stroke-dasharray="5 3"' if index >= len(COLOURS) else ""
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>')
        parts += [dot(x_of(place), y_of(value), colour, f"{name}, {place}: {value:.4g} {unit}", 3) for place, value in points]
    parts.append(text(left, top - 2, unit, kind="soft"))
    marks, height = legend(list(series), bottom + 22)
    return svg(bottom + 26 + height, parts + marks, unit)


def roofline(flops, bandwidths, points):
    """Rates of operations over operations per byte: flat roofs, sloped roofs, and code."""
    peak, slow = max(flops.values()), min(bandwidths.values())
    x_low, x_high = -2, max([2, *(math.ceil(math.log10(x) + 0.2) for x, _ in points.values())])
    y_high = math.ceil(math.log10(peak) + 0.1)
    y_low = math.floor(min([math.log10(slow) + x_low + 1, *(math.log10(y) - 0.2 for _, y in points.values())]))
    left, right, top, bottom = 52, WIDTH - 104, 12, 272

    def x_of(power):
        return left + (right - left) * (power - x_low) / (x_high - x_low)

    def y_of(power):
        return bottom - (bottom - top) * (power - y_low) / (y_high - y_low)

    parts, free = [], bottom
    for power in range(x_low, x_high + 1):
        parts += [line(x_of(power), top, x_of(power), bottom, 'class="grid"'),
                  text(x_of(power), bottom + 15, f"{10.0**power:g}", "middle", "soft")]
    for power in range(y_low, y_high + 1):
        parts += [line(left, y_of(power), right, y_of(power), 'class="grid"'),
                  text(left - 5, y_of(power) + 4, f"{10.0**(power - 9):g}", "end", "soft")]
    for name, rate in sorted(flops.items(), key=lambda item: item[1]):
        y = y_of(math.log10(rate))
        start = max(x_low, math.log10(rate / max(bandwidths.values())))
        parts.append(line(x_of(start), y, right, y, 'stroke="var(--c)" stroke-width="1.5"'))
        free = min(y + 4, free - 14)  # names of equal roofs stand above each other
        parts.append(text(right + 5, free, name, kind="soft"))
    for name, rate in sorted(bandwidths.items(), key=lambda item: item[1]):
        start = max(x_low, y_low - math.log10(rate))
        end = math.log10(peak / rate)
        parts.append(f'<g>{line(x_of(start), y_of(start + math.log10(rate)), x_of(end), y_of(math.log10(peak)), ROOF)}'
                     f"<title>{html.escape(name)}: {rate / 1e9:.4g} GB/s</title></g>")
    for place, (name, (x, y)) in enumerate(sorted(points.items())):
        parts.append(dot(x_of(math.log10(x)), y_of(math.log10(y)), COLOURS[(0, 1, 3)[place % 3]],
                         f"{name}: {y / 1e9:.4g} Gflop/s at {x:.4g} flop/B"))
    parts += [text(left, top - 2, "Gflop/s", kind="soft"), text(right, bottom + 30, "flop per byte of memory", "end", "soft")]
    roofs = [f"{name} {rate / 1e9:.3g} GB/s" for name, rate in sorted(bandwidths.items(), key=lambda item: -item[1])]
    y = bottom + 46
    for start in range(0, len(roofs), 2):
        parts.append(text(4, y, ", ".join(roofs[start:start + 2]), kind="soft"))
        y += 16
    return svg(y, parts, "roofline")


ROOF = 'stroke="var(--a)" stroke-width="1"'


def forest(verdicts):
    """Changes with their intervals; each row's band is shaded."""
    reach = max([0.05, *(max(abs(found.low), abs(found.high)) for found in verdicts)]) * 1.05
    middle, scale = WIDTH / 2, (WIDTH - 40) / 2 / reach
    colours = {"SLOWER": "var(--bad)", "FASTER": "var(--c)", "SAME": "var(--a)"}
    parts, y = [], 14.0
    for found in verdicts:
        colour, at = colours.get(found.word, "var(--soft)"), y + 12
        parts += [text(4, y, f"{shortened(found.row, 60)}: {found.word}"),
                  f'<rect x="{middle - found.band * scale:.1f}" y="{at - 7:.1f}" width="{2 * found.band * scale:.1f}" '
                  'height="14" fill="var(--band)"/>',
                  line(middle, at - 9, middle, at + 9, 'class="axis"'),
                  line(middle + found.low * scale, at, middle + found.high * scale, at, f'stroke="{colour}" stroke-width="2"'),
                  dot(middle + found.shift * scale, at, colour, f"{found.row}: {found.reason}")]
        y += 36
    for value in ticks(math.expm1(-reach), math.expm1(reach)):
        if abs(math.log1p(value)) * scale < middle - 20:  # the words at the ends would leave the chart
            parts.append(text(middle + math.log1p(value) * scale, y, f"{100 * value:+.3g} %", "middle", "soft"))
    return svg(y + 8, parts, "changes")


def cascade(found):
    """Efficiencies in descending order, and the metric of the platforms so far."""
    left, right, top, bottom = 40, WIDTH - 14, 10, 170

    def x_of(place):
        return left + (right - left) * (place + 0.5) / len(found)

    def y_of(value):
        return bottom - (bottom - top) * value

    parts = []
    for value in (0, 0.25, 0.5, 0.75, 1):
        parts += [line(left, y_of(value), right, y_of(value), 'class="grid"'),
                  text(left - 5, y_of(value) + 4, f"{value:g}", "end", "soft")]
    for kind, colour in ((1, "var(--a)"), (2, "var(--b)")):
        path = " ".join(f"{x_of(place):.1f},{y_of(item[kind]):.1f}" for place, item in enumerate(found))
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [dot(x_of(place), y_of(item[kind]), colour, f"{item[0]}: {item[kind]:.3f}")
                  for place, item in enumerate(found)]
    y = bottom + 16
    for place, (name, value, so_far) in enumerate(found):
        parts += [text(x_of(place), y, place + 1, "middle", "soft"),
                  text(4, y + 18 + 15 * place, f"{place + 1}: {shortened(name, 60)}, {value:.3f}, PP so far {so_far:.3f}")]
    marks, height = legend(["efficiency", "PP of the platforms so far"], y + 15 * len(found) + 10)
    return svg(y + 15 * len(found) + 14 + height, parts + marks, "cascade")


def history(points):
    """Costs over runs; rings mark steps."""
    costs = [cost for _, cost, _ in points]
    low, high = min(costs) * 0.97, max(costs) * 1.03
    left, right, top, bottom = 44, WIDTH - 14, 10, 150

    def x_of(place):
        return left + (right - left) * (place + 0.5) / len(points)

    def y_of(value):
        return bottom - (bottom - top) * (value - low) / (high - low)

    parts = []
    for value in ticks(low, high, 4):
        parts += [line(left, y_of(value), right, y_of(value), 'class="grid"'),
                  text(left - 5, y_of(value) + 4, f"{value:.3g}", "end", "soft")]
    for place, (git, cost, change) in enumerate(points):
        parts.append(dot(x_of(place), y_of(cost), "var(--a)", f"{git}: {cost:.3f}", 3))
        if change is not None:
            parts += [f'<circle cx="{x_of(place):.1f}" cy="{y_of(cost):.1f}" r="8" fill="none" stroke="var(--bad)" '
                      'stroke-width="2"/>', text(x_of(place), y_of(cost) - 11, percent(change), "middle")]
    parts += [text(left, bottom + 16, points[0][0], kind="soft"), text(right, bottom + 16, points[-1][0], "end", "soft")]
    return svg(bottom + 24, parts, "history")
