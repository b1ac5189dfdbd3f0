package compiler

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// BenchmarkCompile is the front end, from files to a plan, over units as
// people write them. The budget is 150 ms for 1,000 units; it must grow no
// faster than they do.
func BenchmarkCompile(b *testing.B) {
	for _, n := range []int{100, 1_000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			dir := b.TempDir()
			writeUnits(b, dir, n)
			b.ResetTimer()
			for b.Loop() {
				res, l, err := Compile(Options{UnitDirs: []string{dir}})
				if err != nil || res.Plan == nil || len(res.Plan.Units) < n {
					b.Fatal(err, len(l), treeText(l[:min(len(l), 3)]))
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/unit")
		})
	}
}

// writeUnits writes n units: services in chains of ten, every tenth with a
// socket's worth of settings.
func writeUnits(tb testing.TB, dir string, n int) {
	for i := range n {
		after := ""
		if i%10 > 0 {
			after = fmt.Sprintf("Requires=app-%05d.service\nAfter=app-%05d.service network.target\n", i-1, i-1)
		}
		text := fmt.Sprintf(`# /etc/systemd/system/app-%05d.service
[Unit]
Description=Application server number %d
Documentation=man:app(8) https://example.org/app
%s
[Service]
Type=exec
Environment=PORT=%d "MODE=production" HOME=/srv/app
ExecStart=/usr/bin/app --config /etc/app/%%N.conf --port ${PORT}
ExecReload=/bin/kill -HUP $MAINPID
WorkingDirectory=/srv/app
Restart=on-failure
RestartSec=2s
TimeoutStopSec=30
LimitNOFILE=65536

[Install]
WantedBy=multi-user.target
`, i, i, after, 1024+i)
		name := filepath.Join(dir, fmt.Sprintf("app-%05d.service", i))
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			tb.Fatal(err)
		}
	}
}

// BenchmarkClique is the worst order that a folder can ask for: each of n
// units after all that come before it.
func BenchmarkClique(b *testing.B) {
	for _, n := range []int{500, 2_000} { // the larger one is refused in the end
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			dir := b.TempDir()
			writeClique(b, dir, n, false)
			b.ResetTimer()
			for b.Loop() {
				_, l, _ := Compile(Options{UnitDirs: []string{dir}})
				if refused := strings.Contains(treeText(l), "[too-many-units]"); refused != (n > 500) {
					b.Fatal(treeText(l))
				}
			}
		})
	}
}

// writeClique writes n services, each after all before it or, with cyclic,
// after all others.
func writeClique(tb testing.TB, dir string, n int, cyclic bool) {
	for i := range n {
		var text []byte
		text = append(text, "[Unit]\nAfter="...)
		for j := range n {
			if j < i || cyclic && j != i {
				text = fmt.Appendf(text, "u%d.service ", j)
			}
		}
		text = append(text, "\n[Service]\nExecStart=/bin/x\n[Install]\nWantedBy=multi-user.target\n"...)
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("u%d.service", i)), text, 0o666); err != nil {
			tb.Fatal(err)
		}
	}
}
