#!/bin/sh
# Installs rpc for the system that it runs on, out of the archive that lies beside this script, or that it
# downloads from the release that it belongs to:
#
#     sh install.sh [directory]        # /usr/local/bin unless said otherwise
#
# It needs tar, gzip, and curl or wget where it downloads. Nothing is installed whose sum is not the one in
# SHA256SUMS.
# Where the system's C library is too old for the binary, its loader would refuse it before any line of the
# program runs: so it is this script that says what to do there. It changes nothing then, and exits 1.
set -eu

directory=${1:-/usr/local/bin}
# With CDPATH in the environment, cd may go elsewhere and print where it went.
here=$(CDPATH='' cd "$(dirname "$0")" && pwd)
# The release's own address is written in here when it is made.
release=${RPC_RELEASE_URL:-@RELEASE_URL@}
glibc_needed=2.27

fail() {
  echo "Cannot install rpc: $1" >&2
  exit 1
}

case $#-$directory in
  [01]-[!-]*) ;;
  *)
    echo "Usage: sh install.sh [directory]    # /usr/local/bin unless said otherwise" >&2
    exit 2
    ;;
esac

case "$(uname -s)-$(uname -m)" in
  Linux-x86_64) archive=rpc-x86_64-linux.tar.gz ;;
  Linux-aarch64 | Linux-arm64) archive=rpc-aarch64-linux.tar.gz ;;
  Darwin-arm64) archive=rpc-aarch64-macos.tar.gz ;;
  *) fail "there is no binary for $(uname -s) on $(uname -m). It runs from source wherever Deno does" ;;
esac

# What runs it on this machine all the same. $1 says why the binary itself does not.
advise_container() {
  cat >&2 <<ADVICE
Cannot install rpc: $1, and the binary needs glibc $glibc_needed or later.
It runs here in a container. Put it in place, and start it with Docker (the address is this machine's):

    tar -xzf '$here/$archive' -C /usr/local/bin rpc
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

temporary=$(mktemp -d)
trap 'rm -rf "$temporary" "$directory/.rpc.new"' EXIT
# Some shells run the trap above at an exit, but not at the end by a signal.
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# Puts a file of the release into the temporary directory.
get() {
  if [ -f "$here/$1" ]; then
    cp "$here/$1" "$temporary/$1"
    return
  fi
  case $release in
    http://* | https://*) ;;
    *) fail "$here/$1 is not there. Download $archive and SHA256SUMS beside this script" ;;
  esac
  if command -v curl >/dev/null; then
    curl -fsSL -o "$temporary/$1" "$release/$1" || fail "$release/$1 cannot be downloaded"
  elif command -v wget >/dev/null; then
    wget -q -O "$temporary/$1" "$release/$1" || fail "$release/$1 cannot be downloaded"
  else
    fail "there is neither curl nor wget. Download $archive and SHA256SUMS from $release beside this script"
  fi
}

get SHA256SUMS
get "$archive"
expected=$(sed -n "s/^\([0-9a-f]\{64\}\)  $archive\$/\1/p" "$temporary/SHA256SUMS")
if command -v sha256sum >/dev/null; then sum="sha256sum"; else sum="shasum -a 256"; fi
found=$($sum "$temporary/$archive" | cut -d ' ' -f 1)
[ -n "$found" ] && [ "$found" = "$expected" ] || fail "$archive is not what SHA256SUMS says: download both again"
tar -xzf "$temporary/$archive" -C "$temporary" rpc || fail "$archive cannot be unpacked"

# A file that is moved onto a directory goes into it.
if [ -d "$directory/rpc" ]; then fail "$directory/rpc is a directory: name another, or remove it"; fi
# Put beside first, and named rpc at last: a server that runs keeps its own, and nobody sees half of it.
mkdir -p "$directory" && install -m 755 "$temporary/rpc" "$directory/.rpc.new" &&
  mv -f "$directory/.rpc.new" "$directory/rpc" ||
  fail "$directory cannot be written. Run it as root, or name a directory of your own: sh install.sh ~/bin"
echo "Installed $directory/rpc"
