"""Django's entry into the application."""

from django.apps import AppConfig


class EndpointsConfig(AppConfig):
    """Register the application's system checks."""

    name = "endpoints"
    verbose_name = "VPC endpoints"

    def ready(self) -> None:
        """Load the system checks once the models are there."""
        from endpoints import checks  # noqa: F401  # needs loaded apps
