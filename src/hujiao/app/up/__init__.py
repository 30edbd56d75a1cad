"""`hujiao up`: everything on one machine, prepared, supervised and ended as one."""
