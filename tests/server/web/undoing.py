"""Undo, as it stands in the notice of what somebody has just done."""

import re

from tests.server.web.conftest import Browser, SignedIn

UNDO = re.compile(r'<form class="notice-undo" method="post" action="([^"]+)">(.*?)</form>', re.DOTALL)


async def undoing(client: Browser, who: SignedIn, location: str) -> tuple[str, dict[str, list[str]]]:
    """The address and the fields of Undo in the notice that an action leads to."""
    found = UNDO.search((await client.get(location, headers=who.headers)).text)
    assert found is not None
    fields: dict[str, list[str]] = {}
    for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', found[2]):
        fields.setdefault(name, []).append(value)
    del fields["csrf"]
    return found[1], fields


async def undo(client: Browser, who: SignedIn, location: str) -> str:
    """Press Undo in the notice that an action leads to; where that leads."""
    address, fields = await undoing(client, who, location)
    answer = await client.post(address, headers=who.headers, data=fields)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])
