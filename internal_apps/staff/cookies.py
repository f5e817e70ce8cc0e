"""The cookies: all with the __Host- prefix, Secure, HttpOnly, and out of reach of other sites."""

import hashlib
import hmac

from flask import Response, request

SESSION = "__Host-lupu-session"
VISIT = "__Host-lupu-visit"
KEPT = "__Host-lupu-kept"
LANGUAGE = "__Host-lupu-language"
LANGUAGE_SECONDS = 31_536_000


def put(response: Response, name: str, value: str, *, seconds: int | None = None) -> None:
    """Set a cookie, until the browser closes or for some seconds."""
    response.set_cookie(
        name, value, max_age=seconds, path="/", secure=True, httponly=True, samesite="Lax"
    )


def drop(response: Response, name: str) -> None:
    """Take a cookie back."""
    response.delete_cookie(name, path="/", secure=True, httponly=True, samesite="Lax")


def form_token(cookie: str) -> str:
    """Return what each form carries: nobody can make it who cannot read the cookie."""
    return hmac.new(cookie.encode(), b"lupu form", hashlib.sha256).hexdigest()


def is_form_of(cookie: str) -> bool:
    """Return whether the posted form was made for the browser with this cookie."""
    return bool(cookie) and hmac.compare_digest(
        form_token(cookie).encode(), request.form.get("form_token", "").encode()
    )


def is_same_origin() -> bool:
    """Return whether the browser says that the form comes from one of our own pages."""
    origin = request.headers.get("Origin")
    if origin is not None:
        return origin.partition("://")[2] == request.host
    return request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"
