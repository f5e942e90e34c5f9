"""One cell of the matrix, and what the endpoints of one request mean to each other."""

from __future__ import annotations

from dataclasses import replace

import pytest

from endpoints.domain.specs import EndpointSpec
from endpoints.network.after import beside
from endpoints.network.coverage import NO_OFFER, Cell, Offer, State, cell_of, gap_of
from endpoints.network.preflight import check
from endpoints.network.snapshot import Snapshot
from tests.unit.network.wishes import G_SPEC, GOOD, I_SPEC, SUBNET, service, subnet

S3 = Offer("com.amazonaws.eu-west-1.s3", ("Gateway", "Interface"), private_name=True)
PARTNER = Offer("vpce-svc-1", ("GatewayLoadBalancer",))


def found(state: State, kind: str = "Interface", **fields: object) -> Cell:
    return Cell(state=state, service="s3", kind=kind, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("wanted", "offer", "nearby", "state", "kind", "askable"),
    [
        ("Gateway", S3, "", State.MISSING, "Gateway", True),
        ("Interface", S3, "", State.MISSING, "Interface", True),
        ("", S3, "", State.MISSING, "Gateway", True),
        ("Gateway", Offer("x", ("Interface",)), "", State.MISSING, "Interface", True),
        ("Interface", S3, "vpc-hub", State.NEARBY, "Interface", True),
        ("Interface", NO_OFFER, "", State.NOT_OFFERED, "", False),
        ("Interface", NO_OFFER, "vpc-hub", State.NOT_OFFERED, "", False),
        ("", PARTNER, "", State.NOT_OFFERED, "", False),
    ],
)
def test_what_a_vpc_lacks(wanted: str, offer: Offer, nearby: str, state: State, kind: str, askable: bool) -> None:
    cell = gap_of("s3", wanted, offer, nearby)
    assert (cell.state, cell.kind, cell.askable) == (state, kind, askable)
    assert cell.vpc_id == (nearby if state is State.NEARBY else "")


def test_the_wanted_type_counts_and_then_the_surest() -> None:
    asked, unmanaged = found(State.ASKED, "Gateway"), found(State.UNMANAGED)
    managed = found(State.MANAGED, status="available")
    assert cell_of("Gateway", [managed, asked]).state is State.ASKED
    assert cell_of("", [asked, unmanaged, managed]).state is State.MANAGED
    assert cell_of("", [asked, unmanaged, managed]).more == 2
    assert not cell_of("", [unmanaged]).askable


def test_private_dns_off_is_told_only_where_it_could_be_on() -> None:
    off = found(State.MANAGED, private_dns_off=True)
    assert cell_of("", [off], S3).private_dns_off
    assert not cell_of("", [off], Offer("x", ("Interface",))).private_dns_off
    assert not cell_of("", [replace(off, kind="Gateway")], S3).private_dns_off


def rules(spec: EndpointSpec, *others: EndpointSpec, snapshot: Snapshot = GOOD) -> set[str]:
    known = replace(snapshot, service=replace(service(), aws_id=spec.service_name))
    named = [(str(number), other) for number, other in enumerate(others)]
    return {item.rule for item in check(spec, beside(known, named))}


def test_endpoints_of_one_request_count_for_each_other() -> None:
    assert "private-dns-conflict" not in rules(I_SPEC)
    assert "private-dns-conflict" in rules(I_SPEC, I_SPEC)
    assert "route-exists" not in rules(G_SPEC)
    assert "route-exists" in rules(G_SPEC, G_SPEC)
    other = replace(G_SPEC, service_name="com.amazonaws.eu-west-1.dynamodb")
    assert rules(G_SPEC, other) == rules(G_SPEC), "another service's routes are in nobody's way"


def test_each_takes_an_address_and_a_place_in_the_quota() -> None:
    others = [replace(I_SPEC, service_name=f"com.amazonaws.eu-west-1.s{number}") for number in range(50)]
    tight = replace(GOOD, subnets={**GOOD.subnets, SUBNET: subnet(free=1)})
    assert "no-free-address" not in rules(I_SPEC, snapshot=tight)
    assert "no-free-address" in rules(I_SPEC, others[0], snapshot=tight)
    assert "quota" in rules(I_SPEC, *others)
    assert "quota" not in rules(I_SPEC, *others[:49])


def test_what_is_there_besides_is_told_by_its_state() -> None:
    states = [State.ASKED, State.MANAGED, State.ASKED, State.MANAGED]
    cell = cell_of("", [Cell(state=state, service="s3", kind="Gateway") for state in states])
    assert (cell.state, cell.more) == (State.MANAGED, 3)
    assert cell.besides == ((State.MANAGED, 1), (State.ASKED, 2))
