"""AWS's token buckets, per account, region and action (sizes: EC2 API throttling limits, by action)."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

# action -> (burst, refill per second)
_SLOW = (4.0, 0.3)
_MUTATING = (50.0, 5.0)
SIZES = {
    "CreateVpcEndpoint": _SLOW,
    "ModifyVpcEndpoint": _SLOW,
    "DeleteVpcEndpoints": _SLOW,
    "AcceptVpcEndpointConnections": (10.0, 1.0),
    "RejectVpcEndpointConnections": (10.0, 1.0),
    "CreateTags": (100.0, 10.0),
    "DeleteTags": (100.0, 10.0),
    "AuthorizeSecurityGroupEgress": _MUTATING,
    "AuthorizeSecurityGroupIngress": _MUTATING,
    "RevokeSecurityGroupEgress": _MUTATING,
    "RevokeSecurityGroupIngress": _MUTATING,
}
_DESCRIBE = (100.0, 20.0)


@dataclass
class _Bucket:
    tokens: float
    at: float


@dataclass
class Buckets:
    """The buckets in use. `now` is monotonic seconds."""

    held: dict[tuple[str, str, str], _Bucket] = field(default_factory=dict)

    def take(self, action: str, account: str, region: str, rate: float, now: float | None = None) -> bool:
        """Take a token; False when there is none. `rate` scales burst and refill, 0 means no limit."""
        size = SIZES.get(action) or (_DESCRIBE if action.startswith("Describe") else None)
        if size is None or rate <= 0:
            return True
        burst, refill = max(1.0, size[0] * rate), size[1] * rate
        moment = time.monotonic() if now is None else now
        bucket = self.held.setdefault((account, region, action), _Bucket(burst, moment))
        bucket.tokens = min(burst, bucket.tokens + (moment - bucket.at) * refill)
        bucket.at = moment
        # Rounding must not turn "one token, exactly now" into a refusal.
        if bucket.tokens < 1 - 1e-9:
            return False
        bucket.tokens -= 1
        return True


BUCKETS = Buckets()
