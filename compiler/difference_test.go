package compiler_test

import (
	"slices"
	"strings"
	"testing"

	"rustysd/compiler"
	"rustysd/compiler/report"
)

// variantContexts are what stands around a directive: nothing more than its unit
// needs, and what many of them need to count.
var variantContexts = map[string][]string{
	"Unit":   {"[Unit]\n@\n[Service]\nExecStart=/bin/t\n", "[Unit]\nFailureAction=reboot\nJobTimeoutSec=5\nJobTimeoutAction=reboot\n@\n[Service]\nExecStart=/bin/t\n"},
	"Socket": {"[Socket]\nListenStream=/run/t\n@\n", "[Socket]\nListenStream=[::]:80\nListenDatagram=80\nListenFIFO=/run/f\nUser=u\nExecStartPre=/bin/t\n@\n"},
	"Service": {"[Service]\nExecStart=/bin/t\n@\n", "[Service]\nType=notify\nExecStart=/bin/t $A\nExecStop=+/bin/t\nExecReload=!/bin/t\nUser=u\nGroup=g\nRuntimeDirectory=d\n" +
		"StandardInput=tty\nTTYPath=/dev/tty1\nUtmpIdentifier=1\nNUMAPolicy=bind\nNUMAMask=0\nCPUSchedulingPolicy=rr\nIOSchedulingPriority=2\n" +
		"PrivateUsers=yes\nProtectSystem=strict\nWatchdogSec=5\nRestart=always\nRestartSteps=3\nRestartMaxDelaySec=9\nRootDirectory=/r\nDelegate=yes\n" +
		"DynamicUser=no\nCPUQuota=50%\nMemoryMax=1G\n@\n"},
}

// variant is a unit with one line of its own.
type variant struct {
	line, means string
	doc         *report.Document
}

// TestDifferences: of two units with one line between them either their plans
// mean the same, or diff says something.
func TestDifferences(t *testing.T) {
	pairs := 0
	for _, s := range compiler.Samples() {
		lines := []string{"#", s.Name + "="}
		for _, v := range s.Values {
			lines = append(lines, s.Name+"="+v)
		}
		for n, around := range variantContexts[s.Section] {
			lines := lines
			if n == 0 { // twice as well, on one line, so that the places of what follows stay
				for _, v := range s.Values {
					lines = append(lines, s.Name+"="+v+" "+v)
				}
			}
			name := "t." + strings.ToLower(s.Section)
			if s.Section == "Unit" {
				name = "t.service"
			}
			var met []variant // of each meaning the first
			for _, line := range lines {
				r := compiler.LowerOne(t, name, strings.Replace(around, "@", line, 1))
				doc := report.Describe(r) // before the plan loses its places
				v := variant{line, compiler.Meaning(r.Plan), doc}
				known := slices.ContainsFunc(met, func(old variant) bool { return old.means == v.means })
				for _, old := range met {
					if known && old.means != v.means {
						continue
					}
					pairs++
					said := report.Diff(old.doc, v.doc, false)
					switch {
					case known && said != "":
						t.Errorf("[%s] %s and %s mean the same, and diff says\n%s", s.Section, old.line, line, said)
					case !known && said == "":
						t.Errorf("[%s] %s and %s: diff says nothing; one is\n%s\nthe other\n%s", s.Section, old.line, line, old.means, v.means)
					}
				}
				if !known {
					met = append(met, v)
				}
			}
		}
	}
	t.Logf("%d pairs of units", pairs)
}
