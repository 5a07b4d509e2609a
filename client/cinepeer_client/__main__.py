"""`python -m cinepeer_client` is the command `cinepeer-client`."""

from __future__ import annotations

from cinepeer_client.cli import main

if __name__ == "__main__":
    main()
