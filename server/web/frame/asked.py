"""The type of every request."""

from typing import Any

from litestar import Request
from litestar.datastructures import State

Asked = Request[Any, Any, State]
