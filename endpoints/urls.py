"""Every route of the application, each with the rule of who may use it."""

from __future__ import annotations

from django.urls import URLPattern, register_converter
from django.urls.converters import PathConverter
from rest_framework.views import APIView

from endpoints.api import accounts as account_json
from endpoints.api import catalogue as json_catalogue
from endpoints.api import coverage as json_coverage
from endpoints.api import docs
from endpoints.api import operations as json_operations
from endpoints.api import plan as json_plan
from endpoints.api import reachability as json_reachability
from endpoints.api import simulations as json_simulations
from endpoints.api import unmanaged as json_unmanaged
from endpoints.api import views as json
from endpoints.permissions import (
    ACCOUNT_READERS,
    ADMINISTRATORS,
    ANY_ROLE,
    APPROVERS,
    AUDITORS,
    CHANGERS,
    ENGINEERS,
    OPERATORS,
    PUBLIC,
    REQUESTERS_OR_OPERATORS,
    SIGNED_IN,
    Rule,
)
from endpoints.routing import api, page
from endpoints.views import (
    accounts,
    bundles,
    catalogue,
    colleague,
    costs,
    coverage,
    endpoint_changes,
    endpoint_modify,
    endpoints,
    exports,
    home,
    operations,
    policies,
    reachability,
    records,
    repairs,
    request_form,
    request_page,
    requests,
    several,
    simulator,
    tokens,
    unmanaged,
    use,
)


class _Anything(PathConverter):
    """A path, or nothing; Django's own ends at a line end, which somebody may write as %0A."""

    regex = "(?s:.*)"


register_converter(_Anything, "anything")

_REQUESTS = [
    page("requests/", requests.request_list, name="request_list", get=ANY_ROLE),
    page("requests/new/", request_form.request_new, name="request_new", get=ENGINEERS, post=ENGINEERS),
    page("requests/new/fields/", request_form.request_new_fields, name="request_new_fields", get=ENGINEERS),
    page("requests/new/several/", several.request_several, name="request_several", get=ENGINEERS, post=ENGINEERS),
    page("requests/new/several/live/", several.several_live, name="request_several_live", post=ENGINEERS),
    page("requests/new/cost/", costs.request_new_cost, name="request_new_cost", get=ENGINEERS),
    page("requests/<int:pk>/", request_page.request_detail, name="request_detail", get=ANY_ROLE),
    page("requests/<int:pk>/live/", request_page.request_live, name="request_live", get=ANY_ROLE),
    page("requests/<int:pk>/edit/", request_page.request_edit, name="request_edit", get=ENGINEERS, post=ENGINEERS),
    page("requests/<int:pk>/withdraw/", request_page.request_withdraw, name="request_withdraw", post=ENGINEERS),
    page("requests/<int:pk>/retry/", request_page.request_retry, name="request_retry", post=REQUESTERS_OR_OPERATORS),
    page("requests/<int:pk>/review/", request_page.request_review, name="request_review", post=APPROVERS),
    page("requests/<int:pk>/reachability/", reachability.request_reach, name="request_reach", get=ANY_ROLE),
    page("requests/<int:pk>/use/<int:change>/", use.request_use, name="request_use", get=ANY_ROLE),
    page("approvals/", requests.approval_queue, name="approval_queue", get=APPROVERS),
]
_POLICY = "endpoints/<int:pk>/policy/"
_ENDPOINTS = [
    page("endpoints/", endpoints.endpoint_list, name="endpoint_list", get=ANY_ROLE),
    page("endpoints/<int:pk>/", endpoints.endpoint_detail, name="endpoint_detail", get=ANY_ROLE),
    page("endpoints/<int:pk>/live/", endpoints.endpoint_live, name="endpoint_live", get=ANY_ROLE),
    page("endpoints/<int:pk>/reachability/", reachability.endpoint_reach, name="endpoint_reach", get=ANY_ROLE),
    page(
        "endpoints/<int:pk>/delete/",
        endpoint_changes.endpoint_delete,
        name="endpoint_delete",
        get=ENGINEERS,
        post=ENGINEERS,
    ),
    page(
        "endpoints/<int:pk>/modify/",
        endpoint_modify.endpoint_modify,
        name="endpoint_modify",
        get=ENGINEERS,
        post=ENGINEERS,
    ),
    page(
        "endpoints/<int:pk>/replace/",
        request_form.endpoint_replace,
        name="endpoint_replace",
        get=ENGINEERS,
        post=ENGINEERS,
    ),
    page(_POLICY, endpoint_changes.endpoint_policy_new, name="endpoint_policy_new", get=ENGINEERS, post=ENGINEERS),
    page(f"{_POLICY}<int:number>/", endpoints.policy_revision, name="policy_revision", get=ANY_ROLE),
    page(
        f"{_POLICY}<int:number>/rollback/",
        endpoint_changes.policy_rollback,
        name="policy_rollback",
        get=ENGINEERS,
        post=ENGINEERS,
    ),
    *(
        page(f"endpoints/<int:pk>/{act}/", view, name=f"endpoint_{act}", get=ENGINEERS, post=ENGINEERS)
        for act, view in {
            "restore": repairs.endpoint_restore,
            "accept": repairs.endpoint_accept,
            "recreate": repairs.endpoint_recreate,
        }.items()
    ),
    page("endpoints/<int:pk>/use/", use.endpoint_use, name="endpoint_use", get=ANY_ROLE, post=CHANGERS),
    page("endpoints/<int:pk>/use/live/", use.endpoint_use_live, name="endpoint_use_live", get=ANY_ROLE),
    page("use/<int:pk>/remove/", use.use_remove, name="use_remove", post=CHANGERS),
    page("endpoints/unmanaged/", unmanaged.unmanaged_list, name="endpoint_unmanaged", get=ANY_ROLE),
    page(
        "endpoints/unmanaged/<int:pk>/adopt/",
        unmanaged.unmanaged_adopt,
        name="endpoint_adopt",
        get=ENGINEERS,
        post=ENGINEERS,
    ),
    page("policy/check/", policies.policy_check, name="policy_check", post=ENGINEERS),
    page("policy/rules/", policies.policy_rules, name="policy_rules", get=ANY_ROLE),
]
_ACCOUNTS = [  # not below accounts/, where allauth's pages are
    page("aws-accounts/", accounts.aws_account_list, name="aws_account_list", get=ACCOUNT_READERS),
    page(
        "aws-accounts/new/",
        accounts.aws_account_new,
        name="aws_account_new",
        get=ADMINISTRATORS,
        post=ADMINISTRATORS,
    ),
    page("aws-accounts/<int:pk>/", accounts.aws_account_detail, name="aws_account_detail", get=ACCOUNT_READERS),
    page("aws-accounts/<int:pk>/live/", accounts.aws_account_live, name="aws_account_live", get=ACCOUNT_READERS),
    page("aws-accounts/<int:pk>/refresh/", accounts.aws_account_refresh, name="aws_account_refresh", post=CHANGERS),
    page(
        "aws-accounts/<int:pk>/protect/", accounts.aws_account_protect, name="aws_account_protect", post=ADMINISTRATORS
    ),
    page("aws-accounts/<int:pk>/check/", accounts.aws_account_check, name="aws_account_check", post=OPERATORS),
    page(
        "aws-accounts/<int:pk>/external-id/",
        accounts.aws_account_external_id,
        name="aws_account_external_id",
        get=ADMINISTRATORS,
        post=ADMINISTRATORS,
    ),
]
_OPERATIONS = [
    page("operations/", operations.operation_list, name="operation_list", get=AUDITORS),
    page("operations/<uuid:pk>/", operations.operation_detail, name="operation_detail", get=AUDITORS),
    page("operations/<uuid:pk>/live/", operations.operation_live, name="operation_live", get=AUDITORS),
    page("operations/<uuid:pk>/retry/", operations.operation_retry, name="operation_retry", post=OPERATORS),
    page("operations/<uuid:pk>/park/", operations.operation_park, name="operation_park", post=OPERATORS),
    page("operations/<uuid:pk>/resume/", operations.operation_resume, name="operation_resume", post=OPERATORS),
]
_NETWORK = [
    page("network/reachability/", reachability.reachability_page, name="network_reachability", get=ANY_ROLE),
    page("endpoints/<int:pk>/export/", exports.endpoint_export, name="endpoint_export", get=ANY_ROLE),
    page("endpoints/unmanaged/<int:pk>/export/", exports.unmanaged_export, name="unmanaged_export", get=ANY_ROLE),
    page("coverage/", coverage.coverage_matrix, name="coverage", get=ANY_ROLE),
    page("bundles/", bundles.bundle_list, name="bundle_list", get=ANY_ROLE),
    page("bundles/new/", bundles.bundle_new, name="bundle_new", get=ENGINEERS, post=ENGINEERS),
    page("bundles/<int:pk>/", bundles.bundle_edit, name="bundle_edit", get=ENGINEERS, post=ENGINEERS),
    page("bundles/<int:pk>/remove/", bundles.bundle_remove, name="bundle_remove", post=ENGINEERS),
    page("services/", catalogue.service_list, name="service_list", get=ANY_ROLE),
    page("permissions/", colleague.permissions_page, name="permissions", get=ANY_ROLE),
    page("costs/", costs.cost_totals, name="cost_totals", get=ANY_ROLE),
]
_SIMULATOR = [
    page("simulator/", simulator.simulator, name="simulator", get=SIGNED_IN, post=SIGNED_IN),
    page("simulator/actions/", simulator.simulator_actions, name="simulator_actions", get=SIGNED_IN),
    page("simulator/<uuid:pk>/", simulator.simulation, name="simulation", get=SIGNED_IN),
]
_REST = [
    page("", home.home, name="home", get=SIGNED_IN),
    page("search/", home.search, name="search", get=ANY_ROLE),
    page("events/", records.event_list, name="event_list", get=ANY_ROLE),
    page("tokens/", tokens.token_list, name="token_list", get=ANY_ROLE, post=ANY_ROLE),
]


def _v1(
    route: str, view: type[APIView], *, name: str, get: Rule | None = ANY_ROLE, post: Rule | None = None
) -> list[URLPattern]:
    """Return a route of the JSON API. Without a trailing slash is canonical; with one is answered just the same."""
    return [
        api(f"api/v1/{route}", view, name=name, get=get, post=post),
        api(f"api/v1/{route}/", view, name=f"{name}_slash", get=get, post=post),
    ]


api_urls: list[URLPattern] = [
    *_v1("requests", json.RequestList, name="api_requests"),
    *_v1("requests/<int:pk>", json.RequestDetail, name="api_request"),
    *_v1("endpoints", json.EndpointList, name="api_endpoints"),
    *_v1("endpoints/<int:pk>", json.EndpointDetail, name="api_endpoint"),
    *_v1("endpoints/<int:pk>/policy-revisions", json.PolicyRevisionList, name="api_policy_revisions"),
    *_v1("unmanaged-endpoints", json_unmanaged.UnmanagedEndpointList, name="api_unmanaged_endpoints"),
    *_v1("accounts/<int:pk>", account_json.AccountDetail, name="api_account", get=ACCOUNT_READERS),
    *_v1("reachability", json_reachability.Reachability, name="api_reachability"),
    *_v1("services", json_catalogue.ServiceList, name="api_services"),
    *_v1("vpcs", json_catalogue.VpcList, name="api_vpcs"),
    *_v1("vpcs/<int:pk>/coverage", json_coverage.VpcCoverage, name="api_coverage"),
    *_v1("plan", json_plan.Plan, name="api_plan", get=None, post=ENGINEERS),
    *_v1("operations", json_operations.OperationList, name="api_operations", get=AUDITORS),
    *_v1("operations/<uuid:pk>", json_operations.OperationDetail, name="api_operation", get=AUDITORS),
    api("api/v1/simulations", json_simulations.SimulationList, name="api_simulations", post=SIGNED_IN),
    api("api/v1/simulations/", json_simulations.SimulationList, name="api_simulations_slash", post=SIGNED_IN),
    api("api/schema/", json.Schema, name="api_schema", get=SIGNED_IN),
    page("api/docs/", docs.api_docs, name="api_docs", get=SIGNED_IN),
    api("api/<anything:rest>", json.UnknownPath, name="api_unknown", get=PUBLIC),
]

urlpatterns: list[URLPattern] = [
    *_REST,
    *_SIMULATOR,
    *_REQUESTS,
    *_ENDPOINTS,
    *_ACCOUNTS,
    *_OPERATIONS,
    *_NETWORK,
    *api_urls,
]
