"""From the resources that were used to the patterns that a person would have written.

Keys of objects become prefixes, streams their group, unknown characters of a secret's ARN six question marks. Nothing
gets wider than its bucket, table or group here.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from endpoints.policy.use.groups import group_of
from endpoints.policy.use.resources import UNKNOWN_KEYS, UNKNOWN_SUFFIX

MANY_KEYS = 3
"""So many keys of one folder become the folder's prefix."""
MANY_PREFIXES = 12
FEW_PREFIXES = 3

_SPECIAL = re.compile(r"\$(?=\{)|[*?]")


@dataclass(frozen=True, slots=True)
class Wideness:
    """How far resources are generalised: each is a step that makes the policy shorter and wider."""

    prefixes: int = MANY_PREFIXES
    """Prefixes of one bucket at most; 0 is the whole bucket."""
    groups: bool = False
    """Indexes, streams, versions and single objects of other services become their table, group or function."""
    services: bool = False
    """All resources of a service in one account and region become one pattern."""


def patterns_of(resources: Iterable[str], wide: Wideness) -> tuple[dict[str, str], list[str]]:
    """Return a pattern for each resource, and a line for each thing that was generalised."""
    keys: dict[str, set[str]] = defaultdict(set)
    parts: dict[str, set[str]] = defaultdict(set)
    found: dict[str, str] = {}
    lines: list[str] = []
    for arn in sorted(set(resources)):
        group = group_of(arn)
        if arn == "*":
            found[arn] = arn
        elif arn.endswith(UNKNOWN_KEYS):
            found[arn] = literal(arn[:-1]) + "*"
        elif ":s3:" in arn and arn != group:
            keys[group].add(arn[len(group) + 1 :])
        elif arn != group:
            parts[group].add(arn)
        else:
            found[arn] = _secret(arn)
    for bucket, names in keys.items():
        by_key = prefixes(names, wide.prefixes)
        found |= {f"{bucket}/{name}": f"{bucket}/{by_key[name]}" for name in names}
        lines += _told(bucket, by_key)
    for group, arns in parts.items():
        found |= _parts(group, arns, wide.groups)
    if wide.services:
        found = {arn: _whole_service(pattern) for arn, pattern in found.items()}
    return found, lines


def prefixes(keys: Iterable[str], at_most: int) -> dict[str, str]:
    """Return a pattern for each key: itself where a folder has few, else the folder's prefix; `at_most` patterns.

    Folders are joined, the deepest first, until there are few enough; the widest pattern is `*`.
    """
    if at_most <= 0:
        return dict.fromkeys(keys, "*")
    folders: dict[str, list[str]] = defaultdict(list)
    for key in keys:
        folders[key.rpartition("/")[0]].append(key)
    while _count(folders) > at_most and any(folders):
        deepest = max(folders, key=lambda folder: (folder.count("/") + bool(folder), folder))
        folders[deepest.rpartition("/")[0]] += folders.pop(deepest)
    if _count(folders) > at_most:
        return {key: "*" for names in folders.values() for key in names}
    wide = {folder for folder, names in folders.items() if _is_wide(names, folder)}
    found = {}
    for folder, names in folders.items():
        for key in names:
            found[key] = _prefix(_widest(folder, wide)) if folder in wide else literal(key)
    return found


def _widest(folder: str, wide: set[str]) -> str:
    """Return the folder, or the outermost one above it that is allowed whole anyway."""
    above = [head for head in _heads(folder) if head in wide]
    return above[0] if above else folder


def _heads(folder: str) -> list[str]:
    parts = folder.split("/")
    return ["", *("/".join(parts[:count]) for count in range(1, len(parts) + 1))] if folder else [""]


def _is_wide(names: list[str], folder: str) -> bool:
    return len(names) >= MANY_KEYS or any(name.rpartition("/")[0] != folder for name in names)


def _count(folders: Mapping[str, list[str]]) -> int:
    return sum(1 if _is_wide(names, folder) else len(names) for folder, names in folders.items())


def _prefix(folder: str) -> str:
    return f"{literal(folder)}/*" if folder else "*"


def literal(text: str) -> str:
    """Return a pattern that matches the text alone: its stars and the like are written as variables."""
    return _SPECIAL.sub(lambda match: f"${{{match.group()}}}", text)


def _parts(group: str, arns: set[str], whole: bool) -> dict[str, str]:
    """Return patterns for the parts of one table, log group or function."""
    mark = "/" if ":dynamodb:" in group or ":execute-api:" in group else ":"
    if ":logs:" in group or whole:  # streams come and go
        return dict.fromkeys(arns, f"{literal(group)}{mark}*")
    if len(arns) >= MANY_KEYS:
        inside = "/index/*" if ":dynamodb:" in group and all("/index/" in arn for arn in arns) else f"{mark}*"
        return dict.fromkeys(arns, literal(group) + inside)
    return {arn: literal(arn) for arn in arns}


def _secret(arn: str) -> str:
    if arn.endswith(UNKNOWN_SUFFIX) and ":secretsmanager:" in arn:
        return literal(arn.removesuffix(UNKNOWN_SUFFIX)) + "-??????"
    return literal(arn)


def _whole_service(pattern: str) -> str:
    if pattern == "*":
        return pattern
    parts = pattern.split(":", 5)
    kind = re.split(r"[:/]", parts[5])[0] if parts[2] not in ("s3", "sqs", "sns") else ""
    if parts[2] == "s3":
        return ":".join(parts[:5]) + (":*/*" if "/" in parts[5] else ":*")
    mark = parts[5][len(kind) : len(kind) + 1]
    return ":".join(parts[:5]) + (f":{kind}{mark}*" if kind and mark else ":*")


def _told(bucket: str, by_key: Mapping[str, str]) -> list[str]:
    counts: dict[str, int] = defaultdict(int)
    for pattern in by_key.values():
        counts[pattern] += pattern.endswith("*")
    name = bucket.rpartition(":")[2]
    return [f"Bucket {name}: {count:,} keys became {pattern}." for pattern, count in counts.items() if count]
