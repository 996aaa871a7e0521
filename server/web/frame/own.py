"""What the frame itself declares: whether this process is well, the find field, and what is said of anything."""

from litestar import Response, get

from server import VERSION
from server.web.frame import finding, pages, words
from server.web.frame.asked import Asked
from server.web.frame.noun import Noun


@get("/health", opt={"open": True})
async def show_health(request: Asked) -> Response[dict[str, str | list[str]]]:
    """Whether this process can reach its storage (for supervisors and proxies), said within two seconds; 503 with the
    parts that are `missing` ("database", "redis") when it cannot."""
    missing = await pages.process(request).watch.missing()
    if missing:
        return Response({"status": "waiting", "missing": missing, "version": VERSION}, status_code=503)
    return Response({"status": "ready", "version": VERSION})


FRAME = Noun(
    name="frame",
    handlers=(show_health, *finding.HANDLERS),
    texts=(words.TEXTS,),
    fields=words.FIELDS,
    statuses={
        "web.not_found": 404,
        "web.not_allowed": 403,
        "web.sign_in_first": 401,
        "web.forged": 403,
        "web.own_code": 403,
        "web.too_large": 413,
        "web.method": 405,
        "web.too_many": 429,
        "web.fault": 500,
        "web.resting": 503,
        "web.busy": 503,
        "web.unsure": 503,
        "web.not_taken": 503,
        "web.field_": 400,
        "web.bad_": 400,
        "file.": 400,
        "picture.": 400,
    },
)
