"""The worker that keeps the bookings."""

from hub.settings import Configuration
from internal_apps import serving
from internal_apps.ticketing.application import build


def run(configuration: Configuration) -> None:
    """Serve ticketing until SIGTERM or SIGINT."""
    serving.run(configuration, build)
