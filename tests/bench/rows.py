# SPDX-License-Identifier: GPL-2.0-or-later
"""Figures of pcvm and qemu, taken in turn, as rows of a table."""
import statistics


def title():
    print(f"{'':46} {'pcvm':>9} {'qemu':>9} {'ratio':>7}", flush=True)


def in_turn(runs, ours, theirs):
    """
    Each is called with a number of its own; returns a tuple of figures.
    Whoever has once not come to what is measured is not asked again.
    """
    rows = {"pcvm": [], "qemu": []}
    for n in range(2 * runs):
        name, measure = (("pcvm", ours), ("qemu", theirs))[n % 2]
        if not any(None in figures for figures in rows[name]):
            rows[name].append(measure(n))
    return rows


def median(rows, i):
    values = [r[i] for r in rows if r[i] is not None]
    return statistics.median(values) if len(values) == len(rows) else None


def cell(figure):
    return "not seen" if figure is None else f"{figure:.2f}"


def show(rows, *names):
    for i, what in enumerate(names):
        a, b = median(rows["pcvm"], i), median(rows["qemu"], i)
        ratio = f"{a / b:.3f}" if a and b else ""
        print(f"{what:46} {cell(a):>9} {cell(b):>9} {ratio:>7}", flush=True)
