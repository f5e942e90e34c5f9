"""What the fault tests act on: an account with its people, and each kind of change approved in it."""

from __future__ import annotations

from datetime import timedelta

from django.db.models.functions import Now
from django.utils import timezone

from endpoints.domain.rules import GroupRule
from endpoints.models import Account, AccountRegion, Endpoint, EndpointRequest, Operation, User
from endpoints.services import inventory, observation, provisioning
from tests import factories, services
from tests.aws import World, member_account

SECOND_RANGE = "10.1.0.0/16"


class Stage:
    """An account with its people, and the ways to have each kind of change approved."""

    def __init__(self, aws: World) -> None:
        self.aws = aws
        aws.control.set_quota("gateway-per-region", 200)
        self.account: Account = member_account()
        self.engineer: User = factories.make_engineer()
        self.approver: User = factories.make_approver(self.account)
        self.region: int = AccountRegion.objects.get(account=self.account).pk

    def create(self) -> EndpointRequest:
        """Approve a creation."""
        spec = self.aws.gateway_spec(route_table_ids=())
        return factories.approved(factories.submitted(self.account, self.engineer, spec), self.approver)

    def create_with_rule(self) -> EndpointRequest:
        """Approve a creation that carries a rule of a security group, and that a second call completes."""
        spec = self.aws.interface_spec(
            subnet_ids=self.aws.subnet_ids[:1],
            private_dns_when_available=True,
            tags=(("cost", "1"),),
            group_rules=(self.rule(),),
        )
        return factories.approved(factories.submitted(self.account, self.engineer, spec), self.approver)

    def delete_with_rule(self) -> EndpointRequest:
        """Approve the deletion of an endpoint that carries a rule."""
        self.finish(self.create_with_rule())
        return factories.approved(factories.deletion(Endpoint.objects.latest("pk"), self.engineer), self.approver)

    def rule(self) -> GroupRule:
        """Return a rule that the VPC's group lacks: for the VPC's second range."""
        return GroupRule(
            group_id=self.aws.security_group_id, direction="ingress", from_port=443, to_port=443, cidr=SECOND_RANGE
        )

    def second_range(self) -> None:
        """Give the VPC a second range, which no group lets in."""
        self.aws.ec2().associate_vpc_cidr_block(VpcId=self.aws.vpc_id, CidrBlock=SECOND_RANGE)
        AccountRegion.objects.update(inventory_due_at=timezone.now())
        assert inventory.refresh(account_region_id=self.region, now=timezone.now())

    def rules(self) -> list[str]:
        """Return the ids of the rules for the second range that AWS has."""
        filters = [{"Name": "group-id", "Values": [self.aws.security_group_id]}]
        found = self.aws.ec2().describe_security_group_rules(Filters=filters)["SecurityGroupRules"]
        return [item["SecurityGroupRuleId"] for item in found if item.get("CidrIpv4") == SECOND_RANGE]

    def modify(self) -> EndpointRequest:
        """Approve a modification with a change of tags: two calls."""
        endpoint = Endpoint.objects.filter(status="available").last() or self.existing()
        had = endpoint.desired_spec()
        tables = () if had.route_table_ids else self.aws.route_table_ids[:1]
        cost = str(endpoint.generation)  # a new one each time: both calls are needed
        asked = factories.modification(endpoint, self.engineer, route_table_ids=tables, tags=(("cost", cost),))
        return factories.approved(asked, self.approver)

    def delete(self) -> EndpointRequest:
        """Approve a deletion."""
        return factories.approved(factories.deletion(self.existing(), self.engineer), self.approver)

    def existing(self) -> Endpoint:
        """Return a new endpoint that is available."""
        self.finish(self.create())
        return Endpoint.objects.latest("pk")

    def expire_leases(self) -> None:
        """Let the time go by after which a worker that doesn't answer counts as dead."""
        past = Now() - timedelta(seconds=1)
        Operation.objects.filter(status="running").update(lease_expires_at=past)
        AccountRegion.objects.filter(lease_expires_at__isnull=False).update(lease_expires_at=past)

    def finish(self, request: EndpointRequest, *, rounds: int = 6) -> EndpointRequest:
        """Let another worker go on after the lease of a dead one has run out, without waiting for back-offs."""
        past = Now() - timedelta(seconds=1)
        self.expire_leases()
        for _ in range(rounds):
            if not Operation.objects.filter(status__in=("queued", "running", "observing")).exists():
                break
            _forget_pace()
            Operation.objects.filter(status="queued").update(next_attempt_at=past, slot_at=None)
            for operation_id in Operation.objects.due().values_list("pk", flat=True):
                provisioning.run(operation_id=operation_id)
            observation.observe(account_region_id=self.region)
        request.refresh_from_db()
        return request

    def clear(self, request: EndpointRequest) -> None:
        """Give back what an endpoint holds, so that the next one may have it."""
        for operation in Operation.objects.filter(request=request, action="create").select_related(
            "endpoint", "change"
        ):
            if operation.endpoint.vpc_endpoint_id and operation.endpoint.status != "deleted":
                self.aws.control.remove_out_of_band(operation.endpoint.vpc_endpoint_id)
                if operation.change.desired().group_rules:
                    # Nobody asks for its rule any more: the next one makes its own.
                    Endpoint.objects.filter(pk=operation.endpoint_id).update(desired={}, status="missing")
                    ids = self.rules()
                    self.aws.ec2().revoke_security_group_ingress(
                        GroupId=self.aws.security_group_id, SecurityGroupRuleIds=ids
                    )


def _forget_pace() -> None:
    """Let the seconds go by for which the pace is slower after a throttle."""
    client = services.valkey_client()
    if keys := client.keys("portal:pace:*"):
        client.delete(*keys)


def held(aws: World, request: EndpointRequest) -> list[str]:
    """Return the ids of what AWS holds for the endpoints of a request."""
    operations = {
        str(pk)
        for endpoint in Endpoint.objects.filter(operations__request=request)
        for pk in endpoint.operations.values_list("pk", flat=True)
    }
    found = []
    for item in aws.endpoints():
        tags = {tag["Key"]: tag["Value"] for tag in item["Tags"]}
        if tags.get(provisioning.OWNERSHIP_TAG) in operations:
            found.append(item["VpcEndpointId"])
    return found
