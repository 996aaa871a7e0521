"""What is said of pictures that cannot be taken."""

from server.web.i18n import mark as _

TEXTS = {
    "picture.kind": _("Choose a picture: JPEG, PNG or WebP."),
    "picture.size": _(
        "This picture is too large. At most %(megabytes)s MB and %(megapixels)s million pixels are taken;"
        " make it smaller and bring it again."
    ),
    "picture.broken": _("This picture cannot be read to its end. Save it once more, or take another one."),
}
