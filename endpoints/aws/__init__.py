"""The only place that imports boto3 (the sandbox, which plays AWS, aside).

`gateway_for(...)` gives a typed client that wraps only the calls in use and returns frozen values; every failure
is an `AwsError` with AWS's code, what kind of failure it is, and the cure in words.
"""

from endpoints.aws.errors import UNREADABLE, AwsError, Kind
from endpoints.aws.gateway import Ec2Gateway
from endpoints.aws.sessions import Target, gateway_for

__all__ = ["UNREADABLE", "AwsError", "Ec2Gateway", "Kind", "Target", "gateway_for"]
