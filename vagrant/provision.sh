#!/bin/sh
# Turns a bare Debian into a machine on which `npm start` works for the user vagrant. Runs as root; running
# it again changes nothing.
set -eu
export DEBIAN_FRONTEND=noninteractive

checkout=/home/vagrant/gracelab

# What the lab starts, from the project's own list.
packages=$(sed 's/#.*//' "$checkout/src/bootstrap/system-packages.txt" | awk 'NF { print $2 }' | sort -u)
apt-get update -q
# shellcheck disable=SC2086 # a list of words is meant
apt-get install -q -y --no-install-recommends ca-certificates curl xz-utils $packages

# Debian 12 ships Node 18, which is enough for the first step: the project brings the Node that it runs on.
# Debian's npm pulls in hundreds of packages, so Node comes from its makers, checked against their sums.
node_version=v24.21.0
if ! command -v npm >/dev/null; then
  case $(uname -m) in
    x86_64) node_arch=x64 ;;
    aarch64) node_arch=arm64 ;;
    *) echo "there is no Node for $(uname -m)" >&2; exit 1 ;;
  esac
  archive=node-$node_version-linux-$node_arch.tar.xz
  cd /tmp
  curl -fsSLO "https://nodejs.org/dist/$node_version/$archive"
  curl -fsSL "https://nodejs.org/dist/$node_version/SHASUMS256.txt" | grep " $archive\$" | sha256sum -c -
  tar -xJf "$archive" -C /usr/local --strip-components=1 --exclude='*.md' --exclude=LICENSE
  rm -f "$archive"
fi

# Set the checkout up as the user who will use it; then `npm start` starts at once.
cd "$checkout"
sudo -u vagrant npx gracelab doctor
echo 'Ready: vagrant ssh, then: cd gracelab && npm start'
