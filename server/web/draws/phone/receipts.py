"""What proves a draw to a member: his receipt, and the check that his own phone makes."""

import asyncio
import json
from collections.abc import Callable
from typing import Final
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from rewards.draws import actions, queries
from rewards.draws.eligibility import person_ref
from rewards.draws.queries import DrawRow
from rewards.draws.rules import Receipt, Tree, check_root, parse_manifest, parse_snapshot, write_receipt
from rewards.draws.verify_words import LABELS, MARKS, SENTENCES, STATES, VERDICTS
from rewards.refusals import Refusal
from server.runtime import clock
from server.runtime.chance import new_id
from server.web.draws.phone.draws import found_draw
from server.web.frame import guards, pages
from server.web.frame.asked import Asked

MOST_TREES: Final = 4
"""Lists whose tree is kept in this process: 64 bytes an entrant, and a whole hall asks at the same moment."""

DICE_CODES: Final = ("check.dice.seen", "check.dice.other", "check.dice.early")
"""What check.js says besides the codes of the verifier."""

_CHINESE: Final = {"en": 0, "zh-Hans": 1}
_FACTS: Final = {"label": "{label}", "digits": "{digits}"}


class Trees:
    """The trees of frozen lists, made once and beside the event loop."""

    def __init__(self) -> None:
        self._made: dict[str, asyncio.Task[tuple[Tree, list[tuple[int, str, str]]]]] = {}

    async def of(self, draw: DrawRow) -> tuple[Tree, list[tuple[int, str, str]]]:
        """The tree of a frozen draw's list, and (tickets, unit, class) of each line."""
        assert draw.promise is not None
        key = draw.promise.fingerprint
        task = self._made.get(key)
        if task is None or (task.done() and (task.cancelled() or task.exception() is not None)):
            while len(self._made) >= MOST_TREES:
                self._made.pop(next(iter(self._made)))
            task = self._made[key] = asyncio.create_task(_grow(draw.slug))
        return await asyncio.shield(task)


async def _grow(slug: str) -> tuple[Tree, list[tuple[int, str, str]]]:
    manifest = await queries.published_file(slug, "manifest.json")
    snapshot = await queries.published_file(slug, "snapshot.tsv")
    if manifest is None or snapshot is None:
        raise Refusal("draw.files_unsound")
    return await asyncio.to_thread(_planted, manifest, snapshot)


def _planted(manifest: bytes, snapshot: bytes) -> tuple[Tree, list[tuple[int, str, str]]]:
    lines = parse_snapshot(snapshot)
    check_root(parse_manifest(manifest), lines)
    return Tree(line.leaf for line in lines), [(line.tickets, line.unit, line.group) for line in lines]


_trees = Trees()


@get("/draws/{slug:str}/receipt", guards=[guards.signed_in])
async def show_receipt(request: Asked, slug: FromPath[str]) -> Response[bytes]:
    """My own line with its proof, to keep: on this phone, as a picture, on paper."""
    draw = await found_draw(slug)
    if draw.promise is None:
        raise Refusal("draw.receipt_early")
    receipt = await _receipt(draw, pages.signed_in(request).id)
    return pages.page(
        request,
        "draws/phone/draw_receipt.html",
        draw=draw,
        receipt=receipt,
        text="" if receipt is None else write_receipt(receipt),
    )


@get("/draws/{slug:str}/check", opt={"open": True})
async def show_check(request: Asked, slug: FromPath[str]) -> Response[bytes]:
    """The check on the phone itself: nothing that it computes is computed here."""
    draw = await found_draw(slug)
    me = pages.me(request)
    receipt = None if me is None or draw.promise is None else await _receipt(draw, me.id)
    return pages.page(
        request,
        "draws/phone/draw_check.html",
        draw=draw,
        files=await queries.published_names(draw.id),
        receipt="" if receipt is None else write_receipt(receipt),
        seen="" if me is None else await queries.code_seen_by(draw.id, me.id),
        words=check_words(pages.speaker(request), pages.locale(request)),
    )


@post("/draws/{slug:str}/code-seen", guards=[guards.signed_in])
async def confirm_code(request: Asked, slug: FromPath[str]) -> Response[bytes]:
    """A member says which code he saw on the stage."""
    draw = await found_draw(slug)
    form = await pages.form(request)
    code, stands = await actions.confirm_code(
        pages.process(request).redis,
        draw.id,
        pages.signed_in(request).id,
        form.text("code", most=40, needed=True),
        now=clock.now(),
        new_id=new_id,
    )
    said = "draw.code_noted" if stands else "draw.code_noted_other"
    return pages.go(request, f"/draws/{slug}/check", said=said, code=code)


async def _receipt(draw: DrawRow, member: UUID) -> Receipt | None:
    """A member's receipt of a frozen draw; None: he is not on the list, or it is forgotten."""
    own = await queries.entrant(draw.id, member)
    if own is None or draw.promise is None:
        return None
    tree, lines = await _trees.of(draw)
    tickets, unit, group = lines[own.line]
    return Receipt(
        draw_id=draw.slug,
        line=own.line,
        n=draw.promise.people,
        tickets=tickets,
        unit=unit,
        group=group,
        person_ref=person_ref(own.staff_number),
        salt=own.salt,
        manifest=bytes.fromhex(draw.promise.fingerprint),
        root=tree.root,
        path=tree.path(own.line),
    )


def check_words(say: Callable[..., str], locale: str) -> str:
    """For the script: what each check and refusal says, as JSON. Placeholders are those of the verifier: {name}."""
    at = _CHINESE[locale]
    return json.dumps(
        {
            "labels": {key: words[at] for key, words in LABELS.items()},
            "marks": {str(key).lower(): words[at] for key, words in MARKS.items()},
            "sentences": {key: words[at] for key, words in SENTENCES.items()}
            | {code: say(code, _FACTS) for code in DICE_CODES},
            "states": {key: words[at] for key, words in STATES.items()},
            "verdicts": {str(key).lower(): words[at] for key, words in VERDICTS.items()},
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )


HANDLERS = [show_receipt, show_check, confirm_code]
