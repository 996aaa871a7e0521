"""The people of the demo: 240 members of a machine works, in Chinese or in English, the same at every start."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from rewards.members.roster_file import Language, Role, RosterRow

SIZE: Final = 240
ORGANISER: Final = "D0001"
ADMIN: Final = "D0002"
HOST: Final = "D0003"
"""The simulated host: an organiser of its own, so that the audit trail tells it from people."""

GUEST: Final = "D0101"
"""Whose link is shown to the newcomer's phone; never played by the simulated phones."""

_ROLES: Final[dict[str, tuple[Role, ...]]] = {
    ORGANISER: ("organiser",),
    ADMIN: ("admin",),
    HOST: ("organiser",),
    "D0004": ("reviewer",),
    "D0005": ("auditor",),
}


@dataclass(frozen=True, slots=True)
class _Words:
    """What the people and their units are called. `family` and `given` are lists of words."""

    family: str
    given: str
    gap: str
    family_first: bool
    units: tuple[tuple[str, ...], ...]
    named: dict[str, str]


_ENGLISH: Final = _Words(
    family="""Adams Bauer Campbell Chen Costa Diaz Evans Fischer Garcia Hughes Ibrahim Johnson Khan Kowalski Lee Lopez
        Martin Mbeki Moore Murphy Nakamura Nguyen Novak Okafor Patel Petrov Quinn Rossi Santos Schmidt Singh Smith
        Taylor Thomas Torres Walker Wang Weber Williams Zhang""",
    given="""Alice Amir Anna Ben Carla Daniel Diana Elena Emil Fatima George Grace Hana Henry Ines Ivan Jack Jana
        Karim Laura Leo Lin Lucy Marco Maria Mei Nina Noah Olga Omar Paul Priya Rosa Sam Sara Tom Vera Victor Wei
        Yusuf Zoe""",
    gap=" ",
    family_first=False,
    units=(
        ("Lakeside Works", "Production", "Workshop 1"),
        ("Lakeside Works", "Production", "Workshop 2"),
        ("Lakeside Works", "Production", "Workshop 3"),
        ("Lakeside Works", "Production", "Assembly"),
        ("Lakeside Works", "Services", "Maintenance"),
        ("Lakeside Works", "Services", "Quality"),
        ("Lakeside Works", "Services", "Logistics"),
        ("Lakeside Works", "Office", "Engineering"),
        ("Lakeside Works", "Office", "Administration"),
    ),
    named={
        ORGANISER: "Olivia Reed (organiser)",
        ADMIN: "Adam Stone (administrator)",
        HOST: "Demo host",
        "D0004": "Rita Vance (reviewer)",
        "D0005": "Arthur Penn (auditor)",
        GUEST: "Li Na",
    },
)

_CHINESE: Final = _Words(
    family="""王 李 张 刘 陈 杨 黄 赵 吴 周 徐 孙 马 朱 胡 郭 何 高 林 罗
        郑 梁 谢 宋 唐 许 韩 冯 邓 曹 彭 曾 肖 田 董 袁 潘 于 蒋 蔡""",
    given="""伟 芳 秀英 敏 静 丽 强 磊 军 洋 勇 艳 杰 娟 涛 明 超 秀兰 霞 平 刚 桂英 建华 文静 志强 海燕 晓东 雪梅
        国庆 玉兰 春生 立新 佳怡 子轩 浩然 雨桐 思远 嘉琪 永康 新宇 红梅""",
    gap="",
    family_first=True,
    units=(
        ("东湖机械厂", "生产部", "一车间"),
        ("东湖机械厂", "生产部", "二车间"),
        ("东湖机械厂", "生产部", "三车间"),
        ("东湖机械厂", "生产部", "总装车间"),
        ("东湖机械厂", "保障部", "机修班"),
        ("东湖机械厂", "保障部", "质检科"),
        ("东湖机械厂", "保障部", "物流科"),
        ("东湖机械厂", "机关", "技术科"),
        ("东湖机械厂", "机关", "综合办公室"),
    ),
    named={
        ORGANISER: "陈静（组织者）",
        ADMIN: "周明（管理员）",
        HOST: "演示主持人",
        "D0004": "许文（审核员）",
        "D0005": "韩梅（监督员）",
        GUEST: "李娜",
    },
)

_SHARES: Final = (0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8)
"""The unit of each person in turn: workshops are larger than offices."""


def members(language: Language) -> list[RosterRow]:
    """Everybody, by staff number. Names do not repeat."""
    words = _CHINESE if language == "zh-Hans" else _ENGLISH
    return [_member(number, words) for number in range(1, SIZE + 1)]


def organisation(language: Language) -> str:
    """What the demo's employer is called."""
    return (_CHINESE if language == "zh-Hans" else _ENGLISH).units[0][0]


def _member(number: int, words: _Words) -> RosterRow:
    staff_number = f"D{number:04d}"
    families, givens = words.family.split(), words.given.split()
    # Steps without a common divisor with the lengths (40 and 41): no pair comes twice within 1,640 people.
    family = families[number * 7 % len(families)]
    given = givens[number * 13 % len(givens)]
    name = words.gap.join((family, given) if words.family_first else (given, family))
    unit = words.units[-1] if number <= 5 else words.units[_SHARES[number % len(_SHARES)]]
    if staff_number == GUEST:
        unit = words.units[1]
    return RosterRow(
        line=number,
        staff_number=staff_number,
        name=words.named.get(staff_number, name),
        unit=unit,
        roles=_ROLES.get(staff_number, ()),
        joined=date(2012, 3, 1) + timedelta(days=number * 97 % 4300),
    )
