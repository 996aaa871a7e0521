"""A draw at the desk: every step in its state, by HTTP alone, and what is refused beside its field."""

from uuid import UUID

import pytest

from rewards import database as db
from server.runtime.kit_program import kit_hash
from tests.server.web.conftest import Browser, SignIn
from tests.server.web.desk.drawing import (
    DICE,
    Hall,
    drawn,
    frozen,
    hall,
    planned,
    prize,
    rolled,
    sealed,
    secret_of,
    work,
)


@pytest.fixture
async def there(client: Browser, sign_in: SignIn, season: UUID) -> Hall:
    return await hall(client, sign_in, season)


async def state(draw: UUID) -> str:
    return str(await db.value("SELECT state FROM draw WHERE id = $1", draw))


async def page(there: Hall, draw: UUID, more: str = "") -> str:
    answer = await there.get(f"/desk/draws/{draw}{more}")
    assert answer.status_code == 200, answer.text
    return answer.text


def step(text: str, key: str) -> str:
    """The part of the page that is one step."""
    start = text.index(f'id="step-{key}"')
    return text[start : text.index("</details>\n</li>", start)]


def present(text: str) -> str:
    """The key of the step that is marked as the present one."""
    at = text.index('aria-current="step"')
    return text[text.rindex('id="step-', 0, at) + 9 : text.rindex('"', 0, text.rindex(" class=", 0, at) + 1)]


async def test_the_whole_draw_by_its_pages(there: Hall) -> None:
    draw = await planned(there)
    assert present(await page(there, draw)) == "custodians"
    await sealed(there, draw)
    assert present(await page(there, draw)) == "freeze"
    assert (await there.post(f"/desk/draws/{draw}/freeze")).status_code == 303
    assert await state(draw) == "freezing"
    assert "The list is being frozen" in step(await page(there, draw), "freeze")
    await work(there, draw)
    text = await page(there, draw)
    assert present(text) == "arm"
    assert "In a hall without network" in step(text, "arm")
    await rolled(there, draw)
    text = await page(there, draw)
    assert present(text) == "secrets"
    assert "3141" in step(text, "dice")
    labels = [
        one["label"] for one in await db.rows("SELECT label FROM custodian WHERE draw = $1 ORDER BY position", draw)
    ]
    for label in labels:
        answer = await there.post(f"/desk/draws/{draw}/reveal", {"secret": secret_of(label).hex()})
        assert answer.status_code == 303
    assert await state(draw) == "drawn"
    assert present(await page(there, draw)) == "winners"
    assert (await there.post(f"/desk/draws/{draw}/close")).status_code == 303
    text = await page(there, draw)
    assert present(text) == "claims"
    assert await db.value("SELECT result_signature FROM draw WHERE id = $1", draw)
    assert 'href="/desk/draws/%s/protocol"' % draw in text
