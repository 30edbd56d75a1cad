"""What of a caller's and a dialled number the dialplan writes down when no floor is there.

Gateways send names as well as numbers (`anonymous`, `desk12`). Whatever could part the fields of a
note, or lead out of a folder in the name of a file, is left out.
"""

SPELT = "0-9A-Za-z+*#"
"""A class of characters, for the dialplan's FILTER as for a regular expression."""
LONGEST = 24

SPELT_NUMBER = f"[{SPELT}]{{0,{LONGEST}}}"
"""Matches what is left of a number."""
