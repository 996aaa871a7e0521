"""How far long work has come."""

from piccolo.columns import Varchar
from piccolo.table import Table

from rewards.database import engine


class Checkpoint(Table, tablename="checkpoint", db=engine):
    """How far a piece of long work has come, in its own words."""

    name = Varchar(80, primary_key=True, default=None)
    place = Varchar(200, default=None)
