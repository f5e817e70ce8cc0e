#!/bin/sh
# Installs from Debian's or Ubuntu's own packages whatever server programs are missing.
# Usage: install-debian.sh demo|test|bench|compile
set -eu

# program:package, tried in this order; the program is looked for before anything is installed.
demo="rabbitmq-server:rabbitmq-server haproxy:haproxy setpriv:util-linux"
test="$demo postgres:postgresql java:default-jre-headless php:php-cli node:nodejs npm:npm
      chromium:chromium chromedriver:chromium-driver
      /usr/share/java/derbynet.jar:libderby-java /usr/share/java/derbytools.jar:derby-tools
      /usr/share/php/soap:php-soap /usr/share/fonts/opentype/noto:fonts-noto-cjk
      curl:curl ss:iproute2 nft:nftables openssl:openssl systemd-analyze:systemd
      promtool:prometheus cc:gcc /usr/include/stdio.h:libc6-dev"
bench="$demo postgres:postgresql wrk:wrk"
compile="cc:gcc /usr/include/stdio.h:libc6-dev Python.h:python3-dev"

there() {
    case $1 in
        /usr/share/php/soap) php -m 2>/dev/null | grep -qix soap ;;
        Python.h) python3 -c 'import pathlib as p, sys, sysconfig as s
sys.exit(not p.Path(s.get_path("include"), "Python.h").exists())' ;;
        postgres) ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 ;;
        /*) [ -e "$1" ] ;;
        *) PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin" command -v "$1" >/dev/null 2>&1 ;;
    esac
}

case ${1:-} in
    demo) wanted=$demo ;;
    test) wanted=$test ;;
    bench) wanted=$bench ;;
    compile) wanted=$compile ;;
    *) echo "Say what for: install-debian.sh demo, test, bench or compile." >&2; exit 2 ;;
esac

missing=""
for pair in $wanted; do
    there "${pair%%:*}" || missing="$missing ${pair##*:}"
done
if ! python3 -c 'import ensurepip, venv' 2>/dev/null && [ ! -x .venv/bin/pip ]; then
    missing="$missing python3-venv"
fi
[ -n "$missing" ] || exit 0
try_needs="'make try' needs Python with venv, no more."

if ! command -v apt-get >/dev/null 2>&1; then
    echo "These are missing, and apt-get is not here to install them:$missing" >&2
    echo "Install the same programs with this system's own package manager (the names are" >&2
    echo "Debian's), then run the same make target again. $try_needs" >&2
    exit 1
fi
as_root=""
if [ "$(id -u)" -ne 0 ]; then
    as_root=sudo
    if ! command -v sudo >/dev/null 2>&1 || ! sudo true; then
        echo "Missing:$missing. Only root may install them, and sudo is not here or says no." >&2
        echo "Ask for this as root, then run the same make target again:" >&2
        echo "  apt-get update && apt-get install --no-install-recommends$missing" >&2
        echo "$try_needs" >&2
        exit 1
    fi
fi

# The packages' own services are not wanted: Lupu starts private ones. This file is how Debian
# is told not to start a service on installation; it is there for the installation only.
guard=/usr/sbin/policy-rc.d
made_guard=""
if [ ! -e "$guard" ]; then
    made_guard=yes
    printf '#!/bin/sh\nexit 101\n' | $as_root tee "$guard" >/dev/null
    $as_root chmod 755 "$guard"
fi
# dash leaves on a signal without the EXIT trap, but not where a trap exits.
trap 'exit 130' INT
trap 'exit 143' TERM HUP
trap '[ -z "$made_guard" ] || $as_root rm -f "$guard"' EXIT

echo "Installing from Debian's packages, which can take minutes:$missing"
$as_root apt-get update -q >/dev/null || echo "apt-get update failed; trying with the old lists."
# A machine just started may be updating itself: its lock is waited for.
# shellcheck disable=SC2086  # the list is split into words on purpose
if ! $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y \
    --no-install-recommends -o DPkg::Lock::Timeout=300 $missing >/dev/null; then
    echo "apt-get did not install them; what it said is above. Once this machine reaches" >&2
    echo "Debian's packages, run the same make target again. $try_needs" >&2
    exit 1
fi
[ -d /run/systemd/system ] || exit 0
services=""
for name in rabbitmq-server haproxy postgresql prometheus; do
    case "$missing " in *" $name "*) services="$services $name" ;; esac
done
[ -z "$services" ] || echo "Debian starts these from the next boot on, which Lupu does not need;" \
    "to stop that: ${as_root:+sudo }systemctl disable$services"
