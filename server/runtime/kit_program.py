"""The offline kit: one HTML file that holds a whole draw, runs without network and needs nothing else.

The *empty* kit is the program alone: the same bytes for everybody, published with the draw and named in its manifest.
A *filled* kit is the empty one with one block of private data in the one place marked for it, so that anybody who is
shown both can take the block out and compare. Content-Security-Policy lets it run its own script and style and show
pictures that it carries, and nothing else: no other host, no evaluation, no frame.
"""

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from rewards.draws.rules import PROTOCOL, manifest_hash, parse_manifest
from rewards.draws.states import shown_name
from rewards.draws.verify_words import LABELS, MARKS, SENTENCES, STATES, VERDICTS

ROOT: Final = Path(__file__).resolve().parent.parent.parent
TEMPLATES: Final = ROOT / "templates" / "draws" / "kit"
STATIC: Final = ROOT / "server" / "static"
SCRIPTS: Final = (
    *("core.js", "signature.js", "verify.js", "qr.js", "stage_effects.js", "stage_scene.js", "stage.js"),
    *("kit/page.js", "kit/journal.js", "kit/state.js", "kit/names.js", "kit/parts.js", "kit/frame.js"),
    *("kit/opening.js", "kit/lists.js", "kit/dice.js", "kit/inputs.js", "kit/scenes.js", "kit/absence.js"),
    *("kit/rounds.js", "kit/paper.js", "kit/end.js", "kit/public.js", "kit/start.js"),
)
"""In this order: each names only what those before it made."""
STYLES: Final = (
    *(STATIC / "tokens.css", STATIC / "kit.css"),
    *(STATIC / "draw" / "kit" / "kit.css", STATIC / "draw" / "stage.css"),
)
LANGUAGES: Final = ("en", "zh-Hans")
MARK: Final = b'<script type="application/json" id="data">null</script>'
"""The marked place of an empty kit; in a filled one the data stand where `null` stands here."""

_WORDS: Final = {"en": 0, "zh-Hans": 1}
_PLACE = re.compile(r"\{\{ (\w+) \}\}")


class KitEntrant(NamedTuple):
    """Who stands behind a line of the snapshot: the 16 bytes of `salt` and the `person_ref` that its id_commit is made
    of; `unit` is a name for people, empty for none; `photo` a JPEG, empty for none."""

    salt: bytes
    person_ref: str
    name: str
    staff_number: str
    unit: str = ""
    photo: bytes = b""


class KitPrize(NamedTuple):
    """What people are told of a prize beyond the manifest: `value` of one piece in fen, 0 = not stated; `picture` is a
    JPEG; empty = none."""

    code: str
    name: str
    value: int = 0
    sponsor: str = ""
    picture: bytes = b""


def kit_texts() -> dict[str, dict[str, str]]:
    """Language -> key -> words of the kit: its own (texts.json) and those of `verify`, so that both say the same."""
    own = json.loads((TEMPLATES / "texts.json").read_text(encoding="utf-8"))
    shared: dict[str, tuple[str, str]] = {
        **SENTENCES,
        **{f"verify.state.{key}": words for key, words in STATES.items()},
        **{f"verify.label.{key}": words for key, words in LABELS.items()},
        **{f"verify.mark.{'ok' if key else 'wrong'}": words for key, words in MARKS.items()},
        **{f"verify.verdict.{'ok' if key else 'wrong'}": words for key, words in VERDICTS.items()},
    }
    return {
        language: {**{key: words[_WORDS[language]] for key, words in shared.items()}, **own[language]}
        for language in LANGUAGES
    }


def empty_kit() -> bytes:
    """The program without data. Depends on nothing but its source files: no time, no version, no chance."""
    script = "\n".join((STATIC / "draw" / name).read_text(encoding="utf-8") for name in SCRIPTS)
    style = "\n".join(path.read_text(encoding="utf-8") for path in STYLES)
    if "</script" in script.lower() or "</style" in style.lower():
        raise ValueError("a script or style would end its own element")
    policy = (
        f"default-src 'none'; script-src '{_source_hash(script)}'; style-src '{_source_hash(style)}'; img-src data:;"
        " base-uri 'none'; form-action 'none'"
    )
    parts = {
        "policy": policy,
        "protocol": PROTOCOL,
        "style": style,
        "script": script,
        "texts": _block(kit_texts()),
        "data": MARK.decode("ascii"),
    }
    skeleton = (TEMPLATES / "kit.html").read_text(encoding="utf-8")
    program = _PLACE.sub(lambda found: parts[found[1]], skeleton).encode("utf-8")
    if program.count(MARK) != 1:
        raise ValueError("the kit has no single place for its data")
    return program


def fill_kit(program: bytes, data: Mapping[str, Any]) -> bytes:
    """The empty kit `program` with `data` (see `kit_data`) in its marked place. Raises ValueError for another file."""
    if program.count(MARK) != 1:
        raise ValueError("this is no empty kit")
    block = _block(data).encode("utf-8")
    return program.replace(MARK, MARK.replace(b"null", block, 1), 1)


def kit_hash(program: bytes) -> str:
    """SHA-256 of a kit, empty or filled, in lower-case hex: what people compare."""
    return hashlib.sha256(program).hexdigest()


def kit_data(
    *,
    title: str,
    organisation: str,
    manifest: bytes,
    snapshot: bytes,
    entrants: Sequence[KitEntrant],
    prizes: Sequence[KitPrize],
    rounds: Mapping[str, str],
    shown_names: str,
    language: str = "en",
    voids: bytes = b"",
    present: Sequence[int] = (),
    secrets: Sequence[bytes] = (),
    affidavit: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The private data of a kit, ready for JSON.

    `manifest` and `snapshot` are the exact published bytes, `entrants` parallel to the lines, `rounds` the names of the
    rounds by code. `shown_names`: masked, full or number, for the stage. `voids` and `present`: the void list and the
    lines checked in so far; both may still change in the kit until it is armed. `secrets`: in the order of the
    custodians, only for a rehearsal, whose kit types them itself. `affidavit`: language -> the sentence above the
    signatures, instead of the kit's own. Raises ValueError when these do not belong together.
    """
    promised = parse_manifest(manifest)
    if len(entrants) != promised.n:
        raise ValueError("the entrants are not those of the manifest")
    if secrets and (not promised.rehearsal or len(secrets) != len(promised.commit)):
        raise ValueError("secrets are known beforehand in a rehearsal only")
    units = sorted({entrant.unit for entrant in entrants})
    number = {unit: place for place, unit in enumerate(units)}
    return {
        "proto": PROTOCOL,
        "m": manifest_hash(manifest).hex(),
        "title": title,
        "organisation": organisation,
        "language": language,
        "manifest": _base64(manifest),
        "snapshot": snapshot.decode("ascii"),
        "people": {
            "salts": _base64(b"".join(entrant.salt for entrant in entrants)),
            "refs": [entrant.person_ref for entrant in entrants],
            "names": [entrant.name for entrant in entrants],
            "shown": [shown_name(entrant.name, entrant.staff_number, shown_names) for entrant in entrants],
            "numbers": [entrant.staff_number for entrant in entrants],
            "units": units,
            "unit_of": [number[entrant.unit] for entrant in entrants],
            "photos": {str(line): _jpeg(one.photo) for line, one in enumerate(entrants) if one.photo},
        },
        "prizes": {
            prize.code: {
                "name": prize.name,
                "value": prize.value,
                "sponsor": prize.sponsor,
                "picture": _jpeg(prize.picture) if prize.picture else "",
            }
            for prize in prizes
        },
        "rounds": dict(rounds),
        "shown_names": shown_names,
        "voids": voids.decode("ascii"),
        "present": list(present),
        "secrets": [secret.hex() for secret in secrets],
        "affidavit": dict(affidavit or {}),
    }


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _jpeg(data: bytes) -> str:
    return "data:image/jpeg;base64," + _base64(data)


def _block(data: Mapping[str, Any]) -> str:
    """JSON that cannot end the element it stands in: in JSON `<` occurs in strings alone."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return text.replace("<", "\\u003c")


def _source_hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
