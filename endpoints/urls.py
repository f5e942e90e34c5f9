"""Every route of the application, each with the rule of who may use it."""

from __future__ import annotations

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
