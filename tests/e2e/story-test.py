#!/usr/bin/python3
"""story-test - what build-aux/run shows without a display: few lines, five pictures, nothing on stderr, twice in a row."""
import os, re, subprocess, sys, time
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lab'))
import fplab

SHOW = os.path.join(fplab.HERE, 'show')
MOST_LINES, MOST_SECONDS = 15, 10


def show():
    start = time.monotonic()
    done = subprocess.run([SHOW], text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env={**os.environ, 'FIELDPOST_BUILD': fplab.BUILD})
    if done.returncode or done.stderr:
        raise fplab.Failed(f'status {done.returncode}\n{done.stdout}{done.stderr}')
    return done.stdout.splitlines(), time.monotonic() - start


def story():
    lines, seconds = show()
    if len(lines) > MOST_LINES:
        raise fplab.Failed(f'{len(lines)} lines')
    path = next((m[1] for m in (re.search(r'stored once, as (/.*)$', line) for line in lines) if m), '')
    if not os.path.isfile(path):
        raise fplab.Failed(f'no stored file: {path}')
    # Twice the time that is promised: this machine may have other things to do.
    if seconds > 2 * MOST_SECONDS:
        raise fplab.Failed(f'{seconds:.1f} s')


def pictures():
    lines, _ = show()
    paths = [line for line in lines if line.endswith('.png')]
    if len(paths) != 5 or len(set(paths)) != 5:
        raise fplab.Failed(f'pictures: {paths}')
    seen = set()
    for path in paths:
        with open(path, 'rb') as f:
            seen.add(f.read())
        if os.path.getsize(path) < 10000:
            raise fplab.Failed(f'{path} is nearly empty')
    if len(seen) != 5:
        raise fplab.Failed('two pictures are the same')


fplab.needs('Xvfb', 'xdotool', 'xprop', 'import', 'xfwm4', 'xfce4-panel', 'hsetroot', 'dbus-daemon')
fplab.Tap(('/e2e/story/in-few-lines', story), ('/e2e/story/five-pictures', pictures))
