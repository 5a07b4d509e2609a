"""`python -m cinepeer` is the command `cinepeer`."""

from __future__ import annotations

from cinepeer.faces.cli.main import main

if __name__ == "__main__":
    main()
