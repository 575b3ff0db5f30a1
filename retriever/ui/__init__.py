"""The web page: one file per page, and what the pages share. No logic of the library's."""
