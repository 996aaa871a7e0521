"""What people at the table do with the kit, as steps on its page."""

from collections.abc import Sequence

from playwright.sync_api import Page, expect

from rewards.draws import rules
from tests.kit.drawn import Draw

VENUE = "31415926535897932384"
GOLD = "271828"
AGAIN = "1618"


class Table:
    """One machine with a kit open. Every step waits for what it leads to."""

    def __init__(self, page: Page, draw: Draw) -> None:
        self.page = page
        self.draw = draw

    @property
    def where(self) -> str:
        """The name of the page that is open."""
        return self.page.locator("#kit").get_attribute("data-page") or ""

    def at(self, name: str) -> None:
        """Wait until the page `name` is open."""
        expect(self.page.locator("#kit")).to_have_attribute("data-page", name)

    def code(self) -> str:
        """The code of the chain as the head of the page shows it."""
        return self.page.locator(".kit-code-now").inner_text()

    def press(self, selector: str) -> None:
        self.page.locator(selector).click()

    def to_step(self, name: str) -> None:
        """Open one of the steps before the arm."""
        place = {"check": 1, "present": 2, "void": 3, "arm": 4}[name]
        if not self.draw.manifest.presence and place > 2:
            place -= 1
        self.press(f".kit-steps li:nth-child({place}) button")
        self.at(name)

    def present(self, lines: Sequence[int]) -> None:
        """Take over a list of who is here."""
        numbers = "\n".join(self.draw.entrants[line].staff_number for line in lines)
        self.to_step("present")
        self.page.locator("#present-file").set_input_files(
            {"name": "here.csv", "mimeType": "text/csv", "buffer": ("staff number\n" + numbers + "\n").encode()}
        )
        expect(self.page.locator("#count")).to_contain_text(f"{len(lines)} ")

    def void(self, line: int, reason: str) -> None:
        self.to_step("void")
        self.page.locator("#void-reason").select_option(reason)
        self.page.locator("#search").fill(self.draw.entrants[line].staff_number)
        self.press(".kit-found .button-danger:not([disabled])")

    def arm(self) -> None:
        self.to_step("arm")
        self.page.locator("#arm-sure").check()
        self.press("#arm")
        self.at("armed")

    def seen(self) -> None:
        """Go on from the page with the code that is photographed before the dice."""
        self.press(".kit-main > .kit-actions .button:last-child")
        self.at("dice")

    def throw(self, digits: str) -> None:
        """Type dice twice and confirm them."""
        self.page.locator("#dice-first").fill(digits)
        self.page.locator("#dice-second").fill(digits)
        self.press("#dice-go")

    def waited(self) -> None:
        self.at("wait")
        self.page.clock.run_for(11_000)
        self.press("#wait-go")

    def reveal(self, place: int) -> None:
        self.at("secrets")
        self.page.locator("#secret").fill(rules.write_secret(self.draw.secrets[place]))
        self.press("#secret-go")

    def later(self) -> None:
        """Leave the page of the result without the stage."""
        self.at("result")
        self.press(".kit-main > .kit-actions .button-quiet")
        self.at("draw")

    def show_all(self) -> None:
        """Show every name without the stage."""
        buttons = self.page.locator(".kit-prize .kit-actions .button-quiet")
        while buttons.count():
            buttons.first.click()

    def gone(self, prize: int, slot: int, first: str, second: str, reason: str = "") -> None:
        """Two people confirm that the winner of a place goes."""
        self.page.locator(".kit-prize").nth(prize).locator("tr:not(.is-out)").nth(slot).locator("button").last.click()
        self.confirm(first, second, reason)

    def confirm(self, first: str, second: str, reason: str = "") -> None:
        if reason:
            self.page.locator(f"input[name=reason][value={reason}]").check()
        self.page.locator("#confirm-name").fill(first)
        self.press("#confirm")
        self.page.locator("#confirm-name").fill(second)
        self.press("#confirm")

    def call_until_absent(self, prize: int, slot: int) -> None:
        """Call a winner, let the countdown run out, and say that nobody came."""
        self.page.locator(".kit-prize").nth(prize).locator("tr:not(.is-out)").nth(slot).locator("button").first.click()
        expect(self.page.locator("#call-left")).to_be_visible()
        self.page.clock.run_for(1000 * self.draw.manifest.call_seconds + 1000)
        self.press("#call-absent")

    def leave_stage(self) -> None:
        expect(self.page.locator("#stage")).to_be_visible()
        self.page.keyboard.press("Escape")
        expect(self.page.locator("#stage")).to_be_hidden()

    def close(self) -> None:
        self.page.locator("#close-sure").check()
        self.press("#close")
        self.at("end")


def play(table: Table, *, until: str = "") -> None:
    """The whole ceremony of `drawn.make()`; with `until` it stops on the page of that name."""
    for name, act in STEPS:
        if until and table.where == until:
            return
        table.at(name)
        act(table)


def _prepare(table: Table) -> None:
    table.present(range(0, len(table.draw.entrants), 2))
    table.void(3, "left")
    table.arm()


def _first_absence(table: Table) -> None:
    table.show_all()
    table.call_until_absent(2, 0)
    table.confirm("Zhao Min", "Wu Hao")


STEPS = (
    ("check", _prepare),
    ("armed", Table.seen),
    ("dice", lambda table: table.throw(VENUE)),
    ("wait", Table.waited),
    ("secrets", lambda table: table.reveal(0)),
    ("secrets", lambda table: table.reveal(1)),
    ("result", Table.later),
    ("draw", lambda table: table.throw(GOLD)),
    ("result", Table.later),
    ("draw", _first_absence),
)
