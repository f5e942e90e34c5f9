"""The typed EC2 client: the calls in use and no others. Arguments and answers are the domain's frozen values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from endpoints.aws import group_rules
from endpoints.aws.errors import AwsError, Kind, from_words, no_answer, readable, translated
from endpoints.aws.group_rules import Answered
from endpoints.aws.parameters import modify_parameters
from endpoints.aws.reading import interface_from, observed_from
from endpoints.domain.actions import DeleteEndpoint, ModifyEndpoint, RemoveTags, RevokeRule, SetTags
from endpoints.domain.observed import NetworkInterface, ObservedEndpoint
from endpoints.domain.rules import GroupRule, SeenRule

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

PAGE = 1000
"""The largest page of DescribeVpcEndpoints and DescribeVpcEndpointServices."""
PREFIX_LIST_PAGE = 100
DIRECT_CONNECT_PAGE = 100
IDS_A_CALL = 200
"""How many ids one filtered call names: EC2 allows 200 values in a filter."""


@dataclass(frozen=True, slots=True)
class Created:
    """A create call's answer."""

    endpoint: ObservedEndpoint
    request_id: str


class ReadPace(Protocol):
    """Who is asked before each read, and told of its error; `action` is AWS's name of it."""

    def before(self, action: str) -> None:
        """Let the read go on, or raise AwsError."""

    def failed(self, action: str, error: AwsError) -> None:
        """Learn from an error."""


class Ec2Gateway:
    """One account and region. Methods raise AwsError; nothing else of botocore comes out.

    Reads keep the pace that is given; whoever calls a method that changes AWS has seen to its pace before. Clients are
    asked for when they are needed, each time anew.
    """

    def __init__(
        self,
        *,
        reads: Callable[[], EC2Client],
        writes: Callable[[], EC2Client],
        direct_connect: Callable[[], Any] | None = None,
        pace: ReadPace | None = None,
    ) -> None:
        self._reads = reads
        self._writes = writes
        self._direct_connect = direct_connect
        self._pace = pace

    def paced(self, pace: ReadPace) -> Ec2Gateway:
        """Return a gateway with the same clients that reads at this pace."""
        return Ec2Gateway(reads=self._reads, writes=self._writes, direct_connect=self._direct_connect, pace=pace)

    # --- Endpoints ------------------------------------------------------------------------------------------------

    def create_vpc_endpoint(self, parameters: Mapping[str, Any]) -> Created:
        """Create an endpoint from the exact parameters that `create_parameters` gave, token and tags included."""
        with translated():
            answer = self._writes().create_vpc_endpoint(**parameters)
        if "VpcEndpoint" not in answer:
            raise no_answer("VpcEndpoint")
        return Created(
            endpoint=_endpoint(dict(answer["VpcEndpoint"])),
            request_id=answer["ResponseMetadata"].get("RequestId", ""),
        )

    def carry_out(self, action: ModifyEndpoint | SetTags | RemoveTags | DeleteEndpoint) -> str:
        """Make the one call of an action that needs no token; return AWS's request id."""
        match action:
            case ModifyEndpoint():
                return self.modify_vpc_endpoint(action)
            case SetTags():
                return self.set_tags(action)
            case RemoveTags():
                return self.remove_tags(action)
            case DeleteEndpoint():
                return self.delete_vpc_endpoint(action.vpc_endpoint_id)

    def modify_vpc_endpoint(self, action: ModifyEndpoint) -> str:
        """Change an endpoint in place by one call; return AWS's request id."""
        with translated():
            answer = self._writes().modify_vpc_endpoint(**modify_parameters(action))
        return str(answer["ResponseMetadata"].get("RequestId", ""))

    def delete_vpc_endpoint(self, vpc_endpoint_id: str) -> str:
        """Delete one endpoint; return AWS's request id. One that is gone already counts as deleted.

        DeleteVpcEndpoints answers 200 also when it did nothing: each item of `Unsuccessful` is read.
        """
        with translated():
            answer = self._writes().delete_vpc_endpoints(VpcEndpointIds=[vpc_endpoint_id])
        request_id = str(answer["ResponseMetadata"].get("RequestId", ""))
        for item in answer.get("Unsuccessful", []):
            said = item.get("Error", {})
            error = from_words(said.get("Code", "Unknown"), said.get("Message", ""), status=400, request_id=request_id)
            if error.kind is not Kind.NOT_FOUND:
                raise error
        return request_id

    def set_tags(self, action: SetTags) -> str:
        """Add tags to an endpoint, or change their values; return AWS's request id."""
        tags: Any = [{"Key": key, "Value": value} for key, value in action.tags]
        with translated():
            answer: Any = self._writes().create_tags(  # type: ignore[func-returns-value]  # it returns its metadata
                Resources=[action.vpc_endpoint_id], Tags=tags
            )
        return str(answer["ResponseMetadata"].get("RequestId", ""))

    def remove_tags(self, action: RemoveTags) -> str:
        """Remove tags from an endpoint by key, whatever their value; return AWS's request id."""
        tags: Any = [{"Key": key} for key in action.keys]
        with translated():
            answer: Any = self._writes().delete_tags(  # type: ignore[func-returns-value]  # it returns its metadata
                Resources=[action.vpc_endpoint_id], Tags=tags
            )
        return str(answer["ResponseMetadata"].get("RequestId", ""))

    def describe_vpc_endpoint(self, vpc_endpoint_id: str) -> ObservedEndpoint | None:
        """Return one endpoint, or None where AWS doesn't know it: not yet, or no longer."""
        try:
            with self._reading("describe_vpc_endpoints"):
                answer = self._reads().describe_vpc_endpoints(VpcEndpointIds=[vpc_endpoint_id])
        except AwsError as error:
            if error.kind is Kind.NOT_FOUND:
                return None
            raise
        found = _listed(answer, "VpcEndpoints")
        return _endpoint(dict(found[0])) if found else None

    def describe_vpc_endpoints(self, ids: Iterable[str], *, vpc_ids: Iterable[str]) -> dict[str, ObservedEndpoint]:
        """Return the endpoints that exist among `ids`, by id, from one paged listing; `vpc_ids` is where they are.

        Not by `VpcEndpointIds`: there AWS refuses the whole call for one id that it doesn't know. Nor by the filter
        `vpc-endpoint-id`, on which moto and what is built on it fail.
        """
        wanted = set(ids)
        if not wanted:
            return {}
        filters = _narrowest(("vpc-id", set(vpc_ids)))
        found = map(_endpoint, self._pages("describe_vpc_endpoints", "VpcEndpoints", PAGE, **filters))
        return {item.vpc_endpoint_id: item for item in found if item.vpc_endpoint_id in wanted}

    def list_vpc_endpoints(self) -> Iterator[ObservedEndpoint]:
        """Yield every endpoint of the region, in pages of 1,000."""
        for item in self._pages("describe_vpc_endpoints", "VpcEndpoints", PAGE):
            yield _endpoint(item)

    def find_by_tag(self, key: str, value: str) -> list[ObservedEndpoint]:
        """Return the endpoints that carry a tag: how an endpoint is found whose id we never learnt."""
        filters = [{"Name": f"tag:{key}", "Values": [value]}]
        return [
            _endpoint(item) for item in self._pages("describe_vpc_endpoints", "VpcEndpoints", PAGE, Filters=filters)
        ]

    def network_interfaces(self, ids: Iterable[str], *, vpc_ids: Iterable[str] = ()) -> dict[str, NetworkInterface]:
        """Return network interfaces of endpoints by id, from one paged listing; unknown ids are left out.

        `vpc_ids` is where they are, which narrows the listing when there are too many ids for a filter.
        """
        wanted = set(ids)
        if not wanted:
            return {}
        narrow = _narrowest(("network-interface-id", wanted), ("vpc-id", set(vpc_ids)))
        found = self._interfaces(narrow) if len(wanted) <= IDS_A_CALL else self._interfaces_of_endpoints(narrow)
        return {item.network_interface_id: item for item in found if item.network_interface_id in wanted}

    def list_network_interfaces(self) -> Iterator[NetworkInterface]:
        """Yield the network interfaces of every endpoint of the region, in pages of 1,000."""
        yield from self._interfaces_of_endpoints({})

    def _interfaces_of_endpoints(self, narrow: dict[str, Any]) -> Iterator[NetworkInterface]:
        try:
            yield from self._interfaces({"Filters": [*narrow.get("Filters", ()), _OF_ENDPOINTS]})
        except AwsError as error:
            if error.code not in _NO_SUCH_FILTER:
                raise
            yield from self._interfaces(narrow)

    def _interfaces(self, filters: dict[str, Any]) -> Iterator[NetworkInterface]:
        yield from map(_interface, self._pages("describe_network_interfaces", "NetworkInterfaces", PAGE, **filters))

    def prefix_lists(self) -> dict[str, str]:
        """Return the ids of the AWS services' prefix lists by their name, such as com.amazonaws.eu-west-1.s3."""
        pages = self._pages("describe_prefix_lists", "PrefixLists", PREFIX_LIST_PAGE)
        with readable():
            return {str(item["PrefixListName"]): str(item["PrefixListId"]) for item in pages}

    # --- Rules of security groups ---------------------------------------------------------------------------------

    def authorize_rule(self, rule: GroupRule, *, tags: Mapping[str, str]) -> Answered:
        """Add a rule to its group, unless it is there."""
        return group_rules.authorize(self._writes(), rule, tags)

    def revoke_rule(self, action: RevokeRule) -> Answered:
        """Remove a rule, unless it is gone."""
        return group_rules.revoke(self._writes(), action.rule, action.rule_id)

    def group_rules(self, group_ids: Iterable[str]) -> Iterator[SeenRule]:
        """Yield the rules of security groups, from one paged listing; of groups that are gone there are none."""
        wanted = set(group_ids)
        if wanted:
            pages = self._pages(
                "describe_security_group_rules", "SecurityGroupRules", PAGE, **_narrowest(("group-id", wanted))
            )
            yield from (seen for seen in map(_rule, pages) if seen.rule.group_id in wanted)

    # --- Inventory ------------------------------------------------------------------------------------------------

    def describe(self, operation: str, key: str, *, page: int | None = PAGE, **arguments: Any) -> list[dict[str, Any]]:
        """Return all pages of a Describe call of the inventory, as botocore gives them; `page` None: it has none."""
        return list(self._pages(operation, key, page, **arguments))

    def vpc_attribute(self, vpc_id: str, attribute: str) -> bool:
        """Return a VPC's DNS attribute: `enableDnsSupport` or `enableDnsHostnames`."""
        with self._reading("describe_vpc_attribute"):
            answer: Mapping[str, Any] = self._reads().describe_vpc_attribute(
                VpcId=vpc_id,
                Attribute=attribute,  # type: ignore[arg-type]
            )
        member = attribute[0].upper() + attribute[1:]
        if member not in answer:
            raise no_answer(member)
        with readable():
            return bool(answer[member]["Value"])

    @contextmanager
    def _reading(self, operation: str) -> Iterator[None]:
        pace = self._pace
        if pace is None:
            with translated():
                yield
            return
        action = self._reads().meta.method_to_api_mapping.get(operation, operation)
        pace.before(action)
        with translated(lambda error: pace.failed(action, error)):
            yield

    def direct_connect_associations(self, gateway_id: str) -> list[dict[str, Any]]:
        """Return the associations of Direct Connect gateways with a VPN gateway or a transit gateway.

        There are none where there is no Direct Connect: a region, a partition or a double of AWS may be without it.
        """
        client = self._direct_connect() if self._direct_connect else None
        if client is None:
            return []
        found: list[dict[str, Any]] = []
        token: str | None = None
        while True:
            extra = {"nextToken": token} if token else {}
            try:
                with self._reading(_ASSOCIATIONS):
                    answer = client.describe_direct_connect_gateway_associations(
                        associatedGatewayId=gateway_id, maxResults=DIRECT_CONNECT_PAGE, **extra
                    )
            except AwsError as error:
                if error.code in _NOT_OFFERED:
                    return found
                raise
            found += answer.get("directConnectGatewayAssociations", ())
            token = answer.get("nextToken")
            if not token:
                return found

    def _pages(self, operation: str, key: str, page: int | None, **arguments: Any) -> Iterator[dict[str, Any]]:
        token: str | None = None
        size = {} if page is None else {"MaxResults": page}
        while True:
            extra = {"NextToken": token} if token else {}
            with self._reading(operation):
                answer = getattr(self._reads(), operation)(**size, **arguments, **extra)
            yield from _listed(answer, key)
            former, token = token, answer.get("NextToken")
            if not token:
                return
            if token == former:  # it would go round for ever
                raise no_answer("NextToken but the one that was sent")


def _endpoint(item: Mapping[str, Any]) -> ObservedEndpoint:
    with readable():
        return observed_from(item)


def _interface(item: Mapping[str, Any]) -> NetworkInterface:
    with readable():
        return interface_from(item)


def _rule(item: Mapping[str, Any]) -> SeenRule:
    with readable():
        return group_rules.seen_from(item)


def _listed(answer: Mapping[str, Any], key: str) -> list[Any]:
    """Return a list of an answer. One that is left out is empty, where AWS or a double signs with a request id."""
    if key not in answer and not answer["ResponseMetadata"].get("RequestId"):
        raise no_answer(key)
    found: list[Any] = answer.get(key) or []
    return found


_OF_ENDPOINTS: dict[str, Any] = {"Name": "interface-type", "Values": ["vpc_endpoint", "gateway_load_balancer_endpoint"]}


_NO_SUCH_FILTER = frozenset({"ResponseParserError", "InternalFailure", "InternalError", "InvalidParameterValue"})
"""How doubles of AWS, moto among them, say that they don't know that filter. AWS itself does."""


_ASSOCIATIONS = "DescribeDirectConnectGatewayAssociations"
_NOT_OFFERED = frozenset({"InvalidAction", "UnknownOperationException", "ResponseParserError", "HTTP500"})
"""How a double of AWS without Direct Connect answers; moto with a page of HTML. An error of AWS's own has a code."""


def _narrowest(*choices: tuple[str, set[str]]) -> dict[str, Any]:
    """Return the arguments for the first filter whose values fit into a call; none where no filter does."""
    fits = next(((name, values) for name, values in choices if 0 < len(values) <= IDS_A_CALL), None)
    return {"Filters": [{"Name": fits[0], "Values": sorted(fits[1])}]} if fits else {}
