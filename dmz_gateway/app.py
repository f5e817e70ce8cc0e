"""The gateway's web application: the SOAP endpoint, its contract, its health."""

import logging
from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound
from werkzeug.http import HTTP_STATUS_CODES

from adapters.soap.forms import Rendered
from adapters.soap.wsdl import PATH, Contract
from dmz_gateway.agents import refusals
from dmz_gateway.agents.endpoint import Endpoint, HttpRequest
from dmz_gateway.agents.faults import Faulted
from dmz_gateway.agents.trace import Trace
from dmz_gateway.feeds import endpoint as feeds_at
from dmz_gateway.feeds.endpoint import FeedEndpoint, FeedRequest
from dmz_gateway.health import Health
from hub.errors import broken

_log = logging.getLogger(__name__)

XML = "text/xml; charset=utf-8"

# HAProxy deletes these from what comes in and sets them anew.
VERIFIED = "HTTP_X_CLIENT_VERIFIED"
FINGERPRINT = "HTTP_X_CLIENT_FINGERPRINT"
# The W3C's trace context, as whoever asks may send it, and as it is answered.
PARENT, STATE = "HTTP_TRACEPARENT", "HTTP_TRACESTATE"
RESPONSE = "traceresponse"

_GRACE = (("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff"))

Environ = dict[str, Any]
Wsgi = Callable[[Environ, Any], Iterable[bytes]]


def create_app(
    endpoint: Endpoint, feeds: FeedEndpoint, contract: Contract, health: Health
) -> Flask:
    """Return the WSGI application."""
    app = Flask("dmz_gateway", static_folder=None, template_folder=None)
    app.url_map.strict_slashes = False
    _add(app, PATH, "wsdl", _wsdl_reader(contract), "GET")
    _add(app, f"{PATH}/xsd/<name>", "xsd", _xsd_reader(contract), "GET")
    _add(app, "/health", "health", _health_reader(health), "GET")

    def refuse(error: HTTPException) -> Response:
        if isinstance(error, MethodNotAllowed):
            answer = _response(
                endpoint.refuse(Faulted(refusals.METHOD_NOT_ALLOWED).fault(), Trace())
            )
            answer.headers["Allow"] = "GET, POST"
            return answer
        refused = refusals.NOT_FOUND if isinstance(error, NotFound) else refusals.MALFORMED_XML
        return _response(endpoint.refuse(Faulted(refused).fault(), Trace()))

    app.register_error_handler(HTTPException, refuse)
    app.wsgi_app = _Feeds(_Posts(app.wsgi_app, endpoint), feeds)  # type: ignore[assignment]
    return app


class _Feeds:
    """Hands on what is for feeds, as it comes in: Flask would have to be kept from reading it."""

    def __init__(self, others: Wsgi, feeds: FeedEndpoint) -> None:
        self._others = others
        self._feeds = feeds

    def __call__(self, environ: Environ, start: Any) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path != feeds_at.PATH and not path.startswith(f"{feeds_at.PATH}/"):
            return self._others(environ, start)
        asked = FeedRequest(
            method=environ["REQUEST_METHOD"],
            path=path,
            query=environ.get("QUERY_STRING", ""),
            stream=environ["wsgi.input"],
            authorization=environ.get("HTTP_AUTHORIZATION", ""),
            certificate=_certificate(environ),
        )
        try:
            reply = self._feeds.answer(asked)
        except Exception as error:  # noqa: BLE001  whatever it is, whoever asked gets an answer
            _log.error("gateway.failed", extra={"operation": "BookingFeed", **broken(error)})
            reply = self._feeds.refuse(Faulted(refusals.FEED_INTERRUPTED))
        start(
            f"{reply.status} {HTTP_STATUS_CODES[reply.status]}",
            [
                ("Content-Type", "application/xml; charset=utf-8"),
                ("Content-Length", str(len(reply.body))),
                *_GRACE,
            ],
        )
        return [reply.body]


def _certificate(environ: Environ) -> str:
    verified = environ.get(VERIFIED) == "yes"
    return str(environ.get(FINGERPRINT, "")).lower() if verified else ""


class _Posts:
    """Takes the requests themselves past Flask's routing, which costs as much as parsing one."""

    def __init__(self, others: Wsgi, endpoint: Endpoint) -> None:
        self._others = others
        self._endpoint = endpoint

    def __call__(self, environ: Environ, start: Any) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] != "POST" or environ["PATH_INFO"].rstrip("/") != PATH:
            return self._others(environ, start)
        trace = self._endpoint.trace(environ.get(PARENT, ""), environ.get(STATE, ""))
        asked = HttpRequest(
            stream=environ["wsgi.input"],
            length=environ.get("CONTENT_LENGTH", ""),
            packing=environ.get("HTTP_CONTENT_ENCODING", ""),
            content_type=environ.get("CONTENT_TYPE", ""),
            soap_action=environ.get("HTTP_SOAPACTION"),
            certificate=_certificate(environ),
        )
        try:
            rendered = self._endpoint.answer(asked, trace)
        except Exception as error:  # noqa: BLE001  whatever it is, whoever asked gets a fault
            facts = trace.facts(refusals.INTERNAL.refusal.code)
            _log.error("gateway.failed", extra={**facts, **broken(error)})
            rendered = self._endpoint.failed(trace)
        start(
            f"{rendered.status} {HTTP_STATUS_CODES[rendered.status]}",
            [
                ("Content-Type", rendered.content_type),
                ("Content-Length", str(len(rendered.body))),
                (RESPONSE, trace.context.parent),
                *_GRACE,
            ],
        )
        return [rendered.body]


def _add(app: Flask, path: str, name: str, view: Callable[..., Any], method: str) -> None:
    app.add_url_rule(path, name, view, methods=[method], provide_automatic_options=False)


def _wsdl_reader(contract: Contract) -> Callable[[], Response]:
    def wsdl() -> Response:
        wanted = request.query_string.decode("latin-1").lower()
        document = contract.view(wanted)
        if document is None:
            raise MethodNotAllowed
        return Response(document, 200, content_type=XML)

    return wsdl


def _xsd_reader(contract: Contract) -> Callable[[str], Response]:
    def xsd(name: str) -> Response:
        document = contract.schema(name)
        if document is None:
            raise NotFound
        return Response(document, 200, content_type=XML)

    return xsd


def _health_reader(health: Health) -> Callable[[], tuple[Response, int]]:
    def report() -> tuple[Response, int]:
        if VERIFIED in request.environ:
            raise NotFound  # HAProxy asks for itself; what it passes on comes from outside
        ready, facts = health.report()
        return jsonify(facts), 200 if ready else 503

    return report


def _response(rendered: Rendered) -> Response:
    headers = {"Content-Type": rendered.content_type, **dict(_GRACE)}
    return Response(rendered.body, rendered.status, headers)
