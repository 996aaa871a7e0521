"""Every address of Laurel, tried by everybody: who may is let in, who may not is told so and changes nothing.

The table says it once more, by hand, so that a guard that is forgotten or loosened fails here.
"""

import asyncio
import json
import re
from collections.abc import Callable, Collection, Mapping, MutableMapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from litestar.datastructures import UploadFile

from server.runtime.chance import new_id
from server.runtime.clock import now
from server.web.frame import uploads
from server.web.nouns import LISTING
from tests.rewards.draws.world import secret_of
from tests.server.web.conftest import Browser, add_member
from tests.server.web.world import CODE, DICE, World, build

NOBODY, MEMBER, ORGANISER, REVIEWER, AUDITOR, ADMIN = "nobody", "member", "organiser", "reviewer", "auditor", "admin"
EVERYBODY = (NOBODY, MEMBER, ORGANISER, REVIEWER, AUDITOR, ADMIN)
SIGNED_IN = EVERYBODY[1:]
AT_THE_DESK = (ORGANISER, REVIEWER, AUDITOR, ADMIN)
RUNS = (ORGANISER, ADMIN)
OVERSEES = (AUDITOR, ADMIN)
RUNS_OR_OVERSEES = (ORGANISER, AUDITOR, ADMIN)
GOVERNS = (ADMIN,)

WHO_MAY: Mapping[tuple[str, str], Collection[str]] = {
    # Open doors: what they show is for anybody, or a secret in the address opens them.
    ("GET", "/"): EVERYBODY,
    ("GET", "/health"): EVERYBODY,
    ("GET", "/static/{file_path:path}"): EVERYBODY,
    ("HEAD", "/static/{file_path:path}"): EVERYBODY,
    ("GET", "/sign-in"): EVERYBODY,
    ("POST", "/sign-in"): EVERYBODY,
    ("POST", "/sign-out"): EVERYBODY,
    ("POST", "/language"): EVERYBODY,
    ("POST", "/rooms"): EVERYBODY,
    ("GET", "/in/{token:str}"): EVERYBODY,
    ("POST", "/in/{token:str}"): EVERYBODY,
    ("GET", "/welcome/{token:str}"): EVERYBODY,
    ("POST", "/welcome/{token:str}"): EVERYBODY,
    ("GET", "/screen"): EVERYBODY,
    ("GET", "/screen/code"): EVERYBODY,
    ("GET", "/screen/{key:str}"): EVERYBODY,
    ("GET", "/screen/{key:str}/state"): EVERYBODY,
    ("GET", "/screen/{key:str}/live"): EVERYBODY,
    ("GET", "/draws/{slug:str}/verify"): EVERYBODY,
    ("GET", "/draws/{slug:str}/files/{name:path}"): EVERYBODY,
    ("GET", "/draws/{slug:str}"): EVERYBODY,  # from the freeze on
    ("GET", "/draws/{slug:str}/check"): EVERYBODY,
    ("GET", "/draws/{slug:str}/custody/{label:str}"): EVERYBODY,  # for a custodian who is not on the roster
    ("GET", "/draws/{slug:str}/prizes/{code:str}"): EVERYBODY,
    # The phone: everybody on the roster.
    ("GET", "/play"): SIGNED_IN,
    ("GET", "/rewards"): SIGNED_IN,
    ("GET", "/rooms/{code:str}"): SIGNED_IN,
    ("GET", "/rooms/{room_id:uuid}/state"): SIGNED_IN,
    ("GET", "/rooms/{room_id:uuid}/live"): SIGNED_IN,
    ("POST", "/rounds/{round_id:uuid}/answers"): SIGNED_IN,
    ("GET", "/boards"): SIGNED_IN,
    ("GET", "/boards/week"): SIGNED_IN,
    ("GET", "/boards/units"): SIGNED_IN,
    ("GET", "/draws"): SIGNED_IN,
    ("GET", "/draws/{slug:str}/mine"): SIGNED_IN,
    ("GET", "/draws/{slug:str}/receipt"): SIGNED_IN,
    ("GET", "/draws/{slug:str}/badge"): SIGNED_IN,
    ("GET", "/here/{badge:str}"): SIGNED_IN,  # a helper sees whose it is, anybody else his own
    ("POST", "/draws/{slug:str}/code-seen"): SIGNED_IN,
    ("POST", "/draws/{slug:str}/wins/{win_id:uuid}/decline"): SIGNED_IN,
    ("GET", "/draws/{slug:str}/custody"): SIGNED_IN,
    ("POST", "/draws/{slug:str}/custody"): SIGNED_IN,
    ("POST", "/draws/{slug:str}/custody/open"): SIGNED_IN,
    ("GET", "/draws/{slug:str}/second"): SIGNED_IN,
    ("POST", "/draws/{slug:str}/second"): SIGNED_IN,
    ("GET", "/me"): SIGNED_IN,
    ("GET", "/me/points"): SIGNED_IN,
    ("POST", "/me/alias"): SIGNED_IN,
    ("POST", "/me/text-size"): SIGNED_IN,
    ("GET", "/me/devices"): SIGNED_IN,
    ("POST", "/me/devices/end"): SIGNED_IN,
    ("POST", "/me/devices/seen"): SIGNED_IN,
    ("GET", "/set-code"): SIGNED_IN,
    ("POST", "/set-code"): SIGNED_IN,
    # The desk.
    ("GET", "/desk"): AT_THE_DESK,
    ("GET", "/desk/health"): AT_THE_DESK,
    ("GET", "/desk/find"): AT_THE_DESK,
    ("GET", "/desk/members"): AT_THE_DESK,
    ("GET", "/desk/members/new"): RUNS,
    ("POST", "/desk/members"): RUNS,
    ("GET", "/desk/members/{member_id:uuid}/edit"): RUNS,
    ("POST", "/desk/members/{member_id:uuid}/edit"): RUNS,
    ("GET", "/desk/units"): AT_THE_DESK,
    ("GET", "/desk/units/export/{kind:str}"): AT_THE_DESK,
    ("GET", "/desk/units/new"): RUNS,
    ("POST", "/desk/units"): RUNS,
    ("GET", "/desk/units/{unit_id:uuid}"): AT_THE_DESK,
    ("POST", "/desk/units/{unit_id:uuid}"): RUNS,
    ("POST", "/desk/units/{unit_id:uuid}/retire"): RUNS,
    ("POST", "/desk/units/{unit_id:uuid}/restore"): RUNS,
    ("GET", "/desk/members/export/{kind:str}"): RUNS_OR_OVERSEES,
    ("GET", "/desk/members/{member_id:uuid}"): AT_THE_DESK,
    ("POST", "/desk/members/{member_id:uuid}/link"): RUNS,
    ("POST", "/desk/members/{member_id:uuid}/code"): RUNS,
    ("POST", "/desk/members/{member_id:uuid}/tries"): RUNS,
    ("POST", "/desk/members/{member_id:uuid}/roles"): GOVERNS,
    ("POST", "/desk/members/{member_id:uuid}/leave"): RUNS,
    ("POST", "/desk/members/{member_id:uuid}/restore"): RUNS,
    ("POST", "/desk/members/{member_id:uuid}/sessions"): GOVERNS,
    ("GET", "/desk/members/import"): RUNS,
    ("POST", "/desk/members/import"): RUNS,
    ("GET", "/desk/members/import/{given:str}"): RUNS,
    ("POST", "/desk/members/import/{given:str}"): RUNS,
    ("GET", "/desk/members/import/{given:str}/rest/{kind:str}"): RUNS,
    ("GET", "/desk/members/slips"): RUNS,
    ("POST", "/desk/members/slips"): RUNS,
    ("GET", "/desk/quizzes"): AT_THE_DESK,
    ("GET", "/desk/quizzes/export/{kind:str}"): AT_THE_DESK,
    ("GET", "/desk/quizzes/{quiz_id:uuid}"): AT_THE_DESK,
    ("POST", "/desk/quizzes/{quiz_id:uuid}/answers"): AT_THE_DESK,
    ("POST", "/desk/quizzes/{quiz_id:uuid}/scoring"): RUNS,
    ("GET", "/desk/quizzes/import"): RUNS,
    ("POST", "/desk/quizzes/import"): RUNS,
    ("GET", "/desk/quizzes/import/{given:str}"): RUNS,
    ("POST", "/desk/quizzes/import/{given:str}"): RUNS,
    ("GET", "/desk/quizzes/import/{given:str}/rest/{kind:str}"): RUNS,
    ("GET", "/desk/rooms"): AT_THE_DESK,
    ("POST", "/desk/rooms"): RUNS,
    ("GET", "/desk/rooms/{room_id:uuid}"): AT_THE_DESK,
    ("GET", "/desk/rooms/{room_id:uuid}/state"): RUNS,
    ("GET", "/desk/rooms/{room_id:uuid}/live"): RUNS,
    ("POST", "/desk/rooms/{room_id:uuid}/moves"): RUNS,
    ("GET", "/desk/rooms/{room_id:uuid}/confirm"): RUNS,
    ("GET", "/desk/rooms/{room_id:uuid}/players"): AT_THE_DESK,
    ("POST", "/desk/rooms/{room_id:uuid}/players"): RUNS,
    ("GET", "/desk/boards"): AT_THE_DESK,
    ("POST", "/desk/boards/rebuild"): RUNS,
    ("POST", "/desk/clock"): GOVERNS,
    ("POST", "/desk/boards/loss"): RUNS,
    ("GET", "/desk/draws"): AT_THE_DESK,
    ("GET", "/desk/draws/export/{kind:str}"): AT_THE_DESK,
    ("GET", "/desk/draws/{draw_id:uuid}/programme"): AT_THE_DESK,
    ("GET", "/desk/draws/{draw_id:uuid}/protocol"): AT_THE_DESK,
    ("GET", "/desk/draws/new"): RUNS,
    ("POST", "/desk/draws"): RUNS,
    ("POST", "/desk/draws/preview"): RUNS,
    ("GET", "/desk/draws/{draw_id:uuid}"): AT_THE_DESK,
    ("GET", "/desk/draws/{draw_id:uuid}/why"): AT_THE_DESK,
    ("GET", "/desk/draws/{draw_id:uuid}/stage"): AT_THE_DESK,
    ("GET", "/desk/draws/{draw_id:uuid}/stage/now"): AT_THE_DESK,
    ("GET", "/desk/draws/{draw_id:uuid}/stage/deck"): AT_THE_DESK,
    ("POST", "/desk/draws/{draw_id:uuid}/stage/shown"): RUNS,
    ("GET", "/desk/draws/{draw_id:uuid}/edit"): RUNS,
    ("POST", "/desk/draws/{draw_id:uuid}/edit"): RUNS,
    ("POST", "/desk/draws/{draw_id:uuid}/freeze"): RUNS,
    ("POST", "/desk/draws/form"): RUNS,
    ("GET", "/desk/draws/people"): RUNS,
    ("POST", "/desk/draws/pictures"): RUNS,
    ("GET", "/desk/draws/pictures/{given:str}"): RUNS,
    ("GET", "/desk/draws/{draw_id:uuid}/prizes/{code:str}/picture"): AT_THE_DESK,
    ("GET", "/desk/draws/{draw_id:uuid}/now"): AT_THE_DESK,
    ("GET", "/desk/draws/{draw_id:uuid}/kit.html"): RUNS,
    ("GET", "/desk/draws/{draw_id:uuid}/kit-hash"): RUNS,
    ("POST", "/desk/draws/{draw_id:uuid}/seal"): RUNS,
    ("POST", "/desk/draws/{draw_id:uuid}/voids"): RUNS,
    ("POST", "/desk/draws/{draw_id:uuid}/unvoid"): RUNS,
    ("POST", "/desk/draws/{draw_id:uuid}/arm"): RUNS,
    ("POST", "/desk/draws/{draw_id:uuid}/dice"): RUNS,
    ("POST", "/desk/draws/{draw_id:uuid}/roll"): RUNS,
    ("POST", "/desk/draws/{draw_id:uuid}/beacon"): RUNS,
    ("POST", "/desk/draws/{draw_id:uuid}/reveal"): RUNS,
    ("POST", "/desk/draws/{draw_id:uuid}/rounds"): RUNS,
    ("POST", "/desk/draws/{draw_id:uuid}/places"): RUNS,
    ("POST", "/desk/draws/{draw_id:uuid}/confirmations"): AT_THE_DESK,  # the second; the first needs who runs draws
    ("POST", "/desk/draws/{draw_id:uuid}/close"): RUNS,
    ("POST", "/desk/draws/{draw_id:uuid}/rehearsals"): RUNS,
    ("POST", "/desk/draws/{draw_id:uuid}/transcripts"): RUNS,
    ("POST", "/desk/draws/{draw_id:uuid}/witnesses"): RUNS,
    ("POST", "/desk/draws/{draw_id:uuid}/cancel"): RUNS,
    ("POST", "/desk/draws/{draw_id:uuid}/stage"): RUNS,
    ("GET", "/desk/draws/policy"): AT_THE_DESK,
    ("POST", "/desk/draws/policy"): GOVERNS,
    ("GET", "/desk/funds"): AT_THE_DESK,
    ("GET", "/desk/funds/export/{kind:str}"): AT_THE_DESK,
    ("POST", "/desk/funds"): RUNS,
    ("GET", "/desk/funds/{fund_id:uuid}"): AT_THE_DESK,
    ("POST", "/desk/funds/{fund_id:uuid}"): RUNS,
    ("GET", "/desk/claims"): AT_THE_DESK,
    ("POST", "/desk/claims"): AT_THE_DESK,  # looks a code up and changes nothing
    ("GET", "/desk/claims/{code:str}"): AT_THE_DESK,
    ("GET", "/desk/wins/{win_id:uuid}/signature"): AT_THE_DESK,
    ("GET", "/desk/wins/{win_id:uuid}/picture"): AT_THE_DESK,
    ("GET", "/desk/draws/{draw_id:uuid}/hand-over"): AT_THE_DESK,
    ("GET", "/desk/draws/{draw_id:uuid}/hand-over/{kind:str}"): RUNS_OR_OVERSEES,
    ("GET", "/desk/draws/{draw_id:uuid}/payroll/{kind:str}"): RUNS_OR_OVERSEES,
    ("GET", "/desk/draws/{draw_id:uuid}/tickets"): AT_THE_DESK,
    ("GET", "/desk/draws/{draw_id:uuid}/tickets/print"): AT_THE_DESK,
    ("GET", "/desk/draws/{draw_id:uuid}/check-in"): RUNS,
    ("GET", "/desk/draws/{draw_id:uuid}/check-in/list"): RUNS,
    ("GET", "/desk/draws/{draw_id:uuid}/check-in/present"): RUNS,
    ("POST", "/desk/draws/{draw_id:uuid}/check-in"): RUNS,
    ("POST", "/desk/draws/{draw_id:uuid}/check-in/undo"): RUNS,
    ("POST", "/desk/draws/{draw_id:uuid}/check-in/sync"): RUNS,
    ("POST", "/desk/draws/{draw_id:uuid}/check-in/file"): RUNS,
    ("POST", "/here/{badge:str}"): RUNS,
    ("POST", "/desk/claims/{code:str}/hand-over"): RUNS,
    ("POST", "/desk/claims/{code:str}/undo"): RUNS,
    ("GET", "/desk/screens"): AT_THE_DESK,
    ("GET", "/desk/screens/export/{kind:str}"): AT_THE_DESK,
    ("POST", "/desk/screens"): RUNS,
    ("GET", "/desk/screens/{screen_id:uuid}"): AT_THE_DESK,
    ("POST", "/desk/screens/{screen_id:uuid}"): RUNS,
    ("GET", "/desk/screens/walls"): AT_THE_DESK,
    ("POST", "/desk/screens/take"): RUNS,
    ("POST", "/desk/screens/let-go"): RUNS,
    ("POST", "/desk/screens/{screen_id:uuid}/pair"): RUNS,
    ("POST", "/desk/screens/{screen_id:uuid}/revoke"): RUNS,
    ("POST", "/desk/screens/{screen_id:uuid}/remove"): RUNS,
    ("GET", "/desk/audit"): OVERSEES,
    ("GET", "/desk/settings"): OVERSEES,
    ("GET", "/desk/seasons"): OVERSEES,
    ("GET", "/desk/seasons/export/{kind:str}"): OVERSEES,
    ("POST", "/desk/seasons"): GOVERNS,
    ("GET", "/desk/seasons/{season_id:uuid}"): OVERSEES,
    ("POST", "/desk/seasons/{season_id:uuid}"): GOVERNS,
    ("POST", "/desk/seasons/{season_id:uuid}/remove"): GOVERNS,
    ("POST", "/desk/rules/{code:str}"): GOVERNS,
}
"""(method, path as routed) -> the roles that are let in. OPTIONS is answered by the framework, without a body."""

WRITING_GETS = (
    "/screen",
    "/screen/code",
    "/screen/{key:str}",
    "/screen/{key:str}/state",
    "/screen/{key:str}/live",
    "/desk/draws/{draw_id:uuid}/kit.html",
    "/desk/members/export/{kind:str}",
    "/desk/draws/{draw_id:uuid}/hand-over/{kind:str}",
    "/desk/draws/{draw_id:uuid}/payroll/{kind:str}",
)
"""A wall that is not paired is given characters; a screen that asks is noted as seen; who took a file of people stands
in the trail. No other GET changes anything."""

LOOKING_POSTS = (
    "/desk/claims",
    "/desk/draws/preview",
    "/desk/draws/form",
    "/desk/draws/pictures",
    "/desk/draws/{draw_id:uuid}/transcripts",  # a log is weighed before it is taken
    "/me/text-size",
    "/me/devices/end",
    "/me/devices/seen",
)
"""POSTs that leave every table and board as they were (those of devices change sessions only)."""

DECISION = "/desk/quizzes/{quiz_id:uuid}/answers"
"""Whoever sees right answers is written down, an auditor too: he does not score from then on."""

CONFIRM = "/desk/draws/{draw_id:uuid}/confirmations"
"""Open to auditors as witnesses, and refused while nobody has given the first word."""

REFUSALS = {
    "en": ("Please sign in first.", "You may not do this. Ask an administrator if you need to."),
    "zh-Hans": ("请先登录。", "您没有此项权限。如有需要，请与管理员联系。"),
}
FORGED = {"en": "Reload it and try again.", "zh-Hans": "请刷新后重试"}

OTHER_SUBJECTS: Mapping[tuple[str, str], Callable[[World], object]] = {
    ("POST", "/desk/members/{member_id:uuid}/restore"): lambda w: w.gone,
    ("POST", "/desk/units/{unit_id:uuid}/retire"): lambda w: w.empty_unit,
    ("POST", "/desk/units/{unit_id:uuid}/restore"): lambda w: w.retired_unit,
    ("POST", "/desk/members/{member_id:uuid}/leave"): lambda w: w.people[3],
    ("POST", "/desk/rooms/{room_id:uuid}/players"): lambda w: w.asked,
    ("POST", "/desk/draws/{draw_id:uuid}/freeze"): lambda w: w.draws["to_freeze"],
    ("GET", "/desk/draws/{draw_id:uuid}/prizes/{code:str}/picture"): lambda w: w.draws["drawn"],
    ("GET", "/desk/draws/{draw_id:uuid}/programme"): lambda w: w.draws["frozen"],
    ("GET", "/desk/draws/{draw_id:uuid}/protocol"): lambda w: w.draws["drawn"],
    ("GET", "/desk/draws/{draw_id:uuid}/kit.html"): lambda w: w.draws["frozen"],
    ("GET", "/desk/draws/{draw_id:uuid}/check-in"): lambda w: w.draws["frozen"],
    ("GET", "/desk/draws/{draw_id:uuid}/hand-over"): lambda w: w.draws["drawn"],
    ("GET", "/desk/draws/{draw_id:uuid}/tickets"): lambda w: w.draws["frozen"],
    ("GET", "/desk/draws/{draw_id:uuid}/tickets/print"): lambda w: w.draws["frozen"],
    ("GET", "/desk/draws/{draw_id:uuid}/kit-hash"): lambda w: w.draws["frozen"],
    ("POST", "/desk/draws/{draw_id:uuid}/seal"): lambda w: w.draws["unsealed"],
    ("POST", "/desk/draws/{draw_id:uuid}/voids"): lambda w: w.draws["frozen"],
    ("POST", "/desk/draws/{draw_id:uuid}/unvoid"): lambda w: w.draws["frozen"],
    ("POST", "/desk/draws/{draw_id:uuid}/arm"): lambda w: w.draws["to_hold"],
    ("POST", "/desk/draws/{draw_id:uuid}/dice"): lambda w: w.draws["armed"],
    ("POST", "/desk/draws/{draw_id:uuid}/roll"): lambda w: w.draws["armed"],
    ("POST", "/desk/draws/{draw_id:uuid}/reveal"): lambda w: w.draws["rolled"],
    ("POST", "/desk/draws/{draw_id:uuid}/beacon"): lambda w: w.draws["rolled"],
    ("POST", "/desk/draws/{draw_id:uuid}/rounds"): lambda w: w.draws["to_close"],
    ("POST", "/desk/draws/{draw_id:uuid}/places"): lambda w: w.draws["to_close"],
    ("POST", "/desk/draws/{draw_id:uuid}/confirmations"): lambda w: w.draws["to_close"],
    ("POST", "/desk/draws/{draw_id:uuid}/close"): lambda w: w.draws["to_close"],
    ("POST", "/desk/draws/{draw_id:uuid}/rehearsals"): lambda w: w.draws["frozen"],
    ("POST", "/desk/draws/{draw_id:uuid}/transcripts"): lambda w: w.draws["drawn"],
    ("POST", "/desk/draws/{draw_id:uuid}/witnesses"): lambda w: w.draws["draft"],
    ("POST", "/desk/draws/{draw_id:uuid}/cancel"): lambda w: w.draws["to_cancel"],
    ("POST", "/desk/draws/{draw_id:uuid}/stage"): lambda w: w.draws["drawn"],
    ("POST", "/desk/draws/{draw_id:uuid}/stage/shown"): lambda w: w.draws["drawn"],
    ("POST", "/desk/draws/{draw_id:uuid}/check-in"): lambda w: w.draws["frozen"],
    ("POST", "/desk/draws/{draw_id:uuid}/check-in/undo"): lambda w: w.draws["frozen"],
    ("POST", "/desk/draws/{draw_id:uuid}/check-in/sync"): lambda w: w.draws["frozen"],
    ("POST", "/desk/draws/{draw_id:uuid}/check-in/file"): lambda w: w.draws["frozen"],
    ("POST", "/desk/screens/{screen_id:uuid}/remove"): lambda w: w.spare_screen,
    ("POST", "/desk/seasons/{season_id:uuid}/remove"): lambda w: w.spare_season,
    ("POST", "/desk/rules/{code:str}"): lambda w: "quiz",
    ("GET", "/desk/claims/{code:str}"): lambda w: w.claim_code,
    ("POST", "/desk/claims/{code:str}/hand-over"): lambda w: w.claim_code,
    ("POST", "/desk/claims/{code:str}/undo"): lambda w: w.claim_code,
    ("POST", "/desk/quizzes/{quiz_id:uuid}/scoring"): lambda w: w.fresh,
}

SUBJECTS: Mapping[str, Callable[[World], object]] = {
    "{file_path:path}": lambda w: "kit.css",
    "{key:str}": lambda w: w.screen_key,
    "{slug:str}": lambda w: w.slug,
    "{badge:str}": lambda w: w.badge,
    "{win_id:uuid}": lambda w: w.win,
    "{kind:str}": lambda w: "csv",
    "{name:path}": lambda w: "manifest.json",
    "{label:str}": lambda w: "notary",
    "{code:str}": lambda w: "bcdfg",
    "{room_id:uuid}": lambda w: w.lobby,
    "{round_id:uuid}": lambda w: w.round,
    "{quiz_id:uuid}": lambda w: w.quiz,
    "{draw_id:uuid}": lambda w: w.draws["draft"],
    "{screen_id:uuid}": lambda w: w.screen,
    "{unit_id:uuid}": lambda w: w.unit,
    "{season_id:uuid}": lambda w: w.season,
    "{fund_id:uuid}": lambda w: w.fund,
    "{member_id:uuid}": lambda w: w.subject,
}

ROSTER = b"staff number,name\nN-1,New Person\nN-2,\n"
"""A row of it cannot be taken."""
QUIZ = b"Which way?\nA. Left\nB. Right\nANSWER: B\n\nWhich other?\nA. Left\nB. Right\n"


def _terms(world: World, title: str) -> dict[str, object]:
    return {
        "title": title,
        "season": str(world.season),
        "per": "50",
        "cap": "4",
        "call_seconds": "0",
        "dispute_hours": "0",
        "claim_days": "30",
        "shown_names": "masked",
        "venue": "d10x20",
        "prize": ["1"],
        "prize-1-name": "Bicycle",
        "prize-1-quantity": "1",
    }


FORMS: Mapping[str, Callable[[World], dict[str, Any]]] = {
    "/sign-in": lambda w: {"staff_number": "P-0", "code": CODE},
    "/language": lambda w: {"language": "en", "back": "/"},
    "/rooms": lambda w: {"code": "bcdfg"},
    "/welcome/{token:str}": lambda w: {"name": "First", "staff_number": "F-1", "code": "green-valve-8"},
    "/rounds/{round_id:uuid}/answers": lambda w: {"picked": "1"},
    "/me/alias": lambda w: {"alias": "Otter", "shows": "1"},
    "/me/text-size": lambda w: {"size": "large"},
    "/set-code": lambda w: {"old": CODE, "code": "yellow-valve-9", "next": "/"},
    "/desk/members/{member_id:uuid}/roles": lambda w: {"role": ["reviewer"], "why": "helps out"},
    "/desk/members/{member_id:uuid}/leave": lambda w: {"why": "moved away"},
    "/desk/members/{member_id:uuid}/restore": lambda w: {"why": "came back"},
    "/desk/members": lambda w: {"staff_number": "B-1", "name": "By Hand", "unit": str(w.unit)},
    "/desk/members/{member_id:uuid}/edit": lambda w: {"staff_number": "P-0", "name": "Person Corrected"},
    "/desk/units": lambda w: {"name": "Annex", "parent": str(w.unit)},
    "/desk/units/{unit_id:uuid}": lambda w: {"name": "Works"},
    "/desk/members/slips": lambda w: {"unit": str(w.unit), "who": "all"},
    "/desk/quizzes/{quiz_id:uuid}/scoring": lambda w: {"scoring": "linear", "floor": "40"},
    "/desk/quizzes/import/{given:str}": lambda w: {"title": "Ways", "scoring": "kahoot", "floor": "50"},
    "/desk/rooms": lambda w: {"quiz": str(w.quiz)},
    "/desk/rooms/{room_id:uuid}/moves": lambda w: {"move": "next", "version": "1"},
    "/desk/rooms/{room_id:uuid}/players": lambda w: {"member": str(w.subject)},
    "/desk/draws": lambda w: _terms(w, "New"),
    "/desk/draws/preview": lambda w: _terms(w, "New"),
    "/desk/draws/form": lambda w: {**_terms(w, "New"), "do": "add:prize"},
    "/desk/draws/{draw_id:uuid}/edit": lambda w: {**_terms(w, "Edited"), "version": w.versions["draft"]},
    "/desk/draws/{draw_id:uuid}/seal": lambda w: {"label": "notary", "commitment": "ab" * 32},
    "/desk/draws/{draw_id:uuid}/voids": lambda w: {"staff_number": "P-1", "reason": "left", "why": "moved away"},
    "/desk/draws/{draw_id:uuid}/unvoid": lambda w: {"line": "0"},
    "/desk/draws/{draw_id:uuid}/dice": lambda w: {"digits": DICE},
    "/desk/draws/{draw_id:uuid}/roll": lambda w: {"digits": DICE},
    "/desk/draws/{draw_id:uuid}/beacon": lambda w: {"signature": "ab" * 48},
    "/desk/draws/{draw_id:uuid}/reveal": lambda w: {"secret": secret_of("organiser").hex()},
    "/desk/draws/{draw_id:uuid}/rounds": lambda w: {"round": "last"},
    "/desk/draws/{draw_id:uuid}/places": lambda w: {"prize": "one", "slot": "0", "attempt": "0", "do": "call"},
    "/desk/draws/{draw_id:uuid}/confirmations": lambda w: {"prize": "one", "slot": "0", "attempt": "7", "do": "absent"},
    "/desk/draws/{draw_id:uuid}/witnesses": lambda w: {"witness": "P-1"},
    "/desk/draws/{draw_id:uuid}/transcripts": lambda w: {"log_text": w.log},
    "/draws/{slug:str}/code-seen": lambda w: {"code": "0ZK9-XVDB-K0EZ"},
    "/desk/draws/{draw_id:uuid}/cancel": lambda w: {"why": "the hall is closed"},
    "/desk/draws/{draw_id:uuid}/stage/shown": lambda w: {"upto": "1"},
    "/desk/draws/policy": lambda w: {"mode": "warn", "share": "66.7", "why": "guideline"},
    "/desk/funds": lambda w: {"kind": "item", "name": "Mugs", "amount": "20", "value": "12.50"},
    "/desk/funds/{fund_id:uuid}": lambda w: {"way": "in", "amount": "5.00", "why": "a gift", "once": str(new_id())},
    "/desk/claims": lambda w: {"code": w.claim_code},
    "/desk/draws/{draw_id:uuid}/check-in": lambda w: {"line": "1"},
    "/desk/draws/{draw_id:uuid}/check-in/undo": lambda w: {"line": "1"},
    "/desk/draws/{draw_id:uuid}/check-in/sync": lambda w: {"items": [_seen(2)]},
    "/desk/draws/{draw_id:uuid}/check-in/file": lambda w: {"text": _waiting(w)},
    "/desk/screens": lambda w: {"name": "Gate"},
    "/desk/screens/{screen_id:uuid}": lambda w: {"name": "Hall", "shows": "boards"},
    "/desk/screens/take": lambda w: {"of": f"room:{w.lobby}", "screen": str(w.screen)},
    "/desk/screens/let-go": lambda w: {"screen": str(w.screen)},
    "/desk/screens/{screen_id:uuid}/pair": lambda w: {"code": "bcd234"},
    "/desk/seasons/{season_id:uuid}": lambda w: {
        "name": "Renamed",
        "starts_on": str(_later(w, -30)),
        "ends_on": str(_later(w, 60)),
    },
    "/desk/seasons": lambda w: {"name": "Next", "starts_on": str(_later(w, 61)), "ends_on": str(_later(w, 90))},
    "/desk/rules/{code:str}": lambda w: {"daily_cap": "500", "spend_percent": "50", "why": "new terms"},
}
"""Path -> a form that is right in every way, so that only the role decides. Not there: nothing to fill in."""


def _later(world: World, days: int) -> object:
    return world.process.today() + timedelta(days=days)


def _seen(line: int) -> dict[str, object]:
    return {"nonce": "a", "at": now().isoformat(), "line": line}


def _waiting(world: World) -> str:
    """What a device without a network has kept; its draw is that of the badge."""
    slug = f"draw-{world.process.today().year}-{int(world.badge.partition('-')[0]):03}"
    return json.dumps({"laurel": "laurel check-in 1", "draw": slug, "items": [_seen(3)]})


class Visitor:
    """Somebody who tries addresses. Each request is made in a session of its own, in the language asked for."""

    def __init__(self, world: World, role: str, member: UUID | None) -> None:
        self.world, self.role, self.member = world, role, member

    async def headers(self, language: str) -> dict[str, str]:
        if self.member is None:
            return self.world.stranger(language)
        roles = () if self.role == MEMBER else (self.role,)
        return await self.world.enter(self.member, roles, language)

    async def address(self, method: str, path: str) -> str:
        """The path with something that exists in place of each parameter."""
        world = self.world
        if "{given:str}" in path:
            kind: uploads.Kind = "roster" if "members" in path else "quiz"
            data = ROSTER if kind == "roster" else QUIZ
            file = UploadFile("text/plain", "file.txt" if kind == "quiz" else "file.csv", data)
            kept = await uploads.keep(world.process.redis, kind, self.member or world.head, file)
            await file.close()
            path = path.replace("{given:str}", kept)
        if "{token:str}" in path:
            path = path.replace("{token:str}", world.welcome if path.startswith("/welcome") else world.link)
        special = OTHER_SUBJECTS.get((method, path))
        if "/prizes/{code:str}" in path:
            path = path.replace("{code:str}", "one")
        for name, subject in SUBJECTS.items():
            if name in path:
                path = path.replace(name, str(special(world) if special is not None else subject(world)))
        return path

    async def ask(
        self, method: str, path: str, language: str = "en", token: bool = True, address: str = ""
    ) -> "Answer":
        """The status and the words of the answer."""
        headers, to = await self.headers(language), address or await self.address(method, path)
        if not token:
            del headers["x-csrftoken"]
        if path.endswith("/live"):
            return await _stream_head(self.world.client.app, to, headers["cookie"])
        if method == "POST" and path.endswith("/import"):
            file = ("new.csv", ROSTER) if "members" in path else ("new.txt", QUIZ)
            answer = await self.world.client.post(to, headers=headers, files={"file": file})
        elif path.endswith("/sync"):
            answer = await self.world.client.post(to, headers=headers, json=FORMS[path](self.world))
        elif method == "POST":
            form = FORMS[path](self.world) if path in FORMS else {}
            answer = await self.world.client.post(to, headers=headers, data=form)
        else:
            answer = await self.world.client.request(method, to, headers=headers)
        return Answer(answer.status_code, answer.text, answer.headers)


class Answer:
    """What came back. `kind`: its content type, which is said once, and always where something comes."""

    def __init__(self, status: int, text: str, headers: httpx.Headers) -> None:
        self.status, self.text = status, text
        self.location, self.kind = headers.get("location", ""), headers.get("content-type", "")
        said = headers.get_list("content-type")
        assert len(said) == 1 or (said == [] and text == ""), (status, said)


async def _stream_head(app: Any, path: str, cookie: str) -> Answer:
    """How an address that may be a stream begins; the stream is left at once."""
    left, begun = asyncio.Event(), asyncio.Event()
    status, body, sent = 0, b"", list[tuple[bytes, bytes]]()

    async def receive() -> MutableMapping[str, Any]:
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        nonlocal status, body
        status = message.get("status", status)
        sent.extend(message.get("headers", ()))
        body += message.get("body", b"")
        if message["type"] == "http.response.body":
            begun.set()

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"testserver.local"), (b"cookie", cookie.encode())],
        "client": ("127.0.0.1", 1),
        "server": ("testserver.local", 80),
    }
    serving = asyncio.create_task(app(scope, receive, send))
    await begun.wait()
    left.set()
    await serving
    return Answer(status, body.decode(), httpx.Headers(sent))


def routes(client: Browser) -> set[tuple[str, str]]:
    """(method, path) of everything that is routed, the framework's own OPTIONS left out."""
    found = set()
    for route in client.app.routes:
        for method in route.methods:
            found.add((str(method), route.path))
    return {(method, path) for method, path in found if method != "OPTIONS"}


async def test_every_address_is_in_the_table(client: Browser) -> None:
    there = routes(client)
    assert there - set(WHO_MAY) == set(), "addresses that the table does not know"
    assert set(WHO_MAY) - there == set(), "addresses of the table that are gone"
    assert set(FORMS) <= {path for method, path in WHO_MAY if method == "POST"}


@pytest.fixture
async def world(client: Browser) -> World:
    return await build(client)


@pytest.fixture
async def visitor(world: World, role: str) -> Visitor:
    member = None
    if role != NOBODY:
        member = await add_member("Visitor", "V-1", [] if role == MEMBER else [role])
        await world.join(member)
    return Visitor(world, role, member)


def is_turned_away(method: str, answer: Answer) -> bool:
    """401 or 403, or (a page, nobody signed in) the way to the door."""
    return answer.status in (401, 403) or (
        method == "GET" and answer.status == 303 and answer.location.startswith("/sign-in?next=")
    )


@pytest.mark.parametrize("role", EVERYBODY)
async def test_who_may_not_is_told_so_and_changes_nothing(world: World, visitor: Visitor, role: str) -> None:
    for (method, path), who in WHO_MAY.items():
        if role in who:
            continue
        address = await visitor.address(method, path)
        before = await world.digest()
        for language, (sign_in, not_allowed) in REFUSALS.items():
            answer = await visitor.ask(method, path, language, address=address)
            assert is_turned_away(method, answer), (method, path, answer.status)
            assert answer.status == 303 or (sign_in if role == NOBODY else not_allowed) in answer.text, (method, path)
        assert await world.digest() == before, (method, path)


@pytest.mark.parametrize("role", EVERYBODY)
async def test_who_may_is_let_in(world: World, visitor: Visitor, role: str) -> None:
    """With everything else right, whatever is allowed also works; only the first admin's link is over by then."""
    closed = {
        ("GET", "/welcome/{token:str}"): (200, 410),
        ("POST", "/welcome/{token:str}"): (303, 409),
        ("GET", "/desk/draws/pictures/{given:str}"): (404,),  # what waits there is seen by who brought it
        ("GET", "/draws/{slug:str}/custody"): (404,),  # there for the custodian alone
        ("POST", "/draws/{slug:str}/custody"): (404,),
        ("POST", "/draws/{slug:str}/custody/open"): (404,),
        ("GET", "/draws/{slug:str}/second"): (200, 404),  # there for whoever stands by
        ("POST", "/draws/{slug:str}/second"): (422, 404),
        ("POST", "/draws/{slug:str}/wins/{win_id:uuid}/decline"): (404,),  # there for the winner alone
        ("POST", "/desk/draws/{draw_id:uuid}/confirmations"): (303, 422),  # the first word is of who runs draws
        ("POST", "/desk/draws/{draw_id:uuid}/beacon"): (422,),  # nobody but the network can sign one
        ("POST", "/desk/boards/rebuild"): (409,),  # they agree
        ("POST", "/desk/clock"): (400,),  # no clock was set
        ("POST", "/desk/claims/{code:str}/undo"): (422,),  # nobody takes back what he gave himself
        ("POST", "/desk/screens/{screen_id:uuid}/pair"): (400,),  # no wall shows these characters
    }
    for (method, path), who in WHO_MAY.items():
        if role not in who:
            continue
        address = await visitor.address(method, path)
        before = await world.digest(ticks=False)
        answer = await visitor.ask(method, path, address=address)
        assert not is_turned_away(method, answer), (method, path, answer.status, answer.text)
        assert answer.status in closed.get((method, path), (200, 204, 303)), (method, path, answer.status, answer.text)
        assert answer.kind.count("charset=") == answer.kind.startswith("text/"), (method, path, answer.kind)
        if said := re.search(r"[?&]said=([\w.]+)", answer.location):
            assert re.search(r"[.?!]$", LISTING.texts[said[1]]), (path, said[1], "is a label and no sentence")
        reads = (method != "POST" and path not in WRITING_GETS) or path in LOOKING_POSTS
        if reads:
            assert await world.digest(ticks=False) == before, (method, path)


@pytest.mark.parametrize("role", EVERYBODY)
async def test_a_form_without_its_token_changes_nothing(world: World, visitor: Visitor, role: str) -> None:
    for (method, path), who in WHO_MAY.items():
        if method != "POST":
            continue
        address = await visitor.address(method, path)
        before = await world.digest()
        for language, words in FORGED.items():
            answer = await visitor.ask(method, path, language, token=False, address=address)
            if role == NOBODY and role not in who:
                assert answer.status == 401, path
                continue
            assert answer.status == 403, (path, answer.status)
            assert words in answer.text, path
        assert await world.digest() == before, path


@pytest.mark.parametrize("role", [AUDITOR])
async def test_an_auditor_changes_nothing_at_the_desk(world: World, visitor: Visitor, role: str) -> None:
    for method, path in WHO_MAY:
        if not path.startswith("/desk") or path in (*WRITING_GETS, DECISION):  # who took a file of people is noted
            continue
        address = await visitor.address(method, path)
        before = await world.digest()
        answer = await visitor.ask(method, path, address=address)
        assert await world.digest() == before, (method, path)
        assert method == "GET" or answer.status == 403 or path in ("/desk/claims", CONFIRM), (method, path)


async def test_asking_what_an_address_can_do_does_nothing(client: Browser, world: World) -> None:
    visitor = Visitor(world, NOBODY, None)
    for path in sorted({path for _, path in WHO_MAY}):
        address = await visitor.address("GET", path)
        before = await world.digest()
        answer = await client.options(address)
        assert answer.status_code == 204, path
        assert answer.content == b""
        assert await world.digest() == before


@pytest.mark.parametrize("role", [ADMIN])
async def test_other_methods_are_refused_in_words(world: World, visitor: Visitor, role: str) -> None:
    before = await world.digest()
    for method in ("PUT", "PATCH", "DELETE"):
        for path in (
            "/",
            "/desk",
            f"/desk/members/{world.subject}",
            f"/rounds/{world.round}/answers",
            "/static/kit.css",
        ):
            answer = await world.client.request(method, path, headers=await visitor.headers("en"))
            assert answer.status_code == 405, (method, path)
            assert "This address does not do that." in answer.text
    assert await world.digest() == before


async def test_a_member_who_has_left_is_nobody(client: Browser, world: World) -> None:
    """His session ends with his leaving, and neither his code nor his link opens anything any more."""
    headers = await world.enter(world.subject, ())
    admin = await world.enter(await add_member("Chief", "C-1", ["admin"]), ("admin",))
    assert (await client.get("/me", headers=headers)).status_code == 200
    for member in (world.subject, world.people[1]):
        left = await client.post(f"/desk/members/{member}/leave", headers=admin, data={"why": "gone"})
        assert left.status_code == 303
    assert (await client.get("/me", headers=headers)).status_code == 401
    code = {"staff_number": "P-0", "code": CODE}
    for path, given in (("/sign-in", code), (f"/in/{world.link}", {})):
        answer = await client.post(path, headers=world.stranger(), data=given)
        assert answer.status_code in (401, 410)
        assert "laurel_session" not in str(answer.headers)
