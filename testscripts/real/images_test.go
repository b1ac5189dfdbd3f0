package real

// image is a set of daemons that one init runs.
type image struct {
	name string
	// everywhere is set when "go test" boots it too; the others are for
	// "make test-real", as their packages are many.
	everywhere bool
	daemons    []daemon
	// allow are directives of these units that the init does not honour; one
	// that it has learned must leave the list.
	allow []string
}

// daemon is a service that answers a client of its own.
type daemon struct {
	name string
	// units are names of files in Debian's unit folder. Those in wanted are
	// started although nothing in their [Install] says so: the package makes the
	// link, or a generator does.
	units, wanted []string
	// state are folders that it writes to; each is replaced by a copy.
	state []string
	// prepare is a shell command that changes the copy of /etc in $ETC: what an
	// administrator would write, never a unit.
	prepare string
	// client asks the daemon something; its output must hold answer.
	client, answer string
}

// images are what is booted. No two daemons of one want the same address.
var images = [...]image{
	{name: "web", everywhere: true, daemons: []daemon{
		{name: "nginx", units: []string{"nginx.service"}, state: []string{"/var/lib/nginx"},
			client: "curl -sSI --max-time 5 http://127.0.0.1/", answer: "Server: nginx"},
		{name: "redis", units: []string{"redis-server.service"}, state: []string{"/var/lib/redis"},
			client: "redis-cli ping", answer: "PONG"},
		{name: "memcached", units: []string{"memcached.service"},
			client: talk(11211, `version`), answer: "VERSION 1."},
		{name: "dbus", units: []string{"dbus.service", "dbus.socket"}, wanted: []string{"dbus.service"},
			client: "dbus-send --system --print-reply --dest=org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus.ListNames",
			answer: `string "org.freedesktop.DBus"`},
		{name: "rsyslog", units: []string{"rsyslog.service", "syslog.socket"}, state: []string{"/var/spool/rsyslog"},
			client: "logger -u /dev/log from-the-client; for i in $(seq 50); do grep -h from-the-client /var/log/syslog && break; sleep 0.1; done",
			answer: "from-the-client"},
	}},
	{name: "confined", everywhere: true, daemons: []daemon{
		{name: "chrony", units: []string{"chrony.service"}, state: []string{"/var/lib/chrony"},
			// -x: the clock is the machine's.
			prepare: `echo 'DAEMON_OPTS="-x -F 1"' >$ETC/default/chrony`,
			client:  "chronyc tracking", answer: "Reference ID"},
		{name: "nsd", units: []string{"nsd.service"}, state: []string{"/var/lib/nsd"},
			client: "dig +time=2 @127.0.0.1 version.server CH TXT", answer: "NSD"},
		{name: "tor", units: []string{"tor.service", "tor@default.service"}, wanted: []string{"tor@default.service"}, state: []string{"/var/lib/tor"},
			client: `exec 3<>/dev/tcp/127.0.0.1/9050; printf '\5\1\0' >&3; head -c2 <&3 | od -An -tx1`, answer: "05 00"},
		{name: "uuidd", units: []string{"uuidd.service", "uuidd.socket"}, state: []string{"/var/lib/libuuid"},
			client: "uuidd --time", answer: "-"},
		// It binds /dev/log into its chroot.
		{name: "haproxy", units: []string{"haproxy.service"}, state: []string{"/var/lib/haproxy"},
			client: "echo show info | socat - UNIX:/run/haproxy/admin.sock", answer: "Name: HAProxy"},
	}},
	{name: "names", daemons: []daemon{
		{name: "pdns", units: []string{"pdns.service"}, state: []string{"/var/lib/powerdns"},
			client: "dig +time=2 @127.0.0.1 version.bind CH TXT", answer: "PowerDNS"},
		{name: "ngircd", units: []string{"ngircd.service"},
			client: talk(6667, `NICK tester\r\nUSER tester 0 * tester\r\nQUIT`), answer: " 001 tester "},
		{name: "munin-node", units: []string{"munin-node.service"}, state: []string{"/var/lib/munin-node"},
			client: talk(4949, `version\nquit`), answer: "munins node on"},
		{name: "tinyproxy", units: []string{"tinyproxy.service"},
			client: "curl -sS --max-time 5 -x http://127.0.0.1:8888 http://tinyproxy.stats/", answer: "Stats [tinyproxy"},
		{name: "prometheus", units: []string{"prometheus.service"}, state: []string{"/var/lib/prometheus"},
			client: "curl -sS --max-time 5 http://127.0.0.1:9090/-/ready", answer: "is Ready"},
	}},
	{name: "mail", daemons: []daemon{
		{name: "knot", units: []string{"knot.service"}, state: []string{"/var/lib/knot"},
			prepare: `sed -i '/^server:/a\    listen: 127.0.0.1@53' $ETC/knot/knot.conf`,
			client:  "kdig +time=1 @127.0.0.1 version.server CH TXT", answer: "Knot"},
		{name: "apache2", units: []string{"apache2.service"}, state: []string{"/var/cache/apache2"},
			client: "curl -sSI --max-time 5 http://127.0.0.1/", answer: "Server: Apache"},
		{name: "hitch", units: []string{"hitch.service"},
			prepare: `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost -keyout $ETC/hitch/key.pem -out $ETC/hitch/cert.pem 2>/dev/null &&
				cat $ETC/hitch/key.pem $ETC/hitch/cert.pem >$ETC/hitch/both.pem &&
				printf 'frontend = "[127.0.0.1]:8443"\nbackend = "[127.0.0.1]:80"\npem-file = "/etc/hitch/both.pem"\n' >$ETC/hitch/hitch.conf`,
			client: "curl -sSIk --max-time 5 https://127.0.0.1:8443/", answer: "Server: Apache"},
		{name: "dovecot", units: []string{"dovecot.service"}, state: []string{"/var/lib/dovecot"},
			client: talk(143, `a LOGOUT\r`), answer: "* OK [CAPABILITY IMAP4rev1"},
		{name: "rsync", units: []string{"rsync.service"},
			prepare: `printf '[docs]\npath = /usr/share/doc\ncomment = what the client lists\n' >$ETC/rsyncd.conf`,
			client:  "rsync rsync://127.0.0.1/", answer: "what the client lists"},
	}},
	{name: "more", daemons: []daemon{
		{name: "unbound", units: []string{"unbound.service"}, state: []string{"/var/lib/unbound"},
			client: "dig +short +time=2 @127.0.0.1 localhost A", answer: "127.0.0.1"},
		{name: "mosquitto", units: []string{"mosquitto.service"}, state: []string{"/var/lib/mosquitto"},
			client: "mosquitto_pub -r -t greeting -m retained-hello && mosquitto_sub -W 3 -C 1 -t greeting", answer: "retained-hello"},
		{name: "rpcbind", units: []string{"rpcbind.service", "rpcbind.socket"},
			client: "rpcinfo -p 127.0.0.1", answer: "portmapper"},
		{name: "dropbear", units: []string{"dropbear.service"},
			client: "ssh-keyscan -T 3 127.0.0.1 2>&1", answer: "127.0.0.1 ssh-"},
		{name: "lldpd", units: []string{"lldpd.service"},
			client: "lldpcli show configuration", answer: "Transmit delay"},
		{name: "node-exporter", units: []string{"prometheus-node-exporter.service"}, state: []string{"/var/lib/prometheus"},
			client: "curl -sS --max-time 5 http://127.0.0.1:9100/metrics", answer: "node_exporter_build_info"},
	}},
	{name: "bind", daemons: []daemon{
		{name: "named", units: []string{"named.service"}, state: []string{"/var/cache/bind", "/var/lib/bind"},
			client: "dig +short +time=2 @127.0.0.1 localhost A", answer: "127.0.0.1"},
	}},
}
