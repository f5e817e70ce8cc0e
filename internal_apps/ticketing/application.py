"""Ticketing as its worker sees it."""

import secrets
from pathlib import Path

from hub.settings import Configuration
from internal_apps.serving import Application, Surroundings
from internal_apps.ticketing.answers import Answers
from internal_apps.ticketing.feeds import Feeds
from internal_apps.ticketing.forgetting import Forgetting
from internal_apps.ticketing.handlers import Handlers
from internal_apps.ticketing.holds import Sweep
from internal_apps.ticketing.publisher import Publishing
from internal_apps.ticketing.queries import Queries
from internal_apps.ticketing.rebuilding import Rebuilding
from internal_apps.ticketing.settings import Ticketing

NAME = "ticketing"
MIGRATIONS = Path(__file__).parent / "versions"
BOOT_BYTES = 8


def build(around: Surroundings, configuration: Configuration) -> Application:
    """Build the application from its configuration."""
    return application(around, configuration.read(Ticketing))


def application(around: Surroundings, settings: Ticketing) -> Application:
    """Build the application: handlers, queries and chores."""
    answers = Answers(around.schemas)
    publishing = Publishing(
        around.store,
        around.schemas,
        around.clock,
        interval_seconds=settings.publish_seconds,
        repeat_seconds=settings.republish_seconds,
        origin=around.name,
        boot=secrets.token_hex(BOOT_BYTES),
    )

    forgetting = Forgetting(
        around.store.database,
        around.clock,
        around.metrics,
        kept_days=settings.contacts_kept_days,
    )
    handlers = Handlers(answers, earlier=around.earlier)
    feeds = Feeds(around.store, around.schemas, answers)
    return Application(
        name=NAME,
        handlers={**handlers.by_type(), "FeedPart.1": feeds.part},
        line_of=handlers.line_of,
        queries={**Queries(around.store, answers).by_type(), "GetFeed.1": feeds.state},
        chores=(Sweep(around.store, around.clock), forgetting, *publishing.chores()),
        migrations=MIGRATIONS,
        rebuild=Rebuilding(answers),
    )
