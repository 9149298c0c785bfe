# SPDX-License-Identifier: GPL-2.0-or-later
"""A viewer that people have, at an X server of its own."""
import os
import select
import subprocess
import time


class Display:
    """An X server of our own, and TigerVNC's viewer at it."""

    def __init__(self, port, folder):
        out, into = os.pipe()
        self.x = subprocess.Popen(["Xvfb", "-displayfd", str(into), "-screen", "0",
                                   "1024x768x24", "-nolisten", "tcp",
                                   "-noreset"],  # when xdotool leaves first
                                  pass_fds=[into], stderr=subprocess.DEVNULL)
        os.close(into)
        assert select.select([out], [], [], 30)[0], "Xvfb does not start"
        with open(out, encoding="ascii") as f:  # its end comes by itself
            self.env = dict(os.environ, DISPLAY=":" + f.readline().strip(),
                            HOME=folder)
        self.viewer = subprocess.Popen(
            ["xtigervncviewer", "-Shared", f"127.0.0.1::{port}"], env=self.env,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in (self.viewer, self.x):
            process.terminate()  # so that X leaves no lock
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(20)

    def do(self, *words):
        done = subprocess.run(["xdotool", *words], env=self.env, timeout=60,
                              stdout=subprocess.DEVNULL, check=False,
                              stderr=subprocess.DEVNULL)
        return done.returncode == 0

    def wait_for_window(self, name, seconds=60):
        end = time.monotonic() + seconds
        while not self.do("search", "--onlyvisible", "--name", name,
                          "windowfocus"):
            if time.monotonic() > end or self.viewer.poll() is not None:
                self.viewer.kill()
                raise AssertionError("the viewer shows no window: "
                                     + self.viewer.communicate()[1])
            time.sleep(0.5)
        time.sleep(2)
