"""The chart of docs/benchmarks.md, drawn by hand: what a pod holds and what its day costs, in linear scales.

Letters are large, since a narrow page shows it at less than half of its width.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.bench.cluster import pods_of
from tests.bench.contender import OURS
from tests.bench.tables import Kept, figures_of, times
from tests.drawing import opening, text
from tests.tables import number

WIDTH = 880
LEFT, RIGHT = 190, 200
TOP, ROW, BAR = 118, 42, 26
BETWEEN = 108

STYLE = """
  text { font: 22px system-ui, sans-serif; fill: #1f2328; }
  .title { font-size: 26px; font-weight: 600; }
  .quiet { fill: #59636e; font-size: 20px; }
  text.us { fill: #0969da; font-weight: 600; }
  .ground { fill: #ffffff; }
  .theirs { fill: #afb8c1; } .theirs.renewals { fill: #6e7781; } .theirs.asleep { fill: #424a53; }
  .ours { fill: #0969da; } .ours.renewals { fill: #54aeff; } .ours.asleep { fill: #0a3069; }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc; } .quiet { fill: #9198a1; } text.us { fill: #4493f8; }
    .ground { fill: #0d1117; }
    .theirs { fill: #656c76; } .theirs.renewals { fill: #9198a1; } .theirs.asleep { fill: #d1d9e0; }
    .ours { fill: #1f6feb; } .ours.renewals { fill: #79c0ff; } .ours.asleep { fill: #cae8ff; }
  }
"""
SHARES = ("probes", "renewals", "asleep")


@dataclass(frozen=True)
class Bar:
    """One contender's, of one length for each of `SHARES` or of the first alone."""

    who: str
    lengths: Sequence[float]

    @property
    def total(self) -> float:
        """Its end."""
        return sum(self.lengths)


def chart(kept: Kept) -> str | None:
    """An SVG; None where there is nothing to draw."""
    figures = figures_of(kept)
    asleep = [
        Bar(who, (row.median,))
        for who in kept["contenders"]
        if (row := figures.row("idle_pss", who)) is not None
    ]
    days = [
        Bar(pod.who, (pod.probe_cpu, pod.renewal_cpu, pod.idle_cpu))
        for pod in pods_of(figures, kept["contenders"])
    ]
    if not asleep or not days:
        return None
    second = TOP + len(asleep) * ROW + BETWEEN
    height = second + len(days) * ROW + 12
    return "\n".join(
        [
            *opening(WIDTH, height, "Memory between renewals and CPU of a day, of each contender", STYLE),
            text(24, 40, "Memory between renewals", "title"),
            text(24, 74, "the whole container, PSS", "quiet"),
            *_bars(TOP - 18, asleep, "MiB"),
            text(24, second - 78, "CPU of a day", "title"),
            *_legend(second - 44),
            *_bars(second - 18, days, "s"),
            "</svg>\n",
        ]
    )


def _bars(top: int, bars: Sequence[Bar], unit: str) -> list[str]:
    most = max(bar.total for bar in bars)
    least = next((bar.total for bar in bars if bar.who == OURS), None)
    drawn = []
    for place, bar in enumerate(bars):
        y, x = top + place * ROW, float(LEFT)
        us, family = ("us", "ours") if bar.who == OURS else ("", "theirs")
        drawn.append(text(LEFT - 14, y + BAR - 5, bar.who, us, anchor="end"))
        for share, length in zip(SHARES, bar.lengths, strict=False):
            width = (WIDTH - LEFT - RIGHT) * length / most
            drawn.append(
                f'<rect class="{family} {share}" x="{x:.1f}" y="{y}" width="{width:.1f}" height="{BAR}"/>'
            )
            x += width
        words = f"{number(bar.total)} {unit}"
        if least and bar.who != OURS:
            words += f" ({times(bar.total / least)})"
        drawn.append(text(x + 10, y + BAR - 5, words, us))
    return drawn


def _legend(y: int) -> list[str]:
    words = {"probes": "probes every 10 s", "renewals": "renewals", "asleep": "asleep"}
    drawn, x = [], 24.0
    for share, word in words.items():
        for family, shift in (("ours", 0), ("theirs", 20)):
            drawn.append(
                f'<rect class="{family} {share}" x="{x + shift:.0f}" y="{y - 16}" width="18" height="18"/>'
            )
        drawn.append(text(x + 48, y, word, "quiet"))
        x += 48 + 10.5 * len(word) + 34
    return drawn
