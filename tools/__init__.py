"""Commands that make the book, slides and tables: ``python -m tools.NAME --help``."""
