"""Who may open a door. The roles and what they may do stand in rewards/members/rules.py.

All guards are coroutines: the framework runs plain functions in a thread, which costs a third of an answer's CPU.
"""

from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.types import Guard

from rewards.members.rules import permissions
from rewards.refusals import Refusal


async def signed_in(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Anyone on the roster; and no forged form."""
    if connection.scope["state"]["session"] is None:
        raise Refusal("web.sign_in_first")
    await unforged(connection, _)


async def unforged(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """A form that this server gave out, or no form at all."""
    if connection.scope["state"]["forged"]:
        raise Refusal("web.forged")


def may(permission: str) -> Guard:
    """Only members whose roles hold `permission`."""

    async def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        await signed_in(connection, handler)
        if permission not in permissions(connection.scope["state"]["session"].roles):
            raise Refusal("web.not_allowed")

    return guard
