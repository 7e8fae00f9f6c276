"""Hash files and messages, many at once."""

from hsum._hsum import __version__ as __version__
