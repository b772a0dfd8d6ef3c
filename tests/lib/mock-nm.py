#!/usr/bin/python3
"""A stand-in NetworkManager on the bus of DBUS_SYSTEM_BUS_ADDRESS, steered by lines on stdin; ends with its stdin.

Each line is answered by "done" once what it says is on the bus:
  set STATE CONNECTIVITY      the numbers of NMState and NMConnectivityState, state first
  turn CONNECTIVITY STATE     the same, connectivity first
  metered N                   a number of NMMetered
  device NAME STATE           adds an Ethernet device
  device-state NAME STATE
  carrier NAME                the device has a cable in
  vanish | return             kills NetworkManager; starts a new one that says "full"
"""
import subprocess
import sys

import dbus
import dbusmock

NM = 'org.freedesktop.NetworkManager'
MANAGER = '/org/freedesktop/NetworkManager'
DEVICE = NM + '.Device'


class Bus(dbusmock.DBusTestCase):
    pass


class Mock:
    def __init__(self):
        self.bus = Bus.get_dbus(True)
        self.process = None

    def start(self):
        self.process, _ = Bus.spawn_server_template(
            'networkmanager', {'Version': '1.42.4'}, stdout=subprocess.DEVNULL)
        self.manager = self.bus.get_object(NM, MANAGER)
        self.mock = dbus.Interface(self.manager, dbusmock.MOCK_IFACE)
        self.mock.AddProperties(NM, {'Metered': dbus.UInt32(4), 'ConnectivityCheckAvailable': True,
                                     'ConnectivityCheckEnabled': True})

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()
        self.process = None

    def act(self, words):
        verb, args = words[0], words[1:]
        if verb == 'set':
            self.mock.SetGlobalConnectionState(dbus.UInt32(int(args[0])))
            self.mock.SetConnectivity(dbus.UInt32(int(args[1])))
        elif verb == 'turn':
            self.mock.SetConnectivity(dbus.UInt32(int(args[0])))
            self.mock.SetGlobalConnectionState(dbus.UInt32(int(args[1])))
        elif verb == 'metered':
            self.mock.UpdateProperties(NM, {'Metered': dbus.UInt32(int(args[0]))})
        elif verb == 'device':
            self.mock.AddEthernetDevice(args[0], args[0], int(args[1]))
            self.device(args[0], dbusmock.MOCK_IFACE).AddProperties(
                DEVICE, {'InterfaceFlags': dbus.UInt32(0)})
        elif verb == 'device-state':
            state = dbus.UInt32(int(args[1]))
            self.device(args[0], dbus.PROPERTIES_IFACE).Set(
                DEVICE, 'StateReason', dbus.Struct((state, dbus.UInt32(0)), signature='uu'))
        elif verb == 'carrier':
            self.device(args[0], dbusmock.MOCK_IFACE).UpdateProperties(
                DEVICE, {'InterfaceFlags': dbus.UInt32(0x10003)})
        elif verb == 'vanish':
            self.stop()
        elif verb == 'return':
            self.start()
        else:
            raise SystemExit('mock-nm: what is "%s"?' % verb)

    def device(self, name, interface):
        path = '/org/freedesktop/NetworkManager/Devices/' + name
        return dbus.Interface(self.bus.get_object(NM, path), interface)


def main():
    mock = Mock()
    try:
        for line in sys.stdin:
            mock.act(line.split())
            print('done', flush=True)
    finally:
        mock.stop()


main()
