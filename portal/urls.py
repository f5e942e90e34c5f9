"""The site's routes: the application's own, sign-in, and the administrators' desk."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("endpoints.urls")),
    path("accounts/", include("allauth.account.urls")),
    path("admin/", admin.site.urls),
]
