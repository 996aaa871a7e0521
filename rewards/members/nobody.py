"""Lines of a roster that are nobody: totals, notes, samples, headings said again. Pure.

Only what is certain is nobody: it is left aside with a note. A line that merely looks odd is a row with an error, as
whoever stands in it would leave with a whole roster.
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

from rewards.members.headings import known

_COUNT: Final = r"(?:\d[\d,.]*\s*(?:人|名|位|个|条|行|people|persons?|employees?|members?|staff|rows?)?)"
_TOTAL: Final = re.compile(
    rf"(?:.{{0,30}}(?:合计|小计|总计|共计|累计)|(?:总|在职|员工|会员|职工|本页|实有|现有|部门|单位)?人数|总数|共|总共)"
    rf"(?:人数)?(?:\([^)]*\))?\s*[:=]?\s*(?:共\s*)?{_COUNT}?|(?:以上|本页)?共\s*{_COUNT}.*"
)
_TOTAL_WORD: Final = re.compile(
    rf"(?:(?:grand|sub|page|overall|running|department|unit|section)[\s-]*)?(?:total|subtotal|headcount|sum|count)s?"
    rf"(?:\s+(?:number|of|members|employees|staff|people|persons|headcount|count|rows|records))*"
    rf"(?:\s*\([^)]*\))?\s*[:=]?\s*{_COUNT}?"
)
_TOTAL_INSIDE: Final = re.compile(r"\b(?:sub-?\s?)?totals?\b|\bheadcount\b")
_NOTE: Final = re.compile(
    r"[(\[【]?(?:填写|填表|填报|使用|导入)?(?:说明|须知)|备注|注\s*:|注意|提示|温馨|示例|样例|范例|例\s*:|例如|举例|模板|[(\[【]?(?:必填|选填)"
    r"|请(?:勿|按|在|填|不要|务必)|(?:制表|填表|审核|审批|复核|批准|经办|负责|联系|编制|核对|打印|导出)(?:人|单位|日期|时间)?\s*(?::|$)"
    r"|签字|签名|盖章|日期\s*:|时间\s*:|单位\s*:|部门\s*:|第\s*\d+\s*页|以上|以下|[*※◆●■#]"
    r"|(?:notes?|samples?|examples?|instructions?)\s*(?:[:.(]|row|line|$)|(?:n\.b\.|nb:|e\.g\.|eg[:\s]|i\.e\.)"
    r"|(?:please|do not|don't|required|mandatory|optional)\b|"
    r"(?:prepared|checked|approved|signed|printed|exported) (?:by|on|at)\b"
    r"|signature|page \d|end of\b|-{3,}|={3,}|_{3,}"
)
_SAMPLE: Final = re.compile(
    r"(?:示例|样例|范例|例如|例\s*:|模板|e\.g\.|eg[.:\s])|(?:sample|example)s?[\s:_-]*\d*$|.*[(\[【](?:示例|样例|例|sample|example)[)\]】]"
)
_NOBODYS_NAME: Final = re.compile(r"x{2,}|×{2,}|\*{2,}|某{1,3}|_{2,}")
_USUAL_EXAMPLES: Final = frozenset(("张三", "李四", "王五", "赵六", "测试", "test", "johndoe", "janedoe", "foobar"))


_BETWEEN: Final = re.compile("(?<=[\u3400-\u9fff]) (?=[\u3400-\u9fff])")


def _plain(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).casefold()
    return _BETWEEN.sub("", plain) if " " in plain else plain


def is_count(name: str) -> bool:
    """Whether a name is a number, perhaps of people (`2人`)."""
    return re.fullmatch(_COUNT, _plain(name)) is not None


def is_usual_example(name: str) -> bool:
    """Whether templates call the people of their samples so."""
    plain = re.sub(r"\s", "", _plain(name))
    return plain in _USUAL_EXAMPLES or re.fullmatch(".某{1,2}", plain) is not None


def nobody(cells: Sequence[str], number: str, name: str, units: Sequence[str]) -> str:
    """Why a line is certainly nobody: a code; "" where it may be somebody. `cells` are all of the line's."""
    number, name = _plain(number), _plain(name)
    has_digits, is_named = any(map(str.isdigit, number)), any(map(str.isalpha, name)) and not is_count(name)
    if not has_digits and (found := known(number)) and (known(name) or (not name and found[0] == "staff_number")):
        return "roster.headings_again"
    if _TOTAL.fullmatch(number) or _TOTAL_WORD.fullmatch(number) or _total_name(name, has_digits):
        return "roster.total_line"
    if _SAMPLE.match(number) or _SAMPLE.match(name) or any(_SAMPLE_UNIT.match(_plain(unit)) for unit in units):
        return "roster.sample_line"
    if _NOBODYS_NAME.fullmatch(name):
        return "roster.sample_line"
    if not has_digits and (_NOTE.match(number) or _TOTAL_INSIDE.search(number)):
        return "roster.total_line" if _TOTAL_INSIDE.search(number) else "roster.note_line"
    signature = ":" in number and (not name or ":" in name)
    if not has_digits and (_TYPES.fullmatch(number) or signature):
        return "roster.note_line"
    if has_digits and is_named and not re.search(r"\s|[:,;!?。，；！？]", number):
        return ""
    return _of_all(cells, number, name)


_SAMPLE_UNIT: Final = re.compile(r"示例|样例|范例|例如|例\s*:")
_TYPES: Final = re.compile("文本|数字|字符串?|文字|日期|数值|text|string|number|date|varchar|integer")


def _total_name(name: str, numbered: bool) -> bool:
    """Beside a number a total is the bare word: names may end like one."""
    if numbered:
        return re.fullmatch(r"合计|小计|总计|共计|累计|总人数|人数|(?:(?:grand|sub)[\s-]*)?totals?:?", name) is not None
    return _TOTAL.fullmatch(name) is not None or _TOTAL_WORD.fullmatch(name) is not None


def _of_all(cells: Sequence[str], number: str, name: str) -> str:
    """Of a line that names nobody by number and name: what its other cells say it is."""
    said = [plain for cell in cells if (plain := _plain(cell))]
    looked_at = said if not number and not name else said[:1]
    if any(_TOTAL.fullmatch(one) or _TOTAL_WORD.fullmatch(one) for one in looked_at):
        return "roster.total_line"
    if any(_NOTE.match(one) or _SAMPLE.match(one) for one in looked_at):
        return "roster.note_line"
    if not name and len(said) == 1 and said[0] == number:
        sentence = len(number) > 24 or re.search(r"[。，；！？:]|[^\W\d_] [^\W\d_]+ |\d\s*[.、]\s*\D", number)
        group = re.search("[\u3400-\u9fff]", number) and not any(map(str.isdigit, number))
        if sentence or group:
            return "roster.note_line"
    return ""
