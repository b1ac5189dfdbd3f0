package grammar

import (
	"fmt"
	"testing"
)

// benchUnit is a unit file of about 450 bytes, as they are.
func benchUnit(i int) string {
	return fmt.Sprintf(`# service %d
[Unit]
Description=Example service number %d
Documentation=man:example(8)
After=network-online.target example-%d.service
Requires=example-%d.service

[Service]
Type=notify
User=example
EnvironmentFile=-/etc/default/example
Environment="A=1 2" B=two
ExecStartPre=/usr/bin/example --check \
	--config /etc/example/%d.conf
ExecStart=/usr/sbin/example -f $OPTIONS
Restart=on-failure
RestartSec=5s
TimeoutStopSec=1min 30s

[Install]
WantedBy=multi-user.target
`, i, i, i, i, i)
}

// BenchmarkParseFile reads 1000 unit files: the target is 30 ms on one core.
func BenchmarkParseFile(b *testing.B) {
	units := make([]string, 1000)
	bytes := 0
	for i := range units {
		units[i] = benchUnit(i)
		bytes += len(units[i])
	}
	b.SetBytes(int64(bytes))
	b.ReportAllocs()
	for b.Loop() {
		for _, src := range units {
			ParseFile("example.service", src)
		}
	}
}

// BenchmarkValues reads the values of 1000 units.
func BenchmarkValues(b *testing.B) {
	for _, c := range []struct {
		name  string
		parse func() *Error
	}{
		{"command", func() *Error { _, err := ParseCommands(`-/usr/sbin/example -f $OPTIONS --name "a b"`); return err }},
		{"timespan", func() *Error { _, err := ParseTimespan("1min 30s"); return err }},
		{"seconds", func() *Error { _, err := ParseTimespan("5"); return err }},
		{"calendar", func() *Error { _, err := ParseCalendar("Mon..Fri *-*-* 06:00:00"); return err }},
		{"address", func() *Error { _, err := ParseAddress("[::1]:8080"); return err }},
		{"words", func() *Error { _, err := ParseWords(`"A=1 2" B=two`); return err }},
		{"unitname", func() *Error { _, err := ParseUnitName("getty@tty1.service"); return err }},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				for range 1000 {
					if err := c.parse(); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}
