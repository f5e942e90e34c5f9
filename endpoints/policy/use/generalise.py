"""From the resources that were used to the patterns that a person would have written.

Keys of objects become prefixes, streams their group, unknown characters of a secret's ARN six question marks. Nothing
gets wider than its bucket, table or group here.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from endpoints.policy.use.groups import group_of
from endpoints.policy.use.resources import UNKNOWN_KEYS, UNKNOWN_SUFFIX

MANY_KEYS = 3
"""So many keys of one folder become the folder's prefix."""
MANY_PREFIXES = 12
FEW_PREFIXES = 3
MAX_DEPTH = 16
"""Folders below this depth count as the one at it, so that no key costs more than others."""

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
        found |= {f"{bucket}/{name}": f"{literal(bucket)}/{by_key[name]}" for name in names}
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
        folders[_folder(key)].append(key)
    _fold(folders, at_most)
    if sum(map(_count, folders, folders.values())) > at_most:
        return {key: "*" for names in folders.values() for key in names}
    wide = {folder for folder, names in folders.items() if _is_wide(names, folder)}
    found: dict[str, str] = {}
    for folder, names in folders.items():
        above = _widest(folder, wide)
        found |= dict.fromkeys(names, _prefix(above)) if above is not None else {key: literal(key) for key in names}
    return found


def _fold(folders: dict[str, list[str]], at_most: int) -> None:
    """Join folders with the one above them, the deepest first, until there are few enough patterns."""
    by_depth: dict[int, set[str]] = defaultdict(set)
    for folder in folders:
        by_depth[_depth(folder)].add(folder)
    count = sum(map(_count, folders, folders.values()))
    for depth in range(max(by_depth, default=0), 0, -1):
        for folder in sorted(by_depth[depth], reverse=True):
            if count <= at_most:
                return
            above = folder.rpartition("/")[0]
            count -= _count(folder, folders[folder]) + _count(above, folders[above])
            folders[above] += folders.pop(folder)
            count += _count(above, folders[above])
            by_depth[depth - 1].add(above)


def _folder(key: str) -> str:
    head = key.rpartition("/")[0]
    return head if head.count("/") < MAX_DEPTH else "/".join(head.split("/", MAX_DEPTH)[:MAX_DEPTH])


def _depth(folder: str) -> int:
    return folder.count("/") + 1 if folder else 0


def _widest(folder: str, wide: set[str]) -> str | None:
    """Return the outermost folder, this one or above it, that is allowed whole; None if none is."""
    return next((head for head in _heads(folder) if head in wide), None)


def _heads(folder: str) -> Iterator[str]:
    """Give the folders above, the outermost first, and the folder itself."""
    yield ""
    at = folder.find("/")
    while at >= 0:
        yield folder[:at]
        at = folder.find("/", at + 1)
    yield folder


def _is_wide(names: list[str], folder: str) -> bool:
    return len(names) >= MANY_KEYS or any(name.rpartition("/")[0] != folder for name in names)


def _count(folder: str, names: list[str]) -> int:
    """Return how many patterns the keys of a folder need."""
    return 1 if _is_wide(names, folder) else len(names)


def _prefix(folder: str) -> str:
    return f"{literal(folder)}/*" if folder else "*"


def literal(text: str) -> str:
    """Return a pattern that matches the text alone: its stars and the like are written as variables.

    NUL can stand in no policy: any one character stands for it.
    """
    return _SPECIAL.sub(lambda match: f"${{{match.group()}}}", text).replace("\x00", "?")


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
