"""The addresses that the project cites, and how tests find addresses in a text."""

import re

# Of what is cited: papers, data, tools. None is the project's own.
HOSTS = {
    "arxiv.org",
    "colab.research.google.com",
    "creativecommons.org",
    "d2l.ai",
    "docs.python.org",
    "docs.pytorch.org",
    "doi.org",
    "eigentaste.berkeley.edu",
    "files.grouplens.org",
    "git-lfs.github.com",
    "github.com",
    "grouplens.org",
    "jmlr.org",
    "learn.microsoft.com",
    "kaggle.com",
    "keepachangelog.com",
    "matplotlib.org",
    "mybinder.org",
    "numpy.org",
    "pandas.pydata.org",
    "purl.org",
    "semver.org",
    "sifter.org",
    "www.apache.org",
    "www.kaggle.com",
    "www.python.org",
    "www.tensorflow.org",
    "www.usenix.org",
    "www.w3.org",
}
# Where examples and tests find nothing else.
LOCAL = {"127.0.0.1", "localhost", "example.org"}
REPOSITORIES = {
    "apache/mxnet",
    "d2l-ai/d2l-en",
    "tohtsky/myFM",
    "usydnlp/Glocal_K",
    "zygmuntz/goodbooks-10k",
}
# What a reader replaces.
PLACEHOLDER = "OWNER/NAME"

_HOST = re.compile(r"(?:https?|git|ssh)://(?:[\w.-]+@)?([\w-]+(?:\.[\w-]+)+)")
_OWNED = re.compile(
    # A repository on a host of repositories,
    r"(?<![\w.-])(?:github\.com|gitlab\.com|bitbucket\.org|codeberg\.org|raw\.githubusercontent\.com"
    # or in what opens one,
    r"|mybinder\.org/v2/gh|colab\.research\.google\.com/github|huggingface\.co|ghcr\.io)"
    r"[/:]([\w.-]+/[\w.-]+?)(?:\.git)?(?![\w-])(?!\.\w)"
    # or the site of somebody.
    r"|([\w-]+\.(?:github\.io|gitlab\.io|readthedocs\.io|netlify\.app|pages\.dev|vercel\.app))"
)
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}\b")


def hosts(text):
    """Hosts of all addresses in a text."""
    return set(_HOST.findall(text))


def owned(text):
    """Repositories (as owner/name) and published sites that a text names."""
    return {repository or site for repository, site in _OWNED.findall(text)}


def mails(text):
    """Mail addresses in a text."""
    return set(_MAIL.findall(text))
