#!/bin/sh
# Installs from Debian's or Ubuntu's own packages whatever server programs are missing.
# Usage: install-debian.sh demo|test|bench
set -eu

# program:package, tried in this order; the program is looked for before anything is installed.
demo="rabbitmq-server:rabbitmq-server haproxy:haproxy setpriv:util-linux"
test="$demo postgres:postgresql java:default-jre-headless php:php-cli node:nodejs npm:npm
      chromium:chromium chromedriver:chromium-driver
      /usr/share/java/derbynet.jar:libderby-java /usr/share/java/derbytools.jar:derby-tools
      /usr/share/php/soap:php-soap /usr/share/fonts/opentype/noto:fonts-noto-cjk"
bench="$demo postgres:postgresql wrk:wrk"

there() {
    case $1 in
        /usr/share/php/soap) php -m 2>/dev/null | grep -qix soap ;;
        postgres) ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 ;;
        /*) [ -e "$1" ] ;;
        *) PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin" command -v "$1" >/dev/null 2>&1 ;;
    esac
}

case ${1:-} in
    demo) wanted=$demo ;;
    test) wanted=$test ;;
    bench) wanted=$bench ;;
    *) echo "Say what for: install-debian.sh demo, test or bench." >&2; exit 2 ;;
esac

missing=""
for pair in $wanted; do
    there "${pair%%:*}" || missing="$missing ${pair##*:}"
done
if ! python3 -c 'import ensurepip, venv' 2>/dev/null && [ ! -x .venv/bin/python ]; then
    missing="$missing python3-venv"
fi
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null 2>&1; then
    echo "These are missing, and apt-get is not here to install them:$missing" >&2
    echo "Install the same programs with this system's own package manager (the names are" >&2
    echo "Debian's), then run the same make target again. 'make try' needs none of them." >&2
    exit 1
fi
as_root=""
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null 2>&1; then
        echo "Missing:$missing. Only root may install them, and sudo is not here; as root run:" >&2
        echo "  apt-get update && apt-get install --no-install-recommends$missing" >&2
        exit 1
    fi
    as_root=sudo
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
trap '[ -z "$made_guard" ] || $as_root rm -f "$guard"' EXIT

echo "Installing from Debian's packages:$missing"
$as_root apt-get update -q >/dev/null || echo "apt-get update failed; trying with the old lists."
# shellcheck disable=SC2086  # the list is split into words on purpose
$as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -q -y --no-install-recommends $missing >/dev/null
case $missing in
    *rabbitmq-server*)
        echo "If this machine is to run no broker of its own: systemctl disable rabbitmq-server" ;;
esac
