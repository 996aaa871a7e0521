"""What the phone says after something was done, and how points come about."""

from server.web.i18n import mark as _

TEXTS = {
    "phone.code_set": _("Your code is set. From now on staff number and code sign you in."),
    "phone.code_changed": _("Your code was changed. Your other devices were signed out."),
    "phone.signed_out": _("You are signed out on this device."),
    "phone.alias_shown": _("Boards now show your alias."),
    "phone.name_shown": _("Boards now show your name."),
    "phone.text_size_set": _("The size of the text is set on this device."),
    "phone.device_ended": _("That device is signed out."),
    "phone.device_gone": _("That device was signed out already."),
    "phone.devices_ended": _("All your other devices are signed out."),
    "phone.text_size_unknown": _("Choose one of the sizes shown."),
}
