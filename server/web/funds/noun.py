"""What the shells need to know of budgets and stocks."""

from collections.abc import Mapping
from typing import Any

from server.web.frame.i18n import mark as _
from server.web.frame.noun import Area, Door, Noun
from server.web.funds import desk, finding, words


def _fund(subject: str, details: Mapping[str, Any]) -> tuple[str, str]:
    return f"/desk/funds/{subject}", str(details.get("name", ""))


FUNDS = Noun(
    name="funds",
    handlers=desk.HANDLERS,
    permissions={"funds.read": "reads", "funds.change": "runs"},
    doors=(Door("/desk/funds", _("Funds"), "purse", "funds.read", "rewards", 50),),
    finders=finding.FINDERS,
    texts=(words.TEXTS,),
    statuses={"funds.unknown": 404},
    areas=(Area("fund", _("Funds"), _fund),),
)
