"""A picture of a VPC with the path of traffic: shapes with classes, to be written as SVG, and the same as a table.

No layout engine: a VPC is a grid of zones and subnets. Lines run in the gutters right of each column and in a lane
below all subnets, so that none crosses a box. What is many is grouped: "and 12 more".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from endpoints.domain.specs import short_service_name
from endpoints.network.hops import Outcome, Verdict
from endpoints.network.snapshot import GONE, Part, Snapshot

COLUMN, GUTTER, MARGIN = 236, 36, 20
HEAD, PAD, LINE = 34, 8, 17
NODE_WIDTH, NODE_HEIGHT = 208, 44
ZONES, PER_ZONE, INTERFACES = 4, 6, 4
"""How many zones, subnets a zone, and endpoint interfaces a subnet are drawn, at most."""
TEXT = 31
"""Characters that fit a line of a box."""


@dataclass(frozen=True, slots=True)
class Shape:
    """One shape: `kind` is `rect`, `text`, `line` or `dot`; `look` are CSS classes. Numbers are user units."""

    kind: str
    look: str
    x: int = 0
    y: int = 0
    width: int = 0
    height: int = 0
    text: str = ""
    points: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table twin."""

    zone: str
    subnet: str
    cidr: str
    route_table: str
    interfaces: tuple[str, ...]
    on_path: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing: its size, what it shows in words, its shapes in the order of painting, and the table twin."""

    width: int
    height: int
    title: str
    description: str
    shapes: tuple[Shape, ...]
    rows: tuple[Row, ...]
    gateways: tuple[str, ...]
    more: str = ""


@dataclass(slots=True)
class _Box:
    part: Part
    x: int
    y: int
    height: int
    gutter: int


@dataclass(slots=True)
class _Canvas:
    shapes: list[Shape] = field(default_factory=list)

    def rect(self, look: str, x: int, y: int, width: int, height: int) -> None:
        self.shapes.append(Shape("rect", look, x, y, width, height))

    def text(self, look: str, x: int, y: int, text: str) -> None:
        self.shapes.append(Shape("text", look, x, y, text=cut(text)))

    def line(self, look: str, points: Iterable[tuple[int, int]]) -> None:
        self.shapes.append(Shape("line", look, points=" ".join(f"{x},{y}" for x, y in points)))


def cut(text: str, longest: int = TEXT) -> str:
    """Return a text at the length that fits a line; the table has it whole."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def cut_before(text: str, longest: int) -> str:
    """Return the end of a text: names of one VPC begin alike, and tell themselves apart at their end."""
    return text if len(text) <= longest else "…" + text[1 - longest :]


def draw(snapshot: Snapshot, verdict: Verdict, *, service_name: str) -> Picture:
    """Return the picture of a VPC with the path that a verdict found."""
    canvas, short = _Canvas(), short_service_name(service_name)
    zones = _zones(snapshot, verdict)
    shown = dict(list(zones.items())[:ZONES])
    boxes: dict[str, _Box] = {}
    bottom = 0
    for number, (zone, subnets) in enumerate(shown.items()):
        x = MARGIN + PAD + number * (COLUMN + GUTTER)
        bottom = max(bottom, _column(canvas, snapshot, verdict, boxes, x, zone, subnets))
    columns = max(1, len(shown))
    wide = max(columns * (COLUMN + GUTTER) + PAD, 3 * (NODE_WIDTH + GUTTER))
    lane = bottom + 24
    vpc = Shape("rect", "vpc", MARGIN, MARGIN, wide, lane + 16 - MARGIN)
    label = snapshot.vpc.label if snapshot.vpc else "The VPC"
    title = Shape("text", "name", MARGIN + PAD, MARGIN + 20, text=cut(label, 60))
    nodes = _nodes(snapshot, verdict)
    y = lane + 46
    places = _draw_nodes(canvas, nodes, y)
    service_x = MARGIN + len(nodes) * (NODE_WIDTH + GUTTER)
    canvas.rect(f"node service {verdict.outcome}", service_x, y, NODE_WIDTH, NODE_HEIGHT)
    canvas.text("name", service_x + PAD, y + 18, short)
    canvas.text("small", service_x + PAD, y + 35, "the service")
    _path(canvas, verdict, boxes, places, lane, (service_x, y))
    width = max(wide, service_x + NODE_WIDTH) + 2 * MARGIN
    left_out = sum(len(items) for items in zones.values()) - len(boxes)
    return Picture(
        width,
        y + NODE_HEIGHT + MARGIN,
        f"The way to {short}",
        f"{label} with its zones, subnets and endpoint interfaces. {verdict.summary}",
        (vpc, title, *canvas.shapes),
        tuple(_rows(snapshot, verdict)),
        tuple(f"{noun}: {part.label}" for noun, part in nodes),
        f"{left_out} more subnet{'s' if left_out > 1 else ''} in the table" if left_out else "",
    )


def _zones(snapshot: Snapshot, verdict: Verdict) -> dict[str, list[Part]]:
    """Return the subnets by zone: those on the path first, then those with interfaces of endpoints.

    Of the zones that are drawn, the source's is one.
    """
    busy = {str(part.data.get("subnet_id")) for part in _endpoint_interfaces(snapshot)}

    def rank(part: Part) -> tuple[bool, bool, str]:
        return part.aws_id not in verdict.path, part.aws_id not in busy, part.label

    zones: dict[str, list[Part]] = {}
    for part in sorted(snapshot.subnets.values(), key=rank):
        zones.setdefault(str(part.data.get("availability_zone", "")), []).append(part)
    on_path = {zone for zone, items in zones.items() if any(item.aws_id in verdict.path for item in items)}
    source = snapshot.subnets.get(verdict.path[0]) if verdict.path else None
    own = str(source.data.get("availability_zone", "")) if source else ""
    order = sorted(zones, key=lambda zone: (zone != own, zone not in on_path, zone))[:ZONES]
    return {zone: zones[zone] for zone in (*sorted(order), *sorted(set(zones) - set(order)))}


def _endpoint_interfaces(snapshot: Snapshot) -> list[Part]:
    return [part for part in snapshot.interfaces.values() if part.data.get("vpc_endpoint_id")]


def _column(
    canvas: _Canvas,
    snapshot: Snapshot,
    verdict: Verdict,
    boxes: dict[str, _Box],
    x: int,
    zone: str,
    subnets: list[Part],
) -> int:
    """Draw a zone's subnets below each other and return where they end."""
    y = MARGIN + HEAD
    canvas.text("zone", x, y + 8, zone or "no zone")
    y += 18
    for part in subnets[:PER_ZONE]:
        lines = _drawn(_interfaces_in(snapshot, part, verdict))
        height = 2 * PAD + LINE * (len(lines) + 2)
        look = "subnet on-path" if part.aws_id in verdict.path else "subnet"
        canvas.rect(look, x, y, COLUMN, height)
        canvas.text("name", x + PAD, y + 20, part.name or part.aws_id)
        table = snapshot.route_table_of(part.aws_id)
        block = str(part.data.get("cidr_block", ""))
        follows = (table.name or table.aws_id) if table else "no route table"
        facts = f"{block} · {cut_before(follows, TEXT - len(block) - 3)}"
        canvas.text("small", x + PAD, y + 37, facts)
        for number, (look, line) in enumerate(lines):
            top = y + 37 + LINE * (number + 1)
            canvas.shapes.append(Shape("dot", look, x + PAD + 4, top - 4))
            canvas.text("small", x + PAD + 14, top, line)
        boxes[part.aws_id] = _Box(part, x, y, height, x + COLUMN + GUTTER // 2)
        y += height + 12
    if len(subnets) > PER_ZONE:
        canvas.text("small", x, y + 10, f"and {len(subnets) - PER_ZONE} more")
        y += 18
    return y


def _interfaces_in(snapshot: Snapshot, subnet: Part, verdict: Verdict) -> list[str]:
    """Return the endpoint interfaces of a subnet, each by its address and the service it leads to.

    That of the endpoint on the path comes first: nobody may miss it among many.
    """
    found = []
    for part in _endpoint_interfaces(snapshot):
        if part.data.get("subnet_id") != subnet.aws_id:
            continue
        endpoint = snapshot.endpoints.get(str(part.data["vpc_endpoint_id"]))
        if endpoint is None or str(endpoint.data.get("state", "")).lower() in GONE:
            continue
        short = short_service_name(str(endpoint.data.get("service_name", "")))
        line = f"{part.data.get('private_ip') or 'address to be assigned'} {short}"
        found.append((endpoint.aws_id not in verdict.path, line))
    return [line for _, line in sorted(found)]


def _drawn(interfaces: list[str]) -> list[tuple[str, str]]:
    """Return the lines of a subnet's box, each with its look: no more of them than there is room for."""
    more = len(interfaces) - INTERFACES
    shown = [("interface", line) for line in interfaces[:INTERFACES]]
    return [*shown, *([("more", f"and {more} more")] if more > 0 else [])]


def _nodes(snapshot: Snapshot, verdict: Verdict) -> list[tuple[str, Part]]:
    """Return the gateways and endpoints that the path passes, in its order, each with what it is."""
    found = []
    for item in verdict.path:
        endpoint, gateway = snapshot.endpoints.get(item), snapshot.gateways.get(item)
        if endpoint is not None:
            found.append((f"{endpoint.data.get('vpc_endpoint_type', '')} endpoint", endpoint))
        elif gateway is not None:
            found.append((_GATEWAYS.get(str(gateway.data.get("kind", "")), "Gateway"), gateway))
        elif item.startswith(("igw-", "nat-", "tgw-", "pcx-", "vgw-", "eni-")) and item not in snapshot.interfaces:
            found.append((_GATEWAYS.get(item.split("-")[0], "Gateway"), Part(item, "", {})))
    return found


_GATEWAYS = {
    "internet": "Internet gateway",
    "igw": "Internet gateway",
    "nat": "NAT gateway",
    "egress_only": "Egress-only gateway",
    "transit": "Transit gateway",
    "tgw": "Transit gateway",
    "peering": "VPC peering",
    "pcx": "VPC peering",
    "vpn": "VPN gateway",
    "vgw": "VPN gateway",
    "direct_connect": "Direct Connect",
    "eni": "Appliance",
}


def _draw_nodes(canvas: _Canvas, nodes: list[tuple[str, Part]], y: int) -> dict[str, tuple[int, int]]:
    places = {}
    for number, (noun, part) in enumerate(nodes):
        x = MARGIN + number * (NODE_WIDTH + GUTTER)
        canvas.rect("node on-path", x, y, NODE_WIDTH, NODE_HEIGHT)
        canvas.text("small", x + PAD, y + 18, noun)
        canvas.text("name", x + PAD, y + 35, cut(part.name or part.aws_id, 23))
        places[part.aws_id] = (x, y)
    return places


def _path(
    canvas: _Canvas,
    verdict: Verdict,
    boxes: dict[str, _Box],
    places: dict[str, tuple[int, int]],
    lane: int,
    service: tuple[int, int],
) -> None:
    """Draw the way from the first subnet, over the others that it passes, to the gateways and the service."""
    stops = [boxes[item] for item in verdict.path if item in boxes]
    look = f"way {verdict.outcome}"
    if not stops:
        return
    first, *others = stops
    start = (first.x + COLUMN, first.y + 18)
    for other in others:
        end = (other.x + COLUMN, other.y + other.height - 12)
        bend = [(first.gutter, start[1])]
        if other.gutter != first.gutter:
            bend += [(first.gutter, lane), (other.gutter, lane)]
        canvas.line(look, [start, *bend, (other.gutter, end[1]), end])
    last = others[-1] if others else first
    leave = (last.x + COLUMN, last.y + (last.height - 12 if others else 18))
    middle = service[1] + NODE_HEIGHT // 2
    chain = list(places.values())
    entry = chain[0] if chain else service
    if not chain and verdict.outcome is Outcome.BROKEN:
        canvas.line(look, [leave, (last.gutter, leave[1]), (last.gutter, lane)])
        canvas.text("stop", last.gutter - 5, lane + 5, "✕")
        return
    x = entry[0] + NODE_WIDTH // 2
    canvas.line(look, [leave, (last.gutter, leave[1]), (last.gutter, lane), (x, lane), (x, entry[1])])
    for here, there in zip(chain, [*chain[1:], service], strict=True):
        if there == service and verdict.outcome is Outcome.BROKEN:
            canvas.text("stop", here[0] + NODE_WIDTH + GUTTER // 2 - 5, middle + 5, "✕")
            continue
        canvas.line(look, [(here[0] + NODE_WIDTH, middle), (there[0], middle)])


def _rows(snapshot: Snapshot, verdict: Verdict) -> Iterable[Row]:
    order = sorted(snapshot.subnets.values(), key=lambda item: (item.data.get("availability_zone", ""), item.label))
    for part in order:
        table = snapshot.route_table_of(part.aws_id)
        yield Row(
            str(part.data.get("availability_zone", "")),
            part.label,
            str(part.data.get("cidr_block", "")),
            table.label if table else "",
            tuple(_interfaces_in(snapshot, part, verdict)),
            _role(part.aws_id, verdict),
        )


def _role(subnet_id: str, verdict: Verdict) -> str:
    if subnet_id not in verdict.path:
        return ""
    return "Traffic starts here" if verdict.path[0] == subnet_id else "On the way"
