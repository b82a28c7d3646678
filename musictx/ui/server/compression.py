"""The page's own document travels compressed: half a megabyte of text that Gradio sends as it is."""

from __future__ import annotations

from gradio.brotli_middleware import BrotliMiddleware
from starlette.types import Scope

from musictx.hosting.messages import path_of

# Gradio compresses by the suffix of a path, which these have not. Streams of answers and files stay as they are: a
# compressor would hold back what is said while music is made, and sound does not shrink.
DOCUMENTS = ("/", "/config", "/gradio_api/info", "/gradio_api/openapi.json")


class CompressedDocuments(BrotliMiddleware):
    """Middleware: Brotli, or gzip where a browser knows nothing better, for `DOCUMENTS`."""

    def _is_compressible_file_type(self, scope: Scope) -> bool:
        return path_of(scope) in DOCUMENTS
