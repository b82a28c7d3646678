"""`python -m musictx`: the command line."""

import sys

from musictx.cli import main

if __name__ == "__main__":
    sys.exit(main())
