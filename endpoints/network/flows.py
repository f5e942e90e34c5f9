"""Sets of packets as rectangles: a client's address by the port that it listens on for the answer.

A verdict over "every client of the subnet, whatever port it chose" is then exact, and needs no packet to be tried.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

EPHEMERAL = (1024, 65535)
"""The ports that clients choose from: Amazon VPC user guide, "Ephemeral ports"."""


class Block(NamedTuple):
    """A range of addresses of one IP version, both ends within."""

    version: int
    first: int
    last: int

    def holds(self, other: Block) -> bool:
        """Tell whether all of another range lies within."""
        return self.version == other.version and self.first <= other.first and other.last <= self.last

    def meets(self, other: Block) -> bool:
        """Tell whether any address is in both."""
        return self.version == other.version and self.first <= other.last and other.first <= self.last

    @property
    def size(self) -> int:
        """Return how many addresses it has."""
        return self.last - self.first + 1

    @property
    def text(self) -> str:
        """Return the range as AWS writes it: an address, a CIDR, or its two ends."""
        kind = ipaddress.IPv4Address if self.version == 4 else ipaddress.IPv6Address
        low, high = kind(self.first), kind(self.last)
        if low == high:
            return str(low)
        networks = list(ipaddress.summarize_address_range(low, high))
        return str(networks[0]) if len(networks) == 1 else f"{low} to {high}"


class Rect(NamedTuple):
    """Clients from one address to another, that listen on one port to another."""

    first: int
    last: int
    low: int
    high: int


@lru_cache(maxsize=65536)
def block(text: str) -> Block | None:
    """Return the range of an address or a CIDR; None for a text that is neither."""
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
    return Block(network.version, int(network.network_address), int(network.broadcast_address))


def blocks(texts: Iterable[str]) -> tuple[Block, ...]:
    """Return the ranges of texts, without those that can't be read."""
    return tuple(found for found in map(block, texts) if found is not None)


def usable(cidr: str) -> Block | None:
    """Return the addresses of a subnet that something can have: AWS keeps the first four and the last."""
    whole = block(cidr)
    if whole is None or whole.size <= 5:
        return whole
    return Block(whole.version, whole.first + 4, whole.last - 1)


def cut(rects: Iterable[Rect], by: Rect) -> tuple[list[Rect], list[Rect]]:
    """Return what of `rects` lies in `by`, and what doesn't."""
    inside: list[Rect] = []
    outside: list[Rect] = []
    for item in rects:
        first, last = max(item.first, by.first), min(item.last, by.last)
        low, high = max(item.low, by.low), min(item.high, by.high)
        if first > last or low > high:
            outside.append(item)
            continue
        inside.append(Rect(first, last, low, high))
        if item.first < first:
            outside.append(Rect(item.first, first - 1, item.low, item.high))
        if last < item.last:
            outside.append(Rect(last + 1, item.last, item.low, item.high))
        if item.low < low:
            outside.append(Rect(first, last, item.low, low - 1))
        if high < item.high:
            outside.append(Rect(first, last, high + 1, item.high))
    return inside, outside


def area(rects: Iterable[Rect]) -> int:
    """Return how many pairs of address and port there are; the rectangles don't overlap."""
    return sum((item.last - item.first + 1) * (item.high - item.low + 1) for item in rects)


def addresses(rects: Iterable[Rect]) -> int:
    """Return how many addresses have a port left."""
    count, reached = 0, -1
    for first, last in sorted((item.first, item.last) for item in rects):
        first = max(first, reached + 1)
        if first <= last:
            count, reached = count + last - first + 1, last
    return count


def ports(rects: Iterable[Rect]) -> list[tuple[int, int]]:
    """Return the ranges of ports that any of the rectangles has, joined, lowest first."""
    joined: list[tuple[int, int]] = []
    for low, high in sorted((item.low, item.high) for item in rects):
        if joined and low <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(high, joined[-1][1]))
        else:
            joined.append((low, high))
    return joined


def parted(whole: Block, by: Iterable[Block]) -> list[list[Block]]:
    """Return a range in parts, each wholly within or wholly outside every range of `by`; alike parts together."""
    edges = {whole.first}
    near = [item for item in set(by) if item.meets(whole) and not item.holds(whole)]
    for item in near:
        edges |= {edge for edge in (item.first, item.last + 1) if whole.first < edge <= whole.last}
    starts = sorted(edges)
    alike: dict[frozenset[Block], list[Block]] = {}
    for start, following in zip(starts, [*starts[1:], whole.last + 1], strict=True):
        piece = Block(whole.version, start, following - 1)
        alike.setdefault(frozenset(item for item in near if item.holds(piece)), []).append(piece)
    return list(alike.values())
