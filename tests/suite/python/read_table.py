"""Reads a table from stdin with Python's own module; to stdout a list of its rows, each by the names of the first.

`words` of a row are those of its field `tags`, which is a row of its own.
"""

import csv
import io
import json
import sys

# Documents are longer than what one field may have otherwise.
csv.field_size_limit(1 << 24)


def rows(text):
    return io.StringIO(text, newline="")


table = list(csv.DictReader(rows(sys.stdin.buffer.read().decode("utf-8")), strict=True))
for row in table:
    row["words"] = next(csv.reader(rows(row["tags"].removeprefix("'")), strict=True), [])
json.dump(table, sys.stdout)
