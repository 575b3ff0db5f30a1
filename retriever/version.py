"""The program's version, as the package states it."""

from importlib.metadata import PackageNotFoundError, version

try:
    VERSION = version("evidence-retriever")
except PackageNotFoundError:  # run from a checkout that was never installed
    VERSION = "0+unknown"
