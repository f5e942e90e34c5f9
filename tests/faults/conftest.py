"""What the fault tests share."""

from tests.aws import aws, simulated_aws

__all__ = ["aws", "simulated_aws"]
