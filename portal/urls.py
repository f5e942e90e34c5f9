"""The site's routes: the application's own, sign-in, and the administrators' desk."""

from allauth.account import views
from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, include, path, re_path


def account_routes(*, mail: bool) -> list[URLPattern]:
    """Return the pages of one's own account; without `mail` nobody could follow the link that resets a password.

    allauth has more, which would let people give themselves addresses; those are the administrators'.
    """
    routes = [
        path("login/", views.login, name="account_login"),
        path("logout/", views.logout, name="account_logout"),
        path("inactive/", views.account_inactive, name="account_inactive"),
        path("reauthenticate/", views.reauthenticate, name="account_reauthenticate"),
        path("password/change/", views.password_change, name="account_change_password"),
    ]
    if mail:
        routes += [
            path("password/reset/", views.password_reset, name="account_reset_password"),
            path("password/reset/done/", views.password_reset_done, name="account_reset_password_done"),
            re_path(
                r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
                views.password_reset_from_key,
                name="account_reset_password_from_key",
            ),
            path(
                "password/reset/key/done/",
                views.password_reset_from_key_done,
                name="account_reset_password_from_key_done",
            ),
        ]
    return routes


handler500 = "portal.failures.failed"
urlpatterns = [
    path("", include("endpoints.urls")),
    path("accounts/", include(account_routes(mail=settings.PORTAL_SENDS_MAIL))),
    path("admin/", admin.site.urls),
]
