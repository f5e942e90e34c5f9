"""The administrators' desk: everything can be found and read; what has a lifecycle is never edited by hand."""

from allauth.account.decorators import secure_admin_login
from allauth.account.models import EmailAddress, EmailConfirmation
from django.contrib import admin
from django.contrib.auth.models import Group

from endpoints.admin import (
    accounts,
    bundles,
    endpoints,
    events,
    inventory,
    operations,
    people,
    policies,
    requests,
    reviews,
    survey,
    tokens,
)

__all__ = [
    "accounts",
    "bundles",
    "endpoints",
    "events",
    "inventory",
    "operations",
    "people",
    "policies",
    "requests",
    "reviews",
    "survey",
    "tokens",
]

admin.site.site_header = "Endpoint Portal: administration"
admin.site.site_title = "Endpoint Portal"
admin.site.index_title = "Everything that the portal holds"
admin.site.site_url = None  # the header's own link leads back to the portal

# People sign in on one page, with its limits on guessing; Django's own form has none.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

# Roles say who may do what; Django's groups and a second list of addresses would only seem to.
for _model in (Group, EmailAddress, EmailConfirmation):
    if admin.site.is_registered(_model):
        admin.site.unregister(_model)
