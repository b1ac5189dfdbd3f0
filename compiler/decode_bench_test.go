package compiler

import (
	"fmt"
	"testing"

	"rustysd/compiler/diag"
)

// benchUnit is a unit of a common size.
const benchUnit = `[Unit]
Description=Service number %d
After=network.target local-fs.target
Wants=network.target
[Service]
Type=notify
ExecStartPre=/usr/bin/mkdir -p /run/%%p
ExecStart=/usr/bin/daemon --config "/etc/%%N.conf" $OPTS
ExecReload=/bin/kill -HUP $MAINPID
Environment=A=1 B=2
EnvironmentFile=-/etc/default/%%p
Restart=on-failure
RestartSec=5s
LimitNOFILE=65536
RuntimeDirectory=%%p
User=65534
[Install]
WantedBy=multi-user.target
`

// BenchmarkDecodeLower is decode, the checks and lower of 1,000 units that are
// parsed already; the budget of the whole front end is 150 ms.
func BenchmarkDecodeLower(b *testing.B) {
	var files []unitFile
	for i := range 1000 {
		files = append(files, unitFile{fmt.Sprintf("s%d.service", i), fmt.Sprintf(benchUnit, i)})
	}
	s, _ := testSet(b, Options{}, files...)
	b.ReportAllocs()
	for b.Loop() {
		var l diag.List
		for _, u := range s.units {
			u.common, u.edges, u.install = unitSettings{}, nil, installSettings{}
			s.decode(u, &l)
			s.checkUnit(u, &l)
		}
		if p, _ := s.lower(&l); len(p.Units) != 1000 || len(l) != 0 {
			b.Fatal(diagText(l))
		}
	}
}
