"""A page as a parser sees it."""

from __future__ import annotations

from html.parser import HTMLParser

Shape = tuple[str, frozenset[str]]
"""An element and the names of its attributes."""


class Page(HTMLParser):
    """What stands in it: elements, addresses, and words."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.shapes: list[Shape] = []
        self.addresses: list[str] = []
        self.headings: list[tuple[str, str]] = []
        self.title = ""
        self._words: list[str] = []
        self._open: list[str] = []
        self.feed(content.decode())
        self.close()

    @property
    def text(self) -> str:
        """All words, blanks as one."""
        return " ".join("".join(self._words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element begins."""
        self.shapes.append((tag, frozenset(name for name, _ in attrs)))
        self.addresses += [value or "" for name, value in attrs if name in ("href", "src")]
        self._open.append(tag)
        if tag in ("h1", "h2", "h3"):
            self.headings.append((tag, ""))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """One without content."""
        self.handle_starttag(tag, attrs)
        self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        """Every element of ours is closed in its turn."""
        assert self._open.pop() == tag
        self._words.append(" " if tag in ("p", "dt", "dd", "li", "h1", "h2", "h3", "div") else "")

    def handle_data(self, data: str) -> None:
        """Words."""
        if "title" in self._open:
            self.title += data
            return
        self._words.append(data)
        if self._open and self.headings and {"h1", "h2", "h3"} & set(self._open):
            tag, words = self.headings[-1]
            self.headings[-1] = (tag, words + data)
