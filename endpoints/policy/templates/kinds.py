"""The kinds of values that templates take: how each is written, checked and put into an ARN.

Names come from people and end in a policy, so each kind says what it accepts and refuses the rest: no quotes, no
wildcards, and no `${`, which would start a policy variable.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_ARN_PARTS = 6


class RefusedError(ValueError):
    """A value that its kind does not take."""

    def __init__(self, message: str, cure: str) -> None:
        super().__init__(f"{message} {cure}")
        self.message = message
        self.cure = cure


@dataclass(frozen=True, slots=True)
class Place:
    """Where an endpoint is: its region, partition (`aws`, `aws-cn`, `aws-us-gov`) and account (12 digits)."""

    region: str
    partition: str
    account: str

    def arn(self, service: str, rest: str, *, region: str | None = None, account: str | None = None) -> str:
        """Return an ARN in this place; a region or account of "" leaves that part empty."""
        region = self.region if region is None else region
        account = self.account if account is None else account
        return f"arn:{self.partition}:{service}:{region}:{account}:{rest}"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of value that is taken as it stands, if it has the right form."""

    what: str
    pattern: str
    cure: str

    def normal(self, value: str, place: Place) -> str:
        """Return the value in its normal form. Raises `RefusedError`."""
        refuse_marks(value)
        if not re.fullmatch(self.pattern, value, re.ASCII):
            raise RefusedError(f"{shown(value)} is no {self.what}.", self.cure)
        return value


@dataclass(frozen=True, slots=True)
class Choice(Kind):
    """One of a few words."""

    words: tuple[str, ...] = ()

    def normal(self, value: str, place: Place) -> str:
        if value not in self.words:
            raise RefusedError(f"{shown(value)} is no {self.what}.", f"Choose of {', '.join(self.words)}.")
        return value


@dataclass(frozen=True, slots=True)
class Named(Kind):
    """A resource, by its name or its whole ARN; its normal form is the ARN.

    `pattern` is that of the name. `lead` stands before the name in the ARN's resource part, such as `table/`.
    `regional` and `owned` say whether the ARN has a region and an account.
    """

    service: str = ""
    lead: str = ""
    tail: str = ""
    regional: bool = True
    owned: bool = True
    drop: str = ""
    """An end that AWS shows on ARNs and that means nothing here."""

    def arn(self, name: str, place: Place) -> str:
        """Return the ARN of a name in the endpoint's own place."""
        region, account = None if self.regional else "", None if self.owned else ""
        return place.arn(self.service, f"{self.lead}{name}{self.tail}", region=region, account=account)

    def normal(self, value: str, place: Place) -> str:
        value = value.removesuffix(self.drop) if self.drop else value
        refuse_marks(value)
        if not value.startswith("arn:"):
            return self.arn(self._name(value), place)
        parts = value.split(":", _ARN_PARTS - 1)
        if len(parts) < _ARN_PARTS or parts[2] != self.service or not parts[5].startswith(self.lead):
            raise RefusedError(f"{shown(value)} is no ARN of a {self.what}.", self.cure)
        _, partition, _, region, account, rest = parts
        if partition != place.partition:
            raise RefusedError(f"{shown(value)} is in another partition.", f"Write arn:{place.partition}:….")
        if region != (place.region if self.regional else ""):
            where = f"in region {place.region}, the endpoint's own" if self.regional else "without a region"
            raise RefusedError(f"{shown(value)} has the wrong region.", f"Write an ARN {where}.")
        if not re.fullmatch("[0-9]{12}" if self.owned else "", account, re.ASCII):
            what = "the owner's twelve digits" if self.owned else "nothing"
            raise RefusedError(f"{shown(value)} has the wrong account part.", f"Write {what} there.")
        name = self._name(rest.removeprefix(self.lead).removesuffix(self.tail))
        return place.arn(self.service, f"{self.lead}{name}{self.tail}", region=region, account=account)

    def _name(self, name: str) -> str:
        if not re.fullmatch(self.pattern, name, re.ASCII):
            raise RefusedError(f"{shown(name)} is no {self.what}.", self.cure)
        return name


@dataclass(frozen=True, slots=True)
class Secret(Named):
    """A secret. AWS adds a hyphen and six characters to its name, which only a whole ARN tells."""

    def arn(self, name: str, place: Place) -> str:
        return place.arn(self.service, f"{self.lead}{name}-??????")


def refuse_marks(value: str) -> None:
    """Raise `RefusedError` for what no name holds and a policy reads as more than text."""
    if "${" in value:
        raise RefusedError(f"{shown(value)} holds ${{, which starts a policy variable.", "Write the name itself.")
    if "*" in value or "?" in value:
        raise RefusedError(f"{shown(value)} holds a wildcard.", "Name each, or choose a wider template.")


def shown(value: str) -> str:
    """Return the value in quotation marks, short, and with nothing in it that is not printable."""
    text = "".join(mark if mark.isprintable() else "�" for mark in value[:60])
    return f"“{text}…”" if len(value) > 60 else f"“{text}”"


ORGANISATION = Kind("organisation", r"o-[a-z0-9]{10,32}", "Write its id: o- and at least ten letters and digits.")
ACCOUNT = Kind("account", r"[0-9]{12}", "Write its twelve digits.")
BUCKET = Named(
    "bucket",
    r"(?!xn--)(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]",
    "Write its name (3 to 63 small letters, digits, dots and hyphens) or its ARN.",
    *("s3", "", "", False, False),
)
OBJECT_PREFIX = Kind(
    "prefix",
    r"[A-Za-z0-9!_.'()/=@+-]{1,512}",
    "Write the start of the objects' keys, such as reports/2026/, without a leading bucket name.",
)
ROLE = Named(
    "role",
    r"(?:[A-Za-z0-9_.,+@=-]+/)*[A-Za-z0-9_+=,.@-]{1,64}",
    "Write its name, or its ARN arn:aws:iam::111122223333:role/name.",
    *("iam", "role/", "", False, True),
)
TABLE = Named("table", r"[A-Za-z0-9_.-]{3,255}", "Write its name or its ARN.", "dynamodb", "table/")
SECRET = Secret(
    "secret",
    r"[A-Za-z0-9/_+=.@-]{1,512}",
    "Write its name without the six characters that AWS adds, or its whole ARN.",
    *("secretsmanager", "secret:"),
)
KEY = Named(
    "KMS key",
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32}",
    "Write its id or its ARN. Aliases don't stand in policies' resources.",
    *("kms", "key/"),
)
QUEUE = Named("queue", r"[A-Za-z0-9_-]{1,75}\.fifo|[A-Za-z0-9_-]{1,80}", "Write its name or its ARN.", "sqs")
TOPIC = Named("topic", r"[A-Za-z0-9_-]{1,251}\.fifo|[A-Za-z0-9_-]{1,256}", "Write its name or its ARN.", "sns")
STREAM = Named("data stream", r"[A-Za-z0-9_.-]{1,128}", "Write its name or its ARN.", "kinesis", "stream/")
BUS = Named("event bus", r"[A-Za-z0-9_./-]{1,256}", "Write its name or its ARN.", "events", "event-bus/")
FUNCTION = Named(
    "function", r"[A-Za-z0-9_-]{1,64}", "Write its name, or its ARN without version.", "lambda", "function:"
)
LOG_GROUP = Named(
    "log group", r"[A-Za-z0-9_/.#-]{1,512}", "Write its name or its ARN.", "logs", "log-group:", drop=":*"
)
PARAMETER_NAME = Named(
    "parameter", r"(?:[A-Za-z0-9_.-]+/)*[A-Za-z0-9_.-]{1,1011}", "Write its name without the first /, or its ARN.",
    *("ssm", "parameter/"),
)  # fmt: skip
ECR_REPOSITORY = Named(
    "repository",
    r"(?:[a-z0-9]+(?:[._-]+[a-z0-9]+)*/)*[a-z0-9]+(?:[._-]+[a-z0-9]+)*",
    "Write its name or its ARN.",
    *("ecr", "repository/"),
)
PACKAGE_REPOSITORY = Named(
    "CodeArtifact repository",
    r"[a-z][a-z0-9-]{0,48}[a-z0-9]/[A-Za-z0-9][A-Za-z0-9._-]{1,99}",
    "Write it as domain/repository, or its ARN.",
    *("codeartifact", "repository/"),
)
NAMESPACE = Kind("metric namespace", r"[A-Za-z0-9_./#:-]{1,255}", "Write it as the application sends it.")
