"""Keys that no file holds: which stores securesystemslib signs with, and what each needs installed."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from disjoint.errors import UsageError

from .public import PublicKey

if TYPE_CHECKING:
    from securesystemslib.signer import Signer

STORES = {
    "awskms": "securesystemslib[awskms]",
    "azurekms": "securesystemslib[azurekms]",
    "gcpkms": "securesystemslib[gcpkms]",
    "hsm": "securesystemslib[hsm]",
    "hv": "securesystemslib[vault]",
}
"""URI scheme, and what pip must install."""


def is_uri(text: str) -> bool:
    """Whether this names a key in a store, not in a file."""
    return text.partition(":")[0] in STORES and ":" in text


def opened(uri: str, key: PublicKey, pin: str | None) -> Signer:
    """The library's signer for that URI.

    Raises:
        UsageError: its client is not installed, or it refuses the URI; no PIN and no token is told.
    """
    from securesystemslib.exceptions import UnsupportedLibraryError  # noqa: PLC0415  (loads no client)
    from securesystemslib.signer import Signer, SSlibKey  # noqa: PLC0415  (as above)

    # what a store answers goes to nobody's screen: the library and the clients would log it there
    logging.getLogger("securesystemslib").setLevel(logging.CRITICAL + 1)
    logging.getLogger().addHandler(logging.NullHandler())

    def secret(_asked: str) -> str:
        if pin is None:
            raise UsageError("the token wants its PIN: give it in DISJOINT_KEY_PASSPHRASE")
        return pin

    try:
        return Signer.from_priv_key_uri(uri, SSlibKey.from_crypto(key), secret)
    except UnsupportedLibraryError:
        package = STORES[uri.partition(":")[0]]
        raise UsageError(f"{uri}: its client is not installed: pip install '{package}'") from None
    except UsageError:
        raise
    except Exception as error:  # noqa: BLE001  (each client raises its own, with texts that may hold a token)
        raise UsageError(
            f"{uri}: {type(error).__name__}; docs/certificate.md says what such a URI needs"
        ) from None
