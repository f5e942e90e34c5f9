"""The linter: everything there is to say about an endpoint policy, each thing at its place in the text.

Each rule stands in the table `rules`. Facts: IAM user guide; AWS PrivateLink guide, "Control access to VPC endpoints
using endpoint policies"; AWS Service Authorization Reference.
"""

from __future__ import annotations

from endpoints.policy.document import PolicyDocument, PolicySyntaxError, parse
from endpoints.policy.findings import Finding
from endpoints.policy.lint import grammar
from endpoints.policy.lint.actions import check_actions
from endpoints.policy.lint.endpoint_services import action_prefixes, is_other_owners
from endpoints.policy.lint.keys import check_tests
from endpoints.policy.lint.model import Policy, VpcEndpointType
from endpoints.policy.lint.never import check_never
from endpoints.policy.lint.report import Report
from endpoints.policy.lint.resources import check_accounts, check_resources
from endpoints.policy.lint.rules import GROUPS, RULES, Rule
from endpoints.policy.lint.shadows import check_shadows
from endpoints.policy.lint.variables import check_variables
from endpoints.policy.lint.whole import check_whole

__all__ = ["GROUPS", "RULES", "Finding", "Rule", "VpcEndpointType", "lint"]


def lint(
    policy: str | PolicyDocument,
    *,
    vpc_endpoint_type: VpcEndpointType | None = None,
    service_name: str | None = None,
    protected: bool = False,
    takes_policy: bool = True,
) -> tuple[Finding, ...]:
    """Return everything found in a policy, in the order of its text; nothing that blocks means that it can be used.

    `vpc_endpoint_type` adds the rules of that type; without one the text may be an identity policy, and a missing
    Principal is no finding. `service_name` is the endpoint's, such as `com.amazonaws.eu-west-1.s3`. `protected` says
    that the account's endpoints get no full access, `takes_policy` is false for a service of AWS's without endpoint
    policies; other owners' services never take one.

    Never raises for any string, and does bounded work: what would take more than some tenths of a second is left
    unsaid, and so is what exceeds 200 findings.
    """
    try:
        document = policy if isinstance(policy, PolicyDocument) else parse(policy)
    except PolicySyntaxError as error:
        return error.findings
    report = Report(document)
    read = Policy(
        report=report,
        statements=grammar.check(report, vpc_endpoint_type),
        variables=document.takes_variables,
        vpc_endpoint_type=vpc_endpoint_type,
        prefixes=action_prefixes(service_name) if service_name else frozenset(),
        service_name=service_name or "",
        protected=protected,
        takes_policy=takes_policy and not is_other_owners(service_name or ""),
    )
    check_whole(read)
    for statement in read.statements:
        if report.full:
            break
        reach = check_actions(read, statement)
        if read.at_endpoint:
            check_accounts(read, statement)
        check_resources(read, statement, reach)
        if statement.tests:
            check_tests(read, statement, reach)
        check_variables(read, statement)
        check_never(read, statement)
    check_shadows(read)
    return report.findings()
