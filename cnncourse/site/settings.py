"""How Sphinx makes the site."""

from pathlib import Path

from cnncourse.site.glossary import words_of
from cnncourse.site.repository import Repository

TITLE = "From LeNet-5 to ResNeXt"
BLUE = "#0060a0"


def settings(course: Path, repository: Repository) -> dict[str, object]:
    """Return Sphinx's configuration.

    Args:
        course: the course's folder.
        repository: where the course is kept in public; addresses of pages follow from it.

    """
    return {
        "project": "cnncourse",
        "author": "the cnncourse authors",
        "copyright": "the cnncourse authors, MIT licence",
        "language": "en",
        "extensions": [
            "myst_nb",
            "sphinx.ext.autodoc",
            "sphinx.ext.napoleon",
            "sphinx_sitemap",
            "sphinxext.opengraph",
            "cnncourse.site.glossary",
        ],
        "glossary_words": words_of(course),
        "exclude_patterns": ["_extra/**"],
        "nb_execution_mode": "off",
        "nb_merge_streams": True,
        "myst_heading_anchors": 3,
        "autodoc_member_order": "bysource",
        "napoleon_google_docstring": True,
        "html_theme": "furo",
        "html_title": TITLE,
        "html_baseurl": repository.site,
        "html_static_path": ["_static"],
        "html_favicon": "_static/icon.svg",
        "html_extra_path": ["_extra"],
        "html_css_files": ["explorer.css", "site.css"],
        "html_js_files": [("site.js", {"defer": "defer"}), ("explorer.js", {"defer": "defer"})],
        "html_show_sphinx": False,
        "html_show_search_summary": False,  # it would fetch pages, which a browser does not do from a disk
        "html_copy_source": False,
        "html_show_sourcelink": False,
        "html_theme_options": {
            "light_css_variables": {"color-brand-primary": BLUE, "color-brand-content": BLUE},
            "dark_css_variables": {"color-brand-primary": "#8cc4f2", "color-brand-content": "#8cc4f2"},
            "footer_icons": [],
        },
        "pygments_style": "a11y-high-contrast-light",
        "pygments_dark_style": "a11y-high-contrast-dark",
        "sitemap_url_scheme": "{link}",
        "ogp_site_url": repository.site,
        "ogp_site_name": TITLE,
        "ogp_description_length": 160,
        "ogp_social_cards": {
            "enable": True,
            "site_url": repository.site,
            "line_color": BLUE,
            "font": "DejaVu Sans",
            "image_mini": "_static/icon.png",
        },
        "suppress_warnings": ["config.cache"],
    }
