"""A real Dovecot on this machine, with mailboxes of a test's own; nothing is left when it ends."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

BINARY = shutil.which("dovecot", path="/usr/sbin:/usr/local/sbin:/usr/bin")
SETTINGS = """
protocols = imap
base_dir = {folder}/run
state_dir = {folder}/run
log_path = {folder}/log
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain
auth_failure_delay = 0
auth_master_user_separator = *
default_internal_user = {login}
default_login_user = {login}
default_internal_group = {group}
mail_location = maildir:{folder}/mail/%u
first_valid_uid = 1
passdb {{
  driver = passwd-file
  master = yes
  args = {folder}/masters
}}
passdb {{
  driver = passwd-file
  args = {folder}/users
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail/%u
}}
namespace inbox {{
  inbox = yes
  mailbox Junk {{
    auto = create
  }}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""


class Dovecot:
    """A running server."""

    account, password = "warden", "secret of the warden"

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port = folder, port

    def deliver(self, user: str, text: bytes, name: str, box: str = "") -> None:
        """Put a mail into a mailbox, as a delivery agent does."""
        place = self.folder / "mail" / user / (f".{box}" if box else "")
        for part in ("cur", "new", "tmp"):
            (place / part).mkdir(parents=True, exist_ok=True)
        (place / "cur" / f"{name}:2,").write_bytes(text)
        own(self.folder / "mail")

    def mails(self, user: str, box: str = "") -> list[bytes]:
        """Give the mails in a folder of a mailbox."""
        place = self.folder / "mail" / user / (f".{box}" if box else "")
        found = [one for part in ("cur", "new") for one in (place / part).glob("*")]
        return sorted(one.read_bytes() for one in found)


def own(folder: Path) -> None:
    """Give a folder to who the server's processes run as."""
    if os.geteuid() == 0:
        who = pwd.getpwnam("mail")
        for one in (folder, *folder.rglob("*")):
            os.chown(one, who.pw_uid, who.pw_gid)


@contextmanager
def dovecot(*users: str, more: str = ""):
    """Run a server; the test is skipped, and says why, where there is none."""
    if not BINARY:
        pytest.skip("Dovecot is not installed (Debian: dovecot-imapd)")
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="sekisho-dovecot-"))  # short: a socket's path has 107 characters at most
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    root = os.geteuid() == 0
    me = pwd.getpwuid(os.geteuid())
    mail = pwd.getpwnam("mail") if root else me
    login = "dovenull" if root else me.pw_name
    group = "dovecot" if root else __import__("grp").getgrgid(os.getegid()).gr_name
    values = {"folder": folder, "port": port, "uid": mail.pw_uid, "gid": mail.pw_gid, "login": login, "group": group}
    folder.chmod(0o755)
    (folder / "dovecot.conf").write_text(SETTINGS.format(**values) + more + "\n")
    (folder / "masters").write_text(f"{Dovecot.account}:{{PLAIN}}{Dovecot.password}\n")
    (folder / "users").write_text("".join(f"{one}:{{PLAIN}}word of {one}\n" for one in users))
    (folder / "mail").mkdir()
    own(folder / "mail")
    process = subprocess.Popen([BINARY, "-F", "-c", str(folder / "dovecot.conf")], stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.05)
        else:
            pytest.skip(
                f"Dovecot does not start here: {(folder / 'log').read_text()[-300:] if (folder / 'log').exists() else ''}"
            )
        yield Dovecot(folder, port)
    finally:
        process.terminate()
        process.wait(10)
        shutil.rmtree(folder, ignore_errors=True)
