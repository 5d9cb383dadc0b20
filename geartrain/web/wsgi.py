"""The application granian serves."""

from __future__ import annotations

from typing import Any

from django.core.handlers.wsgi import WSGIHandler
from whitenoise import WhiteNoise

from geartrain.web import assets, workspace
from geartrain.web.charts import warm_up


def make_application() -> Any:
    """The site with its static files in front. The chart renderer starts now rather than in somebody's request."""
    folder = assets.write_bundle(workspace().data / "static")
    warm_up()
    site = WhiteNoise(WSGIHandler(), max_age=3600, immutable_file_test=lambda path, url: True)
    site.add_files(str(folder), prefix=f"static/{assets.version()}/")
    return site
