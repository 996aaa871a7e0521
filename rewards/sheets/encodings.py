"""The encoding of a text that does not say it: by what the text looks like. Pure.

No library decides this for lists of names: on rosters of two to twenty lines charset-normalizer took GBK and Shift-JIS
for Korean, chardet took every EUC-JP for GBK. Each candidate is decoded strictly, and asked which share of its foreign
signs people really write; where several texts remain likely, whoever brought the file is asked.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

_CHINESE: Final = """
阿艾爱安暗案八巴拔把白柏百败拜班板半办邦包剥薄保宝抱报暴鲍悲北背贝备被奔本崩比笔毕闭必臂避边编便变标彪表别彬斌滨宾兵冰丙炳病并播拨波博伯卜补不布步部材才财采彩菜蔡餐参残灿仓藏操曹草策侧测层茶查察差拆柴
产昌场常长肠厂唱超朝车辰尘晨沉陈称城成乘程澄诚承吃持池驰齿尺赤冲虫崇抽愁仇臭初出除楚处川穿传船床闯创吹春唇淳纯辞词此刺次聪从丛崔翠存寸错达答打大戴带代待担单胆淡弹当党刀倒导到道德得的灯登等邓低迪敌翟底
地第弟颠点电雕调丁钉顶鼎定东董动栋洞斗豆都毒独读杜肚度端短段断队对多夺额恶恩而儿耳尔二发法翻樊繁反返范犯饭芳方房防放菲非飞肥废费芬分粉份丰封枫蜂峰锋风逢冯缝凤佛否夫伏服浮福副覆复傅父腹负富附妇改盖干甘
杆肝感敢刚钢纲岗港高膏告歌戈割革葛格个各给根更耿工攻功龚供公宫共勾狗购孤鼓古骨谷股故顾固瓜寡挂怪关官冠观管贯光广规归龟鬼桂柜贵锅郭国果过哈海害韩含涵寒翰焊汗汉豪毫郝好号浩喝荷核禾和何合河鹤贺黑恨横衡恒
哄虹鸿洪宏弘红侯厚后呼乎胡狐糊虎户花华滑画划化话怀坏欢环还换焕黄灰辉回毁慧惠会昏魂混豁活火霍货祸击基机积迹鸡极籍集及急疾级几己技季济计记际继纪夹佳家加贾甲假价架监坚间肩奸检简见健建姜将浆江疆蒋降焦交娇
嚼脚角教揭接街节杰捷洁结解界筋金今紧锦进靳禁近尽劲惊精经井景静敬镜靖净久九酒救旧就拘居菊局举聚据具句娟卷觉决绝军峻俊骏卡开楷凯看康考柯科可克刻客空孔口枯苦库夸快宽葵魁溃坤阔拉来赖蓝兰澜烂狼郎朗浪劳老乐
雷蕾磊累类冷黎离理李里礼莉丽厉历利立力联莲连脸凉梁良两量亮了廖料列裂琳林霖临玲零凌灵领令溜留刘流柳六龙笼隆楼漏芦卢鲁露路禄陆吕履虑率绿乱略轮论罗落码马埋卖脉满曼漫毛茂冒梅没眉美门闷萌蒙梦孟靡迷弥米密面
苗妙灭民敏明鸣铭名命摸模磨摩抹末莫墨默谋牟母暮木目牧拿娜南男难囊脑内能妮倪泥年念鸟尿聂宁牛农弄怒女欧排牌派潘盘庞旁炮跑泡培裴配沛喷彭朋鹏披劈皮片飘漂票频贫品萍平评屏破魄迫铺仆朴浦期栖妻七其奇齐旗祁骑起
契器气弃铅千迁钱前潜遣浅枪墙强抢乔巧切亲秦琴勤沁青轻倾清情庆琼穷秋邱球求趋区曲屈取趣去圈权泉全拳雀群然冉染热仁人任认日蓉荣融容肉如入软阮蕊瑞锐若弱撒塞赛三散丧扫色森莎杀沙珊山善扇伤商赏上少邵蛇舌舍摄射
社设申身深神沈审甚声生绳省盛胜师失施诗十石拾时食实识史使始式士世事势是适市室视试收手首守售受舒淑疏书鼠属术树数刷衰霜双水税顺说硕斯思私司丝死四似松颂送宋苏俗素塑宿算隋随岁孙缩索所塔台泰太态谭谈叹汤堂唐
涛桃陶套特提体天填田甜挑条跳铁帖听廷庭通桐同彤童统痛投头透图徒涂土吐团推退吞屯拖拓瓦外婉万汪王亡网往望忘威巍微危韦为维委伟尾未味魏位卫温文闻稳问翁我卧污屋无吴武五舞伍雾物务熙析西息夕席习喜洗系隙戏细霞
下夏先鲜纤贤闲弦险现献县限线相香箱湘乡翔祥想响项巷向象萧霄削销消晓小校肖笑邪械谢薪欣辛新心信星兴型形邢行杏性姓兄胸雄熊休修朽秀虚须徐许旭畜绪轩悬旋玄选薛学雪血熏寻压牙雅哑咽烟严研岩延言颜阎炎沿眼艳燕雁
彦杨扬羊洋阳仰养样腰瑶摇尧姚药要野业叶夜一衣遗移疑宜蚁已乙以艺易逸意毅义益议谊异茵因殷音阴寅饮尹引隐印英应莹影颖硬涌永勇用忧尤由邮油游有友右于余俞鱼雨与宇语羽玉郁遇欲育誉裕渊元袁原员圆源远苑怨约越跃岳
月悦云运蕴晕韵杂载再在攒造责择泽增曾炸詹展占战站章张掌招赵照折者珍真甄针枕振镇阵征争整正政症郑证芝枝支知之织职直植执值址指止只纸志至致置制智质治中忠钟终种重众舟周洲轴珠朱逐竹主著助住注祝爪专转庄装壮状
椎追着资紫子自字宗总纵邹走足卒族组钻嘴罪左做作坐毓倩馨懿芸芮茜莺菁菡萱蓓薇岚嵩怡闵阙沐泓妍姗娅姝娴婧婕媛婷嫣骁绫绮玮珂琪瑛琦琨琰琛瑜瑾璇璞璐韬梓楠榕昊昕昱晖晗暄曦歆飒炜烨焱煜祺睿罡钊鸾矜覃颢筠筱踵雯鑫
麒麟
"""
"""Simplified characters of usual words, names and workplaces."""

_JAPANESE: Final = """
佐藤鈴木高橋田中渡辺伊山本村小林加吉口松井上清水崎森池阿部石川前後長谷近坂遠青西福太岡斎三浦原金竹内野酒工横宮平大
島今河丸増杉武安菊地久保千葉市和桜柴片新関荒沼柳秋黒白土矢堀服樋北成馬郎花子一二四五六七八九十健翔陽直樹恵美咲真由香
愛優奈沙織智裕博浩正明隆義雄夫男弘幸信秀哲也誠実茂勇進修学勝昭豊洋敏孝純亮翼蓮悠斗輔拓海涼介亜希彩結衣莉理絵里紀代典
文雅俊英祐貴光輝倉庫製造課営業総務人事経開発品質管場生産技術全物流購買社支店氏名番号属性別日月年齢電話住所東京都府県区
町係班長員名簿入退職社員番所
"""
_KOREAN: Final = """
가각간갈감강개건검견경계고곤공과곽관광교구국군권규균근금급기길김나난남내노농누다단달담당대덕도동두등라란람랑래량려력련
령례로록론롱료룡루류륜률륭르름리린림마만말망매맹면명모목무묵문물미민밀박반발방배백번범법변별병보복본봉부북분비빈빙사산
삼상새색생서석선설섭성세센소속손솔송쇄수숙순술숭슬습승시식신실심아안알암애야약양어언엄업에여역연열염엽영예오옥온옹완왕
외요용우욱운울웅원월위유육윤율융은을음응의이익인일임입자작잠장재저적전절점정제조족존종좌주죽준중증지직진질집차찬참창채
책처천철첨청체초총최추축춘출충치칙친타탁탄탐태택터토통퇴투트특판팀편평포표품풍프하학한함합항해행향허헌험혁현협형혜호홍
화환활황회획효후훈휘휴흥희히
"""
_WESTERN: Final = re.compile("[À-ÖØ-öø-ÿŠšŽžŒœĀ-žȘșȚț]")
_WORD: Final = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Reading:
    """A text by one encoding. `fit`: the share of its foreign signs that look as they should, 0 to 1."""

    encoding: str
    text: str
    fit: float


def _weights(usual: str, first: Callable[[str], bool], encoding: str) -> Callable[[str], float]:
    """1 for a usual sign, little for one of the encoding's first plane, 0 for others."""
    known = frozenset("".join(usual.split()))

    def weight(sign: str) -> float:
        if sign in known or "\u3000" <= sign <= "\u301f" or "\uff00" <= sign <= "\uff5e" or sign in "·—…“”‘’、。":
            return 1.0
        return 0.25 if first(sign.encode(encoding, "replace").hex()) else 0.0

    return cache(weight)


def _kana(weight: Callable[[str], float]) -> Callable[[str], float]:
    return lambda sign: 1.0 if "\u3041" <= sign <= "\u30ff" else weight(sign)


_BY_SIGNS: Final[dict[str, Callable[[str], float]]] = {
    "gb18030": _weights(
        _CHINESE, lambda code: len(code) == 4 and "b0" <= code[:2] <= "f7" and code[2:] >= "a1", "gb18030"
    ),
    "big5": _weights("", lambda code: False, "cp950"),
    "shift_jis": _kana(_weights(_JAPANESE, lambda code: len(code) == 4 and "88" <= code[:2] <= "98", "cp932")),
    "euc_jp": _kana(_weights(_JAPANESE, lambda code: len(code) == 4 and "b0" <= code[:2] <= "cf", "euc_jp")),
    "euc_kr": _weights(_KOREAN, lambda code: len(code) == 4 and "b0" <= code[:2] <= "c8" and code[2:] >= "a1", "cp949"),
}
_CODECS: Final = {"big5": "cp950", "shift_jis": "cp932", "euc_kr": "cp949"}
_LATIN: Final = ("cp1252", "cp1250", "cp1254", "mac_roman")

ENCODINGS: Final = ("utf-8", *_BY_SIGNS, *_LATIN)
"""Those that may be asked for."""

_STRAY = re.compile("[\x80-\x9f\ue000-\uf8ff\ufffe\uffff\U000f0000-\U0010ffff]")


def decoded(data: bytes, encoding: str) -> str | None:
    """The text by one of ENCODINGS; None where it is not in it, or holds signs that no writer uses."""
    try:
        text = data.decode(_CODECS.get(encoding, encoding))
    except UnicodeDecodeError:
        return None
    return None if _STRAY.search(text) else text


def readings(data: bytes) -> tuple[Reading, ...]:
    """The texts of bytes that are no UTF-8, the likeliest first; of one text only one. () where none is likely."""
    found: dict[str, Reading] = {}
    for encoding in (*_BY_SIGNS, *_LATIN):
        text = decoded(data, encoding)
        if text is not None and text not in found:
            fit = _western(text) if encoding in _LATIN else _fit(text, encoding)
            found[text] = Reading(encoding, text, fit)
    ordered = sorted(found.values(), key=lambda reading: -reading.fit)
    return tuple(ordered) if ordered and ordered[0].fit >= _LIKELY else ()


_LIKELY: Final = 0.4
_SURE: Final = 0.8
_AHEAD: Final = 0.3
_ENOUGH: Final = 6


def certain(found: Sequence[Reading]) -> bool:
    """Whether the first is beyond doubt: it looks right, there is enough of it, and no other comes near."""
    if not found or found[0].fit < _SURE:
        return False
    first, others = found[0], found[1:]
    if first.encoding in _LATIN[1:]:
        return False
    enough = first.encoding in _LATIN or len(_foreign(first.text)) >= _ENOUGH
    return enough and all(other.fit <= first.fit - _AHEAD for other in others)


def _foreign(text: str) -> frozenset[str]:
    return frozenset(sign for sign in set(text[:200_000]) if sign > "\x7f")


def _fit(text: str, encoding: str) -> float:
    signs = _foreign(text)
    if encoding == "big5":
        codes = [sign.encode("cp950", "replace") for sign in signs]
        first = sum(len(code) == 2 and 0xA1 <= code[0] <= 0xC6 for code in codes) / len(codes)
        # Two of five second bytes are small; a text without any is another encoding's.
        return first if any(len(code) == 2 and code[1] < 0x7F for code in codes) else first / 2
    weight = _BY_SIGNS[encoding]
    return sum(map(weight, signs)) / len(signs)


def _western(text: str) -> float:
    """The share of foreign signs that are letters inside words of plain letters, capitals where capitals are."""
    right = wrong = 0
    for word in _WORD.findall(text[:200_000]):
        foreign = [sign for sign in word if sign > "\x7f"]
        if not foreign:
            continue
        plain = len(word) - len(foreign)
        shape = word.islower() or word.isupper() or word.istitle() or word[1:].islower()
        if len(foreign) <= max(1, plain) and shape and plain and all(map(_WESTERN.match, foreign)):
            right += len(foreign)
        else:
            wrong += len(foreign)
    wrong += sum(
        sign > "\x7f" and not sign.isalpha() and sign not in "–—‘’“”…·«»°§€£´¿¡ªº\u00a0" for sign in text[:200_000]
    )
    return right / (right + wrong) if right else 0.0
