"""Python source as a tree, whatever else the test process has been through."""

from __future__ import annotations

import ast
import gc


def parse(source: str) -> ast.Module:
    """As `ast.parse`, without a garbage collection in between.

    Python 3.11 counts how deep the conversion stands, and a collection that ends a browser's greenlet just then
    changes the count: "SystemError: AST constructor recursion depth mismatch".
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        return ast.parse(source)
    finally:
        if collects:
            gc.enable()
