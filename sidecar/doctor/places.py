"""The checks of what lies on this machine: directories, key, cache, and what the roles have left there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from sidecar.adapters.sealing import Sealer, read_keys
from sidecar.adapters.state_dir import PRIVATE, StateDirectory
from sidecar.adapters.token_cache import TokenCache
from sidecar.adapters.token_dir import Access as TokenAccess
from sidecar.adapters.token_dir import TokenDirectory
from sidecar.core.checkup import Check, Outcome
from sidecar.core.judgement import judge_account, judge_heartbeat, judge_prompt, judge_published
from sidecar.core.kubernetes.token_secret import keys_of_tokens
from sidecar.core.lifetime import never_longer
from sidecar.core.volume import Access, Volume, judge_readers, judge_volume
from sidecar.doctor.skipped import Skipped
from sidecar.further_files import templates_in
from sidecar.posix.clock import Clock
from sidecar.posix.directories import cannot_write, describe, keep_apart
from sidecar.posix.files import read_plain
from sidecar.posix.identity import Identity
from sidecar.posix.interrupts import Interrupts
from sidecar.posix.secrecy import proof_of_privacy
from sidecar.posix.volume import look, try_writing
from sidecar.settings import Settings

SETGID = 0o2000


class Places:
    """Each check looks for itself: none relies on another's having gone well."""

    def __init__(
        self, settings: Settings, *, identity: Identity, clock: Clock, interrupts: Interrupts
    ) -> None:
        self._settings = settings
        self._identity = identity
        self._clock = clock
        self._interrupts = interrupts
        self._token_dir = settings.token_dir
        self._state = StateDirectory(settings.state_dir / PRIVATE)

    def checks(self, wrong: set[str]) -> Mapping[str, Callable[[], Check]]:
        """By name; `wrong` are the settings that could not be read."""

        def needs(setting: str, check: Callable[[], Check]) -> Callable[[], Check]:
            def made() -> Check:
                if setting in wrong:
                    raise Skipped(f"{setting} is wrong")
                return check()

            return made

        return {
            "token_directory": needs("SIDECAR_TOKEN_DIR", self.token_directory),
            "readers": needs("SIDECAR_TOKEN_DIR", self.readers),
            "state_directory": needs("SIDECAR_STATE_DIR", self.state_directory),
            "apart": needs("SIDECAR_TOKEN_DIR", needs("SIDECAR_STATE_DIR", self.apart)),
            "private": needs("SIDECAR_STATE_DIR", self.private),
            "key": needs("SIDECAR_CACHE_KEY_FILE", self.key),
            "cache": needs("SIDECAR_CACHE_KEY_FILE", self.cache),
            "templates": needs("SIDECAR_TEMPLATE_DIR", self.templates),
            "published": needs("SIDECAR_TOKEN_DIR", self.published),
            "loop": needs("SIDECAR_STATE_DIR", self.loop),
            "prompt": needs("SIDECAR_STATE_DIR", self.prompt),
        }

    def token_directory(self) -> Check:
        """There, or to be made; takes a file, and the group."""
        settings = self._settings
        return self._volume(
            "token_directory",
            settings.token_dir,
            setting="SIDECAR_TOKEN_DIR",
            trial=("..doctor.", settings.token_mode, settings.token_group),
        )

    def state_directory(self) -> Check:
        """There, or to be made; takes a file where the sign-in is kept."""
        return self._volume(
            "state_directory",
            self._settings.state_dir,
            setting="SIDECAR_STATE_DIR",
            trial=(".doctor.", 0o600, None),
        )

    def readers(self) -> Check:
        """Who can read the tokens."""
        volume = look(self._token_dir)
        inherited = volume.gid if volume.mode & SETGID else self._identity.gid
        group = inherited if self._settings.token_group is None else self._settings.token_group
        return judge_readers(volume, Access(self._settings.token_mode, group, self._identity.uid))

    def apart(self) -> Check:
        """Not nested, by path or by mount."""
        token_dir, state_dir = self._token_dir.resolve(), self._settings.state_dir.resolve()
        keep_apart(token_dir, state_dir)
        return Check("apart", Outcome.PASS, "neither directory is inside the other")

    def private(self) -> Check:
        """What is there is ours and nobody else's."""
        path = self._state.path
        found = look(path)
        if not found.exists:
            raise Skipped(f"{path} is made at the first start, with mode 0700")
        if not found.is_directory or path.is_symlink() or found.uid != self._identity.uid:
            return Check(
                "private",
                Outcome.FAIL,
                f"{path} is not a directory of uid {self._identity.uid}: {describe(path)}",
                "Remove it, or run with the uid that owns it.",
            )
        if found.mode & 0o077:
            return Check(
                "private",
                Outcome.WARN,
                f"{describe(path)}; the next start narrows it",
                "If it comes back, use a volume of a file system that keeps modes.",
            )
        return Check("private", Outcome.PASS, proof_of_privacy(path, group=self._settings.token_group))

    def key(self) -> Check:
        """Readable and well-formed; of a key no more than its id is shown."""
        path = self._settings.cache_key_file
        if path is None:
            return Check(
                "key",
                Outcome.WARN,
                "no key is set: the sign-in is kept unsealed",
                "Set SIDECAR_CACHE_KEY_FILE; `openssl rand -base64 32` makes a key.",
            )
        ids = [key.key_id for key in read_keys(path)]
        return Check("key", Outcome.PASS, f"{path} holds {', '.join(ids)}; the first seals")

    def cache(self) -> Check:
        """Opened as a turn would, but a damaged one is left where it is."""
        settings = self._settings
        sealer = Sealer(read_keys(settings.cache_key_file) if settings.cache_key_file else ())
        if not settings.client_id:
            raise Skipped("AZURE_CLIENT_ID is missing or wrong")
        cache = TokenCache(
            self._state.cache_file,
            seal=sealer,
            client_id=settings.client_id,
            authority=settings.authority_url,
        )
        try:
            remembered = cache.look()
        except FileNotFoundError:
            raise Skipped("nobody has signed in yet") from None
        except (ValueError, KeyError, RecursionError) as error:
            return Check(
                "cache",
                Outcome.WARN,
                f"it cannot be used: {error}",
                "The next turn sets it aside and asks for a new sign-in.",
            )
        now = self._clock.anchor()
        live = [
            name
            for name, token in remembered.tokens.items()
            if never_longer(token, told_at=remembered.told_at, now=now).lives(now.wall)
        ]
        return judge_account(remembered.account, live, sealed=cache.sealed_at_rest)

    def templates(self) -> Check:
        """As a start would."""
        path = self._settings.template_dir
        if path is None:
            raise Skipped("SIDECAR_TEMPLATE_DIR is not set")
        keep_apart(path.resolve(), self._settings.state_dir.resolve(), setting="SIDECAR_TEMPLATE_DIR")
        wanted = list(self._settings.wanted)
        keys = keys_of_tokens(wanted) if self._settings.publish_secret else ()
        found = templates_in(path, wanted, first=True, keys=keys).sound
        return Check("templates", Outcome.PASS, f"{path} holds {', '.join(sorted(found)) or 'none'}")

    def published(self) -> Check:
        """What apps see now."""
        documents = TokenDirectory(self._token_dir, TokenAccess()).published()
        now = self._clock.now()
        lives = {
            name: int(_instant(document.get("expires_on")) - now) for name, document in documents.items()
        }
        return judge_published(lives, wanted=list(self._settings.wanted))

    def loop(self) -> Check:
        """As the probe of liveness."""
        try:
            beat = int(read_plain(self._state.heartbeat_file))
        except (FileNotFoundError, ValueError):
            return judge_heartbeat(None)
        return judge_heartbeat(int(self._clock.anchor().boot) - beat)

    def prompt(self) -> Check:
        """Whether one is open."""
        return judge_prompt(self._state.prompt())

    def _volume(self, name: str, path: Path, *, setting: str, trial: tuple[str, int, int | None]) -> Check:
        try:
            volume = look(path)
        except (OSError, RuntimeError) as error:
            why = error.strerror if isinstance(error, OSError) else "its links lead nowhere"
            return Check(
                name, Outcome.FAIL, f"{path} cannot be looked at: {why}", f"Name a directory in {setting}."
            )
        check = judge_volume(name, volume, setting=setting, uid=self._identity.uid, gid=self._identity.gid)
        prefix, mode, group = trial
        if check.outcome is not Outcome.FAIL and not volume.exists and not self._may_give(group):
            return Check(
                name,
                Outcome.FAIL,
                f"group {group} is none of this process's: gid {self._identity.gid}, groups "
                f"{' '.join(map(str, self._identity.groups)) or 'none'}",
                "Make it one: supplementalGroups in Kubernetes, --group-add in docker.",
            )
        if check.outcome is Outcome.FAIL or not volume.exists:
            return check
        try:
            with self._interrupts.held():
                try_writing(self._trial_folder(volume), prefix=prefix, mode=mode, group=group)
        except OSError as error:
            raise cannot_write(error, setting=setting, path=path) from error
        return check

    def _may_give(self, group: int | None) -> bool:
        """By chown(2): one of one's own groups, or any for root."""
        own = (None, self._identity.gid, *self._identity.groups)
        return self._identity.uid == 0 or group in own

    def _trial_folder(self, volume: Volume) -> Path:
        """Where a file of ours would be written: the state lies in a directory of its own, once made."""
        folder = Path(volume.path)
        own = self._state.path
        return own if folder == self._settings.state_dir.resolve() and own.is_dir() else folder


def _instant(value: object) -> int:
    return value if isinstance(value, int) and abs(value) < 10**12 else 0
