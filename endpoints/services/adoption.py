"""Taking over what nobody manages: what stands against it, and the draft that a request is made of."""

from __future__ import annotations

from endpoints.domain.drift import spec_of
from endpoints.domain.lifecycle import ENDPOINT
from endpoints.domain.specs import EndpointSpec, EndpointType, SpecError
from endpoints.models import Account, Endpoint, UnmanagedEndpoint
from endpoints.network.preflight import Finding
from endpoints.services.policies import same_policy

_ELSEWHERE = "Choose another on the page of unmanaged endpoints."


def spec_for(row: UnmanagedEndpoint) -> EndpointSpec:
    """Return what is there as the spec to adopt. Raises SpecError for what the portal doesn't manage."""
    return spec_of(
        row.observed_endpoint(),
        account_id=row.account.account_id,
        region=row.region,
        is_full_access=lambda text: same_policy(text, None),
    )


def refusal(row: UnmanagedEndpoint) -> str:
    """Return why an endpoint can't be adopted, or an empty text."""
    if row.requester_managed:
        return f"It is managed by {row.managed_by}: change it there."
    if row.vpc_endpoint_type not in set(EndpointType):
        return f"The portal doesn't manage endpoints of the type {row.vpc_endpoint_type}."
    return ""


def findings_for(spec: EndpointSpec, vpc_endpoint_id: str, *, account: Account) -> list[Finding]:
    """Return what stands against taking over an endpoint as this spec says it is. Two queries."""
    here = {"account": account, "region": spec.region, "vpc_endpoint_id": vpc_endpoint_id}
    if Endpoint.objects.filter(**here, status__in=ENDPOINT.live()).exists():
        return [_block("adopt-managed", f"The portal manages {vpc_endpoint_id} already.", "Find it by its id.")]
    row = UnmanagedEndpoint.objects.select_related("account").filter(**here).first()
    if row is None:
        return [_block("adopt-gone", f"AWS had no {vpc_endpoint_id} when the portal last looked.", _ELSEWHERE)]
    if reason := refusal(row):
        return [_block("adopt-not-ours", f"{vpc_endpoint_id} can't be adopted. {reason}", _ELSEWHERE)]
    try:
        same = spec_for(row) == spec
    except SpecError as error:
        return [_block("adopt-unfit", f"{vpc_endpoint_id} can't be adopted. {error}", _ELSEWHERE)]
    if not same:
        cure = "Look at what it is now, and ask once more."
        return [_block("adopt-changed", f"{vpc_endpoint_id} has changed in AWS meanwhile.", cure)]
    return []


def _block(rule: str, message: str, cure: str) -> Finding:
    return Finding(rule, "block", "", message, cure)
