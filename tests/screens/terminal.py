"""A bash on a terminal of 80 columns, in tmux, with hsum in its PATH and a directory of its own."""
import os, re, subprocess, tempfile, time
from pathlib import Path

PROMPT = re.compile(r"^(?:\[(\d+)\] )?\$\s*$")


class Terminal:
    """A context that types commands and returns what they print."""

    def __init__(self, hsum, setup="", prompt="$ ", rows=40):
        self.directory = tempfile.TemporaryDirectory(prefix="hsum-screen.", ignore_cleanup_errors=True)
        top = Path(self.directory.name)
        for name in ("home", "bin", "www"):
            (top / name).mkdir()
        (top / "bin/hsum").symlink_to(hsum)
        (top / "setup").write_text(f"{setup}\nPS1='{prompt}'\nclear\n")
        self.environment = {
            "PATH": f"{top}/bin:{os.environ['PATH']}", "HOME": str(top), "WWW": f"{top}/www", "LC_ALL": "C.UTF-8",
            "SHELL": "/bin/bash",
        }
        self.socket = f"hsum-{os.getpid()}-{id(self)}"
        size = ["-x", "80", "-y", str(rows), "-c", f"{top}/home"]
        shell = f"bash --noprofile --rcfile {top}/setup"
        self.tmux("-f", "/dev/null", "new-session", "-d", *size, shell)
        self.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.tmux("kill-server")
        self.directory.cleanup()

    def tmux(self, *arguments):
        """Runs a command of tmux, and returns its output."""
        command = ["tmux", "-L", self.socket, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True, env=self.environment).stdout

    def wait(self, limit=30):
        """Waits for the prompt, and returns the exit status that it shows."""
        deadline = time.monotonic() + limit
        while time.monotonic() < deadline:
            lines = self.tmux("capture-pane", "-p").rstrip("\n").split("\n")
            if found := PROMPT.match(lines[-1]):
                return found[1]
            time.sleep(0.05)
        self.tmux("send-keys", "C-c")
        return None

    def type(self, command):
        """Types a command, and returns its exit status, if the prompt shows it; None if it waits for input."""
        self.tmux("send-keys", "-l", command)
        self.tmux("send-keys", "Enter")
        time.sleep(0.2)
        return self.wait(5)

    def screen(self, colours=False):
        """Returns the lines of the screen, except for the last prompt."""
        lines = self.tmux("capture-pane", "-p", *(["-e"] if colours else [])).rstrip("\n").split("\n")
        return lines[:-1]

    def clear(self):
        """Clears the screen."""
        self.tmux("send-keys", "C-l")
        time.sleep(0.1)
