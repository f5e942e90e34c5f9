"""Where traffic comes from: a subnet, an instance or a network interface."""

from __future__ import annotations

from collections.abc import Iterable

from endpoints.network.flows import Block, blocks, usable
from endpoints.network.hops import Source
from endpoints.network.snapshot import Part, Snapshot


class UnknownSource(LookupError):
    """The VPC doesn't have what traffic should come from. Choose one of the list."""


def source_of(snapshot: Snapshot, source_id: str, group_ids: Iterable[str] = ()) -> Source:
    """Return a source by the id of a subnet, an instance or an interface.

    `group_ids` guard the clients of a subnet; none means that they may be in any group of the VPC. Raises
    UnknownSource.
    """
    if source_id in snapshot.subnets:
        return subnet_source(snapshot.subnets[source_id], tuple(group_ids) or None)
    if source_id in snapshot.interfaces:
        return interface_source(snapshot, snapshot.interfaces[source_id])
    if source_id.startswith("i-"):
        own = sorted(
            (part for part in snapshot.interfaces.values() if part.data.get("instance_id") == source_id),
            key=lambda part: part.aws_id,
        )
        if own:
            return interface_source(snapshot, own[0], Part(source_id, own[0].name, {}))
    raise UnknownSource(source_id)


def subnet_source(subnet: Part, group_ids: tuple[str, ...] | None = None) -> Source:
    """Return the clients that a subnet may have."""
    public = True if subnet.data.get("map_public_ip") else None
    return Source("subnet", subnet, subnet, ranges_of(subnet), group_ids, public)


def ranges_of(subnet: Part) -> tuple[Block, ...]:
    """Return the addresses of a subnet that something can have, of either IP version."""
    texts = [subnet.data.get("cidr_block", ""), *subnet.data.get("ipv6_cidr_blocks", ())]
    return tuple(item for item in map(usable, filter(None, texts)) if item is not None)


def interface_source(snapshot: Snapshot, interface: Part, shown: Part | None = None) -> Source:
    """Return one interface as a source, or the instance that has it. Raises UnknownSource without its subnet."""
    return interfaces_source(snapshot, [interface], shown or interface, "instance" if shown else "interface")


def interfaces_source(snapshot: Snapshot, interfaces: list[Part], shown: Part, kind: str = "interface") -> Source:
    """Return interfaces of one subnet that have the same groups as one source. Raises UnknownSource."""
    subnet = snapshot.subnets.get(str(interfaces[0].data.get("subnet_id", "")))
    if subnet is None:
        raise UnknownSource(interfaces[0].aws_id)
    found = blocks(text for item in interfaces for text in _addresses(item) if text)
    public = {_public(item) for item in interfaces}
    groups = tuple(interfaces[0].data.get("group_ids", ()))
    return Source(kind, shown, subnet, found, groups, public.pop() if len(public) == 1 else None)


def _addresses(item: Part) -> list[str]:
    data = item.data
    return list(
        dict.fromkeys([data.get("private_ip", ""), *data.get("private_ips", ()), *data.get("ipv6_addresses", ())])
    )


def _public(item: Part) -> bool | None:
    """Tell whether an interface has a public address; None where it wasn't read."""
    return bool(item.data["public_ip"]) if "public_ip" in item.data else None
