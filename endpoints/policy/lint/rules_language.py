"""Rules about the policy language: which elements there are, and the form of their values."""

from __future__ import annotations

from endpoints.policy.findings import Severity

Row = tuple[str, Severity, str, str, str, str]

_GRAMMAR = "IAM user guide, Grammar of the IAM JSON policy language"
_PRINCIPAL = "IAM user guide, AWS JSON policy elements: Principal"
_CONDITION = "IAM user guide, IAM JSON policy elements: Condition operators"
_RESOURCE = "IAM user guide, IAM JSON policy elements: Resource"
_SID = "IAM user guide, IAM JSON policy elements: Sid"
_REFUSED = "AWS refuses the document."

LANGUAGE: tuple[Row, ...] = (
    ("element-unknown", "block", "No element has this name", _REFUSED, "Write the name that is meant.", _GRAMMAR),
    (
        "version-unknown",
        "block",
        "This Version does not exist",
        "It names the policy language, not one's own revision. " + _REFUSED,
        'Write "2012-10-17".',
        "IAM user guide, IAM JSON policy elements: Version",
    ),
    ("id-type", "block", "Id is not a string", _REFUSED, "Put it in quotes, or remove it.", _GRAMMAR),
    ("statement-missing", "block", "The policy has no Statement", _REFUSED, 'Add "Statement": [ … ].', _GRAMMAR),
    ("statement-empty", "block", "Statement is empty", _REFUSED, "Add at least one statement.", _GRAMMAR),
    ("statement-type", "block", "A statement is an object", _REFUSED, 'Write { "Effect": … }.', _GRAMMAR),
    ("effect-missing", "block", "The statement has no Effect", _REFUSED, 'Add "Effect": "Allow".', _GRAMMAR),
    (
        "effect-unknown",
        "block",
        "Effect is Allow or Deny",
        "Letter case counts. " + _REFUSED,
        'Write "Allow" or "Deny".',
        "IAM user guide, IAM JSON policy elements: Effect",
    ),
    ("action-missing", "block", "The statement has no Action", _REFUSED, "Add Action or NotAction.", _GRAMMAR),
    ("action-twice", "block", "Both Action and NotAction", _REFUSED, "Keep one.", _GRAMMAR),
    (
        "action-form",
        "block",
        "That is no action",
        "An action is a service prefix, a colon and a name; wildcards stand in the name only. " + _REFUSED,
        'Write "s3:GetObject" or "s3:Get*".',
        "IAM user guide, IAM JSON policy elements: Action",
    ),
    ("resource-missing", "block", "The statement has no Resource", _REFUSED, "Add Resource or NotResource.", _GRAMMAR),
    ("resource-twice", "block", "Both Resource and NotResource", _REFUSED, "Keep one.", _GRAMMAR),
    (
        "resource-form",
        "block",
        "That is no ARN",
        "A resource is * or an ARN of six parts. " + _REFUSED,
        'Write "*" or "arn:aws:s3:::bucket/*".',
        _RESOURCE,
    ),
    (
        "resource-service",
        "block",
        "A wildcard stands for the service of an ARN",
        "AWS takes no wildcard in that part.",
        "Name the service, or write * for all resources.",
        _RESOURCE,
    ),
    (
        "principal-missing",
        "block",
        "The statement has no Principal",
        "Endpoint policies are resource policies: each statement says who is meant.",
        'Add "Principal": "*".',
        "AWS PrivateLink guide, Control access to VPC endpoints using endpoint policies",
    ),
    ("principal-twice", "block", "Both Principal and NotPrincipal", _REFUSED, "Keep one.", _GRAMMAR),
    (
        "principal-form",
        "block",
        "Principal is * or an object",
        _REFUSED,
        'Write { "AWS": "111122223333" }.',
        _PRINCIPAL,
    ),
    ("principal-empty", "block", "Principal names nobody", _REFUSED, 'Write "*" or { "AWS": … }.', _PRINCIPAL),
    ("principal-type", "block", "No such type of principal", _REFUSED, 'Write "AWS".', _PRINCIPAL),
    (
        "principal-wildcard",
        "block",
        "A wildcard stands inside a principal",
        "A principal is * or named whole; AWS refuses the rest.",
        "Write * and narrow it with a Condition on aws:PrincipalArn.",
        _PRINCIPAL,
    ),
    ("principal-arn", "block", "That is no principal", _REFUSED, "Write an account id or an ARN.", _PRINCIPAL),
    ("list-empty", "block", "An empty list", _REFUSED, "Name at least one.", _GRAMMAR),
    ("value-type", "block", "Only strings stand here", _REFUSED, "Write it in double quotes.", _GRAMMAR),
    ("sid-type", "block", "Sid is not a string", _REFUSED, "Put it in quotes, or remove it.", _SID),
    (
        "sid-characters",
        "warn",
        "A Sid with unusual characters",
        "Some services refuse all but letters and digits.",
        "Use letters and digits.",
        _SID,
    ),
    ("sid-twice", "block", "A Sid is used twice", "Each must be its statement's own.", "Rename one.", _SID),
    (
        "condition-type",
        "block",
        "Condition is an object of objects",
        _REFUSED,
        "Write { operator: { key: … } }.",
        _GRAMMAR,
    ),
    ("operator-unknown", "block", "No such condition operator", _REFUSED, "Write the one that is meant.", _CONDITION),
    ("condition-key", "block", "That is no condition key", _REFUSED, "Write it with its prefix.", _GRAMMAR),
    (
        "condition-value",
        "block",
        "The operator takes no such value",
        "The condition could never hold, or AWS refuses it.",
        "Write a value of the operator's type.",
        _CONDITION,
    ),
    (
        "condition-empty",
        "warn",
        "A condition without values",
        "No value of a request matches an empty list.",
        "Name the values, or remove the key.",
        _CONDITION,
    ),
    (
        "condition-arn",
        "warn",
        "A value of an ARN operator that is no ARN",
        "Their six parts are compared one by one: ArnEquals and ArnLike never match it, their negations always.",
        "Write all six parts, with * for those that don't matter.",
        _CONDITION,
    ),
    (
        "condition-variable",
        "warn",
        "A variable where none is replaced",
        "Numbers, dates, addresses, Null and binary values take no variables.",
        "Write the value itself.",
        "IAM user guide, IAM policy elements: Variables and tags",
    ),
    (
        "version-variables",
        "warn",
        "Variables in an old Version",
        "Without Version 2012-10-17, ${…} is literal text and matches nothing real.",
        'Write "Version": "2012-10-17".',
        "IAM user guide, IAM JSON policy elements: Version",
    ),
    (
        "variable-form",
        "warn",
        "A variable that can't be read",
        "A statement with it matches nothing. A default is written ${key, 'value'}.",
        "Write ${key}, or ${*}, ${?}, ${$} for those characters.",
        "IAM user guide, IAM policy elements: Variables and tags",
    ),
    (
        "variable-unknown",
        "warn",
        "A variable of no known key, or of one with several values",
        "It is never filled in: a resource with it matches nothing.",
        "Use a key with one value, such as ${aws:PrincipalAccount}.",
        "IAM user guide, IAM policy elements: Variables and tags",
    ),
)
