"""`python -m ddsp_rt`: the command `ddsp-rt`."""

import sys

from ddsp_rt.cli import main

sys.exit(main())
