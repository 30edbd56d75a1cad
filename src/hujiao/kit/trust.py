"""Which certificates our HTTP clients trust."""

import ssl


def trust(url: str) -> ssl.SSLContext | bool:
    """What to pass to httpx as `verify` for a client of this address.

    Reading all authorities there are, as a client does by itself, costs some 25 ms of processor
    time. Where no TLS is spoken nobody is trusted, which costs nothing.
    """
    return True if url.startswith("https:") else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
