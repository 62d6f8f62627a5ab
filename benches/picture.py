"""The figures as a picture: bars of throughput, row by row, as shares of the row's fastest."""

import itertools
from xml.sax.saxutils import escape

from table import number

GREYS = ["#9aa0a6", "#bdc1c6", "#5f6368", "#80868b", "#c4c7c5", "#747775", "#444746"]
COLOURS = ["#1a73e8", "#7baaf7", "#e8710a", "#188038", "#a142f4", "#d93025", "#b06000", "#12805c", "#c5221f", "#f29900"]
LEGENDS_A_LINE = 5
LEFT, WIDTH, BAR, GAP = 330, 560, 12, 14


def colours_of(servers):
    """Gives the limits greys, and the servers colours. More programs than colours share them."""
    palettes = {True: itertools.cycle(GREYS), False: itertools.cycle(COLOURS)}
    return {name: next(palettes[name.startswith("limit")]) for name in servers}


def bars(figures, rows):
    servers = figures["servers"]
    colours = colours_of(servers)
    parts, y = [], 40 + 16 * ((len(servers) - 1) // LEGENDS_A_LINE)
    for at, name in enumerate(servers):
        x, top = 10 + at % LEGENDS_A_LINE * 185, 10 + 16 * (at // LEGENDS_A_LINE)
        parts.append(f'<rect x="{x}" y="{top}" width="10" height="10" fill="{colours[name]}"/>')
        parts.append(f'<text x="{x + 14}" y="{top + 9}">{escape(name)}</text>')
    for row in rows:
        results = figures["results"][row["name"]]
        there = [name for name in servers if "rate" in results.get(name, {})]
        most = max((results[name]["rate"] for name in there), default=1) or 1
        parts.append(f'<text x="{LEFT - 8}" y="{y + 10 + (len(there) - 1) * BAR / 2:.0f}" text-anchor="end">'
                     f'{escape(row["name"])}</text>')
        for name in there:
            rate = results[name]["rate"]
            length = max(1, WIDTH * rate / most)
            parts.append(f'<rect x="{LEFT}" y="{y}" width="{length:.1f}" height="{BAR - 2}" fill="{colours[name]}"/>')
            parts.append(f'<text x="{LEFT + length + 4:.1f}" y="{y + 9}" font-size="9">{number(rate)}</text>')
            y += BAR
        y += GAP
    unit = "MB/s; reads a second where reads are counted"
    parts.append(f'<text x="{LEFT}" y="{y + 4}" font-size="10">{escape(figures["machine"])}; {unit}</text>')
    size = f'width="{LEFT + WIDTH + 60}" height="{y + 16}"'
    style = 'font-family="sans-serif" font-size="11" fill="#202124"'
    return (f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}>\n'
            '<rect width="100%" height="100%" fill="#ffffff"/>\n' + "\n".join(parts) + "\n</svg>\n")
