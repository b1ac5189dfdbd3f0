#!/bin/sh
# Installs, as root, the daemons whose unaltered unit files the test boots, and
# their clients. Installing must start none of them: a policy-rc.d that says no
# (invoke-rc.d(8)) stands there meanwhile, unless the machine has its own.
set -eu
export DEBIAN_FRONTEND=noninteractive
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
	printf '#!/bin/sh\nexit 101\n' >"$policy"
	chmod +x "$policy"
	trap 'rm -f "$policy"' EXIT
fi
install() {
	apt-get install -y -qq --no-install-recommends nginx redis-server memcached dbus rsyslog \
		curl redis-tools bsdutils util-linux >/dev/null
}
for try in 1 2 3; do
	if apt-get update -qq && install; then exit 0; fi
	echo "install.sh: try $try failed" >&2
	sleep 5
done
exit 1
