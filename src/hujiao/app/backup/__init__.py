"""`hujiao backup` and `hujiao restore`: everything of an installation, taken while it runs.

`manifest` says what is in a backup, `vessel` where it lies (a folder or one tar file), `database`
asks PostgreSQL's own tools, `make` takes and `restore` puts back. Why so: docs/decisions/0031.
"""
