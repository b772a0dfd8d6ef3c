#!/usr/bin/python3
"""panel-test - the tray in a real xfce4-panel under Xvfb: seen, clicked, and back after the panel was killed.

panel-test.py TRAY-DEMO FOLDER; the pictures tray-*.png go to FOLDER. Says so and skips where a program is missing.
"""
import collections, os, re, subprocess, sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'lab'))
import fplab
from fplab import Failed, until

WIDTH, HEIGHT = 640, 400
# What the tray draws, as it comes out on the screen.
BLUE, RED = (0x1c, 0x70, 0xd9), (0xd9, 0x1c, 0x24)
PANEL = '''<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-panel" version="1.0">
  <property name="configver" type="int" value="2"/>
  <property name="panels" type="array"><value type="int" value="1"/>
    <property name="dark-mode" type="bool" value="false"/>
    <property name="panel-1" type="empty">
      <property name="position" type="string" value="p=6;x=0;y=0"/>
      <property name="position-locked" type="bool" value="true"/>
      <property name="size" type="uint" value="32"/>
      <property name="length" type="uint" value="100"/>
      <property name="plugin-ids" type="array"><value type="int" value="1"/></property>
    </property>
  </property>
  <property name="plugins" type="empty">
    <property name="plugin-1" type="string" value="systray">
      <property name="icon-size" type="int" value="22"/>
      <property name="hide-new-items" type="bool" value="false"/>
    </property>
  </property>
</channel>
'''

fplab.needs('Xvfb', 'xfce4-panel', 'xdotool', 'xfconf-query', 'import')
fplab.in_lab('--bus', '--display', f'{WIDTH}x{HEIGHT}', '--wm', 'xfwm4')
DEMO, FOLDER = sys.argv[1], sys.argv[2]


def start_panel(dark=False):
    # Its settings daemon lives on when the panel is killed, and does not read the file again.
    if dark:
        subprocess.run(['xfconf-query', '-c', 'xfce4-panel', '-p', '/panels/dark-mode', '-s', 'true'], check=True)
        return fplab.Process(['xfce4-panel', '--disable-wm-check'])
    folder = os.path.join(os.environ['XDG_CONFIG_HOME'], 'xfce4/xfconf/xfce-perchannel-xml')
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, 'xfce4-panel.xml'), 'w') as f:
        f.write(PANEL)
    return fplab.Process(['xfce4-panel', '--disable-wm-check'])


def screen():
    return subprocess.check_output(['import', '-window', 'root', '-depth', '8', 'rgb:-'])


def take(name):
    path = os.path.join(FOLDER, f'tray-{name}.png')
    subprocess.run(['import', '-window', 'root', path], check=True)
    print(f'# {path}')


def pixels(colour):
    """Where on the panel this colour is, almost."""
    shot = screen()
    found = []
    for i in range(0, 32 * WIDTH * 3, 3):
        if all(abs(shot[i + c] - colour[c]) < 12 for c in range(3)):
            found.append((i // 3 % WIDTH, i // 3 // WIDTH))
    return found


def find(colour, what):
    found = until(lambda: (lambda p: p if len(p) >= 12 else None)(pixels(colour)), what, pause=0.2)
    return sum(x for x, _ in found) // len(found), sum(y for _, y in found) // len(found)


def xdo(*words):
    subprocess.run(['xdotool', *map(str, words)], check=True)


def still():
    """The screen once it has stopped changing."""
    last = [None]

    def same():
        shot, last[0] = last[0], screen()
        return last[0] if shot == last[0] else None
    return until(same, 'a screen that rests', pause=0.1)


def differences(one, other):
    return [(i // 3 % WIDTH, i // 3 // WIDTH) for i in range(0, len(one), 3) if one[i:i + 3] != other[i:i + 3]]


class Tray:
    def __init__(self):
        pipe = os.path.join(os.environ['FP_LAB'], 'tray-pipe')
        os.mkfifo(pipe)
        self.process = fplab.Process([DEMO, pipe], env={'LC_ALL': 'C.UTF-8'})
        self.pipe = open(pipe, 'w')
        self.seen = 0

    def show(self, state, count, title):
        self.pipe.write(f'{state} {count} {title}\n')
        self.pipe.flush()

    def expect(self, line):
        _, self.seen = self.process.wait_line(f'^{re.escape(line)}$', after=self.seen)


def open_menu(tray, where):
    # First the icon's own change under the pointer, then the click: what changes now is the menu.
    xdo('mousemove', *where)
    before = still()
    xdo('click', 3)
    until(lambda: len(differences(before, screen())) > 1000, 'the menu', pause=0.1)
    # Away from the entries: nothing may be highlighted yet.
    xdo('mousemove', WIDTH - 5, HEIGHT - 5)
    return still()


def entry(*keys):
    """Where the entry is that these keys lead to from the open menu."""
    plain = still()
    for key in keys:
        xdo('key', key)
    until(lambda: screen() != plain, 'a highlighted entry', pause=0.1)
    places = differences(plain, still())
    # A key also underlines the mnemonics; the highlight is what is wide.
    widths = collections.Counter(y for _, y in places)
    rows = [y for y in widths if widths[y] > 100]
    if not rows:
        raise Failed('no entry is highlighted')
    return 50, (min(rows) + max(rows)) // 2


def test_seen(tray):
    tray.show('waiting', 3, '3 waiting to be sent')
    test_seen.panel = start_panel()
    tray.expect('registered yes')
    where = find(BLUE, 'the badge on the panel')
    take('waiting')
    return where


def test_clicked(tray, where):
    xdo('mousemove', *where, 'click', 1)
    tray.expect('open -')
    xdo('click', 2)
    tray.expect('sync-now')
    open_menu(tray, where)
    take('menu')
    xdo('mousemove', *entry('Down', 'Down'), 'click', 1)
    tray.expect('sync-now')
    open_menu(tray, where)
    xdo('mousemove', *entry('Down', 'Down', 'Down'), 'click', 1)
    tray.expect('work-offline yes')
    tray.show('offline', 3, '3 waiting to be sent')
    until(lambda: not pixels(BLUE), 'the offline picture', pause=0.2)
    open_menu(tray, where)
    take('menu-offline')
    xdo('key', 'Escape')


def test_back(tray):
    test_seen.panel.kill()
    tray.expect('registered no')
    tray.show('failed', 12, '12 could not be sent')
    test_seen.panel = start_panel(dark=True)
    tray.expect('registered yes')
    find(RED, 'the badge on the new panel')
    take('failed-dark')
    tray.show('syncing', 12, 'Sending 12')
    where = find(BLUE, 'the syncing picture')
    take('syncing-dark')
    return where


def test_quit(tray, where):
    open_menu(tray, where)
    xdo('mousemove', *entry('Down', 'Down', 'Down', 'Down'), 'click', 1)
    tray.expect('quit')
    until(lambda: tray.process.child.poll() is not None, 'the end of the program')
    if tray.process.child.returncode or tray.process.complaints():
        raise Failed(f'ended with {tray.process.child.returncode}: {tray.process.complaints()}')
    until(lambda: not pixels(BLUE), 'an empty panel', pause=0.2)


def main():
    print('1..4')
    tray, where, number = Tray(), None, 0
    for name, run in (('the icon is seen on the panel', lambda: test_seen(tray)),
                      ('clicks on icon and menu arrive', lambda: test_clicked(tray, where)),
                      ('the item is back on a panel that was killed', lambda: test_back(tray)),
                      ('quit takes it away', lambda: test_quit(tray, where))):
        number += 1
        try:
            where = run() or where
            print(f'ok {number} - {name}', flush=True)
        except Failed as e:
            take(f'not-ok-{number}')
            print(f'not ok {number} - {name}: {e}')
            print(f'# the program said: {tray.process.read()}')
            print('Bail out!')
            return 1
    return 0


sys.exit(main())
