package compiler

import (
	"strings"
	"testing"

	"rustysd/compiler/diag"
)

// TestPlaceTable: each row is about directives that there are, says why, and,
// unless the init does without, what to do.
func TestPlaceTable(t *testing.T) {
	for i := range placeTable {
		row := &placeTable[i]
		for _, name := range strings.Fields(row.names) {
			if len(sectionsWith(name)) == 0 {
				t.Errorf("there is no directive %s", name)
			}
		}
		if row.reason == "" || row.hint == "" && row.severity > diag.Note || row.where == 0 {
			t.Errorf("%s: the row lacks a reason, a hint, or a place", row.names)
		}
	}
}

// TestPlaceGroup: what is written to a unit's cgroup, or filters there, has a row.
func TestPlaceGroup(t *testing.T) {
	// Where a unit's group lies, what goes with another one, and what allows.
	const without = " Slice DelegateSubgroup CPUQuotaPeriodSec IPAddressAllow SocketBindAllow MemoryPressureWatch MemoryPressureThresholdSec "
	for i := range resourceDirectives {
		d := &resourceDirectives[i]
		if d.level == honoured && len(placeRows[d.name]) == 0 && !strings.Contains(without, " "+d.name+" ") {
			t.Errorf("%s= takes a cgroup that can be written, and no row says so", d.name)
		}
	}
}

// TestPlaceRules tries values on both sides of each rule.
func TestPlaceRules(t *testing.T) {
	for _, c := range []struct {
		place, setting string
		told           bool
	}{
		{"docker", "LimitNOFILE=524288", false},
		{"docker", "LimitNOFILE=524289", true},
		{"docker", "LimitNOFILE=2097152:1024", false},
		{"podman", "LimitNOFILE=1048576", false},
		{"podman", "LimitNOFILE=1048577", true},
		{"kubernetes-restricted", "LimitNOFILE=1048576", true},
		{"docker", "LimitNPROC=infinity", false},
		{"docker", "LimitMSGQUEUE=819200", false},
		{"docker", "LimitMSGQUEUE=infinity", true},
		{"docker", "LimitNICE=0", false},
		{"docker", "LimitNICE=1", true},
		{"docker", "LimitNICE=-5", true},
		{"docker", "LimitNICE=+19", true},
		{"docker", "LimitMEMLOCK=8M", false},
		{"docker", "LimitMEMLOCK=9M", true},
		{"docker", "LimitRTPRIO=0", false},
		{"docker", "LimitRTPRIO=1", true},
		{"docker", "OOMScoreAdjust=100", false},
		{"docker", "OOMScoreAdjust=-100", true},
		{"vm", "OOMScoreAdjust=-100", false},
		{"kubernetes-restricted", "OOMScoreAdjust=100", true},
		{"kubernetes-restricted", "OOMScoreAdjust=0", true},
		{"kubernetes-restricted", "OOMScoreAdjust=1000", false},
		{"docker", "CPUSchedulingPolicy=batch", false},
		{"docker", "CPUSchedulingPolicy=1", true},
		{"podman", "CPUSchedulingPolicy=fifo", true},
		{"board", "CPUSchedulingPolicy=fifo", false},
		{"docker", "IOSchedulingClass=idle", false},
		{"docker", "IOSchedulingClass=1", true},
		{"docker", "NUMAPolicy=local", true},
		{"podman", "NUMAPolicy=local", false},
		{"docker", "AllowedCPUs=0", true},
		{"docker", "MemorySwapMax=0", true},
		{"docker", "MemoryMax=infinity", false},
		{"podman", "MemoryMax=1G", true},
		{"vm", "MemoryMax=1G", false},
		{"podman", "StartupCPUShares=100", true},
		{"podman", "Delegate=yes", true},
		{"docker", "Delegate=no", false},
		{"docker", "OOMPolicy=kill", true},
		{"docker", "OOMPolicy=stop", false},
		{"docker", "IPAddressAllow=any", false},
		{"docker", "AppArmorProfile=-web", true},
		{"docker", "StandardInput=tty", true},
		{"docker", "StandardInput=tty\nTTYPath=/dev/pts/0", false},
		{"docker", "StandardInput=null", false},
		{"docker", "TTYPath=/dev/console", false},
		{"docker", "TTYPath=/dev/tty1", true},
		{"docker", "User=web", false},
		{"docker", "DynamicUser=yes", true},
		{"vm", "DynamicUser=yes", false},
		{"docker", "RootDirectory=/srv/root", true},
		{"docker", "RootDirectory=/srv/root\nMountAPIVFS=no", false},
		{"podman", "RootDirectory=/", false},
		{"docker", "PrivateTmp=yes\nPrivateTmp=no", false},
		{"docker", "PrivateTmp=yes\nPrivateTmp=", true},
		{"docker", "BindPaths=/a:/b\nBindPaths=", false},
		{"docker", "MountAPIVFS=yes", false},
		{"docker", "MountFlags=slave", true},
		{"docker", "MountFlags=shared", false},
		{"docker", "ReadWritePaths=/a", false},
		{"docker", "ReadOnlyPaths=-/a", true},
		{"docker", "PrivateUsers=yes", true},
		{"podman", "PrivateUsers=yes", false},
		{"docker", "AmbientCapabilities=CAP_NET_RAW", false},
		{"podman", "AmbientCapabilities=CAP_NET_RAW", true},
		{"podman", "AmbientCapabilities=CAP_NET_BIND_SERVICE", false},
		{"kubernetes-restricted", "AmbientCapabilities=CAP_NET_BIND_SERVICE", true},
		{"kubernetes-restricted", "CapabilityBoundingSet=CAP_CHOWN", false},
		{"kubernetes-restricted", "SecureBits=noroot", true},
		{"docker", "SecureBits=noroot", false},
		{"kubernetes-restricted", "LoadCredential=a:/etc/a", true},
		{"docker", "LoadCredential=a:/etc/a", false},
		{"kubernetes-restricted", "StandardOutput=append:/var/log/a", true},
		{"kubernetes-restricted", "StandardOutput=journal", false},
		{"kubernetes-restricted", "User=0", true},
		{"kubernetes-restricted", "Group=0", true},
		{"kubernetes-restricted", "User=web", true},
		{"kubernetes-restricted", "User=web\nUser=", false},
		{"kubernetes-restricted", "StateDirectory=web", true},
	} {
		s, _ := testSet(t, Options{Place: c.place}, unitFile{"a.service", "[Service]\nExecStart=/bin/a\n" + c.setting + "\n"})
		var l diag.List
		s.plan, _ = s.lower(&diag.List{})
		s.checkPlaceUnits(placeOf(c.place), &l)
		if got := hasCode(l, "profile-refuses"); got != c.told {
			t.Errorf("%s, %q: told %v\n%s", c.place, c.setting, got, diagText(l))
		}
	}
}

// TestBeyond reads sets of capabilities.
func TestBeyond(t *testing.T) {
	ask := beyond("net_bind_service chown")
	for text, want := range map[string]bool{
		"CAP_NET_BIND_SERVICE": false, "cap_chown CAP_NET_BIND_SERVICE": false,
		"CAP_SYS_ADMIN": true, "CAP_CHOWN CAP_SYS_TIME": true, "~CAP_CHOWN": true,
	} {
		if got := ask(nil, text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

// TestPlaceSockets tries settings of sockets on both sides of each rule.
func TestPlaceSockets(t *testing.T) {
	for _, c := range []struct {
		place, setting string
		told           bool
	}{
		{"docker", "ListenStream=80", false},
		{"kubernetes-restricted", "ListenStream=1023", true},
		{"kubernetes-restricted", "ListenStream=[::]:53", true},
		{"kubernetes-restricted", "ListenStream=1024", false},
		{"kubernetes-restricted", "ListenStream=vsock:2:80", false},
		{"kubernetes-restricted", "ListenStream=@a:80", false},
		{"kubernetes-restricted", "ListenStream=/run/a", true},
		{"kubernetes-restricted", "ListenFIFO=/run/a", true},
		{"docker", "ListenStream=/run/a", false},
		{"kubernetes-restricted", "ListenStream=8080\nSocketUser=0", true},
		{"docker", "ListenStream=80\nMark=1", false},
		{"podman", "ListenStream=80\nMark=1", true},
		{"podman", "ListenStream=80\nTransparent=no", false},
		{"podman", "ListenStream=80\nPriority=6", false},
		{"podman", "ListenStream=80\nPriority=7", true},
		{"docker", "ListenStream=80\nReceiveBuffer=208K", false},
		{"docker", "ListenStream=80\nSendBuffer=209K", true},
	} {
		s, _ := testSet(t, Options{Place: c.place}, unitFile{"a.service", "[Service]\nExecStart=/bin/a\n"}, unitFile{"a.socket", "[Socket]\n" + c.setting + "\n"})
		s.plan, _ = s.lower(&diag.List{})
		var l diag.List
		s.checkPlaceUnits(placeOf(c.place), &l)
		if got := hasCode(l, "profile-refuses"); got != c.told {
			t.Errorf("%s, %q: told %v\n%s", c.place, c.setting, got, diagText(l))
		}
	}
}
