"""The first page of a phone, and all that it makes an empty browser ask for: how often, and how many bytes come."""

import asyncio
import re
import zlib
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser as Chromium

from tests.server.web.conftest import Browser
from tests.server.web.serving import Served
from tests.server.web.world import World, build

MOST_BYTES = 45_000
"""Heads and bodies, as they come over the line."""
MOST_REQUESTS = 7
LINKED = re.compile(r'<(?:link[^>]*? href|script[^>]*? src|img[^>]*? src)="(/[^"]+)"')
FIRST = ("/sign-in", "/", "/rooms/hjkmn")
"""For a stranger, and twice for a member: the start, and a room with its first question open."""


@pytest.fixture
async def world(client: Browser) -> World:
    made = await build(client)
    await made.join(made.subject)
    return made


async def visitor(world: World, path: str, language: str) -> str:
    """The cookie of who opens it."""
    who = world.stranger(language) if path == "/sign-in" else await world.enter(world.subject, (), language)
    return who["cookie"]


async def received(port: int, path: str, cookie: str) -> bytes:
    """Every byte that comes for one request of a browser."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    asked = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept-Encoding: gzip, deflate, br\r\nCookie: {cookie}"
    writer.write(f"{asked}\r\nConnection: close\r\n\r\n".encode())
    found = await reader.read()
    writer.close()
    await writer.wait_closed()
    assert found.startswith(b"HTTP/1.1 200"), (path, found[:200])
    return found


@pytest.mark.parametrize("language", ["en", "zh-Hans"])
@pytest.mark.parametrize("path", FIRST)
async def test_the_first_page_is_small(world: World, served: Served, path: str, language: str) -> None:
    cookie = await visitor(world, path, language)
    page = await received(served.port, path, cookie)
    text = zlib.decompress(page.partition(b"\r\n\r\n")[2], 31).decode()
    assert f'<html lang="{language}"' in text
    links = set(LINKED.findall(text))
    files = [await received(served.port, link, cookie) for link in links]
    assert {urlsplit(link).path for link in links} > {"/static/bundle/phone.css", "/static/laurel.svg"}
    assert 1 + len(links) <= MOST_REQUESTS, sorted(links)
    assert sum(map(len, [page, *files])) <= MOST_BYTES


@pytest.mark.parametrize("path", FIRST)
async def test_the_browser_asks_for_what_is_linked_and_for_nothing_else(
    world: World, served: Served, browser: Chromium, path: str
) -> None:
    cookie = await visitor(world, path, "en")
    context = await browser.new_context(viewport={"width": 360, "height": 640}, locale="en")
    name, _, value = cookie.partition(";")[0].partition("=")
    await context.add_cookies([{"name": name, "value": value, "url": served.address}])
    page = await context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.removeprefix(served.address)))
    await page.goto(served.address + path, wait_until="load")
    # The icon may come later, and the stream of a room is asked for by a script.
    beside = re.compile(r"/static/laurel\.svg|/rooms/[^/]+/live")
    linked = LINKED.findall(await page.content())
    assert sorted(one for one in asked if not beside.match(one)) == sorted(
        one for one in (path, *linked) if not beside.match(one)
    )
    await page.goto(served.address + path, wait_until="load")
    came = await page.evaluate(
        "performance.getEntriesByType('resource').filter(one => one.transferSize > 0).map(one => one.name)"
    )
    assert [one for one in came if not beside.match(urlsplit(one).path)] == []  # all of it was kept
