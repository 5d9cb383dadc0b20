"""Property tests explore anew at every desk; in CI they repeat themselves, so that a landing depends on the change."""

import os

from hypothesis import settings

settings.register_profile("ci", derandomize=True, deadline=None)
if os.environ.get("CI"):
    settings.load_profile("ci")
