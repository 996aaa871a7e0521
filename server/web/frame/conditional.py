"""Answers that are not sent again to who has them already."""

from collections.abc import Mapping

from litestar import Response

from server.web.frame.asked import Asked


def answer(
    request: Asked, tag: str, content: bytes, media_type: str, headers: Mapping[str, str] | None = None
) -> Response[bytes]:
    """The content under a weak ETag, or 304 with the same headers for who names it.

    `tag` names what is shown, without quotes. Weak, because the same is sent compressed and not.
    """
    mine = {"ETag": f'W/"{tag}"', **(headers or {})}
    if f'"{tag}"' in request.headers.get("if-none-match", ""):
        return Response(b"", status_code=304, headers=mine)
    return Response(content, media_type=media_type, headers=mine)
