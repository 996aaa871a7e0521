"""The quizzes of the demo: safety at work, and unions and rights, each written in English and in Chinese."""

from collections.abc import Sequence
from dataclasses import dataclass

from games.quizzes.formats.answers import TRUE_FALSE
from games.quizzes.formats.draft import QuestionDraft
from games.quizzes.rules import Kind
from rewards.members.roster_file import Language

SECONDS = 20


@dataclass(frozen=True, slots=True)
class DemoQuiz:
    """A title and its questions, in order."""

    title: str
    questions: tuple[QuestionDraft, ...]


def quizzes(language: Language) -> tuple[DemoQuiz, ...]:
    """Both quizzes in one language."""
    return _CHINESE if language == "zh-Hans" else _ENGLISH


def _one(text: str, options: Sequence[str], right: int, why: str) -> QuestionDraft:
    return _question("single", text, options, (right,), why)


def _several(text: str, options: Sequence[str], right: tuple[int, ...], why: str) -> QuestionDraft:
    return _question("multiple", text, options, right, why)


def _true(text: str, why: str) -> QuestionDraft:
    return _question("true_false", text, TRUE_FALSE, (0,), why)


def _false(text: str, why: str) -> QuestionDraft:
    return _question("true_false", text, TRUE_FALSE, (1,), why)


def _question(kind: Kind, text: str, options: Sequence[str], right: tuple[int, ...], why: str) -> QuestionDraft:
    return QuestionDraft(1, kind, text, tuple(options), right, SECONDS, why)


_ENGLISH = (
    DemoQuiz(
        "Safety at work",
        (
            _one(
                "A colleague touches a live machine and cannot let go. What do you do first?",
                ("Pull them away by the hand", "Switch off the power", "Pour water on the machine", "Wait for help"),
                1,
                "Whoever touches them becomes the next victim. Cut the power, then help.",
            ),
            _one(
                "Where do you point a fire extinguisher?",
                ("At the top of the flames", "At the smoke", "At the base of the fire", "At the ceiling"),
                2,
                "What burns is at the base. Sweep from side to side.",
            ),
            _false(
                "A blocked emergency exit can wait until the end of the shift.",
                "Clear it now or report it now. A fire does not wait for the end of the shift.",
            ),
            _several(
                "What belongs to a lockout before a repair?",
                (
                    "Isolate the machine from its energy",
                    "Hang your own lock and tag",
                    "Test that it cannot start",
                    "Ask somebody to watch the button",
                ),
                (0, 1, 2),
                "Isolate, lock, test. A person at a button is no lock.",
            ),
            _one(
                "How do you lift a heavy box?",
                (
                    "Back straight, knees bent, load close",
                    "Knees straight, back bent",
                    "With a quick jerk",
                    "With the arms stretched out",
                ),
                0,
                "The legs carry, the back stays straight. Heavier loads need two people or a trolley.",
            ),
            _one(
                "A yellow triangle with a black sign says:",
                ("You must", "You must not", "Warning: a hazard", "The way out"),
                2,
                "Blue circles command, red ones forbid, yellow triangles warn, green shows the way out.",
            ),
            _one(
                "A chemical has splashed into an eye. What helps first?",
                ("Rub it", "Rinse with plenty of clean water", "Close the eye and rest", "Put in ointment"),
                1,
                "Rinse for at least a quarter of an hour, then see a doctor and take the label with you.",
            ),
            _true(
                "A near miss should be reported even though nobody was hurt.",
                "Today's near miss is tomorrow's accident. What is reported can be mended.",
            ),
            _several(
                "You are going to work at height. What do you need?",
                (
                    "A harness on a firm anchor",
                    "A look at the equipment before you start",
                    "Somebody who knows where you are",
                    "Wide sleeves",
                ),
                (0, 1, 2),
                "Loose clothing gets caught. Everything else keeps you alive.",
            ),
        ),
    ),
    DemoQuiz(
        "Our union and our rights",
        (
            _one(
                "When is International Workers' Day?",
                ("8 March", "1 May", "1 June", "10 December"),
                1,
                "It remembers the struggle for the eight-hour day in 1886.",
            ),
            _one(
                "“Eight hours' work, eight hours' rest” and eight hours for what?",
                ("Overtime", "What we will", "The way to work", "Training"),
                1,
                "The eight-hour movement asked for time of one's own.",
            ),
            _one(
                "What does a collective agreement settle?",
                (
                    "Pay and conditions for a whole group of employees",
                    "The wages of one person",
                    "The price of the products",
                    "Who becomes a supervisor",
                ),
                0,
                "It is made between the employees' side and the employer, and it holds for the whole group.",
            ),
            _false(
                "A supervisor may read a member's medical file whenever he likes.",
                "Health data belongs to the member. It is shown only with consent, or where the law demands it.",
            ),
            _several(
                "What can you ask your shop steward for?",
                (
                    "Advice on your contract",
                    "Help with a grievance",
                    "To come along to a hearing",
                    "A colleague's payslip",
                ),
                (0, 1, 2),
                "Advice, help and company, yes. The pay of others is their own affair.",
            ),
            _one(
                "In which year was the International Labour Organization founded?",
                ("1886", "1919", "1945", "1968"),
                1,
                "It was founded after the First World War, in 1919.",
            ),
            _one(
                "Your payslip looks wrong. What is a good first step?",
                (
                    "Say nothing and hope",
                    "Keep a copy and ask payroll or your steward",
                    "Work fewer hours",
                    "Post it in the group chat",
                ),
                1,
                "Most mistakes are mended quickly when somebody asks with the paper in hand.",
            ),
            _one(
                "What is a quorum?",
                (
                    "The fewest members who must be there for a valid vote",
                    "The chair's casting vote",
                    "The list of candidates",
                    "The minutes of a meeting",
                ),
                0,
                "Without a quorum a meeting may talk, but not decide.",
            ),
            _true(
                "Whoever counts the votes should not be a candidate.",
                "Nobody decides in his own cause. That is true of prize draws as well.",
            ),
        ),
    ),
)

_CHINESE = (
    DemoQuiz(
        "安全生产知识",
        (
            _one(
                "发现同事触电、无法脱手，第一步应该做什么？",
                ("用手把他拉开", "切断电源", "往设备上泼水", "原地等待救援"),
                1,
                "直接用手去拉，救人者也会触电。先断电，再施救。",
            ),
            _one(
                "使用灭火器时，喷口应对准哪里？",
                ("火焰顶部", "浓烟", "火焰根部", "天花板"),
                2,
                "燃烧的东西在根部。对准根部左右扫射。",
            ),
            _false("安全出口被货物堵住，可以等到下班再清理。", "应当立即清理或上报，火灾不会等到下班。"),
            _several(
                "检修设备前的“上锁挂牌”包括哪些步骤？",
                ("切断并隔离能源", "挂上本人的锁和警示牌", "试启动，确认无法运转", "请人看住启动按钮"),
                (0, 1, 2),
                "隔离、上锁、验证，缺一不可。靠人看按钮不算上锁。",
            ),
            _one(
                "搬抬重物的正确姿势是？",
                ("腰背挺直、屈膝、重物贴身", "直膝弯腰", "猛然发力", "双臂伸直"),
                0,
                "用腿发力，腰背保持挺直。太重就两个人抬，或用推车。",
            ),
            _one(
                "黄色三角形、黑色图案的安全标志表示什么？",
                ("指令：必须执行", "禁止", "警告：注意危险", "提示：疏散方向"),
                2,
                "红色禁止、黄色警告、蓝色指令、绿色提示。",
            ),
            _one(
                "化学品溅入眼睛，首先应该？",
                ("用手揉眼", "用大量清水冲洗", "闭眼休息", "涂抹药膏"),
                1,
                "至少冲洗十五分钟，然后就医，并带上化学品标签。",
            ),
            _true("从业人员有权拒绝违章指挥和强令冒险作业。", "这是《安全生产法》赋予每一位从业人员的权利。"),
            _several(
                "常说的“三违”是指哪些行为？",
                ("违章指挥", "违规作业", "违反劳动纪律", "违约出租"),
                (0, 1, 2),
                "反“三违”，是防止事故最直接的办法。",
            ),
        ),
    ),
    DemoQuiz(
        "工会与职工权益",
        (
            _one(
                "中华全国总工会成立于哪一年？",
                ("1921 年", "1925 年", "1949 年", "1956 年"),
                1,
                "1925 年 5 月 1 日，第二次全国劳动大会在广州召开，中华全国总工会成立。",
            ),
            _one(
                "企业实行民主管理的基本形式是？",
                ("股东会", "职工代表大会", "经理办公会", "家长会"),
                1,
                "职工代表大会是职工行使民主管理权力的机构。",
            ),
            _one(
                "建立工会组织的用人单位，每月按全部职工工资总额的多少拨缴工会经费？",
                ("1%", "2%", "5%", "10%"),
                1,
                "《工会法》规定为百分之二。",
            ),
            _false(
                "集体合同草案由企业负责人签字即可，不必经过职工讨论。", "草案应当提交职工代表大会或者全体职工讨论通过。"
            ),
            _several(
                "遇到下列哪些事情，可以找工会帮忙？",
                ("对劳动合同条款有疑问", "生活遇到特殊困难", "与单位发生劳动争议", "想查同事的工资条"),
                (0, 1, 2),
                "咨询、帮扶、维权都可以。同事的工资是他本人的隐私。",
            ),
            _one(
                "在法定休假日安排劳动者工作，工资报酬不低于正常工资的多少？",
                ("100%", "150%", "200%", "300%"),
                3,
                "《劳动法》规定：延长工时不低于 150%，休息日不低于 200%，法定休假日不低于 300%。",
            ),
            _one(
                "劳动争议申请仲裁的时效期间是多久？",
                ("三十天", "六个月", "一年", "三年"),
                2,
                "从知道或者应当知道权利被侵害之日起计算，时效为一年。",
            ),
            _one(
                "按国家规定，女职工生育享受多少天产假？",
                ("56 天", "98 天", "128 天", "365 天"),
                1,
                "《女职工劳动保护特别规定》为 98 天，各地另有奖励假。",
            ),
            _true("主持抽奖的人不应参加同一次抽奖。", "谁也不为自己作主，抽奖也一样。"),
        ),
    ),
)
