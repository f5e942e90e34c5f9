"""The administrators' desk: everything can be found and read; what has a lifecycle is never edited by hand."""

from allauth.account.models import EmailAddress, EmailConfirmation
from django.contrib import admin
from django.contrib.auth.models import Group

from endpoints.admin import (
    accounts,
    endpoints,
    events,
    inventory,
    operations,
    people,
    policies,
    requests,
    reviews,
    tokens,
)

__all__ = [
    "accounts",
    "endpoints",
    "events",
    "inventory",
    "operations",
    "people",
    "policies",
    "requests",
    "reviews",
    "tokens",
]

admin.site.site_header = "Endpoint Portal: administration"
admin.site.site_title = "Endpoint Portal"
admin.site.index_title = "Everything that the portal holds"

# Roles say who may do what; Django's groups and a second list of addresses would only seem to.
for _model in (Group, EmailAddress, EmailConfirmation):
    if admin.site.is_registered(_model):
        admin.site.unregister(_model)
