#!/usr/bin/python3
"""pictures - drives the real window through an outage and takes five pictures of it on the way.

Runs in "lab --net --display …"; the argument is the folder for the pictures. Says one line about what it did and the
paths of the pictures.
"""
import os, subprocess, sys, time
import fplab, fpwindow, outage
from fplab import Failed, until, world
from fpwindow import Window, keys, owns_name, picture, settle

FOLDER = os.path.abspath(sys.argv[1])
SITE, INSPECTOR = 'Harbour school, east wing', 'N. Okello'
REST = {'reason': 'routine', 'fence': 'yes', 'ways': 'yes', 'first_aid': 'yes', 'workers': '14', 'without_helmet': '0',
        '/data/scaffold/present': 'no', 'hazards': 'none'}
PANEL = '''<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-panel" version="1.0">
  <property name="configver" type="int" value="2"/>
  <property name="panels" type="array"><value type="int" value="1"/>
    <property name="dark-mode" type="bool" value="false"/>
    <property name="panel-1" type="empty">
      <property name="position" type="string" value="p=6;x=0;y=0"/>
      <property name="position-locked" type="bool" value="true"/>
      <property name="size" type="uint" value="34"/>
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
TRAY = (12, 17)  # where that panel shows its first item


def start_panel():
    folder = os.path.join(os.environ['XDG_CONFIG_HOME'], 'xfce4/xfconf/xfce-perchannel-xml')
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, 'xfce4-panel.xml'), 'w') as f:
        f.write(PANEL)
    return fplab.Process(['xfce4-panel', '--disable-wm-check'])


def take(name):
    settle()
    return picture(os.path.join(FOLDER, name + '.png'))


def centre(window):
    place = window.geometry()
    left, top = window.inset()
    screen = subprocess.check_output(['xdotool', 'getdisplaygeometry'], text=True).split()
    window.move((int(screen[0]) - place['WIDTH']) // 2, 34 + (int(screen[1]) - 34 - place['HEIGHT']) // 2)


def open_window(place, *options, **env):
    window = Window(place.store.folder, *options, env=env)
    centre(window)
    return window


def saved(window):
    return window.find('status bar', r'^Saved \d')


def open_page(window, name):
    pages = window.find('list', '^Pages$')
    window.click(window.find('list item', name, under=pages))


def draw():
    subprocess.check_call(['hsetroot', '-solid', '#7a8fa6'])
    place = outage.Place()
    place.start_agent(tray=True)
    panel = start_panel()

    # A form that saves itself; then the plug.
    window = open_window(place, '--form', 'site-inspection')
    window.write(window.find('text', '^Name of the site$'), SITE)
    window.write(window.find('text', '^Inspector$'), INSPECTOR)
    window.click(window.find('check box', '^Routine$'))
    when = saved(window).get_name()
    take('form')
    window.kill()
    draft = place.store.json('drafts', 'list')[0]['uid']

    world('offline')
    for code in ('WP0417', 'WP0418'):
        place.submit(code=code)
    place.store.json('fill', draft, *outage.as_options(REST), '--draft')

    # What was saved is back; submitted without a network it waits.
    window = open_window(place)
    open_page(window, 'Drafts')
    window.click(window.find('list item', SITE.split(',')[0], under=window.find('list', '^Drafts$')))
    until(lambda: fpwindow.text_of(window.find('text', '^Name of the site$')) == SITE, 'the draft, back in the window')
    window.press('push button', 'Submit')
    toast = window.find('label', 'back online')
    take('offline-toast')
    open_page(window, 'Outbox')
    window.find(None, '^3 waiting')
    take('outbox')

    # The tray of a real panel.
    until(lambda: owns_name('org.kde.StatusNotifierWatcher'), 'the panel\'s tray')
    subprocess.check_call(['xdotool', 'mousemove', str(TRAY[0]), str(TRAY[1]), 'click', '3'])
    take('tray')
    keys('Escape')
    window.stop()

    window = open_window(place, ADW_DEBUG_COLOR_SCHEME='prefer-dark')
    world('full')
    open_page(window, 'Sent')
    until(lambda: len(place.receiver.events('stored')) == 3, 'all three delivered')
    take('dark')
    window.stop()
    panel.kill()
    place.end()
    print(f'The window: “{when}”, then killed; opened again, the answers were there; submitted offline; delivered.')


try:
    draw()
    for name in ('form', 'offline-toast', 'outbox', 'dark', 'tray'):
        print(os.path.join(FOLDER, name + '.png'))
except Failed as e:
    picture(os.path.join(FOLDER, 'failed.png'))
    print(f'pictures: {e} (see {FOLDER}/failed.png)', file=sys.stderr)
    sys.exit(1)
