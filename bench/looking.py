"""How many calls it takes to know what AWS has: `python -m bench.looking`.

One survey of an account-region with 10,000 endpoints; and 30 Interface endpoints over three zones, from their approval
until the portal has seen them available, all calls counted, with worker processes and beat. The peer looks as the
Terraform provider does on each refresh: one call for the endpoint, one for its prefix list, and one for each of its
network interfaces; it is run on a sample and, for 10,000, multiplied.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import boto3

from bench import stage

MANY = 10_000
SAMPLE = 20
CREATED = 30


def main() -> None:
    """Measure and print."""
    with stage.portal():
        from bench import creating
        from endpoints.models import AccountRegion, Endpoint
        from endpoints.services import survey

        with stage.simulated_aws(1000) as (control, url):
            control.set_rate(0)
            world = creating.world(control, url)
            asked = creating.ask(world, CREATED, subnets=3)
            control.clear_calls()
            asked.approve()
            with stage.workers():
                stage.until_available(120)
            made = Counter(call["action"] for call in control.calls())

            sample = [str(one) for one in Endpoint.objects.values_list("vpc_endpoint_id", flat=True)[:SAMPLE]]
            model = Endpoint.objects.latest("pk")
            control.set_quota("interface-per-vpc", 2 * MANY)
            ids = control.populate(str(model.vpc_endpoint_id), MANY)
            fields = [item.attname for item in Endpoint._meta.concrete_fields if item.attname != "id"]
            columns = {name: getattr(model, name) for name in fields}
            unseen = {"observed": None, "observed_at": None}
            rows = [Endpoint(**{**columns, **unseen, "vpc_endpoint_id": one}) for one in ids]
            Endpoint.objects.bulk_create(rows, batch_size=1000)
            region = AccountRegion.objects.get(account__account_id=asked.account_id)
            AccountRegion.objects.update(survey_due_at=None)
            control.clear_calls()
            found = survey.survey(account_region_id=region.pk, now=model.created_at)
            looked = Counter(call["action"] for call in control.calls())
            if found is None or found.endpoints < MANY:
                raise RuntimeError(f"The survey saw {found}.")
            control.clear_calls()
            _as_terraform(world, sample)
            theirs = len(control.calls()) / SAMPLE
    stage.show(
        "describe_vpc_endpoints_for_10000", looked["DescribeVpcEndpoints"], "calls", limit=12, floor=-(-MANY // 1000)
    )
    stage.show("all_calls_for_a_survey_of_10000", sum(looked.values()), "calls", terraform_refresh=theirs * MANY)
    stage.show(
        "calls_an_endpoint_approval_to_available",
        sum(made.values()) / CREATED,
        "calls",
        floor=1,
        one_refresh_of_terraform=theirs,
    )


def _as_terraform(world: Any, ids: list[str]) -> None:
    """Look at each endpoint by itself."""
    client = boto3.client("ec2", region_name="eu-west-1", endpoint_url=world.url, **world.keys)
    for one in ids:
        (item,) = client.describe_vpc_endpoints(VpcEndpointIds=[one])["VpcEndpoints"]
        filters = [{"Name": "prefix-list-name", "Values": [item["ServiceName"]]}]
        client.describe_prefix_lists(Filters=filters)
        for interface in item["NetworkInterfaceIds"]:
            client.describe_network_interfaces(NetworkInterfaceIds=[interface])


if __name__ == "__main__":
    main()
