"""The cases are a module of their own, so that the tests of every engine can run them."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
