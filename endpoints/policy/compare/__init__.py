"""Is one policy wider than another, and in what? By meaning, with a request for every difference."""

from endpoints.policy.compare.comparing import Comparison, Region, Relation, compare
from endpoints.policy.compare.limits import Limits

__all__ = ["Comparison", "Limits", "Region", "Relation", "compare"]
