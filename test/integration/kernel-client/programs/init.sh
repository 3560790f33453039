#!/bin/busybox sh
# What the guest does with its life: the way to the host, the modules of the NFS client, then the commands of the host.
/bin/busybox mkdir -p /proc /sys /dev /tmp /mnt /sbin /usr/bin /usr/sbin
/bin/busybox --install -s
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs tmp /tmp
# The name is a part of the identity that a client of 4.0 and 4.1 tells the server.
hostname "$(sed -n 's/.*guest=\([^ ]*\).*/\1/p' /proc/cmdline)"
for module in virtio_pci virtio_net nfsv4; do modprobe "$module" || echo "no module $module"; done
ifconfig lo 127.0.0.1 up
# The addresses of QEMU's user networking: the host is 10.0.2.2.
ifconfig eth0 10.0.2.15 netmask 255.255.255.0 up
route add default gw 10.0.2.2
# Bytes as they are: no echo, no signals by characters, no translation of line ends.
stty raw -echo </dev/ttyS0
perl /programs/agent.pl </dev/ttyS0 >/dev/ttyS0
poweroff -f
