"""Who may do what: the table by which `test_who_may.py` asks every route.

It is written by hand and knows nothing of `endpoints/permissions.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")

CAST = (
    "anonymous",
    "nobody",  # signed in, without a role
    "owner",  # the engineer who asked
    "teammate",
    "outsider",  # an engineer of another team, who asked for the foreign objects
    "approver",  # of the account of the owner's objects
    "elsewhere",  # approver of the account of the foreign objects
    "operator",
    "auditor",
    "administrator",
    "superuser",  # without a role
)

OUTCOMES = {
    "s": "asked to sign in",
    "d": "denied",
    "h": "told there is no such thing",
    "m": "told there is no such method",
    "P": "let pass",
}

# One letter per member of the cast, in its order:
#                 anonymous nobody owner teammate outsider approver elsewhere operator auditor administrator superuser
EVERYBODY = "         P      P      P      P        P        P         P        P       P          P            P"
NO_METHOD = "         m      m      m      m        m        m         m        m       m          m            m"
NOWHERE = "           h      h      h      h        h        h         h        h       h          h            h"
SIGNED_IN = "         s      P      P      P        P        P         P        P       P          P            P"
NO_ROLE_OR_NOWHERE = "s      d      h      h        h        h         h        h       h          h            d"
NOT_THERE = "         s      h      h      h        h        h         h        h       h          h            h"
WITH_A_ROLE = "       s      d      P      P        P        P         P        P       P          P            d"
SEES_OWN = "          s      d      P      P        h        P         h        P       P          P            d"
SEES_FOREIGN = "      s      d      h      h        P        h         P        P       P          P            d"


@dataclass(frozen=True)
class Row:
    """What a route answers. `about` names the object whose id stands in the address.

    `own` holds for the owner's object, or for a route without one; `foreign` for the outsider's. Methods that aren't
    named are refused to everybody; HEAD goes as GET. `form` is what POST sends.
    """

    own: Mapping[str, str]
    foreign: Mapping[str, str] = field(default_factory=dict)
    about: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    form: Mapping[str, Any] = field(default_factory=dict)

    def letters(self, relation: str, method: str) -> list[str]:
        """Return the expected letters, in the order of the cast."""
        cells: Mapping[str, str] = getattr(self, relation)
        return cells.get("GET" if method == "HEAD" else method, NO_METHOD).split()


def reads(own: str, foreign: str = "", about: str = "", **arguments: Any) -> Row:
    """Return the row of a route that is only read."""
    return Row({"GET": own}, {"GET": foreign} if foreign else {}, about, arguments)


# Who may send a form is let pass, whatever the service then says of what stands in it.
ENGINEERS = "         s      d      P      P        P        d         d        d       d          d            d"
OWN_ENGINEERS = "     s      d      P      P        h        d         d        d       d          d            d"
FOREIGN_ENGINEERS = " s      d      h      h        P        d         d        d       d          d            d"
THE_REQUESTER = "     s      d      P      d        h        d         d        d       d          d            d"
ANOTHER_REQUESTER = " s      d      h      h        P        d         d        d       d          d            d"
RETRY_OWN = "         s      d      P      d        h        d         d        P       d          P            d"
RETRY_FOREIGN = "     s      d      h      h        P        d         d        P       d          P            d"
APPROVERS = "         s      d      d      d        d        P         P        d       d          d            d"
OWN_APPROVERS = "     s      d      d      d        d        P         h        d       d          d            d"
FOREIGN_APPROVERS = " s      d      d      d        d        h         P        d       d          d            d"
OPERATORS = "         s      d      d      d        d        d         d        P       d          P            d"

ACCOUNT_READERS = "   s      d      d      d        d        P         P        P       P          P            d"
OWN_ACCOUNT = "       s      d      d      d        d        P         h        P       P          P            d"
FOREIGN_ACCOUNT = "   s      d      d      d        d        h         P        P       P          P            d"
ADMINISTRATORS = "    s      d      d      d        d        d         d        d       d          P            d"
REFRESH_OWN = "       s      d      h      h        h        P         h        P       d          P            d"
REFRESH_FOREIGN = "   s      d      h      h        h        h         P        P       d          P            d"
AUDITORS = "          s      d      d      d        d        d         d        P       P          P            d"

# Engineers see what nobody asked for in every account; approvers see their own account's.
UNMANAGED_OWN = "     s      d      P      P        P        P         h        P       P          P            d"
UNMANAGED_FOREIGN = " s      d      P      P        P        h         P        P       P          P            d"

# Everybody asks with a bundle; its team's engineers edit it.
TEAM_ENGINEERS = "    s      d      P      P        d        d         d        d       d          d            d"
OTHER_ENGINEERS = "   s      d      d      d        P        d         d        d       d          d            d"

REASON = {"reason": "Because."}
SEEN = {"version": "1"}

ADDS_OWN = "          s      d      P      P        h        P         h        P       d          P            d"
ADDS_FOREIGN = "      s      d      h      h        P        h         P        P       d          P            d"
UPLOADER = "          s      d      P      d        h        d         h        P       d          P            d"
ANOTHER_UPLOADER = "  s      d      h      h        P        h         d        P       d          P            d"

API = {
    **dict.fromkeys(["api_requests", "api_requests_slash", "api_endpoints", "api_endpoints_slash"], reads(WITH_A_ROLE)),
    **dict.fromkeys(["api_unmanaged_endpoints", "api_unmanaged_endpoints_slash"], reads(WITH_A_ROLE)),
    **dict.fromkeys(["api_request", "api_request_slash"], reads(SEES_OWN, SEES_FOREIGN, "request")),
    **dict.fromkeys(
        ["api_endpoint", "api_endpoint_slash", "api_policy_revisions", "api_policy_revisions_slash"],
        reads(SEES_OWN, SEES_FOREIGN, "endpoint"),
    ),
    **dict.fromkeys(["api_account", "api_account_slash"], reads(OWN_ACCOUNT, FOREIGN_ACCOUNT, "account")),
    **dict.fromkeys(["api_operations", "api_operations_slash"], reads(AUDITORS)),
    **dict.fromkeys(["api_reachability", "api_reachability_slash"], reads(WITH_A_ROLE)),
    **dict.fromkeys(["api_services", "api_services_slash", "api_vpcs", "api_vpcs_slash"], reads(WITH_A_ROLE)),
    **dict.fromkeys(["api_coverage", "api_coverage_slash"], reads(UNMANAGED_OWN, UNMANAGED_FOREIGN, "vpc")),
    **dict.fromkeys(["api_plan", "api_plan_slash"], Row({"POST": ENGINEERS})),
    **dict.fromkeys(["api_operation", "api_operation_slash"], reads(AUDITORS, AUDITORS, "operation")),
    **dict.fromkeys(["api_simulations", "api_simulations_slash"], Row({"POST": SIGNED_IN})),
    "api_schema": reads(SIGNED_IN),
    "api_docs": reads(SIGNED_IN),
    "api_unknown": Row(dict.fromkeys(METHODS, NOWHERE), arguments={"rest": "v1/nothing"}),
}
REQUESTS = {
    "request_list": reads(WITH_A_ROLE),
    "request_new": Row({"GET": ENGINEERS, "POST": ENGINEERS}),
    "request_new_fields": reads(ENGINEERS),
    "request_new_cost": reads(ENGINEERS),
    "request_several": Row({"GET": ENGINEERS, "POST": ENGINEERS}),
    "request_several_live": Row({"POST": ENGINEERS}),
    "request_detail": reads(SEES_OWN, SEES_FOREIGN, "request"),
    "request_live": reads(SEES_OWN, SEES_FOREIGN, "request"),
    "request_edit": Row(
        {"GET": THE_REQUESTER, "POST": THE_REQUESTER}, {"GET": ANOTHER_REQUESTER, "POST": ANOTHER_REQUESTER}, "request"
    ),
    "request_withdraw": Row({"POST": THE_REQUESTER}, {"POST": ANOTHER_REQUESTER}, "request"),
    "request_retry": Row({"POST": RETRY_OWN}, {"POST": RETRY_FOREIGN}, "request"),
    "request_review": Row({"POST": OWN_APPROVERS}, {"POST": FOREIGN_APPROVERS}, "request"),
    "request_reach": reads(SEES_OWN, SEES_FOREIGN, "request"),
    "approval_queue": reads(APPROVERS),
}
ENDPOINTS = {
    "endpoint_list": reads(WITH_A_ROLE),
    "endpoint_detail": reads(SEES_OWN, SEES_FOREIGN, "endpoint"),
    "endpoint_live": reads(SEES_OWN, SEES_FOREIGN, "endpoint"),
    "endpoint_reach": reads(SEES_OWN, SEES_FOREIGN, "endpoint"),
    "policy_revision": reads(SEES_OWN, SEES_FOREIGN, "endpoint", number=1),
    **{
        name: Row(
            {"GET": OWN_ENGINEERS, "POST": OWN_ENGINEERS},
            {"GET": FOREIGN_ENGINEERS, "POST": FOREIGN_ENGINEERS},
            "endpoint",
            arguments,
            REASON,
        )
        for name, arguments in [
            ("endpoint_delete", {}),
            ("endpoint_modify", {}),
            ("endpoint_replace", {}),
            ("endpoint_policy_new", {}),
            ("endpoint_restore", {}),
            ("endpoint_accept", {}),
            ("endpoint_recreate", {}),
            ("policy_rollback", {"number": 1}),
        ]
    },
    "endpoint_use": Row({"GET": SEES_OWN, "POST": ADDS_OWN}, {"GET": SEES_FOREIGN, "POST": ADDS_FOREIGN}, "endpoint"),
    "endpoint_use_live": reads(SEES_OWN, SEES_FOREIGN, "endpoint"),
    "use_remove": Row({"POST": UPLOADER}, {"POST": ANOTHER_UPLOADER}, "use"),
    # The change asks for no other policy, so there is nothing to say of it to anybody.
    "request_use": reads(NO_ROLE_OR_NOWHERE, NO_ROLE_OR_NOWHERE, "request", change=1),
    "endpoint_unmanaged": reads(WITH_A_ROLE),
    # No team owns what nobody asked for: every engineer may ask to adopt it, in the name of their team.
    "endpoint_adopt": Row({"GET": ENGINEERS, "POST": ENGINEERS}, {"GET": ENGINEERS, "POST": ENGINEERS}, "unmanaged"),
    "policy_check": Row({"POST": ENGINEERS}, form={"policy_document": "{}"}),
    "policy_rules": reads(WITH_A_ROLE),
}
SIMULATOR = {
    "simulator": Row({"GET": SIGNED_IN, "POST": SIGNED_IN}),
    "simulator_actions": reads(SIGNED_IN),
    # Whoever has the link may read the question: an id that nobody guesses, and nothing of AWS in it.
    "simulation": reads(NOT_THERE, pk="7d2c5f3e-9a41-4a53-8f0e-0c1b7a6d9e12"),
}
ACCOUNTS = {
    "aws_account_list": reads(ACCOUNT_READERS),
    "aws_account_new": Row({"GET": ADMINISTRATORS, "POST": ADMINISTRATORS}),
    "aws_account_detail": reads(OWN_ACCOUNT, FOREIGN_ACCOUNT, "account"),
    "aws_account_live": reads(OWN_ACCOUNT, FOREIGN_ACCOUNT, "account"),
    "aws_account_refresh": Row({"POST": REFRESH_OWN}, {"POST": REFRESH_FOREIGN}, "account", form={"region": "x"}),
    "aws_account_check": Row({"POST": OPERATORS}, {"POST": OPERATORS}, "account"),
    "aws_account_protect": Row(
        {"POST": ADMINISTRATORS}, {"POST": ADMINISTRATORS}, "account", form={"protected": "yes"}
    ),
    "aws_account_external_id": Row(
        {"GET": ADMINISTRATORS, "POST": ADMINISTRATORS}, {"GET": ADMINISTRATORS, "POST": ADMINISTRATORS}, "account"
    ),
}
WORK = {
    "operation_list": reads(AUDITORS),
    "operation_detail": reads(AUDITORS, AUDITORS, "operation"),
    "operation_live": reads(AUDITORS, AUDITORS, "operation"),
    **{
        name: Row({"POST": OPERATORS}, {"POST": OPERATORS}, "operation", form={**SEEN, **REASON})
        for name in ("operation_retry", "operation_park", "operation_resume")
    },
}
NETWORK = {
    "endpoint_export": reads(SEES_OWN, SEES_FOREIGN, "endpoint"),
    "unmanaged_export": reads(UNMANAGED_OWN, UNMANAGED_FOREIGN, "unmanaged"),
    "service_list": reads(WITH_A_ROLE),
    "coverage": reads(WITH_A_ROLE),
    "bundle_list": reads(WITH_A_ROLE),
    "bundle_new": Row({"GET": ENGINEERS, "POST": ENGINEERS}),
    "bundle_edit": Row(
        {"GET": TEAM_ENGINEERS, "POST": TEAM_ENGINEERS}, {"GET": OTHER_ENGINEERS, "POST": OTHER_ENGINEERS}, "bundle"
    ),
    "bundle_remove": Row({"POST": TEAM_ENGINEERS}, {"POST": OTHER_ENGINEERS}, "bundle"),
    "cost_totals": reads(WITH_A_ROLE),
    "permissions": reads(WITH_A_ROLE),
}
REST = {
    "home": reads(SIGNED_IN),
    "search": reads(WITH_A_ROLE),
    "network_reachability": reads(WITH_A_ROLE),
    "event_list": reads(WITH_A_ROLE),
    "token_list": Row({"GET": WITH_A_ROLE, "POST": WITH_A_ROLE}, form={"name": "laptop"}),
}
TABLE: dict[str, Row] = {**API, **REQUESTS, **ENDPOINTS, **NETWORK, **SIMULATOR, **ACCOUNTS, **WORK, **REST}
