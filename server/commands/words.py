"""What the command line says of settings, the data folder, the services, checks and backups."""

from server.web.frame.i18n import mark as _

TEXTS = {
    "settings.unknown": _("There is no setting %(name)s. Did you mean %(nearest)s?"),
    "settings.unknown.alone": _("There is no setting %(name)s. `laurel settings` lists them all."),
    "settings.invalid": _("%(name)s cannot be “%(value)s”: it must be %(wanted)s."),
    "settings.wants.number": _("a whole number from %(least)s to %(most)s"),
    "settings.wants.one-of": _("one of: %(choices)s"),
    "settings.wants.address": _("an address that begins with one of: %(choices)s"),
    "settings.wants.address.origin-only": _("an http or https address without a path"),
    "settings.wants.host": _("a host name or an address of this machine"),
    "settings.wants.time-zone": _("a time zone such as Asia/Shanghai"),
    "settings.wants.text.1-80": _("a text of 1 to 80 characters"),
    "settings.wants.networks": _("addresses or networks, separated by commas"),
    "settings.wants.secret.32-characters": _("at least 32 characters that do not repeat themselves"),
    "settings.wants.home": _("a folder that exists"),
    "port.taken": _("Port %(port)s is in use by %(program)s (process %(pid)s). Choose another one with LAUREL_PORT."),
    "port.taken.unknown": _("Port %(port)s is in use by another program. Choose another one with LAUREL_PORT."),
    "port.forbidden": _("This user may not listen on port %(port)s. Choose one above 1023 with LAUREL_PORT."),
    "host.unknown": _("This machine cannot listen on %(host)s. Check LAUREL_HOST."),
    "secret.missing": _("There is no secret in %(folder)s yet. Start `laurel serve` once."),
    "data.none": _("There is no Laurel in %(folder)s. Set LAUREL_DATA, or start `laurel serve` there first."),
    "data.unusable": _("The data folder %(folder)s cannot be used: %(reason)s."),
    "data.unreadable": _("%(file)s cannot be read: %(reason)s."),
    "data.damaged": _("%(file)s is damaged. Bring it back from a backup; a new one would sign everybody out."),
    "data.foreign": _("%(folder)s belongs to another user (number %(owner)s). Laurel leaves it alone."),
    "data.held": _("A Laurel already runs over %(folder)s (process %(pid)s). Stop it first."),
    "data.held.unknown": _("A Laurel already runs over %(folder)s. Stop it first."),
    "data.restoring": _("A restore into %(folder)s was interrupted. Run `laurel restore` again."),
    "sockets.foreign": _("%(folder)s belongs to somebody else, so no socket is put there."),
    "services.database": _("The database %(address)s does not answer (%(reason)s)."),
    "services.database_password": _(
        "The database %(address)s does not let this user in (%(reason)s). Check user and password in"
        " LAUREL_DATABASE_URL."
    ),
    "services.database_missing": _("There is no such database at %(address)s (%(reason)s). Make it first, empty."),
    "services.database_old": _("PostgreSQL %(version)s at %(address)s is too old. Laurel needs %(minimum)s or newer."),
    "services.database_read_only": _(
        "The database %(address)s can only be read, as a standby can. Laurel needs the primary."
    ),
    "services.database_encoding": _(
        "The database %(address)s is encoded in %(encoding)s. Make one with ENCODING 'UTF8' for Laurel."
    ),
    "services.redis": _("Redis %(address)s does not answer (%(reason)s)."),
    "services.redis_password": _(
        "Redis %(address)s does not let us in: the password in LAUREL_REDIS_URL is missing or wrong"
        " (redis://:PASSWORD@HOST)."
    ),
    "services.redis_rights": _("Redis %(address)s refuses this user a command that Laurel needs (%(reason)s)."),
    "services.redis_tls": _(
        "Redis %(address)s cannot be reached with TLS: it does not speak it on this port (then use redis://), or its"
        " certificate is not trusted here."
    ),
    "services.redis_old": _("%(address)s is version %(version)s, which is too old. Laurel needs %(minimum)s or newer."),
    "services.redis_read_only": _("Redis %(address)s is a replica, which can only be read. Laurel needs the primary."),
    "services.redis_forgets": _(
        "Redis %(address)s throws away what it holds when it is full (maxmemory-policy %(policy)s). Set it to"
        " noeviction: sessions would be lost, and boards would be wrong."
    ),
    "postgres.missing": _("PostgreSQL is not there: %(program)s. Run make again, or set LAUREL_POSTGRES_BIN."),
    "postgres.old": _("PostgreSQL %(version)s is too old (%(program)s). Laurel needs %(minimum)s or newer."),
    "postgres.broken": _("PostgreSQL does not run: %(program)s (%(reason)s)."),
    "valkey.missing": _("Valkey is not there: %(program)s. Run make again, or set LAUREL_VALKEY_BIN."),
    "valkey.old": _("Valkey %(version)s is too old (%(program)s). Laurel needs %(minimum)s or newer."),
    "valkey.broken": _("Valkey does not run: %(program)s (%(reason)s)."),
    "servers.immortal": _("Servers of an earlier run do not end: processes %(pids)s."),
    "servers.no-user": _("As root Laurel needs a user for its servers, and there is no user nobody."),
    "servers.unreachable": _(
        "No user of this machine can run %(program)s over %(folder)s. Choose another data folder."
    ),
    "child.failed": _("%(name)s did not start (status %(status)s). It said:\n%(said)s"),
    "child.late": _("Not ready in time, so it is started again: %(name)s."),
    "child.unprepared": _("%(name)s could not be prepared: %(said)s"),
    "database.failed": _("The database could not be prepared (%(step)s):\n%(said)s"),
    "database.foreign": _("%(folder)s holds something that is not a database of Laurel."),
    "database.version": _(
        "The database in %(folder)s is of PostgreSQL %(found)s, this Laurel brings %(installed)s."
        " Make a backup with the Laurel that wrote it and restore it here."
    ),
    "database.newer": _("The database was written by a newer Laurel (%(name)s). Use that version."),
    "database.migration_altered": _("%(name)s is not the file that made these tables. Install the original Laurel."),
    "database.migration_failed": _(
        "The step %(name)s failed, and the tables are as they were before. The Laurel that ran before goes on with them."
        " It said: %(said)s"
    ),
    "database.behind": _("The database lacks %(count)s steps of this version. Run `laurel migrate`."),
    "check.board_differs": _("Board %(board)s, %(subject)s: it shows %(found)s, but must show %(wanted)s."),
    "check.answers_not_posted": _(
        "Room %(room)s, member %(member)s: %(earned)s points from answers are not in the ledger."
    ),
    "check.posting_differs": _(
        "Room %(room)s, member %(member)s: the ledger has %(posted)s points, the answers give %(earned)s."
    ),
    "check.answer_misgraded": _("Answer %(answer)s is graded against its question or its time."),
    "check.work_overdue": _("Work not done: %(kind)s of %(subject)s, due %(due)s."),
    "check.work_failing": _("Work that fails again and again: %(kind)s of %(subject)s (%(error)s)."),
    "check.file_missing": _("Draw %(draw)s: the published file %(file)s is missing."),
    "check.file_differs": _("Draw %(draw)s: the published file %(file)s was altered."),
    "check.file_foreign": _("Draw %(draw)s: there is a file %(file)s that was never published."),
    "backup.exists": _("%(file)s exists already. Choose another name, or add --force."),
    "backup.failed": _("The backup could not be finished (%(step)s): %(said)s"),
    "backup.no_room": _(
        "For a backup in %(folder)s there must be %(needed)s MB of room on the disk, and there are %(free)s."
    ),
    "backup.unproved": _("What was written to %(file)s cannot be read back, so no backup was kept. Try another disk."),
    "restore.not_empty": _("%(folder)s is not empty. Restore into an empty data folder (LAUREL_DATA)."),
    "restore.database_not_empty": _("The database %(address)s is not empty. Restore into an empty one."),
    "restore.failed": _("The backup could not be restored (%(step)s): %(said)s"),
    "restore.foreign": _("%(file)s is not a backup of Laurel, or it is damaged. Nothing was changed."),
    "restore.damaged": _("%(file)s is damaged (%(part)s). Nothing was changed. Take another backup."),
    "restore.damaged.between": _("%(file)s is damaged or not whole. Nothing was changed. Take another backup."),
    "restore.unreadable": _(
        "The database in %(file)s cannot be read (%(step)s). Nothing was changed. It said: %(said)s"
    ),
    "restore.newer": _(
        "%(file)s was made by a newer Laurel (%(version)s, tables %(tables)s), and this one has tables %(known)s."
        " Use that version."
    ),
    "demo.real_data": _("%(folder)s holds real members. The demo plays only in a folder of its own."),
    "cli.file_unreadable": _("%(file)s cannot be read: %(reason)s."),
    "cli.fault": _("Something went wrong on our side (%(kind)s). With LAUREL_LOG=debug it says more."),
}
