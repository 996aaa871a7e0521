"""What the shells need to know of draws and prizes."""

from collections.abc import Mapping
from typing import Any

from server.runtime.resources import Resources
from server.web.draws import cards, checks, desk, finding
from server.web.draws.hold import ceremony, check_in, kit, stage
from server.web.draws.phone import badge, custody, draws, receipts, second
from server.web.draws.plan import form, policy
from server.web.draws.prizes import claims, exports, prints
from server.web.draws.screen import scene
from server.web.draws.words import ceremony as ceremony_words
from server.web.draws.words import claims as claim_words
from server.web.draws.words import desk_draws as desk_words
from server.web.draws.words import draw_pages as page_words
from server.web.draws.words import draws as draw_words
from server.web.draws.words import policy as policy_words
from server.web.draws.words import stage as stage_words
from server.web.frame.i18n import mark as _
from server.web.frame.noun import Area, Door, Noun, Opened, Shown, Slide, Way


def _opened(resources: Resources, shown: Shown) -> Opened:
    return Opened(own=None, scenes=(scene.scene(resources),))


def _draw(subject: str, details: Mapping[str, Any]) -> tuple[str, str] | None:
    return (f"/desk/draws/{subject}", str(details.get("title", ""))) if len(subject) == 36 else None


DRAWS = Noun(
    name="draws",
    handlers=(
        *badge.HANDLERS,
        *ceremony.HANDLERS,
        *check_in.HANDLERS,
        *claims.HANDLERS,
        *custody.HANDLERS,
        *desk.HANDLERS,
        *draws.HANDLERS,
        *exports.HANDLERS,
        *form.HANDLERS,
        *kit.HANDLERS,
        *policy.HANDLERS,
        *prints.HANDLERS,
        *receipts.HANDLERS,
        *second.HANDLERS,
        *stage.HANDLERS,
    ),
    permissions={
        "draws.read": "reads",
        "draws.change": "runs",
        "draws.draw": "runs",
        "claims.read": "reads",
        "claims.hand_over": "runs",
    },
    doors=(
        Door("/desk/draws", _("Draws"), "draw", "draws.read", "rewards", 10),
        Door("/desk/claims", _("Prizes"), "gift", "claims.read", "rewards", 20),
    ),
    ways=(Way("rewards", "/draws"), Way("rewards", "/here")),
    slides=(Slide(20, "draws/screen/next.html", False, scene.slides),),
    texts=(
        draw_words.TEXTS,
        ceremony_words.TEXTS,
        claim_words.TEXTS,
        desk_words.TEXTS,
        page_words.TEXTS,
        policy_words.TEXTS,
        stage_words.TEXTS,
    ),
    statuses={
        "draw.code_form": 400,
        "draw.commitment_missing": 400,
        "draw.unknown": 404,
        "draw.no_custodian": 404,
        "draw.no_second": 404,
        "claim.unknown": 404,
        "claim.not_yours": 404,
        "presence.badge": 404,
    },
    areas=(
        Area("draw", _("Draws"), _draw),
        Area("claim", _("Prizes")),
        Area("presence", _("Check-in")),
        Area("policy", _("Prize policy")),
    ),
    cards=cards.CARDS,
    steps=cards.STEPS,
    finders=finding.FINDERS,
    opens=_opened,
    checks=(checks.published,),
)
