"""The kit in Firefox: the same file, from disk, without network, with and without storage."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from rewards.draws import rules
from tests.kit import drawn, marionette
from tests.kit.driving import VENUE

CEREMONY = """
const [venue, secrets] = arguments;
const find = name => document.querySelector(name);
const until = look => new Promise(done => {
    const again = () => look() ? done(look()) : setTimeout(again, 20);
    again();
});
const at = name => until(() => find("#kit").dataset.page === name);
const type = (name, text) => {
    find(name).value = text;
    find(name).dispatchEvent(new InputEvent("input", { bubbles: true }));
};
await at("check");
const checks = document.querySelectorAll(".kit-checks .is-good").length;
find(".kit-steps li:nth-child(3) button").click();
await at("arm");
find("#arm-sure").click();
find("#arm").click();
await at("armed");
find(".kit-main > .kit-actions .button:last-child").click();
await at("dice");
type("#dice-first", venue);
type("#dice-second", venue);
find("#dice-go").click();
await at("wait");
await until(() => !find("#wait-go").disabled);
find("#wait-go").click();
for (const secret of secrets) {
    await at("secrets");
    type("#secret", secret);
    find("#secret-go").click();
}
await at("result");
find(".kit-main > .kit-actions .button-quiet").click();
await at("draw");
find("#close-sure").click();
find("#close").click();
await at("end");
return { checks, code: find("#end-code").textContent, stored: find(".kit-saved .badge").className,
    modules: document.querySelectorAll(".kit-qr path").length };
"""


@pytest.fixture
def firefox(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[marionette.Firefox]:
    path = marionette.find()
    if path is None:
        pytest.skip("no Firefox on this machine")
    folder = tmp_path / "profile"
    folder.mkdir()
    browser = marionette.Firefox(path, folder, **request.param)
    yield browser
    browser.close()


@pytest.mark.parametrize(
    ("firefox", "kept"), [({}, True), ({"dom.storage.enabled": False}, False)], indirect=["firefox"]
)
def test_the_same_file_gives_the_same_code(firefox: marionette.Firefox, kept: bool, tmp_path: Path) -> None:
    draw = drawn.make(300, prizes=(rules.Prize("third", 30, batch=10),), rounds=(), presence=False, call_seconds=0)
    path = tmp_path / "kit.html"
    path.write_bytes(drawn.kit(draw))
    firefox.open(path.as_uri())
    found = firefox.run(CEREMONY, VENUE, [rules.write_secret(secret) for secret in draw.secrets])
    m = rules.manifest_hash(draw.data)
    labelled = zip(draw.manifest.labels, draw.secrets, strict=True)
    sheet = [
        f"arm {m.hex()}",
        f"venue d10x20 {VENUE}",
        *(f"reveal {label} {secret.hex()}" for label, secret in labelled),
        "close",
    ]
    composed = rules.compose(draw.manifest, m, draw.lines, rules.read_inputs(sheet, draw.manifest), (), None)
    assert found["code"] == rules.display_code(rules.chain(m, list(composed.lines))[-1])
    assert found["checks"] == 5
    assert ("badge-good" in found["stored"]) is kept
