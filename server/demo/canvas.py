"""A small picture surface: flat shapes with smooth edges, written as PNG by the standard library alone."""

import math
import struct
import zlib
from collections.abc import Iterable, Sequence
from functools import cache

Colour = tuple[int, int, int]
Point = tuple[float, float]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def mixed(one: Colour, other: Colour, share: float) -> Colour:
    """`one` at share 0, `other` at share 1."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


class Canvas:
    """RGB pixels, 0,0 at the top left. Shapes may reach over the edge; what lies outside is cut off."""

    def __init__(self, width: int, height: int, colour: Colour) -> None:
        self.width = width
        self.height = height
        self._rows = [bytearray(bytes(colour) * width) for _ in range(height)]

    def rectangle(self, left: float, top: float, right: float, bottom: float, colour: Colour) -> None:
        """A filled rectangle on whole pixels."""
        start, end = self._columns(left, right)
        pixels = bytes(colour) * (end - start)
        for row in self._lines(top, bottom):
            self._rows[row][start * 3 : end * 3] = pixels

    def gradient(self, box: tuple[float, float, float, float], above: Colour, below: Colour) -> None:
        """A filled rectangle (left, top, right, bottom) whose colour changes from top to bottom."""
        left, top, right, bottom = box
        start, end = self._columns(left, right)
        for row in self._lines(top, bottom):
            colour = mixed(above, below, (row - top) / max(1.0, bottom - top))
            self._rows[row][start * 3 : end * 3] = bytes(colour) * (end - start)

    def shade(self, left: float, top: float, right: float, bottom: float, factor: float) -> None:
        """Multiply what is there: below 1 a shadow, above 1 a light."""
        start, end = self._columns(left, right)
        table = _multiplied(factor)
        for row in self._lines(top, bottom):
            line = self._rows[row]
            line[start * 3 : end * 3] = line[start * 3 : end * 3].translate(table)

    def beam(self, left: float, width: float, slope: float, factor: float) -> None:
        """Shade a band from top to bottom that moves sideways by `slope` pixels a line."""
        for row in range(self.height):
            self.shade(left + slope * row, row, left + slope * row + width, row + 1, factor)

    def cut(self, left: int, top: int, width: int, height: int, *, mirrored: bool) -> "Canvas":
        """A part of the picture, which lies within it, as a picture of its own."""
        part = Canvas(width, height, (0, 0, 0))
        part._rows = [row[left * 3 : (left + width) * 3] for row in self._rows[top : top + height]]
        if mirrored:
            for row in part._rows:
                for channel in range(3):
                    row[channel::3] = row[channel::3][::-1]
        return part

    def polygon(self, points: Sequence[Point], colour: Colour) -> None:
        """A filled polygon; even-odd where it crosses itself."""
        edges = list(zip(points, (*points[1:], points[0]), strict=True))
        heights = [y for _, y in points]
        for row in self._lines(min(heights), math.ceil(max(heights))):
            crossings = sorted(_crossings(edges, row + 0.5))
            for left, right in zip(crossings[::2], crossings[1::2], strict=True):
                self._span(row, left, right, colour)

    def ellipse(self, centre: Point, across: float, down: float, colour: Colour) -> None:
        """A filled ellipse with radii `across` and `down`."""
        x, y = centre
        for row in self._lines(y - down, y + down + 1):
            rest = 1 - ((row + 0.5 - y) / down) ** 2
            if rest > 0:
                reach = across * math.sqrt(rest)
                self._span(row, x - reach, x + reach, colour)

    def png(self) -> bytes:
        """The picture as an 8-bit RGB PNG. Each line is stored as its difference to the one above."""
        lines = bytearray()
        above: bytes | bytearray = bytes(self.width * 3)
        for row in self._rows:
            lines.append(2)
            lines += _difference(row, above)
            above = row
        header = struct.pack(">IIBBBBB", self.width, self.height, 8, 2, 0, 0, 0)
        body = zlib.compress(bytes(lines), 9)
        return _SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", body) + _chunk(b"IEND", b"")

    def _span(self, row: int, left: float, right: float, colour: Colour) -> None:
        """One line of a shape; the pixels at both ends take the colour by the share that is covered."""
        left, right = max(0.0, left), min(float(self.width), right)
        if right <= left:
            return
        first, last = math.ceil(left), math.floor(right)
        line = self._rows[row]
        if last > first:
            line[first * 3 : last * 3] = bytes(colour) * (last - first)
        if first > left:
            _blend(line, first - 1, colour, min(first, right) - left)
        if right > last >= first and last < self.width:
            _blend(line, last, colour, right - last)

    def _columns(self, left: float, right: float) -> tuple[int, int]:
        start = max(0, min(self.width, round(left)))
        return start, max(start, min(self.width, round(right)))

    def _lines(self, top: float, bottom: float) -> range:
        return range(max(0, round(top)), min(self.height, round(bottom)))


@cache
def _multiplied(factor: float) -> bytes:
    return bytes(min(255, round(value * factor)) for value in range(256))


def _crossings(edges: Iterable[tuple[Point, Point]], y: float) -> Iterable[float]:
    for (x0, y0), (x1, y1) in edges:
        if (y0 <= y) != (y1 <= y):
            yield x0 + (y - y0) / (y1 - y0) * (x1 - x0)


def _blend(line: bytearray, column: int, colour: Colour, share: float) -> None:
    for channel in range(3):
        index = column * 3 + channel
        line[index] = round(line[index] + (colour[channel] - line[index]) * share)


def _difference(row: bytearray, above: bytes | bytearray) -> bytes:
    """Each byte minus the one above it, modulo 256.

    All bytes of the line are subtracted as one large number, their top bits kept apart so that no byte
    borrows from its neighbour: a loop over the bytes takes ten times as long.
    """
    tops = int.from_bytes(b"\x80" * len(row))
    upper, lower = int.from_bytes(row), int.from_bytes(above)
    difference = ((upper | tops) - (lower & ~tops)) ^ ((upper ^ lower ^ tops) & tops)
    return difference.to_bytes(len(row))


def _chunk(kind: bytes, body: bytes) -> bytes:
    checksum = zlib.crc32(kind + body)
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", checksum)
