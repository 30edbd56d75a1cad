"""`hujiao ledger verify`: ledger, call list, live channels and recordings hold against each other.

`books` reads the ledger and the call list, `shelf` the recordings, `live` what is alive now;
`rules` decides about one call and is pure, `words` says a difference in the reader's language,
`run` puts them together. Memory does not grow with the period: all is read in order, in batches.
"""
