"""Carrying every client's traffic through the hops: what is left of it, and what each hop says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass

from endpoints.network.flows import EPHEMERAL, Rect, addresses, area, ports
from endpoints.network.groups import rules_of
from endpoints.network.hops import Client, Cure, Hop, Source, Status, Target
from endpoints.network.snapshot import Snapshot

Rects = tuple[Rect, ...]
Pair = tuple[Client, Target]


@dataclass(frozen=True, slots=True)
class Step:
    """What a hop lets through of one client's traffic to one target.

    `stopped` says what stops the rest, `partial` that some connections fail whoever makes them, and `unknown` why it
    can't be told: then nothing is taken away.
    """

    rects: Rects
    evidence: str = ""
    stopped: str = ""
    cure: Cure | None = None
    partial: bool = False
    unknown: str = ""


Judge = Callable[[Client, Target, Rects], Step | None]


class Trace:
    """The traffic that is left, and the hops so far. `judge` returns None where a hop isn't on the way."""

    def __init__(self, snapshot: Snapshot, source: Source, targets: Iterable[Target], port: int) -> None:
        self.snapshot = snapshot
        self.source = source
        self.hops: list[Hop] = []
        self.lossy = self.vague = False
        self.unsure: set[Pair] = set()
        self.alive: dict[Pair, Rects] = {}
        targets = list(targets)
        clients = clients_of(snapshot, source, targets, port)
        for target in targets:
            rects = tuple(
                Rect(item.first, item.last, *EPHEMERAL) for item in source.blocks if item.version == target.version
            )
            if rects:
                self.alive |= {(client, target): rects for client in clients}

    @property
    def over(self) -> bool:
        """Tell whether nothing is left."""
        return not self.alive

    @property
    def undecided(self) -> bool:
        """Tell whether it can't be said what becomes of what is left."""
        return self.vague or not self.unsure.isdisjoint(self.alive)

    def targets(self) -> list[Target]:
        """Return the targets that some traffic still gets to."""
        return list(dict.fromkeys(target for _, target in self.alive))

    def hop(self, key: str, title: str, judge: Judge, fine: str) -> None:
        """Let what is left through a hop; `fine` is what the hop says when all of it passes."""
        if self.over:
            return
        steps = {pair: step for pair, rects in self.alive.items() if (step := judge(*pair, rects)) is not None}
        if not steps:
            return
        before = dict(self.alive)
        self.unsure |= {pair for pair, step in steps.items() if step.unknown}
        for pair, step in steps.items():
            if step.rects:
                self.alive[pair] = step.rects
            else:
                del self.alive[pair]
        self.hops.append(self._hop(key, title, before, steps, fine))

    def _hop(self, key: str, title: str, before: dict[Pair, Rects], steps: dict[Pair, Step], fine: str) -> Hop:
        hurt = {
            pair: step
            for pair, step in steps.items()
            if not pair[0].everything
            and (step.partial or (step.rects is not before[pair] and area(step.rects) < area(before[pair])))
        }
        unsure = next((step.unknown for step in steps.values() if step.unknown), "")
        evidence = tuple(dict.fromkeys(step.evidence for step in steps.values() if step.evidence))[:3]
        cures = [step.cure for step in steps.values() if step.cure]
        first = next(iter(hurt.values()), None) or next((step for step in steps.values() if step.stopped), None)
        said = first.stopped if first else ""
        cure = (first.cure if first else None) or next(iter(cures), None)
        if self.over:
            return Hop(key, title, Status.BROKEN, sentence(said), evidence, cure)
        if unsure:
            return Hop(key, title, Status.UNKNOWN, sentence(f"it can't be told: {unsure}"), evidence, cure)
        # What only the client with all groups was left for is no loss here: it was one at the hop that took the rest.
        if not hurt:
            return Hop(key, title, Status.OK, sentence(fine), evidence)
        self.lossy = True
        scope = self._scope(before, steps, hurt)
        vague = not _surely_lost(hurt, steps)
        self.vague = self.vague or vague
        status = Status.UNKNOWN if vague else Status.WARNING
        return Hop(key, title, status, sentence(f"{scope}: {said}" if scope else said), evidence, cure)

    def _scope(self, before: dict[Pair, Rects], steps: dict[Pair, Step], hurt: dict[Pair, Step]) -> str:
        """Return in words whose traffic, or to where, a hop stops while other traffic passes."""
        told = []
        left = {client for client, _ in self.alive}
        lost = {client for client, _ in hurt} - left
        asked = {client for client, _ in steps if not client.everything}
        if lost and len(asked) > 1:
            kept = sorted(label for client in asked - lost for label in self._labels(client))
            told.append(f"only clients in {_some(kept)} pass" if kept else "no client with one group alone passes")
        gone = {target.label for _, target in steps} - {target.label for _, target in self.alive}
        if gone:
            told.append(f"not to {_some(sorted(gone))}")
        (pair, step) = next(iter(hurt.items()))
        if step.rects and not lost:
            before_rects = before[pair]
            if addresses(step.rects) < addresses(before_rects):
                told.append("not for every address of the source")
            elif ports(step.rects) != ports(before_rects):
                open_ports = ", ".join(
                    f"{low} to {high}" if low < high else f"{low}" for low, high in ports(step.rects)
                )
                told.append(f"answers get back on the ports {open_ports} alone, and clients choose from others, too")
        return "; ".join(told)

    def _labels(self, client: Client) -> list[str]:
        known = self.snapshot.security_groups
        return [known[item].label if item in known else item for item in client.alike or client.group_ids]


def _surely_lost(hurt: Iterable[Pair], steps: Iterable[Pair]) -> bool:
    """Tell whether traffic is lost whichever address it will be: of one that isn't known yet, every part is hurt."""
    asked = Counter((client, target.label) for client, target in steps)
    lost = Counter((client, target.label) for client, target in hurt)
    return any(target.certain or lost[client, target.label] == asked[client, target.label] for client, target in hurt)


def clients_of(snapshot: Snapshot, source: Source, targets: list[Target], port: int) -> tuple[Client, ...]:
    """Return how clients may be guarded: by the groups that are known, or by any of the VPC's, alone or all together.

    What a group more allows is never taken away by another. So if each group alone lets all through, every choice
    of groups does, and if all groups together let nothing through, no choice does. Groups with the same rules that
    no inbound rule tells apart are asked about once.
    """
    if source.group_ids is not None:
        return (Client(source.group_ids),)
    every = tuple(snapshot.security_groups)
    if not every:
        return (Client(()),)
    guarding = {item for target in targets for item in target.group_ids or ()}
    let_in = {item for _, rule in rules_of(snapshot, guarding, "ingress", port) for item in rule.get("groups", ())}
    alike: dict[Hashable, list[str]] = {}
    for group_id in every:
        rules = (rule for _, rule in rules_of(snapshot, (group_id,), "egress", port))
        key = tuple(tuple(rule.get(name, ())) for rule in rules for name in ("cidrs", "groups", "prefix_lists"))
        alike.setdefault((key, group_id if group_id in let_in else ""), []).append(group_id)
    singles = tuple(Client((items[0],), alike=tuple(items)) for items in alike.values())
    return (*singles, *((Client(every, everything=True),) if len(singles) > 1 else ()))


def sentence(text: str) -> str:
    """Return a text as a sentence."""
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "?")) else ".") if text else ""


def _some(names: list[str], most: int = 3) -> str:
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")
