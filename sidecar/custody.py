"""What the sidecar holds for a signed-in person: saved first, then published, never the other way.

The cache is what a restart begins from and the token directory is what apps see; this is the one
place that changes both, so that their order is kept and a difference between them is always healed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import suppress

from sidecar.adapters.log import Log
from sidecar.adapters.retry import stubbornly
from sidecar.adapters.state_dir import StateDirectory
from sidecar.adapters.token_cache import TokenCache
from sidecar.adapters.token_dir import Document, TokenDirectory
from sidecar.core import plan
from sidecar.core.account import Account
from sidecar.core.formats import files_of
from sidecar.core.lifetime import moved_between
from sidecar.core.plan import Policy, Situation
from sidecar.core.published import as_readers_see, says_longer
from sidecar.core.session import Session
from sidecar.core.token import AccessToken, Labels, TokenSet, Wanted
from sidecar.elsewhere import Elsewhere, Nowhere
from sidecar.errors import DirectoryError
from sidecar.opening import adopt, alive, held, reseal, tell_of
from sidecar.posix.clock import Clock
from sidecar.posix.directories import cannot_write
from sidecar.posix.interrupts import Interrupts


class Custody:
    """Use it under the lock of the state directory."""

    def __init__(
        self,
        *,
        cache: TokenCache,
        token_dir: TokenDirectory,
        state: StateDirectory,
        wanted: Wanted,
        labels: Labels,
        clock: Clock,
        interrupts: Interrupts,
        log: Log,
        further: Callable[[Mapping[str, Document]], Mapping[str, str]] = lambda _documents: {},
        published: Callable[[], None] = lambda: None,
        unprobed: Collection[str] = (),
        elsewhere: Elsewhere | None = None,
    ) -> None:
        """`further` makes the files that are published beside those of tokens, by path; `published` is called
        whenever readers see something new; `unprobed` are tokens that no probe asks about;
        `elsewhere` is what other pods share.
        """
        self._cache = cache
        self._token_dir = token_dir
        self._state = state
        self._wanted = wanted
        self._labels = labels
        self._clock = clock
        self._interrupts = interrupts
        self._log = log
        self._further = further
        self._published = published
        self._unprobed = unprobed
        self._elsewhere: Elsewhere = elsewhere or Nowhere()

    def open(self) -> None:
        """Read the cache; one that is damaged or foreign is set aside, and the log says where.

        :raises CacheSealed: no key opens it
        :raises DirectoryError: it cannot be read
        """
        try:
            self._elsewhere.fetch()
            aside = self._cache.open(now=self._clock.now())
            adopt(self._cache, self._elsewhere, self._clock.anchor())
        except OSError as error:
            raise self.cannot_save(error) from error
        tell_of(aside, self._log, was=self._state.cache_file.name)
        reseal(self._cache, self._elsewhere)

    def take_along(self, session: Callable[[], Session]) -> Session:
        """With each save from now on. Returns what the cache said so far, by our clock if others wrote it."""
        said, self._cache.session = self._cache.session(), session
        return said

    @property
    def elsewhere(self) -> Elsewhere:
        """What other pods share."""
        return self._elsewhere

    @property
    def account(self) -> Account | None:
        """Who is signed in."""
        return self._cache.account

    @property
    def tokens(self) -> dict[str, AccessToken]:
        """The saved tokens that are still wanted, with their lives by the wall clock as it is now."""
        return plan.usable(held(self._cache, self._clock.anchor()), self._wanted)

    def save(self, account: Account, tokens: TokenSet) -> None:
        """Make a new refresh token and `tokens` durable, beside the other tokens of the same person. As the
        old one may be spent by now, a failure is not the last word.

        :raises DirectoryError: the cache is as it was
        """
        same = self._cache.account is not None and self._cache.account.object_id == account.object_id
        saved = {**(self._worth_keeping() if same else {}), **tokens}
        try:
            stubbornly(
                lambda: self._cache.commit(account, saved, at=self._clock.anchor()), sleep=self._clock.sleep
            )
        except OSError as error:
            raise self.cannot_save(error) from error
        self._elsewhere.saved()

    def follow_clock(self) -> None:
        """After a leap, or a reboot: keep the lives of the tokens by the new time. One step forward and one
        back would else look like none. A volume that cannot take it has it tried again at the next turn.
        """
        if self.account is not None and moved_between(self._cache.told_at, self._clock.anchor()):
            with suppress(OSError):
                self._cache.commit(self.account, self._worth_keeping(), at=self._clock.anchor())
                self._elsewhere.kept()

    def rehearse(self) -> None:
        """Save and publish something, so that a person is asked only if the answer can be kept.

        :raises NotKept: it could not
        """
        self._elsewhere.make_room()
        self._cache.discard()
        self._commit(self.account, self._worth_keeping())
        try:
            self._token_dir.rehearse()
        except OSError as error:
            raise self._cannot_publish(error) from error

    def make_room(self) -> None:
        """Make sure that a new refresh token could be saved, before the old one is used.

        :raises NotKept: it could not
        """
        self._elsewhere.make_room()
        try:
            self._cache.make_room()
        except OSError as error:
            raise self.cannot_save(error) from error

    def _worth_keeping(self) -> dict[str, AccessToken]:
        """When the cache is saved: what another replica wants, and we drop, each would renew without end."""
        return alive(self._cache, self._clock.anchor()) | self.tokens

    @property
    def unsaved(self) -> str | None:
        """What MSAL has changed since the last save; None if nothing."""
        return self._cache.unsaved

    def discard(self, back_to: str | None = None) -> None:
        """Forget what was obtained since the last save, or since `unsaved` was `back_to`."""
        self._cache.discard(back_to)

    def publish(self) -> None:
        """Show readers what is saved, if they do not see it already. Costs no request.

        Tokens that have expired are not published anew, but one that readers see is not taken away
        either: it carries its expiry, and an earlier one if it ends sooner than it was said to.

        :raises DirectoryError: readers see what they saw before
        """
        account, tokens = self.account, self.tokens
        if account is None:
            if self._cache.withdrawn and self._token_dir.published():
                self._take_back()
            return
        now = self._clock.now()
        published = self._token_dir.published()
        documents: dict[str, Document] = {
            name: self._labels.document(token, account)
            for name, token in tokens.items()
            if token.lives(now) or name in published
        }
        overrated = [name for name in documents if says_longer(published.get(name), tokens[name])]
        if overrated or any(tokens[name].lives(now) for name in documents):
            self._show(documents, self._further(documents), account)

    def _show(self, documents: Mapping[str, Document], further: Mapping[str, str], account: Account) -> None:
        """Make `documents` and `further` what readers see, and nothing else."""
        try:
            with self._interrupts.held():
                news = not self._token_dir.mend(documents, further=further)
                if news:
                    self._token_dir.publish(documents, at=self._clock.anchor(), further=further)
        except OSError as error:
            raise self._cannot_publish(error) from error
        finally:  # a full token directory keeps nothing from other pods
            self._elsewhere.show({**files_of(documents), **further})
        if not news:
            return
        tokens, now = self.tokens, self._clock.now()
        self._log.event(
            "token.published",
            tokens=", ".join(name or "token" for name in documents),
            expires_in_seconds=int(min(tokens[name].remaining_seconds(now) for name in documents)),
            username=account.username,
        )
        self._published()

    def withdraw(self) -> None:
        """Take back what is published and forget the sign-in: its account is not allowed any more.

        :raises DirectoryError: a directory is read-only
        """
        with self._interrupts.held():
            self._take_back()
            self._cache.clear()
            self._commit(None, {})

    def _take_back(self) -> None:
        try:
            self._token_dir.withdraw()
        except OSError as error:
            raise self._cannot_publish(error) from error
        finally:  # other pods shall not keep what this one cannot take back
            self._elsewhere.withdraw()
        self._log.event("token.withdrawn", level="warning")

    def tell_probes(self, policy: Policy) -> None:
        """Write what the probes compare the clock with, from what readers see.

        :raises OSError: the state directory is read-only or full
        """
        shown = {
            name: as_readers_see(document, self.tokens.get(name), policy)
            for name, document in self._token_dir.published().items()
            if name in self._wanted and name not in self._unprobed
        }
        situation = Situation(now=self._clock.now(), wanted=self._wanted, cached=shown, attempts={})
        live_until, ready_until = plan.readiness(situation, policy) or (0, 0)
        elsewhere = self._elsewhere.live_until
        if elsewhere < live_until:  # readiness asks for as much of the copies
            live_until, ready_until = int(elsewhere), int(elsewhere) - (live_until - ready_until)
        self._state.tell_probes(live_until, ready_until)

    def _commit(self, account: Account | None, tokens: TokenSet) -> None:
        try:
            self._cache.commit(account, tokens, at=self._clock.anchor())
        except OSError as error:
            raise self.cannot_save(error) from error
        self._elsewhere.saved()

    def cannot_save(self, error: OSError) -> DirectoryError:
        """What to tell when the state directory does not take something."""
        return cannot_write(error, setting="SIDECAR_STATE_DIR", path=self._state.cache_file)

    def _cannot_publish(self, error: OSError) -> DirectoryError:
        return cannot_write(error, setting="SIDECAR_TOKEN_DIR", path=self._token_dir.path)
