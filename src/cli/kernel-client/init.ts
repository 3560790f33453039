/** What a guest does that somebody sits in front of: mounts what it is told, and gives them a shell. */

/** For busybox' shell. The kernel's command line says who it is and what there is to mount: `guest=vm nodes=n1:10.77.2.11,n2:... mount=n1 vers=4.2`. */
export const SHELL_INIT = `#!/bin/busybox sh
/bin/busybox mkdir -p /proc /sys /dev /tmp /mnt /sbin /usr/bin /usr/sbin /etc
/bin/busybox --install -s
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/pts && mount -t devpts pts /dev/pts
mount -t tmpfs tmp /tmp
word() { sed -n "s/.* $1=\\\\([^ ]*\\\\).*/\\\\1/p" /proc/cmdline; }
# The name is a part of the identity that the client tells servers.
hostname "$(word guest)"
for module in virtio_pci virtio_net nfsv4; do modprobe "$module" || echo "no module $module"; done
ifconfig lo 127.0.0.1 up
ifconfig eth0 10.0.2.15 netmask 255.255.255.0 up
route add default gw 10.0.2.2

cat >/bin/mount-node <<'END'
#!/bin/sh
# mount-node NODE [VERSION [OPTIONS]]
address=$(sed -n "s/.*[=,]$1:\\\\([0-9.]*\\\\).*/\\\\1/p" /proc/cmdline)
[ -n "$address" ] || { echo "mount-node: there is no node $1" >&2; exit 64; }
version=\${2:-$(sed -n "s/.* vers=\\\\([^ ]*\\\\).*/\\\\1/p" /proc/cmdline)}
at=/mnt/$1\${2:+-$2}
mkdir -p "$at"
mount -t nfs4 -o "vers=$version,proto=tcp,addr=$address,clientaddr=10.0.2.15\${3:+,$3}" "$address:/" "$at" && echo "$1 is mounted at $at (vers=$version)"
END
chmod 755 /bin/mount-node
mount-node "$(word mount)"
echo "Others: mount-node NODE [VERSION [OPTIONS]]. The end: exit."
export PS1='\\h:\\w# ' HOME=/ TERM=linux
cd "/mnt/$(word mount)"
setsid cttyhack sh
cd /
umount -a -t nfs4
poweroff -f
`;
