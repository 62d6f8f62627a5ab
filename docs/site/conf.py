"""The site of documents: scripts/site.sh runs Sphinx with this, over the pages where they lie in
the repository."""
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
MANIFEST = (ROOT / "Cargo.toml").read_text(encoding="utf-8")
REPOSITORY = re.search(r'^repository = "(.*)"', MANIFEST, re.M).group(1)

project = "libtftpserver"
author = copyright = "the libtftpserver authors"
version = release = re.search(r'^version = "(.*)"', MANIFEST, re.M).group(1)
root_doc = "docs/site/index"
source_suffix = {".md": "markdown"}
include_patterns = [
    "README.md", "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "RELEASING.md", "SECURITY.md", "docs/**.md", "bindings/*/README.md",
    "bindings/*/compat/README.md", "crates/tftp-serve/README.md", "suites/README.md",
]
extensions = ["myst_parser", "breathe"]

myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence"]
breathe_projects = {"libtftpserver": str(ROOT / "build" / "doxygen" / "xml")}
breathe_default_project = "libtftpserver"
breathe_domain_by_extension = {"h": "c", "hpp": "cpp"}
# The class templates of the C++ header name the C types of another page.
suppress_warnings = ["myst.xref_missing", "misc.highlighting_failure", "ref.c", "ref.cpp", "toc.not_included", "duplicate_declaration.cpp", "duplicate_declaration.c"]

html_theme = "furo"
html_title = "libtftpserver"
html_theme_options = {"source_repository": REPOSITORY + "/", "source_branch": "main"}
html_copy_source = False
html_static_path = ["_static"]
html_css_files = ["narrow.css"]
# Search finds every name; the index of all of them is wider than a page.
html_use_index = False


def links_of_directories(app, docname, source):
    """Leads links to directories, which the site does not have, to the repository."""
    here = (ROOT / docname).parent

    def absolute(found):
        path = (here / found[1]).resolve()
        return f"]({REPOSITORY}/tree/main/{path.relative_to(ROOT).as_posix()})" if path.is_dir() else found[0]

    source[0] = re.sub(r"\]\(([\w./-]+)\)", absolute, source[0])


def setup(app):
    app.connect("source-read", links_of_directories)
