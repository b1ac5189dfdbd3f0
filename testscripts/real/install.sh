#!/bin/sh
# Installs, as root, the daemons whose unaltered unit files the test boots, and
# their clients; with the argument "few" those of the images that "go test"
# boots too. Installing must start none of them: a policy-rc.d that says no
# (invoke-rc.d(8)) stands there meanwhile, unless the machine has its own.
set -eu
export DEBIAN_FRONTEND=noninteractive
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
	printf '#!/bin/sh\nexit 101\n' >"$policy"
	chmod +x "$policy"
	trap 'rm -f "$policy"' EXIT
fi
packages="nginx redis-server memcached dbus rsyslog curl redis-tools bsdutils util-linux
	chrony nsd tor uuid-runtime haproxy bind9-dnsutils socat"
if [ "${1:-}" != few ]; then
	packages="$packages pdns-server pdns-backend-bind ngircd munin-node tinyproxy prometheus
		knot knot-dnsutils apache2 hitch dovecot-core dovecot-imapd rsync openssl
		unbound mosquitto mosquitto-clients rpcbind dropbear openssh-client lldpd prometheus-node-exporter bind9"
fi
# shellcheck disable=SC2086 # a list of words
install() { apt-get install -y -qq --no-install-recommends $packages >/dev/null; }
for try in 1 2 3; do
	if apt-get update -qq && install; then exit 0; fi
	echo "install.sh: try $try failed" >&2
	sleep 5
done
exit 1
