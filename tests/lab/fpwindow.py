"""fpwindow - drives Fieldpost's window through AT-SPI, as somebody with a screen reader would, and takes pictures.

What GTK 4.8 does: an action returns at once and works 250 ms later; nothing below the frame is SHOWING (VISIBLE is what
counts); get_text(0, -1) is empty; grab_focus always fails; check buttons and drop-downs have no action and are clicked;
extents are relative to the frame, and the frame does not know where it is: xdotool does.
"""
import os, re, subprocess, time, warnings
import gi
gi.require_version('Atspi', '2.0')
from gi.repository import Atspi, GLib
import fplab

warnings.simplefilter('ignore')
# The client library complains when a window that we look at goes away; that is what we do to windows.
GLib.log_set_handler('dbind', GLib.LogLevelFlags.LEVEL_WARNING, lambda *_: None, None)
Atspi.init()
Atspi.set_timeout(2000, 5000)


def has(o, state):
    return o.get_state_set().contains(getattr(Atspi.StateType, state))


def walk(o):
    yield o
    for i in range(o.get_child_count()):
        child = o.get_child_at_index(i)
        if child is not None:
            yield from walk(child)


def until(look, what, seconds=60):
    context = GLib.MainContext.default()

    def try_it():
        while context.iteration(False):
            pass
        try:
            return look()
        except GLib.Error:
            return None  # it went away while we looked
    return fplab.until(try_it, what, seconds, 0.02)


def text_of(o):
    """What it says now; '' if it went away."""
    try:
        if 'Text' not in o.get_interfaces():
            return o.get_name()
        text = o.get_text_iface()
        return text.get_text(0, text.get_character_count())
    except GLib.Error:
        return ''


class Window(fplab.Process):
    def __init__(self, store, *options, env=None):
        super().__init__([fplab.program('fieldpost'), *options],
                         {'FIELDPOST_DATA': store, 'GTK_A11Y': 'atspi', **(env or {})})
        self.app = until(self.find_app, 'the window on the accessibility bus')
        self.frame = self.find('frame')

    def find_app(self):
        if self.child.poll() is not None:
            raise fplab.Failed(f'the window ended with {self.child.returncode}: {self.read_errors()[-3:]}')
        desktop = Atspi.get_desktop(0)
        for i in range(desktop.get_child_count()):
            app = desktop.get_child_at_index(i)
            if app is not None and app.get_process_id() == self.pid and app.get_child_count():
                return app
        return None

    def look(self, role, name=None, under=None):
        """The first visible one of that role whose name matches, or None."""
        for o in walk(under or self.app):
            if (role is None or o.get_role_name() == role) and (name is None or re.search(name, o.get_name() or '')) \
                    and (role == 'frame' or has(o, 'VISIBLE')):
                return o
        return None

    def find(self, role, name=None, under=None, seconds=60):
        return until(lambda: self.look(role, name, under), f'{role} {name!r} in the window', seconds)

    def press(self, role, name=None, under=None):
        """Presses it once it is there and enabled."""
        def ready():
            o = self.look(role, name, under)
            return o if o and has(o, 'SENSITIVE') else None
        o = until(ready, f'{role} {name!r}, enabled')
        if 'Action' not in o.get_interfaces() or not o.get_action_iface().do_action(0):
            self.click(o)
        return o

    def write(self, o, text):
        if not o.get_editable_text_iface().set_text_contents(text):
            raise fplab.Failed(f'{o.get_name()!r} takes no text')

    @property
    def xid(self):
        done = subprocess.run(['xdotool', 'search', '--onlyvisible', '--pid', str(self.pid)], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        return done.stdout.split()[-1] if done.stdout.split() else None

    def geometry(self):
        xid = until(lambda: self.xid, 'the X window')
        out = subprocess.check_output(['xdotool', 'getwindowgeometry', '--shell', xid], text=True)
        return {k: int(v) for k, v in (line.split('=') for line in out.split())}

    def inset(self):
        """Width of the shadow or frame that GTK draws around the window."""
        out = subprocess.run(['xprop', '-id', until(lambda: self.xid, 'the X window'), '_GTK_FRAME_EXTENTS'],
                             text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
        numbers = re.findall(r'\d+', out.partition('=')[2])
        return (int(numbers[0]), int(numbers[2])) if len(numbers) == 4 else (0, 0)

    def click(self, o, button=1):
        extents = o.get_component_iface().get_extents(Atspi.CoordType.WINDOW)
        place, (left, top) = self.geometry(), self.inset()
        subprocess.check_call(['xdotool', 'mousemove', str(place['X'] + left + extents.x + extents.width // 2),
                               str(place['Y'] + top + extents.y + extents.height // 2), 'click', str(button)])

    def move(self, x, y):
        subprocess.check_call(['xdotool', 'windowmove', until(lambda: self.xid, 'the X window'), str(x), str(y)])


def owns_name(name):
    done = subprocess.run(['gdbus', 'call', '--session', '--dest', 'org.freedesktop.DBus', '--object-path', '/',
                           '--method', 'org.freedesktop.DBus.NameHasOwner', name], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL)
    return 'true' in done.stdout


def keys(*names):
    subprocess.check_call(['xdotool', 'key', '--delay', '10', *names])


def type_keys(text):
    subprocess.check_call(['xdotool', 'type', '--delay', '10', text])


def picture(path):
    """The whole screen, without the time in the file: the same picture is the same bytes."""
    subprocess.check_call(['import', '-silent', '-window', 'root', '-define', 'png:exclude-chunks=date,time', path])
    return path


def settle(seconds=0.15):
    """Frames are drawn when the program likes; a picture wants the last one."""
    end = time.monotonic() + seconds
    context = GLib.MainContext.default()
    while time.monotonic() < end:
        while context.iteration(False):
            pass
        time.sleep(0.01)
