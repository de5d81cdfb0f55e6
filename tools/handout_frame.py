"""What a printed course has besides its pages: cover, contents, page numbers, links that stay inside."""

from html import escape
from urllib.parse import urlsplit

from pypdf.generic import ArrayObject, NameObject
import yaml

STYLE = """<style>
body { font: 11pt/1.5 system-ui, sans-serif; color: #1f2933; margin: 0 }
h1 { font-size: 32pt; line-height: 1.15; margin: 0 0 8mm }
h2 { font-size: 20pt; margin: 0 0 6mm }
h3 { font-size: 11pt; color: #52606d; margin: 4mm 0 0.5mm; break-after: avoid }
p { margin: 0 0 3mm; max-width: 120mm }
svg { width: 150mm; height: auto; margin: 22mm 0 }
.row { display: flex; gap: 2mm; text-decoration: none; color: inherit; line-height: 1.5 }
.row .dots { flex: 1; border-bottom: 1px dotted #9aa5b1; margin-bottom: 2mm }
.sheet { height: 297mm; position: relative; overflow: hidden; break-after: page }
.sheet p { position: absolute; bottom: 8mm; left: 16mm; right: 16mm; max-width: none;
  margin: 0; display: flex; justify-content: space-between; font-size: 8pt; color: #52606d }
</style>"""


def cover(root, version):
    """HTML of the cover: title, what the course is, the figure of the home page, version, licences.

    Parameters
    ----------
    root : pathlib.Path
        The project's folder, with _config.yml.
    version : str
    """
    config = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))
    figure = (root / "book/_static/factors.svg").read_text(encoding="utf-8")
    return f"""<meta charset="utf-8">{STYLE}<div style="padding-top: 45mm">
<h1>{escape(config["title"])}</h1>
<p>From the ratings of a thousand people to a list of films for you: a course in which you can run
the code behind every number.</p>{figure[figure.index("<svg") :]}
<p>Version {escape(version)}, {escape(config["copyright"])}</p>
<p>{escape(config["html"]["extra_footer"])}</p></div>"""


def contents(parts, numbers):
    """HTML of the table of contents.

    Parameters
    ----------
    parts : list of (str, list of (str, str))
        Captions of the parts, each with its pages as (name, title).
    numbers : dict of str to int
        On which page of the print each page of the book begins.
    """
    rows = []
    for caption, pages in parts:
        rows += [f"<h3>{escape(caption)}</h3>"] if caption else []
        rows += [
            f'<a class="row" href="{name}.html"><span>{escape(title)}</span>'
            f'<span class="dots"></span><span>{numbers[name]}</span></a>'
            for name, title in pages
        ]
    return f'<meta charset="utf-8">{STYLE}<h2>Contents</h2>{"".join(rows)}'


def feet(titles):
    """HTML of one sheet for each title, empty but for the title and the sheet's number below.

    Parameters
    ----------
    titles : list of str
        Where one is empty, its sheet stays empty.
    """
    sheets = [
        f"<p><span>{escape(title)}</span><span>{number}</span></p>" if title else ""
        for number, title in enumerate(titles, start=1)
    ]
    return f'<meta charset="utf-8">{STYLE}' + "".join(
        f'<div class="sheet">{sheet}</div>' for sheet in sheets
    )


def connect(writer, numbers):
    """Let links between the book's pages lead to their places in the print; drop those to other files.

    Parameters
    ----------
    writer : pypdf.PdfWriter
    numbers : dict of str to int
        As in `contents`.
    """
    for page in writer.pages:
        kept = ArrayObject()
        for entry in page.get("/Annots", ()):
            action = entry.get_object().get("/A", {}).get("/URI", "")
            if action.startswith("file:"):
                name = "/".join(urlsplit(action).path.removesuffix(".html").split("/")[-2:])
                if name not in numbers:
                    continue
                target = writer.pages[numbers[name] - 1].indirect_reference
                del entry.get_object()["/A"]
                entry.get_object()[NameObject("/Dest")] = ArrayObject([target, NameObject("/Fit")])
            kept.append(entry)
        page[NameObject("/Annots")] = kept
