"""What belongs together when many requests are told to people: the bucket of an object, the table of an index."""

from __future__ import annotations


def group_of(arn: str) -> str:
    """Return the resource that people would name: a bucket, table, log group or function without its parts."""
    parts = arn.split(":", 5)
    if len(parts) < 6:
        return arn
    service, rest = parts[2], parts[5]
    head = ":".join(parts[:5])
    if service == "s3" and not rest.startswith("accesspoint"):
        return f"{head}:{rest.partition('/')[0]}"
    if service == "dynamodb":
        return f"{head}:{'/'.join(rest.split('/')[:2])}"
    if service in ("logs", "lambda"):
        return f"{head}:{':'.join(rest.split(':')[:2])}"
    if service == "execute-api":
        return f"{head}:{rest.partition('/')[0]}"
    return arn
