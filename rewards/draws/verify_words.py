"""What `verify` says, in English and Simplified Chinese. Plain Python, so that a bare interpreter can say it."""

LANGUAGES = ("en", "zh")

STATES: dict[str, tuple[str, str]] = {
    "unusable": ("This is no published draw.", "这不是已公布的抽奖资料。"),
    "frozen": ("Frozen, not drawn yet.", "名单已冻结，尚未开奖。"),
    "armed": ("Locked for the draw, no dice thrown yet.", "已锁定待开奖，尚未掷骰。"),
    "rolled": ("Dice thrown, not all secrets opened yet.", "已掷骰，密封随机数尚未全部公开。"),
    "revealed": ("All secrets opened; the first round is not drawn yet.", "密封随机数已全部公开，第一轮尚未抽取。"),
    "open": ("Drawn; the record is still open.", "已开奖，记录尚未关闭。"),
    "closed": ("Drawn and closed.", "已开奖，记录已关闭。"),
    "aborted": ("Aborted: nobody has won.", "抽奖已中止，没有中奖人。"),
    "unknown": ("The state cannot be told.", "无法判断抽奖进行到哪一步。"),
}

VERDICTS: dict[bool, tuple[str, str]] = {
    True: ("Everything checked is right.", "所有核对均通过。"),
    False: (
        "Something is wrong: do not trust these files.",
        "核对未通过：请勿采信这些文件。",
    ),
}

MARKS: dict[bool, tuple[str, str]] = {True: ("ok", "通过"), False: ("WRONG", "不符")}

LABELS: dict[str, tuple[str, str]] = {
    "draw": ("Draw", "抽奖编号"),
    "rehearsal": ("REHEARSAL, not a real draw", "彩排，并非正式抽奖"),
    "manifest": ("Fingerprint M", "清单指纹 M"),
    "compare": (
        "compare it with your receipt, the printed programme or the stage",
        "请与您的回执、印制的活动单或现场屏幕上的指纹核对",
    ),
    "root": ("Root of the list", "名单树根"),
    "size": ("Lines and tickets", "人数与票数"),
    "code": ("Result code", "结果码"),
    "winners": (
        "Winners (prize, place from 0, attempt from 0, line from 0, entrant)",
        "中奖名单（奖项、名额（从 0 起）、第几次抽取（从 0 起）、行号（从 0 起）、参与者）",
    ),
    "alternates": (
        "Alternates (prize, place from 0, line from 0, entrant)",
        "候补名单（奖项、候补顺位（从 0 起）、行号（从 0 起）、参与者）",
    ),
}

SENTENCES: dict[str, tuple[str, str]] = {
    # files
    "verify.folder.missing": ("There is no folder here.", "找不到这个文件夹。"),
    "verify.folder.manifest": ("The folder holds no manifest.json.", "文件夹里没有 manifest.json。"),
    "verify.file.missing": ("{file} is missing.", "缺少 {file}。"),
    "verify.file.kind": ("{file} is not an ordinary file.", "{file} 不是普通文件。"),
    "verify.file.unreadable": ("{file} cannot be read.", "无法读取 {file}。"),
    "verify.file.size": (
        "{file} is larger than {limit} bytes, more than a draw can need.",
        "{file} 超过 {limit} 字节，超出抽奖文件应有的大小。",
    ),
    "verify.file.early": (
        "{file} is here, but log.txt is not.",
        "有 {file} 却没有 log.txt。",
    ),
    # what was found right
    "verify.manifest.known": (
        "The manifest is vdraw/1 and every key in it is known.",
        "清单符合 vdraw/1，所有字段均可识别。",
    ),
    "verify.manifest.fingerprint": (
        "The manifest has the fingerprint you gave.",
        "清单指纹与您给出的一致。",
    ),
    "verify.manifest.fingerprint.other": (
        "This is another manifest: its fingerprint is {found}.",
        "这是另一份清单：其指纹为 {found}。",
    ),
    "verify.snapshot.hash": ("snapshot.tsv is the promised file.", "snapshot.tsv 与清单承诺的文件一致。"),
    "verify.snapshot.hash.unstated": (
        "The manifest states no hash of the file; the root covers every line.",
        "清单未载明文件哈希，由树根覆盖每一行。",
    ),
    "verify.snapshot.form": ("Every line is well formed.", "每一行格式正确。"),
    "verify.snapshot.sorted": ("The lines are in order and nobody is there twice.", "各行顺序正确，无人重复。"),
    "verify.tickets.total": (
        "{n} lines hold {tickets} tickets, as promised.",
        "共 {n} 行、{tickets} 张票，与承诺一致。",
    ),
    "verify.merkle.root": ("The tree over the lines has the promised root.", "名单哈希树的树根与承诺一致。"),
    "verify.voids.none": ("No line was voided.", "没有作废的行。"),
    "verify.voids.list": ("{count} lines were voided before the dice.", "掷骰前共作废 {count} 行。"),
    "verify.voids.other": (
        "void.tsv is not the list that was locked before the dice.",
        "void.tsv 与掷骰前锁定的作废名单不符。",
    ),
    "verify.present.due": (
        "The presence list will be here once the draw is locked.",
        "到场名单将在锁定待开奖时公布。",
    ),
    "verify.present.list": ("{count} people are on the presence list.", "到场名单共 {count} 人。"),
    "verify.present.locked": (
        "present.tsv is the list that was locked before the dice.",
        "present.tsv 正是掷骰前锁定的到场名单。",
    ),
    "verify.present.other": (
        "present.tsv is not the list that was locked before the dice.",
        "present.tsv 与掷骰前锁定的到场名单不符。",
    ),
    "verify.signature": (
        "{file} is the signature of the published file by {signer}.",
        "{file} 是对所公布文件的签名，签名公钥为 {signer}。",
    ),
    "verify.signature.wrong": ("{file} is no signature.", "{file} 不是签名。"),
    "verify.signature.false": (
        "{file} is not the signature of this file by {signer}: somebody else published one of the two.",
        "{file} 不是公钥 {signer} 对这个文件的签名：两者之一不是由其公布的。",
    ),
    "verify.signature.missing": (
        "{file} is missing, though the manifest names the signer {signer}. Fetch it too.",
        "缺少 {file}，而清单载明了签名公钥 {signer}。请一并取得该文件。",
    ),
    "verify.signature.unknown": (
        "The manifest names the signer {signer}, and you know the server by {wanted}.",
        "清单载明的签名公钥是 {signer}，与您所知的服务器公钥 {wanted} 不符。",
    ),
    "verify.signature.nobody": (
        "{file} is here, but the manifest names no key that could have signed it.",
        "有 {file}，但清单未载明可用的签名公钥。",
    ),
    "verify.kit": ("kit.html is the promised program.", "kit.html 与清单承诺的程序一致。"),
    "verify.kit.other": (
        "kit.html is not the promised program: do not use it.",
        "kit.html 与清单承诺的程序不符：请勿使用。",
    ),
    "verify.kit.unpromised": (
        "kit.html is here, but the manifest promises no program.",
        "有 kit.html，但清单未承诺任何程序。",
    ),
    "verify.log.order": ("The events of the log come in the right order.", "记录中各事件的顺序正确。"),
    "verify.log.manifest": ("The log was armed with this manifest.", "记录锁定的正是这份清单。"),
    "verify.venue": ("{label}: {digits}", "{label}:{digits}"),
    "verify.beacon": (
        "Beacon round {round} gives the randomness {randomness}. Whether the network really signed it is checked by"
        " the server, not here.",
        "信标第 {round} 轮给出随机值 {randomness}。该值是否确由信标网络签出，由服务器核对，此处不核对。",
    ),
    "verify.commitment": (
        "The secret of {label} is the one promised before the dice.",
        "{label} 的随机数与掷骰前的承诺一致。",
    ),
    "verify.seed": ("K = {seed}", "K = {seed}"),
    "verify.winners": (
        "Recomputed: {filled} of {slots} places have a winner, and they are the ones in the log.",
        "重新计算：{slots} 个名额中 {filled} 个产生中奖人，与记录一致。",
    ),
    "verify.rounds": (
        "{drawn} of {rounds} rounds are drawn, in the promised order and with the promised dice.",
        "共 {rounds} 轮，已按承诺的顺序和骰子抽取 {drawn} 轮。",
    ),
    "verify.absences": (
        "Winners who went: {count}, each as the rules allow; their places alone were drawn again.",
        "按规则放弃或缺席的中奖人次：{count}；只对其名额重新抽取。",
    ),
    "verify.alternates": (
        "Recomputed: {drawn} of {places} alternates, and they are the ones in the log.",
        "重新计算：候补 {places} 位中产生 {drawn} 位，与记录一致。",
    ),
    "verify.alternates.result": (
        "result.json names other alternates than the recomputed ones.",
        "result.json 中的候补人与重新计算的不同。",
    ),
    "verify.winners.unknown": (
        "The winners cannot be recomputed, because a check above failed.",
        "上面的核对未通过，无法重新计算中奖人。",
    ),
    "verify.winners.line": (
        "Line {line} of the log should be: {wanted}; it is: {found}",
        "记录第 {line} 行应为：{wanted}；实为：{found}",
    ),
    "verify.winners.length": (
        "The log has {found} lines where {wanted} are due.",
        "记录有 {found} 行，应有 {wanted} 行。",
    ),
    "verify.winners.result": (
        "result.json names other winners than the recomputed ones.",
        "result.json 中的中奖人与重新计算的不同。",
    ),
    "verify.chain": ("The hash chain ends at {head}", "哈希链末端为 {head}"),
    "verify.chain.other": (
        "result.json states another end of the hash chain; this log ends at {head}",
        "result.json 载明的哈希链末端不同；本记录的末端为 {head}",
    ),
    "verify.code": ("The result code is {code}.", "结果码为 {code}。"),
    "verify.code.other": (
        "result.json states another result code; this log gives {code}.",
        "result.json 载明的结果码不同；本记录得出 {code}。",
    ),
    "verify.code.seen": (
        "The code you gave is the one after line {line} of the log.",
        "您给出的码正是记录第 {line} 行之后的码。",
    ),
    "verify.code.unseen": (
        "The code you gave appears nowhere in this log.",
        "您给出的码在本记录中不存在。",
    ),
    "verify.code.early": ("Nothing is drawn yet, so there is no code.", "尚未开奖，没有结果码。"),
    "verify.result.exact": (
        "result.json is byte for byte what the draw gives.",
        "result.json 与抽奖得出的内容逐字节一致。",
    ),
    "verify.result.open": ("The record is open and no result is published yet.", "记录未关闭，尚未公布结果。"),
    "verify.result.early": (
        "result.json is here, but the log holds no result.",
        "有 result.json，但记录中没有结果。",
    ),
    "verify.result.other": (
        "result.json differs from what the draw gives.",
        "result.json 与抽奖得出的内容不同。",
    ),
    # a receipt
    "verify.receipt.form": (
        "The receipt is for line {line} (from 0) with {tickets} tickets.",
        "回执对应第 {line} 行（从 0 起），共 {tickets} 张票。",
    ),
    "verify.receipt.path": (
        "Person, salt and tickets on the receipt make a line that is part of the list with the root on the receipt.",
        "由回执上的本人编号、盐值和票数得出的这一行，确在回执所载树根的名单之内。",
    ),
    "verify.receipt.path.wrong": (
        "The line on the receipt does not lead to the root on the receipt.",
        "回执上的这一行推不出回执所载的树根。",
    ),
    "verify.receipt.manifest": (
        "The receipt was given for this very manifest.",
        "回执正是为这份清单出具的。",
    ),
    "verify.receipt.manifest.wrong": (
        "The receipt was given for another manifest than this one.",
        "回执对应的是另一份清单。",
    ),
    "verify.receipt.root": (
        "The list of the receipt is the list of this manifest.",
        "回执所指的名单就是本清单的名单。",
    ),
    "verify.receipt.root.wrong": (
        "The list of the receipt is not the list of this manifest.",
        "回执所指的名单不是本清单的名单。",
    ),
    "verify.receipt.line": (
        "The line stands in snapshot.tsv exactly as on the receipt.",
        "snapshot.tsv 中的这一行与回执完全一致。",
    ),
    "verify.receipt.line.wrong": (
        "snapshot.tsv has another line in this place.",
        "snapshot.tsv 中该位置是另一行。",
    ),
    "verify.receipt.voided": (
        "This line was voided before the dice.",
        "这一行在掷骰前已作废。",
    ),
    "verify.receipt.won": (
        "This line has won: {prize}, place {slot} (from 0).",
        "这一行中奖：{prize}，第 {slot} 个名额（从 0 起）。",
    ),
    "verify.receipt.alternate": (
        "This line is an alternate: {prize}, place {place} (from 0).",
        "这一行为候补：{prize}，候补顺位 {place}（从 0 起）。",
    ),
    "verify.receipt.not.won": ("This line has not won.", "这一行没有中奖。"),
    # what the rules refuse
    "draw.manifest.json": ("manifest.json is not strict JSON in ASCII.", "manifest.json 不是规范的 ASCII JSON。"),
    "draw.manifest.twice": (
        "manifest.json has the key {key} twice.",
        "manifest.json 中字段 {key} 重复。",
    ),
    "draw.manifest.proto": ("manifest.json is not of protocol vdraw/1.", "manifest.json 不属于 vdraw/1 协议。"),
    "draw.manifest.missing": ("manifest.json lacks {key}.", "manifest.json 缺少 {key}。"),
    "draw.manifest.unknown": (
        "manifest.json has an unknown key: {key}.",
        "manifest.json 含有未知字段：{key}。",
    ),
    "draw.manifest.value": ("manifest.json: {key} is not allowed so.", "manifest.json：{key} 的值不合规定。"),
    "draw.manifest.other": (
        "The log was armed with another manifest.",
        "记录锁定的是另一份清单。",
    ),
    "draw.snapshot.ending": (
        "snapshot.tsv does not end with a line feed.",
        "snapshot.tsv 末尾没有换行符。",
    ),
    "draw.snapshot.line": (
        "snapshot.tsv: line {line} (from 0) is malformed.",
        "snapshot.tsv：第 {line} 行（从 0 起）格式错误。",
    ),
    "draw.snapshot.order": (
        "snapshot.tsv: line {line} (from 0) is out of order or a repetition.",
        "snapshot.tsv：第 {line} 行（从 0 起）顺序错误或重复。",
    ),
    "draw.snapshot.total": (
        "snapshot.tsv: more tickets than 4294967295 at line {line} (from 0).",
        "snapshot.tsv：到第 {line} 行（从 0 起）票数超过 4294967295。",
    ),
    "draw.snapshot.count": (
        "{stated} lines were promised, {found} are there.",
        "承诺 {stated} 行，实有 {found} 行。",
    ),
    "draw.snapshot.tickets": (
        "{stated} tickets were promised, {found} are there.",
        "承诺 {stated} 张票，实有 {found} 张。",
    ),
    "draw.snapshot.root": (
        "The promised root is {stated}, the lines give {found}.",
        "承诺的树根为 {stated}，名单得出 {found}。",
    ),
    "draw.snapshot.file": (
        "The promised file hash is {stated}, this file has {found}.",
        "承诺的文件哈希为 {stated}，本文件为 {found}。",
    ),
    "draw.void.ending": ("void.tsv does not end with a line feed.", "void.tsv 末尾没有换行符。"),
    "draw.void.line": (
        "void.tsv: line {line} (from 0) is malformed.",
        "void.tsv：第 {line} 行（从 0 起）格式错误。",
    ),
    "draw.void.order": (
        "void.tsv: line {line} (from 0) is out of order.",
        "void.tsv：第 {line} 行（从 0 起）顺序错误。",
    ),
    "draw.void.index": (
        "void.tsv: line {line} (from 0) voids a line that does not exist.",
        "void.tsv：第 {line} 行（从 0 起）作废的行不存在。",
    ),
    "draw.present.ending": ("present.tsv does not end with a line feed.", "present.tsv 末尾没有换行符。"),
    "draw.present.line": (
        "present.tsv: line {line} (from 0) is malformed.",
        "present.tsv：第 {line} 行（从 0 起）格式错误。",
    ),
    "draw.present.order": (
        "present.tsv: line {line} (from 0) is out of order.",
        "present.tsv：第 {line} 行（从 0 起）顺序错误。",
    ),
    "draw.present.index": (
        "present.tsv: line {line} (from 0) names a line that does not exist.",
        "present.tsv：第 {line} 行（从 0 起）所指的行不存在。",
    ),
    "draw.present.missing": (
        "The manifest demands a presence list, and there is none.",
        "清单要求锁定到场名单，但没有这份名单。",
    ),
    "draw.present.unpromised": (
        "There is a presence list, but the manifest provides for none.",
        "有到场名单，但清单并未规定使用到场名单。",
    ),
    "draw.log.ending": ("log.txt does not end with a line feed.", "log.txt 末尾没有换行符。"),
    "draw.log.line": (
        "log.txt: line {line} (from 0) is malformed.",
        "log.txt：第 {line} 行（从 0 起）格式错误。",
    ),
    "draw.log.order": (
        "log.txt: line {line} (from 0) should be a `{wanted}`, it is a `{found}`.",
        "log.txt：第 {line} 行（从 0 起）应为 `{wanted}`，实为 `{found}`。",
    ),
    "draw.log.cut": (
        "log.txt is cut off: a `{wanted}` is due at line {line} (from 0).",
        "log.txt 不完整：第 {line} 行（从 0 起）应为 `{wanted}`。",
    ),
    "draw.log.venue": (
        "The dice should be {wanted}, the log has {found}.",
        "应掷 {wanted}，记录为 {found}。",
    ),
    "draw.log.venue.twice": (
        "log.txt: dice were thrown again at line {line} (from 0). There are no re-rolls.",
        "log.txt：第 {line} 行（从 0 起）再次掷骰。规则不允许重掷。",
    ),
    "draw.log.after-end": (
        "log.txt goes on after its end, at line {line} (from 0).",
        "log.txt 在结束之后又有内容（第 {line} 行，从 0 起）。",
    ),
    "draw.dice.label": ("{label} is no kind of dice.", "{label} 不是骰子标记。"),
    "draw.dice.digits": (
        "{label} needs {wanted} throws, one allowed digit each; {found} are given.",
        "{label} 需要 {wanted} 个有效骰点，给出 {found} 个。",
    ),
    "draw.beacon.form": (
        "The signature of a beacon has 96 lower-case hex digits.",
        "信标签名应为 96 位小写十六进制数字。",
    ),
    "draw.beacon.round": (
        "Beacon round {wanted} was promised, the log has {found}.",
        "承诺使用信标第 {wanted} 轮，记录为第 {found} 轮。",
    ),
    "draw.reveal.label": (
        "The secret of {wanted} is due, the log opens that of {found}.",
        "应公开 {wanted} 的随机数，记录公开的是 {found} 的。",
    ),
    "draw.reveal.count": (
        "{wanted} secrets are needed, {found} are given.",
        "需要 {wanted} 个随机数，给出 {found} 个。",
    ),
    "draw.commitment": (
        "The secret of {label} is not the one promised before the dice.",
        "{label} 的随机数与掷骰前的承诺不符。",
    ),
    "draw.round.order": (
        "The next round should be `{wanted}`, it is `{found}`.",
        "下一轮应为 `{wanted}`，实为 `{found}`。",
    ),
    "draw.round.dice": (
        "The dice of round {round} are not those that the manifest provides for.",
        "{round} 轮的掷骰与清单规定的不符。",
    ),
    "draw.call.slot": (
        "Nobody has won place {slot} of {prize}, so nobody can be called there.",
        "{prize} 的第 {slot} 个名额没有中奖人，无从呼叫。",
    ),
    "draw.absent.present": (
        "Whoever wins {prize} need not be there, so nobody can be absent: {prize} {slot}.",
        "{prize} 的中奖人不必到场，不能按缺席处理：{prize} {slot}。",
    ),
    "draw.absent.uncalled": (
        "The winner of place {slot} of {prize} was not called before he was declared absent.",
        "{prize} 第 {slot} 个名额的中奖人未经呼叫就被判为缺席。",
    ),
    "draw.absent.reason": (
        "A winner of {prize} {slot} can only decline or be ineligible.",
        "{prize} {slot} 的中奖人只能因放弃或不符合条件而离开。",
    ),
    "draw.absent.slot": (
        "Nobody has won place {slot} of {prize}, so nobody can be absent there.",
        "{prize} 的第 {slot} 个名额没有中奖人，无从缺席。",
    ),
    "draw.redraw.dice": (
        "The manifest does not provide for these redraw dice: {prize} {slot}.",
        "清单未规定这样的补抽掷骰：{prize} {slot}。",
    ),
    "draw.redraw.pending": (
        "{prize} {slot}: the place before still waits for its redraw dice.",
        "{prize} {slot}：前一个名额仍在等待补抽掷骰。",
    ),
    "draw.close.early": (
        "The log was closed before all was drawn.",
        "记录在全部抽完之前就关闭了。",
    ),
    "draw.pool.work": (
        "Checking this draw takes more steps than any draw should need.",
        "核对这次抽奖所需的运算量超出正常抽奖应有的范围。",
    ),
    "draw.receipt.form": ("This is no receipt of a draw.", "这不是抽奖回执。"),
    # refused before anything is published; a face of the server may show them too
    "draw.text.ascii": ("{what} must be ASCII.", "{what} 只能使用 ASCII 字符。"),
    "draw.salt.size": ("A salt has 16 bytes, this one {size}.", "盐值应为 16 字节，实为 {size} 字节。"),
    "draw.secret.size": (
        "The secret of {label} must have 32 bytes, it has {size}.",
        "{label} 的随机数应为 32 字节，实为 {size} 字节。",
    ),
    "draw.secret.row": ("Row {row} is mistyped.", "第 {row} 行输入有误。"),
    "draw.secret.form": (
        "A secret has 64 hex digits, or 80 with the checks of its eight rows; here are {digits}.",
        "随机数应为 64 位十六进制数字，连同八行校验码则为 80 位；此处为 {digits} 位。",
    ),
    "draw.tree.index": ("There is no line {index} among {n}.", "共 {n} 行，没有第 {index} 行。"),
    "draw.redraw.slot": (
        "Place {slot} of {prize} is not vacant.",
        "{prize} 的第 {slot} 个名额并未空缺。",
    ),
    "draw.sheet.order": (
        "The dice come first, then a promised beacon, then all secrets, then everything else.",
        "须先掷骰，再登记约定的信标，然后公开全部随机数，之后才能进行其他步骤。",
    ),
    "draw.abort.reason": (
        "The reason of an abort is a short code of lower-case letters, digits, dots and hyphens.",
        "中止原因须为由小写字母、数字、点和连字符组成的短代码。",
    ),
}
