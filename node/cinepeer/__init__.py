"""Cinepeer: a decentralised peer-to-peer node for film and video."""

__version__ = "0.1.0"
