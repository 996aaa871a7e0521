"""Setting the prize policy."""

from datetime import datetime
from typing import Final
from uuid import UUID

from rewards.audit.actions import note as audit
from rewards.database import transaction
from rewards.draws import policy as rules
from rewards.draws.policy import Policy
from rewards.draws.tables import DrawPolicy
from rewards.funds.rules import MOST, shown, units
from rewards.refusals import Refusal

_LONGEST_WHY: Final = 500


async def set_policy(policy: Policy, *, actor: UUID | None, now: datetime, why: str) -> None:
    """Let this policy hold from now on, for draws that are frozen later, and note it with the reason.

    Refusals: policy.mode_unknown, policy.share_range, policy.value_range (most), policy.why_missing.
    """
    if (flaw := rules.flaw(policy)) is not None:
        raise Refusal(flaw, most=shown("money", MOST["money"]))
    why = why.strip()[:_LONGEST_WHY]
    if not why:
        raise Refusal("policy.why_missing")
    async with transaction():
        await DrawPolicy.update(
            {
                DrawPolicy.mode: policy.mode,
                DrawPolicy.share: policy.share,
                DrawPolicy.value_event: policy.value_event,
                DrawPolicy.value_year: policy.value_year,
            }
        ).where(DrawPolicy.id == 1)
        await audit(
            "policy.set",
            at=now,
            actor=actor,
            subject="policy",
            why=why,
            mode=policy.mode,
            share=f"{rules.percent(policy.share)} %",
            value_event=units(policy.value_event),
            value_year=units(policy.value_year),
        )
