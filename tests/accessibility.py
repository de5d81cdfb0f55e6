"""What axe-core finds wrong on a page, for all tests in a browser."""

from axe_playwright_python.sync_playwright import Axe

# To list what is right as well would take twice the time.
WRONG_ONLY = {"resultTypes": ["violations"]}


def findings(page, without=(), **options):
    """Return a rule and its place for all that is serious, and for headings out of order.

    ``without`` are selectors of what is left out; ``options`` are axe's, for example
    ``runOnly=["color-contrast"]``.
    """
    context = {"exclude": [[selector] for selector in without]} if without else None
    found = Axe().run(page, context, {**WRONG_ONLY, **options}).response["violations"]
    return [
        (violation["id"], node["html"][:120])
        for violation in found
        if violation["impact"] in ("serious", "critical") or violation["id"] == "heading-order"
        for node in violation["nodes"]
    ]
