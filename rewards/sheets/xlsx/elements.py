"""The XML of a workbook's parts, element by element."""

from abc import ABC, abstractmethod
from xml.sax.handler import ContentHandler
from xml.sax.xmlreader import AttributesImpl

from rewards.sheets.limits import MAX_XML_ELEMENTS
from rewards.sheets.problems import refuse


class Handler(ContentHandler, ABC):
    """Elements and attributes by local name, so that any prefix and both the strict and the usual kind are read."""

    def __init__(self) -> None:
        super().__init__()
        self._left = MAX_XML_ELEMENTS

    def startElement(self, name: str, attrs: AttributesImpl) -> None:
        self._left -= 1
        if self._left < 0:
            raise refuse("file.unpacks_too_large")
        given = attrs.items()
        self.opened(name.rpartition(":")[2], {key.rpartition(":")[2]: value for key, value in given} if given else {})

    def endElement(self, name: str) -> None:
        self.closed(name.rpartition(":")[2])

    @abstractmethod
    def opened(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""

    def closed(self, name: str) -> None:
        """Most parts are told by their opening tags alone."""
