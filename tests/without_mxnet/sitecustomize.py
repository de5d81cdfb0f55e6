"""Python imports this when it starts: an import of MXNet then fails as if it were not installed."""

import sys

sys.modules["mxnet"] = None
