#!/usr/bin/python3
"""Hands a file to the agent over D-Bus, hears of its delivery and prints the receipt.

  queue-and-hear.py FILE URL
"""
import sys

from gi.repository import Gio, GLib

AGENT = 'io.github.fieldpost.Fieldpost.Agent'
PATH = '/io/github/fieldpost/Fieldpost/Agent'

path, url = sys.argv[1:]
bus = Gio.bus_get_sync(Gio.BusType.SESSION)
loop = GLib.MainLoop()
delivered = []


def delivered_cb(bus, sender, path, interface, signal, arguments):
    delivered.append(arguments.unpack())
    loop.quit()


# Heard before it is asked: an answer may be quick.
bus.signal_subscribe(AGENT, AGENT, 'Delivered', PATH, None, Gio.DBusSignalFlags.NONE, delivered_cb)

with open(path, 'rb') as file:
    files = Gio.UnixFDList()
    handle = files.append(file.fileno())
    request = {
        'url': GLib.Variant('s', url),
        'tag': GLib.Variant('s', 'example'),
        'parts': GLib.Variant('aa{sv}', [{
            'name': GLib.Variant('s', 'file'),
            'filename': GLib.Variant('s', 'example.bin'),
            'media-type': GLib.Variant('s', 'application/octet-stream'),
            'file': GLib.Variant('h', handle),
        }]),
    }
    reply, _ = bus.call_with_unix_fd_list_sync(AGENT, PATH, AGENT, 'Enqueue',
                                               GLib.Variant('(a{sv}ah)', (request, [handle])),
                                               GLib.VariantType('(xs)'), Gio.DBusCallFlags.NONE, -1, files, None)
item, uid = reply.unpack()
print('queued as item', item)

while (item, uid) not in delivered:
    loop.run()

reply = bus.call_sync(AGENT, PATH, AGENT, 'Get', GLib.Variant('(x)', (item,)), GLib.VariantType('(a{sv})'),
                      Gio.DBusCallFlags.NONE, -1, None)
receipt = reply.unpack()[0]['receipt']
print('delivered:', receipt['status'], 'at', receipt['url'])
