"""core.js and verify.js need nothing but the language: no clock, chance, storage, network, cryptography or page."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route

from tests.draw_js.conftest import CHECK, CORE, GLUE, SIGNATURE, VERIFY
from tests.draw_js.made import made

pytestmark = pytest.mark.browser

OUTSIDE = (
    *("crypto", "localStorage", "sessionStorage", "indexedDB", "caches", "document", "window", "navigator", "location"),
    *("self", "globalThis", "fetch", "XMLHttpRequest", "WebSocket", "Worker", "postMessage", "performance", "Date"),
    *("Intl", "BigInt", "WebAssembly", "setTimeout", "setInterval", "queueMicrotask", "Promise", "TextEncoder"),
    *("TextDecoder", "atob", "btoa", "eval", "Function", "require", "module", "process", "console", "Float64Array"),
)
FORBIDDEN = re.compile(
    r"\b(?:" + "|".join(OUTSIDE) + r")\b|\bMath\.(?!min\b)\w+|toLocale|localeCompare|parseFloat|\*\*|new Date"
)
YOUNG = re.compile(
    r"\?\.|\?\?|\|\|=|&&=|\basync\b|\bawait\b|\bimport\b|\bexport\b|\bclass [A-Z]|catch \{|[{(\[ ,]\.\.\.|#[a-z]|\(\?<"
    r"|\.(?:at|flat|flatMap|padStart|padEnd|replaceAll|matchAll|trimStart|trimEnd|includes|fromEntries)\("
    r"|Object\.(?:values|entries|fromEntries|hasOwn)\("
)


def code_of(path: Path) -> str:
    """The source without its comments."""
    return re.sub(r"/\*.*?\*/|^\s*//.*?$", "", path.read_text("utf-8"), flags=re.M | re.S)


@pytest.mark.parametrize("path", [CORE, SIGNATURE, VERIFY], ids=lambda path: path.name)
def test_the_source_names_nothing_outside_the_language(path: Path) -> None:
    assert FORBIDDEN.findall(code_of(path)) == []


@pytest.mark.parametrize("path", [CORE, SIGNATURE, VERIFY, CHECK], ids=lambda path: path.name)
def test_the_source_suits_an_old_browser(path: Path) -> None:
    code = code_of(path)
    assert YOUNG.findall(code) == []
    assert not re.search(r",\s*\)", code)
    assert not re.search(r"\beval\(|new Function|\.innerHTML|https?://", path.read_text("utf-8"))
    assert path.read_text("utf-8").isascii()


@pytest.mark.parametrize("path", [CORE, SIGNATURE, VERIFY], ids=lambda path: path.name)
def test_the_header_is_short(path: Path) -> None:
    header = path.read_text("utf-8").split("*/", 1)[0]
    assert header.startswith("/*")
    assert header.count("\n") < 25


def test_it_draws_where_all_that_is_taken_away(page: Page) -> None:
    """Every name of the browser is undefined inside, Math knows only min; draws and their check are the same."""
    drawn = [made(seed) for seed in range(80_000, 80_040)]
    found = page.evaluate(
        """([core, glue, names, all]) => {
          const shadows = names.map(() => undefined);
          const make = new Function(...names, "Math", core + "\\n" + glue + "\\nreturn glue;");
          const alone = make(...shadows, { min: Math.min });
          return all.map((files) => {
            const drawn = alone.draw(files).ok;
            return [drawn.result, alone.verify({ "manifest.json": files.manifest, "snapshot.tsv": files.snapshot,
              "void.tsv": files.voids, "present.tsv": files.present, "log.txt": drawn.log }, {}).code];
          });
        }""",
        [
            *("\n".join(path.read_text("utf-8") for path in (CORE, SIGNATURE, VERIFY)), GLUE.read_text("utf-8")),
            [name for name in OUTSIDE if name != "eval"],
            [one.as_json() for one, _, _ in drawn],
        ],
    )
    assert found == [[published.result.decode("ascii"), published.code] for _, _, published in drawn]


def test_it_draws_from_a_file(browser: Browser, tmp_path: Path) -> None:
    one, _, published = made(80_100)
    for path in (CORE, GLUE):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    scripts = "".join(f'<script src="{path.name}"></script>' for path in (CORE, GLUE))
    (tmp_path / "page.html").write_text(f"<!doctype html><meta charset=utf-8>{scripts}", "utf-8")
    opened = browser.new_page()
    opened.goto((tmp_path / "page.html").as_uri())
    assert opened.evaluate("(files) => glue.draw(files).ok.result", one.as_json()) == published.result.decode("ascii")
    opened.close()


def test_it_draws_in_a_worker(browser: Browser) -> None:
    one, _, published = made(80_200)
    worker = "importScripts('/core.js', '/glue.js'); onmessage = (sent) => postMessage(glue.draw(sent.data).ok.result);"
    sources = {
        "/": ("text/html", "<!doctype html>"),
        "/worker.js": ("text/javascript", worker),
        "/core.js": ("text/javascript", CORE.read_text("utf-8")),
        "/glue.js": ("text/javascript", GLUE.read_text("utf-8")),
    }

    def answer(route: Route) -> None:
        kind, text = sources[route.request.url.removeprefix("http://draw.test")]
        route.fulfill(content_type=kind, body=text)

    context = browser.new_context()
    context.route("http://draw.test/**", answer)
    opened = context.new_page()
    opened.goto("http://draw.test/")
    found = opened.evaluate(
        """(files) => new Promise((resolve, reject) => {
          const worker = new Worker("/worker.js");
          worker.onmessage = (sent) => resolve(sent.data);
          worker.onerror = (error) => reject(new Error(error.message));
          worker.postMessage(files);
        })""",
        one.as_json(),
    )
    assert found == published.result.decode("ascii")
    context.close()
