"""A bad line between two network namespaces: packets are late, and some do not arrive.

Makes two TUN devices, prints "ready", and carries packets from one to the other: each is held for DELAY seconds and one
in a hundred times LOSS is dropped. While the file CUT exists nothing passes. Whoever starts it moves the devices into their
namespaces. Ends with its standard input.

    lossy_link.py DEVICE DEVICE DELAY LOSS CUT
"""

import collections
import fcntl
import os
import random
import select
import struct
import sys
import time

TUNSETIFF = 0x400454CA
IFF_TUN = 0x0001
IFF_NO_PI = 0x1000


def open_device(name):
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH", name.encode(), IFF_TUN | IFF_NO_PI))
    return device


def main():
    one, other, delay, loss, cut = sys.argv[1:]
    devices = [open_device(one), open_device(other)]
    partner = {devices[0]: devices[1], devices[1]: devices[0]}
    delay, loss = float(delay), float(loss) / 100
    random.seed(7)
    line = collections.deque()
    dropped = carried = 0
    print("ready", flush=True)
    while True:
        wait = max(0.0, line[0][0] - time.monotonic()) if line else 0.5
        readable, _, _ = select.select([*devices, sys.stdin], [], [], wait)
        if sys.stdin in readable and not sys.stdin.readline():
            print(f"{carried} packets carried, {dropped} dropped", flush=True)
            return
        for device in devices:
            if device not in readable:
                continue
            packet = os.read(device, 65536)
            if os.path.exists(cut) or random.random() < loss:
                dropped += 1
            else:
                line.append((time.monotonic() + delay, partner[device], packet))
        while line and line[0][0] <= time.monotonic():
            _, device, packet = line.popleft()
            try:
                os.write(device, packet)
                carried += 1
            except OSError:
                dropped += 1


main()
