"""The figures as tables of markdown."""

import textwrap


def share(name, results):
    """Returns the share of the limit's throughput; spinning servers compare with the spinning
    limit. `None` without a limit."""
    spins = "spinning" in name or name.startswith("BusyPoll")
    limit = results.get("limit spinning" if spins and "limit spinning" in results else "limit", {}).get("rate")
    result = results[name]
    is_limit = name in ("limit", "limit spinning")
    return result["rate"] / limit if limit and "rate" in result and not is_limit else None


def number(value):
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}"


def cell(name, results):
    result = results.get(name)
    if result is None:
        return "–"
    if "error" in result:
        return "failed"
    part = share(name, results)
    text = number(result["rate"])
    if part is not None:
        text += f" ({part:.2f})"
    notes = [result["note"]] if "note" in result else []
    notes += [f"{result['failed']} failed"] if result["failed"] else []
    return text + "".join(f", {note}" for note in notes)


def line(row, results, servers):
    names = [server if isinstance(server, str) else server.name for server in servers]
    unit = row.get("unit", "MB/s")
    goal = "" if row["goal"] is None else f"{row['goal']:.2f}"
    return f"| {row['name']}, {unit} | " + " | ".join(cell(name, results) for name in names) + f" | {goal} |"


def columns(first, names, last=()):
    heads = [first, *names, *last]
    return "| " + " | ".join(heads) + " |\n|" + "---|" * len(heads) + "\n"


def detail(figures, rows, title, key, show):
    text = f"\n{title}\n\n" + columns("work", figures["servers"])
    for row in rows:
        results = figures["results"][row["name"]]
        cells = [show(results[name][key]) if key in results.get(name, {}) else "–" for name in figures["servers"]]
        text += f"| {row['name']} | " + " | ".join(cells) + " |\n"
    return text


OURS, SHARED, LIMIT = "libtftpserver", "PortPerTransfer=False", "limit"


def ratio(results, key, name, other):
    """Returns one server's figure divided by another's, or a dash."""
    values = [results.get(server, {}).get(key) for server in (name, other)]
    return f"{values[0] / values[1]:.2f}" if all(values) else "–"


def best_peer(results, peers):
    """Returns the name of the fastest of the peers; `None` if none has a figure."""
    there = [name for name in peers if results.get(name, {}).get("rate")]
    return max(there, key=lambda name: results[name]["rate"], default=None)


def goals(figures, rows):
    """Returns the ratios within the run that the goals name."""
    heads = ["throughput of that with shared ports", "of the limit", "goal", "of the fastest peer", "processor time of the limit's"]
    text = "\nOurs with default settings, as ratios\n\n" + columns("work", heads)
    for row in rows:
        results = figures["results"][row["name"]]
        peer = best_peer(results, figures["peers"])
        goal = "" if row["goal"] is None else f"{row['goal']:.2f}"
        cells = [ratio(results, "rate", OURS, SHARED), ratio(results, "rate", OURS, LIMIT), goal,
                 f"{ratio(results, 'rate', OURS, peer)} ({peer})" if peer else "–", ratio(results, "cpu", OURS, LIMIT)]
        text += f"| {row['name']} | " + " | ".join(cells) + " |\n"
    return text


def whole(figures, rows):
    text = f"{figures['machine']}; medians of {figures['repeat']} runs, of the peers "
    text += f"{figures['peer_repeat']}; load before the run {figures['load_before']:.1f}. In brackets: share of the limit, of the "
    text += "one that spins where a server does."
    text = textwrap.fill(text, 100, break_long_words=False, break_on_hyphens=False) + "\n\n"
    text += columns("work", figures["servers"], ["goal"])
    for row in rows:
        text += line(row, figures["results"][row["name"]], figures["servers"]) + "\n"
    text += goals(figures, rows)
    text += detail(figures, rows, "Processor time of the server a packet that came or went, ns", "ns", lambda value: f"{value:.0f}")
    text += detail(figures, rows, "Processor time of the server, seconds", "cpu", lambda value: f"{value:.3f}")
    text += detail(figures, rows, "Peak memory of the server, MB (the limit holds every file)", "memory",
                   lambda value: f"{value / 1e6:.1f}")
    text += detail(figures, rows, "Completion of one transfer, median, ms", "p50_ms", lambda value: f"{value:.1f}")
    text += detail(figures, rows, "Completion of one transfer, 99th percentile, ms", "p99_ms", lambda value: f"{value:.1f}")
    return text
