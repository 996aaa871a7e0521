"""What a file may cost to read; each holds before the memory is spent."""

from typing import Final

MAX_BYTES: Final = 10 * 1024 * 1024
MAX_UNPACKED_BYTES: Final = 100 * 1024 * 1024
MAX_PACKING_RATIO: Final = 200
MAX_PARTS: Final = 2_000
MAX_XML_ELEMENTS: Final = 8_000_000
MAX_ROWS: Final = 200_000
MAX_COLUMNS: Final = 200
MAX_CELLS: Final = 3_000_000
MAX_CELL_CHARACTERS: Final = 32_767
MAX_CHARACTERS: Final = 50_000_000
MAX_PROBLEMS: Final = 200
MAX_MARKS: Final = 1_000_000
