"""`python -m mocks`."""

import sys

from mocks.server import main

sys.exit(main())
