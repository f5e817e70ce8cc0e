"""The gateway's web application: the SOAP endpoint, its contract, its health."""

import logging
from collections.abc import Callable
from typing import Any

from flask import Flask, Response, g, jsonify, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound

from adapters.soap.forms import Rendered
from adapters.soap.wsdl import Contract
from dmz_gateway.agents import refusals
from dmz_gateway.agents.endpoint import Endpoint, HttpRequest
from dmz_gateway.agents.faults import Faulted
from dmz_gateway.agents.trace import Trace
from dmz_gateway.health import Health

_log = logging.getLogger(__name__)

PATH = "/soap/ticketing"
XML = "text/xml; charset=utf-8"

# HAProxy deletes these from what comes in and sets them anew.
VERIFIED = "HTTP_X_CLIENT_VERIFIED"
FINGERPRINT = "HTTP_X_CLIENT_FINGERPRINT"

_GRACE = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def create_app(endpoint: Endpoint, contract: Contract, health: Health) -> Flask:
    """Return the WSGI application."""
    app = Flask("dmz_gateway", static_folder=None, template_folder=None)
    app.url_map.strict_slashes = False
    _add(app, PATH, "post", _poster(endpoint), "POST")
    _add(app, PATH, "wsdl", _wsdl_reader(contract), "GET")
    _add(app, f"{PATH}/xsd/<name>", "xsd", _xsd_reader(contract), "GET")
    _add(app, "/health", "health", _health_reader(health), "GET")

    def refuse(error: HTTPException) -> Response:
        if isinstance(error, MethodNotAllowed):
            answer = _response(
                endpoint.refuse(Faulted(refusals.METHOD_NOT_ALLOWED).fault(), Trace())
            )
            answer.headers["Allow"] = ", ".join(sorted(error.valid_methods or ()))
            return answer
        refused = refusals.NOT_FOUND if isinstance(error, NotFound) else refusals.MALFORMED_XML
        return _response(endpoint.refuse(Faulted(refused).fault(), Trace()))

    def fail(error: Exception) -> Response:
        _log.error("gateway.failed", exc_info=error)
        return _response(endpoint.failed(g.get("trace") or Trace()))

    app.register_error_handler(HTTPException, refuse)
    app.register_error_handler(Exception, fail)
    return app


def _add(app: Flask, path: str, name: str, view: Callable[..., Any], method: str) -> None:
    app.add_url_rule(path, name, view, methods=[method], provide_automatic_options=False)


def _poster(endpoint: Endpoint) -> Callable[[], Response]:
    def post() -> Response:
        environ = request.environ
        trace = g.trace = Trace()
        verified = environ.get(VERIFIED) == "yes"
        asked = HttpRequest(
            stream=environ["wsgi.input"],
            length=environ.get("CONTENT_LENGTH", ""),
            packing=environ.get("HTTP_CONTENT_ENCODING", ""),
            content_type=environ.get("CONTENT_TYPE", ""),
            soap_action=environ.get("HTTP_SOAPACTION"),
            certificate=environ.get(FINGERPRINT, "").lower() if verified else "",
        )
        return _response(endpoint.answer(asked, trace))

    return post


def _wsdl_reader(contract: Contract) -> Callable[[], Response]:
    def wsdl() -> Response:
        wanted = request.query_string.decode("latin-1").lower()
        document = contract.view(wanted)
        if document is None:
            raise MethodNotAllowed(valid_methods=["POST"])
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
        ready, facts = health.report()
        return jsonify(facts), 200 if ready else 503

    return report


def _response(rendered: Rendered) -> Response:
    headers = {"Content-Type": rendered.content_type, **_GRACE}
    return Response(rendered.body, rendered.status, headers)
