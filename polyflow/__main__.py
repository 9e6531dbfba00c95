"""``python -m polyflow``: the command line, for when its script is not on the path."""

import sys

from .cli import main

sys.exit(main())
