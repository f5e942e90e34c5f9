"""AWS-managed prefix lists: the same id in every account of a region, and pages of at most 100."""

from __future__ import annotations

import hashlib
from typing import Any

from portal.sandbox.aws import filters
from portal.sandbox.aws.context import Context
from portal.sandbox.aws.errors import AwsError

# The ids AWS uses in the demo's regions; elsewhere an id is derived from the name.
_KNOWN = {
    "com.amazonaws.us-east-1.s3": "pl-63a5400a",
    "com.amazonaws.us-east-1.dynamodb": "pl-02cd2c6b",
    "com.amazonaws.eu-west-1.s3": "pl-6da54004",
    "com.amazonaws.eu-west-1.dynamodb": "pl-6fa54006",
}


def stable_id(name: str, region: str) -> str:
    """Return the id of an AWS-managed prefix list, whatever the account."""
    return _KNOWN.get(name) or "pl-" + hashlib.sha256(f"{region}/{name}".encode()).hexdigest()[:8]


def create_aws_managed(backend: Any, name: str, address_family: str, entries: list[dict[str, str]]) -> None:
    """Stand in for moto's own: the same list, with an id that all accounts share."""
    made = backend.create_managed_prefix_list(
        address_family=address_family, entry=entries, prefix_list_name=name, owner_id="AWS"
    )
    del backend.managed_prefix_lists[made.id]
    made.id = stable_id(name, backend.region_name)
    made.prefix_list_arn = f"arn:aws:ec2:{backend.region_name}:aws:prefix-list/{made.id}"
    made.version = None
    made.max_entries = None
    backend.managed_prefix_lists[made.id] = made


def by_name(backend: Any, name: str) -> Any:
    """Return moto's prefix list of a service name."""
    return backend.managed_prefix_lists[stable_id(name, backend.region_name)]


def describe_aws(call: Context) -> dict[str, Any]:
    """DescribePrefixLists: the lists of AWS services that have gateway endpoints."""
    names = {f"com.amazonaws.{call.region}.{short}" for short in ("s3", "dynamodb")}
    lists = [item for item in _wanted(call) if item.prefix_list_name in names]
    getters: dict[str, filters.Getter[Any]] = {
        "prefix-list-id": lambda item: item.id,
        "prefix-list-name": lambda item: item.prefix_list_name,
    }
    chosen = filters.select(lists, filters.parse(call.items("Filters")), getters, lambda _: {})
    shown, token = filters.page(chosen, call.params, lambda item: str(item.prefix_list_name), limit=100)
    return {
        "PrefixLists": [
            {"PrefixListId": item.id, "PrefixListName": item.prefix_list_name, "Cidrs": _cidrs(item)} for item in shown
        ],
        "NextToken": token,
    }


def describe_managed(call: Context) -> dict[str, Any]:
    """DescribeManagedPrefixLists: AWS's and the account's own."""
    getters: dict[str, filters.Getter[Any]] = {
        "owner-id": lambda item: item.owner_id,
        "prefix-list-id": lambda item: item.id,
        "prefix-list-name": lambda item: item.prefix_list_name,
    }
    tags = call.backend.tags
    chosen = filters.select(
        _wanted(call), filters.parse(call.items("Filters")), getters, lambda item: dict(tags.get(item.id, {}))
    )
    shown, token = filters.page(chosen, call.params, lambda item: str(item.id), limit=100)
    return {"PrefixLists": [_view(call.backend, item) for item in shown], "NextToken": token}


def _view(backend: Any, item: Any) -> dict[str, Any]:
    return {
        "PrefixListId": item.id,
        "AddressFamily": item.address_family,
        "State": item.state,
        "StateMessage": item.state_message,
        "PrefixListArn": item.prefix_list_arn,
        "PrefixListName": item.prefix_list_name,
        "MaxEntries": item.max_entries,
        "Version": item.version,
        "Tags": [{"Key": key, "Value": value} for key, value in backend.tags.get(item.id, {}).items()],
        "OwnerId": item.owner_id,
    }


def _wanted(call: Context) -> list[Any]:
    lists = call.backend.managed_prefix_lists
    ids = call.items("PrefixListIds")
    for one in ids:
        if one not in lists:
            raise AwsError("InvalidPrefixListID.NotFound", f"The prefix list ID '{one}' does not exist")
    return [lists[one] for one in ids] if ids else list(lists.values())


def _cidrs(item: Any) -> list[str]:
    versions = list(item.entries.values())
    return [entry["Cidr"] for entry in versions[-1]] if versions else []
