package testscripts

import "testing"

// filterUnits are services whose groups have filters, as confinedUnits. Each
// tries what is forbidden, and what is not.
var filterUnits = map[string]string{
	"closed":      "DevicePolicy=closed: open:/dev/null write:/dev/zero open:/dev/random open:/dev/kmsg node:c,1,3 node:c,1,11 node:b,7,0 node:c,136,0 open:/dev/ptmx",
	"strict":      "DevicePolicy=strict|DeviceAllow=/dev/null rw|DeviceAllow=/dev/zero r: open:/dev/null open:/dev/zero write:/dev/zero node:c,1,5 node:c,1,3 open:/dev/kmsg",
	"auto":        "DeviceAllow=/dev/kmsg rw: open:/dev/null open:/dev/kmsg write:/dev/kmsg node:c,1,11 open:/dev/urandom node:b,7,0 open:/dev/loop0",
	"driver":      "DevicePolicy=strict|DeviceAllow=char-mem r|DeviceAllow=char-tty* rwm|DeviceAllow=block-* m: open:/dev/null write:/dev/null open:/dev/kmsg node:c,4,1 node:b,7,0 node:b,8,1 node:c,5,2",
	"nobody":      "DevicePolicy=strict|DeviceAllow=/dev/null rw|DeviceAllow=/dev/no-such-device rw|DeviceAllow=char-no-such-driver rw: open:/dev/null write:/dev/null node:c,1,3",
	"reset":       "DevicePolicy=strict|DeviceAllow=/dev/null|DeviceAllow=|DevicePolicy=auto: open:/dev/kmsg node:b,7,0",
	"clock":       "ProtectClock=yes: open:/dev/null open:/dev/kmsg node:c,1,11 node:b,7,0",
	"denyall":     "IPAddressDeny=any: send:127.0.0.1:9 send:[::1]:9",
	"local":       "IPAddressDeny=any|IPAddressAllow=localhost: send:127.0.0.1:9 send:[::1]:9 send:127.1.2.3:9",
	"denysome":    "IPAddressDeny=127.0.0.0/25 ::1: send:127.0.0.1:9 send:127.0.0.200:9 send:[::1]:9 send:127.0.1.1:9",
	"allowhole":   "IPAddressDeny=127.0.0.0/8|IPAddressAllow=127.0.0.4/30 127.9.8.7: send:127.0.0.1:9 send:127.0.0.4:9 send:127.0.0.7:9 send:127.0.0.8:9 send:127.9.8.7:9 send:[::1]:9",
	"allowalone":  "IPAddressAllow=10.0.0.0/8: send:127.0.0.1:9",
	"iany":        "IPAddressDeny=any|IPAddressAllow=127.0.0.1/8 ::1/128: send:127.0.0.1:9 send:[::1]:9 send:127.5.5.5:9",
	"ill":         "IPAddressDeny=any|IPAddressAllow=link-local multicast: send:127.0.0.1:9 send:[::1]:9 send:224.0.0.1:9 send:169.254.1.1:9",
	"idenylocal":  "IPAddressDeny=localhost: send:127.0.0.1:9 send:[::1]:9 send:127.3.2.1:9",
	"idenyll":     "IPAddressDeny=link-local multicast: send:127.0.0.1:9 send:224.0.0.1:9",
	"iboth":       "IPAddressAllow=any|IPAddressDeny=any: send:127.0.0.1:9",
	"imore":       "IPAddressDeny=127.0.0.1|IPAddressAllow=127.0.0.0/8: send:127.0.0.1:9",
	"ihost":       "IPAddressDeny=127.0.0.9 127.0.0.0/30: send:127.0.0.3:9 send:127.0.0.4:9 send:127.0.0.9:9",
	"inonaligned": "IPAddressDeny=127.0.0.77/24: send:127.0.0.3:9 send:127.0.1.4:9",
	"iresetallow": "IPAddressDeny=any|IPAddressAllow=any|IPAddressAllow=: send:127.0.0.1:9",
	"iv6":         "IPAddressDeny=::/0: send:127.0.0.1:9 send:[::1]:9",
	"iv4only":     "IPAddressDeny=0.0.0.0/0: send:127.0.0.1:9 send:[::1]:9",
	"inetpriv":    "PrivateNetwork=yes|IPAddressDeny=any: send:127.0.0.1:9",
	"dall":        "DevicePolicy=strict|DeviceAllow=/dev/null: write:/dev/null node:c,1,3 node:c,1,5",
	"dpriv":       "PrivateDevices=yes|DeviceAllow=/dev/kmsg r: open:/dev/null open:/dev/zero node:c,1,11 open:/dev/random status:CapBnd",
	"dclock":      "ProtectClock=yes|DevicePolicy=auto: open:/dev/null open:/dev/kmsg open:/dev/rtc0 node:c,1,11",
	"dchar":       "DevicePolicy=strict|DeviceAllow=char-* rw: open:/dev/null open:/dev/kmsg node:b,7,0",
	"dcharname":   "DevicePolicy=closed|DeviceAllow=char-pts rw|DeviceAllow=char-misc: open:/dev/kmsg open:/dev/fuse node:c,10,229",
	"dglob":       "DevicePolicy=strict|DeviceAllow=char-m?m r: open:/dev/null open:/dev/kmsg",
	"dnum":        "DevicePolicy=strict|DeviceAllow=char-1 r: open:/dev/null open:/dev/kmsg",
	"dreset":      "DeviceAllow=/dev/zero r|DeviceAllow=: open:/dev/kmsg",
	"dsysmap":     "DevicePolicy=closed|DeviceAllow=/dev/loop0 rwm: node:b,7,0 node:b,7,1",
	"ddeleg":      "DevicePolicy=closed|Delegate=yes: open:/dev/kmsg open:/dev/null",
	"dplus":       "DevicePolicy=closed|ExecStart=+@PROBE@ open:/dev/kmsg: open:/dev/null",
	"dmount":      "BindPaths=/dev/kmsg|DevicePolicy=closed: open:/dev/kmsg",
	"modes":       "DevicePolicy=strict|DeviceAllow=/dev/null rw|DeviceAllow=/dev/zero w|DeviceAllow=/dev/zero r|DeviceAllow=/dev/full w|DeviceAllow=/dev/random m: open:/dev/zero write:/dev/zero open:/dev/full write:/dev/full node:c,1,8 open:/dev/random",
	"privclosed":  "PrivateDevices=yes|DevicePolicy=strict|DeviceAllow=/dev/null rw: open:/dev/null open:/dev/zero open:/dev/ptmx",
	"clockstrict": "ProtectClock=yes|DevicePolicy=strict|DeviceAllow=/dev/null rw: open:/dev/null open:/dev/zero open:/dev/kmsg",
	"resetdeny":   "IPAddressDeny=any|IPAddressDeny=: send:127.0.0.1:9",
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
