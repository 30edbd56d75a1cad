"""Where a number is from and who carries it.

The tables of `phonenumbers` hold the whole world: 100 MB and half a second of import, so they are
loaded aside, when first asked for; until then numbers are described without region and carrier.
"""

import threading
from typing import Literal

import phonenumbers

from hujiao.crm.model import NumberFacts
from hujiao.kit.log import logger
from hujiao.kit.numbers import DEFAULT_REGION, bare, e164

Language = Literal["zh", "en"]

log = logger(__name__)


class NumberRegions:
    """Describes numbers. One per process; safe between threads."""

    def __init__(self, region: str = DEFAULT_REGION) -> None:
        self._region = region
        self._lock = threading.Lock()
        self._loader: threading.Thread | None = None
        self._loaded = threading.Event()

    def warm(self) -> None:
        """Begin to load; returns at once."""
        with self._lock:
            if self._loader is None:
                self._loader = threading.Thread(target=self._load, name="number regions")
                self._loader.daemon = True
                self._loader.start()

    def wait(self, timeout_s: float) -> bool:
        """True when the tables are there. Blocks for at most `timeout_s`."""
        self.warm()
        return self._loaded.wait(timeout_s)

    def _load(self) -> None:
        # Importing is the loading.
        from phonenumbers import carrier, geocoder  # noqa: F401

        self._loaded.set()
        log.info("number regions loaded")

    def describe(self, raw: str, language: Language = "zh") -> NumberFacts:
        """What `raw` tells by itself; region and carrier are empty where unknown."""
        known = e164(raw, self._region)
        if known is None:
            return NumberFacts(None, bare(raw), "", "")
        number = phonenumbers.parse(known)
        own = number.country_code == phonenumbers.country_code_for_region(self._region)
        shape = phonenumbers.PhoneNumberFormat
        written = phonenumbers.format_number(number, shape.NATIONAL if own else shape.INTERNATIONAL)
        if not self._loaded.is_set():
            self.warm()
            return NumberFacts(known, written, "", "")
        from phonenumbers import carrier, geocoder

        return NumberFacts(
            known,
            written,
            geocoder.description_for_number(number, language),
            carrier.name_for_number(number, language),
        )
