"""``python -m retention.cli``."""

from retention.cli.main import main

main()
