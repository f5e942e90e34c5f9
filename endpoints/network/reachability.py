"""From here to that service: does traffic get there, by which way, and where does it stop?

Pure: over a snapshot, without a packet sent. The answer is for every client of the source, whatever address of the
source and whatever port it has; `tests/unit/network/packets.py` holds it against packets sent one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from endpoints.domain.specs import short_service_name
from endpoints.network import crossings, dns, routes
from endpoints.network.crossings import Crossing
from endpoints.network.cures import egress_cure, ingress_cure, route_cure
from endpoints.network.dns import ENDPOINT_NAME, SERVICE_NAME, Question
from endpoints.network.groups import lets_in, lets_out
from endpoints.network.hops import HTTPS, Client, Cure, Hop, Outcome, Source, Status, Target, Verdict
from endpoints.network.routes import Path
from endpoints.network.snapshot import Part, Snapshot
from endpoints.network.sources import UnknownSource, source_of
from endpoints.network.tracing import Judge, Rects, Step, Trace, sentence

__all__ = ["ENDPOINT_NAME", "SERVICE_NAME", "PolicyAnswer", "UnknownSource", "reach", "source_of"]


@dataclass(frozen=True, slots=True)
class PolicyAnswer:
    """What an endpoint's policy says about a call: allowed, not, or None where it can't be told, with the reason."""

    allowed: bool | None
    reason: str


Policy = Callable[[Part], PolicyAnswer]
"""Asks an endpoint's policy about one call."""


def reach(
    snapshot: Snapshot,
    source: Source,
    service_name: str,
    *,
    port: int = HTTPS,
    resolve: str = SERVICE_NAME,
    endpoint_id: str = "",
    policy: Policy | None = None,
) -> Verdict:
    """Return whether and how TCP to a service's port gets there from a source, and back.

    `resolve` says which name is called, the service's own or the endpoint's. `endpoint_id` asks about one endpoint.
    `policy` asks the endpoint's policy about a call; without it the policy isn't looked at.
    """
    question = Question(snapshot, source, service_name, resolve, endpoint_id)
    answer = dns.answer(question)
    start = Hop("source", "Source", Status.OK, sentence(_about(snapshot, source)), _guards(snapshot, source))
    trace = Trace(snapshot, source, answer.targets, port)
    trace.hops += [start, answer.hop]
    if answer.hop.status is Status.BROKEN or trace.over:
        return _verdict(question, trace, {})
    paths = {target: routes.follow(snapshot, source.subnet.aws_id, target) for target in trace.targets()}
    _route(trace, question, paths)
    _groups(trace, question, paths, port)
    _acls(trace, paths, port)
    _state(trace, question, paths)
    _policy(trace, paths, policy)
    return _verdict(question, trace, paths)


def _about(snapshot: Snapshot, source: Source) -> str:
    ranges = ", ".join(item.text for item in source.blocks[:3])
    if len(source.blocks) > 3:
        ranges += f" and {len(source.blocks) - 3} more"
    table = snapshot.route_table_of(source.subnet.aws_id)
    where = source.label if source.kind == "subnet" else f"{source.label} in {source.subnet.label}"
    follows = table.label if table else "a route table that isn't known"
    return f"Traffic starts in {where} at {ranges or 'no address'}, and follows {follows}"


def _guards(snapshot: Snapshot, source: Source) -> tuple[str, ...]:
    if source.group_ids is None:
        return ("Clients may be in any security group of the VPC.",)
    known = snapshot.security_groups
    return tuple(known[item].label if item in known else item for item in source.group_ids)


def _route(trace: Trace, question: Question, paths: dict[Target, Path]) -> None:
    def judge(client: Client, target: Target, rects: Rects) -> Step:
        path = paths[target]
        evidence = "; ".join(item.words for item in path.routes)
        if path.end == "nowhere":
            return Step((), evidence, path.why, route_cure(question, path))
        if path.end == "beyond":
            return Step(rects, evidence, unknown=f"{path.why}, and what lies behind isn't read")
        if path.needs_public_address and trace.source.public is False:
            why = f"the route leads to {path.routes[-1].target}, and {trace.source.label} has no public address"
            return Step((), evidence, why, route_cure(question, path))
        if path.needs_public_address and trace.source.public is None:
            return Step(rects, evidence, unknown=f"{path.routes[-1].target} serves clients with a public address alone")
        return Step(rects, evidence)

    trace.hop("route", "Route", judge, " ".join(dict.fromkeys(_led(path) for path in paths.values())))


def _led(path: Path) -> str:
    route = path.last
    if path.end == "local":
        return "The route table leads to the endpoint within the VPC."
    if path.end == "endpoint" and route:
        return f"The route to {route.destination} leads to the endpoint {route.target}."
    through = f"{path.nat.label} and " if path.nat else ""
    return f"The route leads to the internet through {through}{route.target if route else ''}: not privately."


def _groups(trace: Trace, question: Question, paths: dict[Target, Path], port: int) -> None:
    snapshot = trace.snapshot
    cures: dict[Target, Cure] = {}

    def out(client: Client, target: Target, rects: Rects) -> Step:
        allowed, words = lets_out(
            snapshot,
            client.group_ids,
            address=target.block,
            peers=target.group_ids or (),
            prefix_list_id=target.prefix_list_id,
            port=port,
        )
        if allowed:
            return Step(rects, words)
        if allowed is None:
            return Step(rects, unknown=words)
        names = _names(snapshot, client.group_ids) or "no security group"
        cure = egress_cure(client.group_ids, target, paths[target], port)
        return Step((), "", f"no outbound rule of {names} lets TCP {port} out to {target.label}", cure)

    def into(client: Client, target: Target, rects: Rects) -> Step | None:
        if not target.private or paths[target].end == "beyond":
            return None  # an appliance may call under an address of its own
        if target.group_ids is None:
            return Step(rects, unknown=f"the security groups of {target.endpoint_id} weren't read")
        passage = lets_in(
            snapshot,
            target.group_ids,
            rects=rects,
            version=target.version,
            clients=client.group_ids,
            port=port,
        )
        if passage.unknown:
            return Step(rects, unknown=passage.evidence)
        if passage.rects is rects:
            return Step(rects, passage.evidence)
        names = _names(snapshot, target.group_ids) or "no security group"
        why = f"no inbound rule of {names} lets TCP {port} in from {trace.source.within}"
        # It is the endpoint's, whoever the client is: looking for a better group takes a look at all of them.
        if target not in cures:
            cures[target] = ingress_cure(snapshot, target, question.service_name, port)
        return Step(passage.rects, passage.evidence, why, cures[target])

    trace.hop("group-out", "Security groups of the source, outbound", out, "An outbound rule lets it out.")
    trace.hop("group-in", "Security groups of the endpoint, inbound", into, "An inbound rule lets it in.")


def _names(snapshot: Snapshot, group_ids: tuple[str, ...]) -> str:
    known = snapshot.security_groups
    labels = [known[item].label if item in known else item for item in group_ids]
    return ", ".join(labels[:3]) + (f" and {len(labels) - 3} more" if len(labels) > 3 else "")


def _acls(trace: Trace, paths: dict[Target, Path], port: int) -> None:
    ways = {
        target: {item.key: item for item in crossings.crossings(trace.source, target, path)}
        for target, path in paths.items()
    }
    titles = {key: item.title for way in ways.values() for key, item in way.items()}
    for key in crossings.ORDER:
        if key not in titles:
            continue
        trace.hop(key, titles[key], _crosser(trace, ways, key, port), "A rule lets it through.")
    if not titles and not trace.over:
        reason = "Source and endpoint are in one subnet: network ACLs don't see the traffic."
        trace.hops.append(Hop("acl", "Network ACLs", Status.SKIPPED, reason))


def _crosser(trace: Trace, ways: Mapping[Target, Mapping[str, Crossing]], key: str, port: int) -> Judge:
    """Return what judges one crossing of each way."""
    # An ACL knows no groups: clients whose traffic is alike are asked about once.
    done: dict[tuple[Target, Rects], Step] = {}

    def judge(client: Client, target: Target, rects: Rects) -> Step | None:
        crossing = ways.get(target, {}).get(key)
        if crossing is None:
            return None
        if (target, rects) not in done:
            done[target, rects] = crossings.cross(trace.snapshot, trace.source, target, crossing, rects, port)
        return done[target, rects]

    return judge


_WAITS = {
    "pending": "AWS is still making it",
    "pendingacceptance": "the service's owner has yet to accept it",
    "deleting": "it is being deleted",
}


def _state(trace: Trace, question: Question, paths: dict[Target, Path]) -> None:
    def judge(client: Client, target: Target, rects: Rects) -> Step | None:
        endpoint_id = endpoint_of(target, paths[target])
        if not endpoint_id:
            return None
        part = trace.snapshot.endpoints.get(endpoint_id)
        if part is None:
            return Step(rects, unknown=f"{endpoint_id} wasn't read")
        state = str(part.data.get("state", "available")).lower()
        if state == "available":
            return Step(rects, f"{part.label}: {state}")
        if state in _WAITS:
            cure = Cure("Have the service's owner accept the connection." if "accept" in state else "Wait a little.")
            return Step(
                (), f"{part.label}: {state}", f"the endpoint {part.label} isn't available: {_WAITS[state]}", cure
            )
        why = f"the endpoint {part.label} is “{state}”: it serves nobody"
        return Step((), f"{part.label}: {state}", why, dns.request_cure(question))

    trace.hop("state", "State of the endpoint", judge, "The endpoint is available.")


def _policy(trace: Trace, paths: dict[Target, Path], policy: Policy | None) -> None:
    if policy is None:
        return
    asked: dict[str, PolicyAnswer] = {}

    def judge(client: Client, target: Target, rects: Rects) -> Step | None:
        endpoint_id = endpoint_of(target, paths[target])
        part = trace.snapshot.endpoints.get(endpoint_id) if endpoint_id else None
        if part is None:
            return None
        if endpoint_id not in asked:
            asked[endpoint_id] = policy(part)
        said = asked[endpoint_id]
        if said.allowed:
            return Step(rects, said.reason)
        if said.allowed is None:
            return Step(rects, unknown=said.reason)
        fields = {"endpoint_id": endpoint_id}
        return Step((), "", said.reason, Cure("Have the endpoint's policy allow the call.", "policy", fields))

    trace.hop("policy", "Policy of the endpoint", judge, "The endpoint's policy allows the call.")


def endpoint_of(target: Target, path: Path) -> str:
    """Return the endpoint that a path leads through, or an empty text."""
    if target.private:
        return target.endpoint_id
    return path.last.target if path.end == "endpoint" and path.last else ""


def _verdict(question: Question, trace: Trace, paths: dict[Target, Path]) -> Verdict:
    left = trace.targets()
    ends = {bool(endpoint_of(target, paths[target])) for target in left} if paths else set()
    shown = left or list(paths)
    endpoints = dict.fromkeys(endpoint_of(target, paths[target]) for target in shown) if paths else {}
    outcome = _outcome(trace, ends)
    return Verdict(
        outcome,
        _summary(question, outcome, trace, [item for item in endpoints if item]),
        tuple(trace.hops),
        endpoint_ids=tuple(item for item in endpoints if item),
        addresses=tuple(dict.fromkeys(target.label for target in shown)),
        path=_path(trace.source, {target: paths[target] for target in shown} if paths else {}),
    )


def _outcome(trace: Trace, ends: set[bool]) -> Outcome:
    statuses = {item.status for item in trace.hops}
    if Status.BROKEN in statuses or trace.over:
        return Outcome.BROKEN
    if trace.undecided:
        return Outcome.UNKNOWN
    if trace.lossy or len(ends) > 1:
        return Outcome.PARTLY
    return Outcome.PRIVATE if True in ends else Outcome.PUBLIC


def _summary(question: Question, outcome: Outcome, trace: Trace, endpoint_ids: list[str]) -> str:
    short, who = short_service_name(question.service_name), f"From {question.source.label}"
    known = question.snapshot.endpoints
    by = " and ".join(known[item].label if item in known else item for item in endpoint_ids)
    if outcome is Outcome.PRIVATE:
        return f"{who}, traffic reaches {short} privately, through {by}."
    if outcome is Outcome.PUBLIC:
        return f"{who}, traffic reaches {short}, but not privately: it goes over the internet."
    if outcome is Outcome.PARTLY:
        return f"{who}, a part of the traffic reaches {short}{f' through {by}' if by else ''}, another part doesn't."
    if outcome is Outcome.UNKNOWN:
        return f"{who}, whether traffic reaches {short} can't be told from what was read."
    broken = next((item for item in trace.hops if item.status is Status.BROKEN), None)
    return f"{who}, traffic doesn't reach {short}. {broken.reason if broken else ''}".strip()


def _path(source: Source, paths: dict[Target, Path]) -> tuple[str, ...]:
    ids: dict[str, None] = {source.subnet.aws_id: None, source.part.aws_id: None}
    for target, path in paths.items():
        for route in path.routes:
            ids |= {route.table.aws_id: None, route.target: None}
        if path.nat:
            ids[str(path.nat.data.get("subnet_id", ""))] = None
        if target.interface:
            ids |= {target.subnet_id: None, target.interface.aws_id: None, target.endpoint_id: None}
    return tuple(item for item in ids if item and item != "local")
