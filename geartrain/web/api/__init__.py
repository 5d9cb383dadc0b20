"""The REST API: the same use cases as the pages, one file per subject."""

from geartrain.web.api.site import api

__all__ = ["api"]
