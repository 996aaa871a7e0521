"""From a filled-in form to the terms of a draw, and back; each mistake stands beside its field."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, tzinfo
from typing import Any, Final
from uuid import UUID

from rewards.draws import terms as draw_terms
from rewards.draws.eligibility import (
    LONGEST_WHY,
    MOST_COUNTED,
    MOST_POINTS,
    MOST_TICKETS,
    MOST_TIMES,
    UNKNOWN,
    ClassTerms,
    Counted,
    Part,
    Rule,
    is_name,
    read_rule,
    rule_json,
)
from rewards.draws.queries import CustodianRow, DrawRow, ExclusionRow, PrizeRow
from rewards.draws.rules import MAX_ALTERNATES, MAX_BATCH, MAX_CALL_SECONDS, MAX_SLOTS
from rewards.draws.terms import (
    MOST_CLAIM_DAYS,
    MOST_DISPUTE_HOURS,
    MOST_VALUE,
    ONE_ROUND,
    CustodianTerms,
    Exclusion,
    PrizeTerms,
    RoundTerms,
    Terms,
    per_unit,
)
from rewards.ledger.earnings import Earning, Measure, Tally, measure_of
from rewards.members.queries import Person
from server.web.draws.plan import draft as draw_draft
from server.web.draws.plan.draft import Draft, Row

Say = Callable[..., str]
"""(code, details) -> the sentence."""

Found = Person | int
"""Who a number or a name means; a number of people: that many have this name, and nobody this number."""

NO_DICE: Final = "none"
"""Chosen for a prize that is worth fresh dice by its value and has none all the same."""

_NUMBERS: Final[Mapping[str, tuple[int, int]]] = {
    "per": (0, MOST_POINTS),
    "cap": (1, MOST_TICKETS),
    "call_seconds": (0, MAX_CALL_SECONDS),
    "dispute_hours": (0, MOST_DISPUTE_HOURS),
    "claim_days": (0, MOST_CLAIM_DAYS),
}
_LEAST: Final[Mapping[str, tuple[int, int]]] = {"points": (1, MOST_POINTS), "attended": (1, MOST_TIMES)}
_BLAMED: Final = {
    "draw.title_invalid": "title",
    "draw.freeze_past": "freeze_at",
    "draw.beacon_early": "beacon_at",
    "draw.beacon_past": "beacon_at",
    "ledger.unknown_season": "season",
    "draw.cap_out_of_range": "cap",
    "draw.unit_cap_out_of_range": "unit_cap",
    "draw.witness_invalid": "witnesses",
    "draw.witnesses_many": "witnesses",
    "draw.venue_invalid": "venue",
}
"""Refusals that belong beside a field; others go to the rows that they come from, or on top."""
_GROUPS: Final = {"prize": "prizes", "custodian": "custodians", "round": "rounds"}


@dataclass(frozen=True, slots=True)
class Known:
    """What a form is read against. `tree`: (unit, path); `counted`: kinds of conditions that count an
    earning; `subjects`: earning -> what it can be about, with its title;
    `people`: what was typed -> who it means."""

    zone: tzinfo
    tree: Sequence[tuple[UUID, str]]
    counted: Mapping[str, tuple[Earning, Tally]]
    subjects: Mapping[str, Mapping[UUID, str]]
    people: Mapping[str, Found]
    say: Say


def field_of(code: str) -> str:
    """The name of the field that a refusal is about; "form" when it is about none."""
    if code in _BLAMED:
        return _BLAMED[code]
    return next((field for word, field in _GROUPS.items() if word in code), "form")


class Reading:
    """One form being read. Mistakes go into the draft's `errors`; what is asked for then is None."""

    def __init__(self, draft: Draft, known: Known) -> None:
        self.draft, self.known = draft, known

    def wrong(self, field: str, code: str, **details: object) -> None:
        """Put the sentence of a code beside a field; the first one stays."""
        self.draft.errors.setdefault(field, self.known.say(code, details))

    def blame(self, code: str, details: Mapping[str, object]) -> None:
        """Put a refusal beside the field that it is about."""
        self.draft.errors.setdefault(field_of(code), self.known.say(code, details))

    def terms(self) -> Terms | None:
        """The terms of the whole form, None when something is wrong."""
        draft = self.draft
        if not is_name(draft["title"]):
            self.wrong("title", "draw.title_invalid")
        season, rule, rounds = self.season(), self.rule(), self._rounds()
        numbers = {name: self._number(name, draft[name], *bounds) for name, bounds in _NUMBERS.items()}
        unit_cap = self._number("unit_cap", draft["unit_cap"], 1, MAX_SLOTS) if draft["unit_cap"] else None
        prizes = self._prizes(rounds)
        custodians, exclusions = self.custodians(), self.exclusions()
        stored = draft.draw
        freeze_at = self._moment("freeze_at", None if stored is None else stored.freeze_at)
        beacon_at = self._moment("beacon_at", None if stored is None else stored.beacon_at)
        if draft["shown_names"] not in draw_terms.SHOWN_NAMES:
            self.wrong("shown_names", "draw.shown_names_unknown")
        if draft.errors or rule is None or season is None:
            return None
        made = Terms(
            title=draft["title"],
            season=season,
            rule=rule,
            prizes=tuple(prizes),
            rounds=tuple(rounds),
            unit_cap=unit_cap,
            one_win=bool(draft["one_win"]),
            presence=bool(draft["presence"]),
            call_seconds=numbers["call_seconds"] or 0,
            dispute_hours=numbers["dispute_hours"] or 0,
            claim_days=numbers["claim_days"] or 0,
            shown_names=draft["shown_names"],
            witnesses=tuple(draw_draft.names_of(draft.witnesses)),
            custodians=tuple(custodians),
            exclusions=tuple(exclusions),
            freeze_at=freeze_at,
            beacon_at=beacon_at,
            venue=draft["venue"],
        )
        if (flaw := draw_terms.flaw(made)) is not None:
            self.blame(flaw, {})
            return None
        return made

    def season(self) -> UUID | None:
        """The season, None when none was chosen."""
        found = _uuid(self.draft["season"])
        if found is None:
            self.wrong("season", "draw.season_missing")
        return found

    def rule(self) -> Rule | None:
        """Who takes part and with how many tickets; None when something in it is wrong."""
        draft = self.draft
        before = len(draft.errors)
        per = self._number("per", draft["per"], *_NUMBERS["per"])
        cap = self._number("cap", draft["cap"], *_NUMBERS["cap"])
        parts = self._parts("")
        classes = []
        codes = {row["code"] for row in draft.rows["class"]}
        for row in self._filled("class"):
            if not is_name(row["name"]):
                self.wrong(f"class-{row.key}-name", "draw.class_name_invalid")
            row.values["code"] = row["code"] or draw_draft.code_of(row["name"], "class-", codes)
            codes.add(row["code"])
            classes.append(ClassTerms(row["code"], row["name"], tuple(self._parts(row.key))))
        if len(draft.errors) > before or per is None or cap is None:
            return None
        return Rule(tuple(parts), per, cap, tuple(classes))

    def custodians(self) -> list[CustodianTerms]:
        """The custodians, each with a label that is made once and stays."""
        found: list[CustodianTerms] = []
        labels = {row["label"] for row in self.draft.rows["custodian"]}
        members: set[UUID] = set()
        for number, row in enumerate(self._filled("custodian"), 1):
            field = f"custodian-{row.key}-who"
            who = self.known.people.get(row["who"], 0)
            if isinstance(who, int) and (who or any(sign.isdigit() for sign in row["who"])):
                self.wrong(field, "draw.form.name_of_many" if who else "draw.form.person_unknown", who=row["who"])
                continue
            name = row["who"] if isinstance(who, int) else who.name
            if not is_name(name):
                self.wrong(field, "draw.custodian_name_invalid")
                continue
            if not isinstance(who, int):
                if who.id in members:
                    self.wrong(field, "draw.custodian_twice")
                members.add(who.id)
                self._recognise(field, who)
            row.values["label"] = row["label"] or draw_draft.label_of(name, number, labels)
            labels.add(row["label"])
            found.append(CustodianTerms(row["label"], name, None if isinstance(who, int) else who.id))
        return found

    def custodian_members(self) -> list[UUID]:
        """Those of the custodians who are members."""
        return [one.member for one in self.custodians() if one.member is not None]

    def exclusions(self) -> list[Exclusion]:
        """Who is left out besides."""
        found: list[Exclusion] = []
        for row in self._filled("out"):
            at = f"out-{row.key}-"
            who = self.known.people.get(row["who"], 0)
            if isinstance(who, int):
                self.wrong(f"{at}who", "draw.form.name_of_many" if who else "draw.form.person_unknown", who=row["who"])
            elif not 1 <= len(row["why"]) <= LONGEST_WHY:
                self.wrong(f"{at}why", "draw.exclusion_why_missing")
            elif any(one.member == who.id for one in found):
                self.wrong(f"{at}who", "draw.exclusion_twice")
            else:
                self._recognise(f"{at}who", who)
                found.append(Exclusion(who.id, row["why"]))
        return found

    def _recognise(self, field: str, who: Person) -> None:
        self.draft.known[field] = f"{who.name}, {who.unit_name}" if who.unit_name else who.name

    def _filled(self, group: str) -> list[Row]:
        return [row for row in self.draft.rows[group] if is_filled(group, row, self.draft)]

    def _parts(self, within: str) -> list[Part]:
        found: list[Part] = []
        for row in self.draft.used(within):
            data = self._part(row)
            if data is not None:
                found += read_rule({"parts": [{"part": row["kind"], **data}]}).parts
        return found

    def _part(self, row: Row) -> dict[str, Any] | None:
        """The fields of a condition as plain data; None when something in it is wrong."""
        at, kind = f"part-{row.key}-", row["kind"]
        data: dict[str, Any] = {}
        before = len(self.draft.errors)
        if kind in _LEAST:
            data["least"] = self._number(f"{at}least", row["least"], *_LEAST[kind])
        if kind == "points":
            data |= self._window(row)
        elif "-" in kind:
            data = self._counted(row)
        elif kind == "joined_before":
            data["day"] = _iso(self._day(f"{at}day", row["day"]))
        elif kind == "not_winner" and row["since"]:
            data["since"] = _iso(self._day(f"{at}since", row["since"]))
        elif kind == "units":
            units = [str(unit) for unit, _ in self.known.tree if str(unit) in row.several["units"]]
            if len(units) != len(set(row.several["units"])):
                self.wrong(f"{at}units", "draw.unit_unknown")
            if not units:
                self.wrong(f"{at}units", "draw.form.units_none")
            data["units"] = units
        elif kind == "roles":
            if not row.several["roles"] or not set(row.several["roles"]) <= set(draw_draft.ROLES):
                self.wrong(f"{at}roles", "draw.form.roles_none")
            data["roles"] = row.several["roles"]
        return data if len(self.draft.errors) == before else None

    def _counted(self, row: Row) -> dict[str, Any]:
        """The fields of a condition that counts an earning."""
        at = f"part-{row.key}-"
        if row["kind"] not in self.known.counted:
            self.wrong(f"{at}used", UNKNOWN)
            return {}
        earning, tally = self.known.counted[row["kind"]]
        measure = measure_of(earning, tally)
        least = self._measured(f"{at}least", row["least"], measure)
        data = {"part": Counted.kind, "earning": earning.code, "tally": tally, "measure": measure, "least": least}
        if row["about"]:
            about = _uuid(row["about"])
            title = None if about is None else self.known.subjects.get(earning.code, {}).get(about)
            if title is None:
                self.wrong(f"{at}about", "draw.form.about_unknown")
            data |= {"about": str(about), "name": title}
        return data | self._window(row)

    def _window(self, row: Row) -> dict[str, str | None]:
        """The days of a condition, empty when it says none."""
        if not row["since"] and not row["until"]:
            return {}
        since = self._day(f"part-{row.key}-since", row["since"])
        until = self._day(f"part-{row.key}-until", row["until"])
        if since is not None and until is not None and until < since:
            self.wrong(f"part-{row.key}-until", "draw.window_ends_before_start")
        return {"since": _iso(since), "until": _iso(until)}

    def _measured(self, field: str, text: str, measure: Measure) -> int | None:
        """A number as people type it in its measure: time in hours."""
        if measure != "minutes":
            return self._number(field, text, 1, MOST_COUNTED[measure])
        found = _minutes(text)
        if found is None or not 1 <= found <= MOST_COUNTED[measure]:
            self.wrong(field, "draw.form.hours")
        return found

    def _rounds(self) -> list[RoundTerms]:
        found = []
        codes = {row["code"] for row in self.draft.rows["round"]}
        for row in self._filled("round"):
            if not is_name(row["name"]):
                self.wrong(f"round-{row.key}-name", "draw.round_name_invalid")
            if row["dice"] and not draw_terms.is_dice(row["dice"]):
                self.wrong(f"round-{row.key}-dice", "draw.round_dice_invalid")
            row.values["code"] = row["code"] or draw_draft.code_of(row["name"], "r", codes)
            codes.add(row["code"])
            found.append(RoundTerms(row["code"], row["name"], row["dice"]))
        return found

    def _prizes(self, rounds: Sequence[RoundTerms]) -> list[PrizeTerms]:
        """The prizes, round by round; rounds that none of them is in are blamed."""
        draft = self.draft
        rows = {row.key: row["code"] for row in self._filled("round")}
        first = rounds[0].code if rounds else ONE_ROUND.code
        fresh = self._amount("fresh_from", draft["fresh_from"])
        if fresh and not draw_terms.is_dice(draft["fresh_dice"]):
            self.wrong("fresh_dice", "draw.round_dice_invalid")
        taken = {row["code"] for row in draft.rows["prize"]}
        found: list[PrizeTerms] = []
        for row in self._filled("prize"):
            row.values["code"] = row["code"] or draw_draft.code_of(row["name"], "prize-", taken)
            taken.add(row["code"])
            prize = self._prize(row, rows.get(row["round"], first), fresh)
            if row["each"] and prize.units:
                each = per_unit(prize, [unit for unit, _ in self.known.tree if unit in prize.units])
                if any(one.code in taken for one in each):
                    stem = draw_draft.code_of(row["name"], "each-", taken)
                    each = per_unit(replace(prize, code=stem), [next(iter(one.units)) for one in each])
                taken.update(one.code for one in each)
                found += each
            else:
                found.append(prize)
        order = {one.code: number for number, one in enumerate(rounds)}
        if found:
            for key, code in rows.items():
                if not any(prize.round == code for prize in found):
                    self.wrong(f"round-{key}-name", "draw.round_empty")
        return sorted(found, key=lambda prize: order.get(prize.round, 0))

    def _prize(self, row: Row, round_code: str, fresh: int) -> PrizeTerms:
        at = f"prize-{row.key}-"
        classes = {one.key: one["code"] for one in self._filled("class")}
        if not is_name(row["name"]):
            self.wrong(f"{at}name", "draw.prize_name_invalid")
        if row["sponsor"] and not is_name(row["sponsor"]):
            self.wrong(f"{at}sponsor", "draw.prize_sponsor_invalid")
        value = self._amount(f"{at}value", row["value"])
        quantity = self._number(f"{at}quantity", row["quantity"] or "1", 1, MAX_SLOTS) or 1
        alternates = self._number(f"{at}alternates", row["alternates"] or "0", 0, MAX_ALTERNATES) or 0
        units, unknown = draw_draft.units_named(row["units"], self.known.tree)
        if unknown:
            self.wrong(f"{at}units", "draw.form.units_unknown", units="; ".join(unknown))
        elif row["each"] and not units:
            self.wrong(f"{at}units", "draw.form.each_without_units")
        redraw = row["redraw"] or (self.draft["fresh_dice"] if fresh and value >= fresh else "")
        redraw = "" if redraw == NO_DICE else redraw
        if redraw and not draw_terms.is_dice(redraw):
            self.wrong(f"{at}redraw", "draw.prize_redraw_invalid")
        if redraw and alternates:
            self.wrong(f"{at}alternates", "draw.prize_alternates_redraw")
        budget, stock = _uuid(row["budget"]), _uuid(row["stock"])
        if budget is not None and not value:
            self.wrong(f"{at}value", "draw.prize_budget_value")
        return PrizeTerms(
            code=row["code"],
            name=row["name"],
            quantity=quantity,
            round=round_code,
            value=value,
            sponsor=row["sponsor"],
            batch=self._number(f"{at}batch", row["batch"] or "1", 1, MAX_BATCH) or 1,
            group=classes.get(row["group"], ""),
            units=frozenset(units),
            present=bool(row["present"]),
            redraw=redraw,
            alternates=alternates,
            budget=budget,
            stock=stock,
        )

    def _number(self, field: str, text: str, least: int, most: int) -> int | None:
        found = draw_draft.whole(text, least, most)
        if found is None:
            self.wrong(field, "draw.whole_number", least=f"{least:,}", most=f"{most:,}")
        return found

    def _amount(self, field: str, text: str) -> int:
        found = draw_draft.parts_of_hundred(text, MOST_VALUE) if text else 0
        if found is None:
            self.wrong(field, "draw.form.amount")
        return found or 0

    def _day(self, field: str, text: str) -> date | None:
        found = draw_draft.day_of(text)
        if found is None:
            self.wrong(field, "draw.form.day")
        return found

    def _moment(self, field: str, stored: datetime | None) -> datetime | None:
        text = self.draft[field]
        found = draw_draft.moment_of(text, self.known.zone) if text else None
        if text and found is None:
            self.wrong(field, "draw.moment_unclear")
        return draw_draft.untouched(found, stored)


def is_filled(group: str, row: Row, draft: Draft) -> bool:
    """Whether somebody has put something into a row; empty ones are no mistake."""
    if group == "class":
        return bool(row["name"] or row["code"] or draft.used(row.key))
    wanted = {
        "prize": ("name", "value", "sponsor", "picture", "units"),
        "round": ("name", "code"),
        "custodian": ("who",),
        "out": ("who", "why"),
    }[group]
    return any(row[name] for name in wanted) or (group == "prize" and row["quantity"] not in ("", "1"))


def draft_of(
    draw: DrawRow,
    prizes: Sequence[PrizeRow],
    custodians: Sequence[CustodianRow],
    exclusions: Sequence[ExclusionRow],
    numbers: Mapping[UUID, str],
    *,
    zone: tzinfo,
    tree: Sequence[tuple[UUID, str]],
) -> Draft:
    """The form of a draw as it is. `numbers`: the staff numbers of the custodians who are members."""
    least, dice = draw_draft.fresh_from(prizes)
    values = {
        "title": draw.title,
        "season": str(draw.season),
        "per": str(draw.rule.per),
        "cap": str(draw.rule.cap),
        "unit_cap": "" if draw.unit_cap is None else str(draw.unit_cap),
        "one_win": "1" if draw.one_win else "",
        "presence": "1" if draw.presence else "",
        "call_seconds": str(draw.call_seconds),
        "dispute_hours": str(draw.dispute_hours),
        "claim_days": str(draw.claim_days),
        "shown_names": draw.shown_names,
        "freeze_at": draw_draft.moment_text(draw.freeze_at, zone),
        "beacon_at": draw_draft.moment_text(draw.beacon_at, zone),
        "venue": draw.venue,
        "fresh_from": draw_draft.amount_text(least),
        "fresh_dice": dice or draw_draft.BEGIN["fresh_dice"],
        "version": str(draw.version),
    }
    draft = Draft(values, draw_draft.empty_rows(), witnesses="\n".join(draw.witnesses), draw=draw)
    rule = rule_json(draw.rule)
    for part in rule["parts"]:
        _add_part(draft, part, "")
    groups = {"": ""}
    for one in rule["classes"]:
        row = draft.add("class", code=one["code"], name=one["name"])
        groups[one["code"]] = row.key
        for part in one["parts"]:
            _add_part(draft, part, row.key)
    rounds = {}
    if draw.rounds != (ONE_ROUND,):
        for stage in draw.rounds:
            rounds[stage.code] = draft.add("round", code=stage.code, name=stage.name, dice=stage.dice).key
    for prize in prizes:
        draft.add(
            "prize",
            code=prize.code,
            name=prize.name,
            quantity=str(prize.quantity),
            value=draw_draft.amount_text(prize.value),
            sponsor=prize.sponsor,
            picture="stored" if prize.has_picture else "",
            round=rounds.get(prize.round, ""),
            batch=str(prize.batch),
            group=groups[prize.group],
            units=draw_draft.units_text(prize.units, tree),
            each="",
            present="1" if prize.present else "",
            redraw="" if dice or not prize.redraw else prize.redraw,
            alternates=str(prize.alternates),
            budget="" if prize.budget is None else str(prize.budget),
            stock="" if prize.stock is None else str(prize.stock),
        )
    for custodian in custodians:
        who = custodian.name if custodian.member is None else numbers.get(custodian.member, custodian.name)
        draft.add("custodian", label=custodian.label, who=who)
    for out in exclusions:
        draft.add("out", who=out.staff_number, why=out.why)
    return draft


def _add_part(draft: Draft, part: Mapping[str, Any], within: str) -> None:
    kind = str(part["part"])
    values = {name: str(part[name]) for name in ("least", "since", "until", "about", "day") if name in part}
    if kind == Counted.kind:
        kind = draw_draft.counted_kind(part["earning"], part["tally"])
    if part.get("measure") == "minutes":
        hours, minutes = divmod(int(part["least"]), 60)
        values["least"] = f"{hours}:{minutes:02}" if minutes else str(hours)
    row = draft.add("part", kind=kind, used="1", **{"in": within}, **values)
    if kind in draw_draft.SEVERAL:
        row.several = {draw_draft.SEVERAL[kind]: [str(one) for one in part[draw_draft.SEVERAL[kind]]]}


def _minutes(text: str) -> int | None:
    """Hours as typed ("4", "4.5", "4:30"), in minutes."""
    hours, colon, rest = draw_draft.plain(text).partition(":")
    if colon:
        whole, minutes = draw_draft.whole(hours, 0, MOST_COUNTED["minutes"]), draw_draft.whole(rest, 0, 59)
        return None if whole is None or minutes is None else whole * 60 + minutes
    hundredths = draw_draft.parts_of_hundred(hours, MOST_COUNTED["minutes"] * 100)
    return None if hundredths is None else hundredths * 60 // 100


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
