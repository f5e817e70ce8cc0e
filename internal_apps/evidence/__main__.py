"""The worker that takes in the gateways' books."""

from hub.settings import Configuration
from internal_apps import serving
from internal_apps.evidence.application import build


def run(configuration: Configuration) -> None:
    """Serve evidence until SIGTERM or SIGINT."""
    serving.run(configuration, build)
