"""
The events that a sample holds: which service and logger writes which, with which fields.

`catalog_lines` makes a `Catalog` of a batch of lines. Catalogs are added up;
whatever the cut into batches and the order of adding, the sum is the same.
"""

from __future__ import annotations

from logconform.check.catalogue.batch import Catalog, catalog_lines
from logconform.check.catalogue.document import CATALOG_VERSION, document

__all__ = ["CATALOG_VERSION", "Catalog", "catalog_lines", "document"]
