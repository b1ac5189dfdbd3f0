package testscripts

import "testing"

// filterUnits are services whose groups have filters, as confinedUnits. Each
// tries what is forbidden, and what is not.
var filterUnits = map[string]string{
	"closed":     "DevicePolicy=closed: open:/dev/null write:/dev/zero open:/dev/random open:/dev/kmsg node:c,1,3 node:c,1,11 node:b,7,0 node:c,136,0 open:/dev/ptmx",
	"strict":     "DevicePolicy=strict|DeviceAllow=/dev/null rw|DeviceAllow=/dev/zero r: open:/dev/null open:/dev/zero write:/dev/zero node:c,1,5 node:c,1,3 open:/dev/kmsg",
	"auto":       "DeviceAllow=/dev/kmsg rw: open:/dev/null open:/dev/kmsg write:/dev/kmsg node:c,1,11 open:/dev/urandom node:b,7,0 open:/dev/loop0",
	"driver":     "DevicePolicy=strict|DeviceAllow=char-mem r|DeviceAllow=char-tty* rwm|DeviceAllow=block-* m: open:/dev/null write:/dev/null open:/dev/kmsg node:c,4,1 node:b,7,0 node:b,8,1 node:c,5,2",
	"nobody":     "DevicePolicy=strict|DeviceAllow=/dev/null rw|DeviceAllow=/dev/no-such-device rw|DeviceAllow=char-no-such-driver rw: open:/dev/null write:/dev/null node:c,1,3",
	"reset":      "DevicePolicy=strict|DeviceAllow=/dev/null|DeviceAllow=|DevicePolicy=auto: open:/dev/kmsg node:b,7,0",
	"clock":      "ProtectClock=yes: open:/dev/null open:/dev/kmsg node:c,1,11 node:b,7,0",
	"denyall":    "IPAddressDeny=any: send:127.0.0.1:9 send:[::1]:9",
	"local":      "IPAddressDeny=any|IPAddressAllow=localhost: send:127.0.0.1:9 send:[::1]:9 send:127.1.2.3:9",
	"denysome":   "IPAddressDeny=127.0.0.0/25 ::1: send:127.0.0.1:9 send:127.0.0.200:9 send:[::1]:9 send:127.0.1.1:9",
	"allowhole":  "IPAddressDeny=127.0.0.0/8|IPAddressAllow=127.0.0.4/30 127.9.8.7: send:127.0.0.1:9 send:127.0.0.4:9 send:127.0.0.7:9 send:127.0.0.8:9 send:127.9.8.7:9 send:[::1]:9",
	"allowalone": "IPAddressAllow=10.0.0.0/8: send:127.0.0.1:9",
	"resetdeny":  "IPAddressDeny=any|IPAddressDeny=: send:127.0.0.1:9",
}

// TestFiltersLikeSystemd compares what the kernel lets filtered services do.
func TestFiltersLikeSystemd(t *testing.T) {
	if testing.Short() {
		t.Skip("short: boots systemd")
	}
	theirs, mine := oracleBoth(t, func(t *testing.T) string { return probesFolder(t, filterUnits) })
	for name := range filterUnits {
		if theirs[name] != mine[name] || theirs[name] == "" {
			t.Errorf("%s: systemd's said\n%sand ours\n%s", name, theirs[name], mine[name])
		}
	}
}
