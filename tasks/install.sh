#!/bin/sh
# Installs the rpc binary that lies beside this script, for the system that it runs on:
#
#     sh install.sh [directory]        # /usr/local/bin unless said otherwise
#
# Where the system's C library is too old for the binary, its loader would refuse it before any line of the
# program runs: so it is this script that says what to do there. It changes nothing then, and exits 1.
set -eu

directory=${1:-/usr/local/bin}
here=$(cd "$(dirname "$0")" && pwd)
glibc_needed=2.27

fail() {
  echo "Cannot install rpc: $1" >&2
  exit 1
}

case "$(uname -s)-$(uname -m)" in
  Linux-x86_64) binary=rpc-x86_64-linux ;;
  Linux-aarch64 | Linux-arm64) binary=rpc-aarch64-linux ;;
  Darwin-arm64) binary=rpc-aarch64-macos ;;
  *) fail "there is no binary for $(uname -s) on $(uname -m). It runs from source wherever Deno does" ;;
esac

# What runs it on this machine all the same. $1 says why the binary itself does not.
advise_container() {
  cat >&2 <<ADVICE
Cannot install rpc: $1, and the binary needs glibc $glibc_needed or later.
It runs here in a container. Put it in place, and start it with Docker (the address is this machine's):

    install -m 755 '$here/$binary' /usr/local/bin/rpc
    docker run -d --name rpc --init --network host --restart unless-stopped --stop-timeout 45 \\
      -v /usr/local/bin/rpc:/usr/local/bin/rpc:ro debian:11-slim \\
      rpc serve 192.168.0.211 6666 --registry zookeeper://192.168.0.211:2181

With --network host the server advertises the address that it listens on. Without it, publish the port and
say the host's own address: docker run ... -p 6666:6666 ... rpc serve 0.0.0.0 6666 --advertise 192.168.0.211:6666
ADVICE
  exit 1
}

# The version of glibc, or nothing where there is another C library.
glibc_version() {
  version=$(getconf GNU_LIBC_VERSION 2>/dev/null) || version=$(ldd --version 2>/dev/null | head -n 1) || true
  echo "$version" | sed -n 's/^.*[^0-9.]\([0-9][0-9]*\.[0-9][0-9]*\)[^0-9]*$/\1/p'
}

# Whether version $1 is at least version $2.
is_at_least() {
  [ "${1%%.*}" -gt "${2%%.*}" ] || { [ "${1%%.*}" -eq "${2%%.*}" ] && [ "${1#*.}" -ge "${2#*.}" ]; }
}

if [ "$(uname -s)" = Linux ]; then
  glibc=$(glibc_version)
  if [ -z "$glibc" ]; then advise_container "this system's C library is not glibc"; fi
  if ! is_at_least "$glibc" "$glibc_needed"; then advise_container "this system has glibc $glibc"; fi
fi

[ -f "$here/$binary" ] || fail "$here/$binary is not there. Download it, and SHA256SUMS, beside this script"
[ -f "$here/SHA256SUMS" ] || fail "$here/SHA256SUMS is not there, so the binary cannot be checked"
expected=$(sed -n "s/^\([0-9a-f]\{64\}\)  $binary\$/\1/p" "$here/SHA256SUMS")
if command -v sha256sum >/dev/null; then sum="sha256sum"; else sum="shasum -a 256"; fi
found=$($sum "$here/$binary" | cut -d ' ' -f 1)
[ "$found" = "$expected" ] || fail "$binary is not what SHA256SUMS says: download both again"

mkdir -p "$directory" && install -m 755 "$here/$binary" "$directory/rpc" ||
  fail "$directory cannot be written. Run it as root, or name a directory of your own: sh install.sh ~/bin"
echo "Installed $directory/rpc"
