"""Where the course is kept in public, and the addresses that follow from it."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

BRANCH = "main"
READY = "notebooks"  # the branch of notebooks that install the course where it is missing


@dataclass(frozen=True)
class Repository:
    """A repository on GitHub.

    Attributes:
        owner: a user's or an organisation's name.
        name: the repository's.

    """

    owner: str
    name: str

    @classmethod
    def read(cls, words: str) -> "Repository":
        """Return the repository that is called "owner/name".

        Raises:
            ValueError: if it is not called so.

        """
        owner, slash, name = words.partition("/")
        if not (owner and slash and name) or "/" in name:
            raise ValueError(f"a repository is called OWNER/NAME, as in ada/cnncourse, and not {words!r}")
        return cls(owner, name)

    @classmethod
    def of_course(cls, course: Path) -> "Repository":
        """Return the one that pyproject.toml names."""
        declared = tomllib.loads((course / "pyproject.toml").read_text(encoding="utf-8"))
        return cls.read(declared["project"]["urls"]["Repository"].removeprefix("https://github.com/"))

    @property
    def url(self) -> str:
        """The repository's page."""
        return f"https://github.com/{self.owner}/{self.name}"

    @property
    def site(self) -> str:
        """Where GitHub publishes its site."""
        return f"https://{self.owner.lower()}.github.io/{self.name}/"

    @property
    def install(self) -> str:
        """What pip is told to install the course from it."""
        return f"cnncourse @ git+{self.url}"

    def edit(self, path: str) -> str:
        """Return where a file is edited."""
        return f"{self.url}/edit/{BRANCH}/{path}"

    def colab(self, path: str) -> str:
        """Return where Colab opens a notebook."""
        return f"https://colab.research.google.com/github/{self.owner}/{self.name}/blob/{READY}/{path}"

    def kaggle(self, path: str) -> str:
        """Return where Kaggle opens a notebook."""
        return f"https://kaggle.com/kernels/welcome?src={self.url}/blob/{READY}/{path}"

    def binder(self, path: str) -> str:
        """Return where Binder opens a learner's copy of a notebook."""
        place = quote(f"lab/tree/my-work/{path}", safe="")
        return f"https://mybinder.org/v2/gh/{self.owner}/{self.name}/{BRANCH}?urlpath={place}"
