# Part of daqd
# SPDX-License-Identifier: MIT
"""A daqd with a configuration of its own, started, waited for and ended on every path."""
import contextlib
import os
import pathlib
import resource
import socket
import subprocess


class DaqdProcess:
    def __init__(self, daqd, folder, configuration, log=os.devnull, files=None):
        """`files`: how many it may open."""
        self.daqd, self.folder, self.log, self.files = daqd, pathlib.Path(folder), pathlib.Path(log), files
        (self.folder / "plugins.conf").write_text(configuration)
        self.process = None

    @property
    def pid(self):
        return self.process.pid

    def __enter__(self):
        path = self.folder / "notify"
        path.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notices, open(self.log, "ab") as log:
            notices.bind(str(path))
            self.process = subprocess.Popen(
                [self.daqd, "--config", self.folder / "plugins.conf"], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, "NOTIFY_SOCKET": str(path)}, preexec_fn=self.limit_files if self.files else None)
            try:
                self.await_readiness(notices)
            except BaseException:
                self.stop()
                raise
        return self

    def limit_files(self):
        resource.setrlimit(resource.RLIMIT_NOFILE, (self.files, self.files))

    def await_readiness(self, notices):
        """Waits for the message that daqd sends to a service manager."""
        notices.settimeout(0.2)
        while self.process.poll() is None:
            with contextlib.suppress(TimeoutError):
                if b"READY=1" in notices.recv(4096):
                    return
        raise RuntimeError(f"daqd ended with status {self.process.returncode} before it was ready\n{self.log_tail()}")

    def log_tail(self):
        return self.log.read_text(errors="replace")[-4000:] if self.log.is_file() else ""

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(20)
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        return self.process.returncode
