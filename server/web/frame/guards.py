"""Who may open a door. Roles and their duties stand in rewards/members/rules.py, the duty that a
permission takes in the declaration of its noun.

All guards are coroutines: the framework runs plain functions in a thread, which costs a third of an answer's CPU.
"""

from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.types import Guard

from rewards.refusals import Refusal
from server.runtime.sessions import CODE


async def signed_in(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Anyone on the roster; and no forged form."""
    if connection.scope["state"]["session"] is None:
        raise Refusal("web.sign_in_first")
    await unforged(connection, _)


async def unforged(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """A form that this server gave out, or no form at all."""
    if connection.scope["state"]["forged"]:
        raise Refusal("web.forged")


async def own_code(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Signed in by his own code: for what nobody may do in another's name. A link proves only who made it."""
    await signed_in(connection, handler)
    if connection.scope["state"]["session"].way != CODE:
        raise Refusal("web.own_code")


def either(permission: str, other: str) -> Guard:
    """Only members whose roles have the duty of one of two permissions: files of people leave with who runs what
    happens or watches over it, not with everybody who looks on."""

    async def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        await signed_in(connection, handler)
        allowed = connection.app.state.listing.may(connection.scope["state"]["session"].roles)
        if permission not in allowed and other not in allowed:
            raise Refusal("web.not_allowed")

    guard.permission = permission  # type: ignore[attr-defined]
    return guard


def may(permission: str) -> Guard:
    """Only members whose roles have the duty that `permission` takes. The listing reads `guard.permission`."""

    async def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        await signed_in(connection, handler)
        if permission not in connection.app.state.listing.may(connection.scope["state"]["session"].roles):
            raise Refusal("web.not_allowed")

    guard.permission = permission  # type: ignore[attr-defined]
    return guard
