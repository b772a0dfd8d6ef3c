#!/usr/bin/python3
"""waits - who waits for a delivery is told how it ends, whatever becomes of the process that sends.

  waits.py FIELDPOSTCTL FIELDPOST-AGENT     prints TAP
"""
import os, subprocess, sys, time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from clitest import main, says

CTL, AGENT = sys.argv[1:3]


class Agent:
    """Sends until it is killed, which is also how it ends."""

    def __init__(self, ctl):
        self.process = subprocess.Popen([AGENT, '--no-tray'], env=ctl.env, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)

    def __enter__(self):
        return self.process

    def __exit__(self, *error):
        self.process.kill()
        self.process.wait(20)


def until(func, why, limit=60):
    end = time.monotonic() + limit
    while not func():
        assert time.monotonic() < end, why
        time.sleep(0.01)


def test_goes_on_where_the_agent_was_killed(ctl, server):
    for name in ('/hang', '/b', '/c'):
        ctl('add', '-X', 'PUT', '--json', '1', server.url + name)
    with Agent(ctl) as agent:
        until(lambda: server.got, 'the agent does not send')
        sync = subprocess.Popen([CTL, 'sync', '--wait', '--timeout', '100'], env=ctl.env, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)
        try:
            says(sync.stderr.readline(), 'waiting to be sent')
            agent.kill()
            agent.wait(20)
            server.over.set()
            out, err = sync.communicate(timeout=60)
        finally:
            sync.kill()
            sync.wait()
    assert sync.returncode == 0, (sync.returncode, out, err)
    assert ctl.json('status')['waiting'] == 0
    assert {path for _, path, _, _ in server.got} == {'/hang', '/b', '/c'}


main('waits', globals(), CTL)
