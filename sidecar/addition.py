"""The custody of a turn on demand: it adds one token and takes nothing away.

Such a turn is run for `serve`, whose settings may be older or fewer than those of the loop. Whatever it does
not know stays as it is: other tokens in the cache, their files, and who may read them.
"""

from __future__ import annotations

from collections.abc import Collection

from sidecar.core.formats import FORMATS, files_of
from sidecar.core.token import AccessToken
from sidecar.custody import Custody
from sidecar.errors import ConfigurationError
from sidecar.opening import adopt, held

_SAME = "Give serve the same settings as refresh, and restart whichever has the older ones."


class Addition(Custody):
    """For a turn that wants one token alone."""

    def open(self) -> None:
        """Read the cache. One that these settings do not fit is the loop's, and left as it is.

        :raises ConfigurationError: it belongs to another client, is damaged, would be sealed otherwise than
            it is, or holds another token under this name
        :raises DirectoryError: it cannot be read
        """
        try:
            self._elsewhere.fetch()
            self._cache.look()
        except FileNotFoundError:
            return
        except OSError as error:
            raise self.cannot_save(error) from error
        except (ValueError, KeyError, RecursionError) as error:
            raise ConfigurationError(f"the cache is not for these settings: {error}", advice=_SAME) from error
        try:
            self._cache.open(now=self._clock.now())
            adopt(self._cache, self._elsewhere, self._clock.anchor())
        except OSError as error:
            raise self.cannot_save(error) from error
        if self._cache.sealed_otherwise:
            raise ConfigurationError("the cache is not sealed with the first of these keys", advice=_SAME)
        held, scopes = self._cache.tokens.get(self._asked), self._wanted[self._asked]
        if (held is not None and held.requested != scopes) or self._asked in self._standing():
            raise ConfigurationError(
                f"{self._asked or 'token'} is the name of something else than {' '.join(scopes)}",
                advice=_SAME,
            )

    def publish(self) -> None:
        """Show readers the token beside all that they see, as it stands.

        :raises DirectoryError: readers see what they saw before
        """
        account, token = self.account, self.tokens.get(self._asked)
        if account is None or token is None or not token.lives(self._clock.now()):
            return
        standing = self._standing()
        documents = {self._asked: self._labels.document(token, account)}
        if standing:
            further = {**standing, **files_of(documents, _formats_in(standing))}
        else:
            further = dict(self._further(documents))
        self._show(documents, further, account)

    @property
    def _asked(self) -> str:
        return next(iter(self._wanted))

    def _standing(self) -> dict[str, str]:
        try:
            return self._token_dir.adopt()
        except OSError as error:
            raise self._cannot_publish(error) from error

    def _worth_keeping(self) -> dict[str, AccessToken]:
        return held(self._cache, self._clock.anchor())


def _formats_in(paths: Collection[str]) -> list[str]:
    """Of any token: all have the same."""
    return [each for each in FORMATS if any(path.split("/")[-1] == each for path in paths)]
