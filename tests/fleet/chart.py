"""The chart of docs/fleet.md, drawn by hand: two panels, one scale of requests a second, light and dark."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from tests.drawing import opening, text
from tests.fleet.scenarios import BEGIN, CHART_SECONDS, HOUR_AWAY, Figures
from tests.fleet.traffic import HOUR

WIDTH, HEIGHT = 880, 660
LEFT, RIGHT = 64, 24
TOPS = (92, 408)
PANEL = 200
DECADES = 4
"""From 1 to 10,000 requests a second; none at all is drawn at the bottom."""

STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #1f2328; }
  .title { font-size: 16px; font-weight: 600; }
  .quiet { fill: #59636e; font-size: 12px; }
  .ground { fill: #ffffff; }
  .grid { stroke: #d1d9e0; stroke-width: 1; }
  .away { fill: #d1d9e0; opacity: .45; }
  .line { fill: none; stroke-width: 1.8; stroke-linejoin: round; }
  .ours { stroke: #0969da; } text.ours { fill: #0969da; stroke: none; font-weight: 600; }
  .step { stroke: #bc4c00; } text.step { fill: #bc4c00; stroke: none; }
  .plain { stroke: #818b98; } text.plain { fill: #59636e; stroke: none; }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc; } .quiet { fill: #9198a1; } .ground { fill: #0d1117; }
    .grid { stroke: #3d444d; } .away { fill: #3d444d; }
    .ours { stroke: #4493f8; } text.ours { fill: #4493f8; }
    .step { stroke: #f0883e; } text.step { fill: #f0883e; }
    .plain { stroke: #9198a1; } text.plain { fill: #9198a1; }
  }
"""
CLASSES = {"sidecar": "ours", "without jitter": "step", "retries in step": "step", "plain loop": "plain"}


def chart(figures: Figures) -> str:
    """An SVG."""
    drawn, pods = figures["chart"], figures["pods"]
    end = HOUR_AWAY.end + 2 * HOUR
    title = f"Requests a second from {pods:,} pods to Entra: with jitter, peaks melt"
    parts = [
        *opening(WIDTH, HEIGHT, title, STYLE),
        text(LEFT, 30, f"{pods:,} pods: requests to Entra in the worst second of each two minutes", "title"),
        *_panel(
            TOPS[0],
            "All start in one second; tokens live for 60 minutes",
            drawn["starts"],
            CHART_SECONDS,
            {
                "without jitter": "without jitter: the same peak every 40 min, for ever",
                "sidecar": "sidecar",
            },
        ),
        f'<rect class="away" x="{_x(BEGIN, end):.1f}" y="{TOPS[1]}" '
        f'width="{_x(HOUR_AWAY.end, end) - _x(BEGIN, end):.1f}" height="{PANEL}"/>',
        text(_x(BEGIN, end) + 6, TOPS[1] + PANEL - 8, "Entra away", "quiet"),
        *_panel(
            TOPS[1],
            "All start in the first second of an hour without Entra",
            drawn["together"],
            end,
            {
                "plain loop": "plain loop, every 5 s",
                "retries in step": "back-off without jitter",
                "sidecar": "sidecar",
            },
        ),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _panel(
    top: int, title: str, lines: Mapping[str, Sequence[int]], seconds: int, words: Mapping[str, str]
) -> list[str]:
    parts = [text(LEFT, top - 30, title)]
    for decade in range(DECADES + 1):
        y = _y(top, 10**decade)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(text(LEFT - 8, y + 4, f"{10**decade:,}", "quiet", anchor="end"))
    for hour in range(seconds // HOUR + 1):
        label = f"{hour} h"
        parts.append(text(_x(hour * HOUR, seconds), top + PANEL + 18, label, "quiet", anchor="middle"))
    for name, steps in lines.items():
        points = " ".join(
            f"{_x(place * seconds / len(steps), seconds):.1f},{_y(top, value):.1f}"
            for place, value in enumerate(steps)
        )
        parts.append(f'<polyline class="line {CLASSES[name]}" points="{points}"/>')
    at = float(WIDTH - RIGHT)
    for name in reversed(list(words)):
        parts.append(text(at, top - 10, words[name], CLASSES[name], anchor="end"))
        at -= 7.2 * len(words[name]) + 18
    return parts


def _x(second: float, seconds: int) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * second / seconds


def _y(top: int, requests: float) -> float:
    """Logarithmic: half a request is the bottom."""
    return top + PANEL * (1 - math.log10(max(requests, 0.5) * 2) / math.log10(2 * 10**DECADES))
