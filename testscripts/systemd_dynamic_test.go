package testscripts

import "testing"

// dynamicUnits are services with a user of their own, as confinedUnits. They
// do not see the probe, so all is said by the shell. Their runtime directories
// are private because they are kept, as state directories would be on a disk.
var dynamicUnits = map[string]string{
	"dynuser": "DynamicUser=yes|ExecStart=/bin/sh -c 'echo $$USER $$LOGNAME $${HOME:-no home} $${SHELL:-no shell}; i=$$(id -u); [ $$i -ge 61184 ] && [ $$i -le 65519 ] && echo in range; " +
		"set -- $$(id -G); echo groups $$#; [ $$i = $$(id -g) ] && echo same; ls -A /tmp /var/tmp; touch /tmp/x && echo tmp; touch /etc/x /root/x /run/x; grep NoNew /proc/self/status; pwd'|ExecStart=/bin/sh -c 'ls -A /tmp': ",
	"dynnamed": "DynamicUser=yes|User=rustysd-named|ProtectHome=yes|ExecStart=/bin/sh -c 'echo $$USER; ls /home /root': ",
	"dyn:odd":  "DynamicUser=yes|ExecStart=/bin/sh -c 'echo $${USER%%%%_*} $${#USER}': ",
	"dynrun": "DynamicUser=yes|RuntimeDirectory=dynrun dynsub/a|RuntimeDirectoryPreserve=yes|RuntimeDirectoryMode=0750|ExecStart=/bin/sh -c 'echo $$RUNTIME_DIRECTORY; ls -A /run/private; " +
		"readlink /run/dynrun /run/dynsub/a; cd /run/dynrun/ && touch f && echo made; touch /run/dynsub/a/g && echo made; touch /run/private/h /run/private/dynsub/i; stat -c %%a . /run/private; id -un >/dev/null 2>&1; [ $$(stat -c %%u .) = $$(id -u) ] && echo mine'|" +
		"ExecStart=/bin/sh -c 'ls -A /run/dynrun/'|ExecStart=+/bin/sh -c 'readlink /run/dynrun; stat -c %%a /run/private /run/private/dynrun; ls -A /run/private/dynrun': ",
	"dynplain":     "DynamicUser=yes|RuntimeDirectory=dynplain|ExecStart=/bin/sh -c 'echo $$RUNTIME_DIRECTORY; touch /run/dynplain/f && echo made; readlink /run/dynplain': ",
	"dynfull":      "DynamicUser=yes|ExecStart=+/bin/sh -c 'id -u; touch /run/dynfull-x && echo made': ",
	"dynother":     "DynamicUser=yes|User=rustysd-named|ExecStart=/bin/sh -c 'set -- $$(id -G); echo $$#': ",
	"dynroot":      "DynamicUser=yes|RootDirectory=@ROOT@|StateDirectory=rustysd-dynroot|RuntimeDirectory=rustysd-dynroot2: make:/var/lib/rustysd-dynroot/x names:/var/lib make:/run/rustysd-dynroot2/x make:/usr/x make:/tmp/x names:/tmp list:/root make:/x status:CapEff status:NoNewPrivs mount:/tmp names:/ open:/dev/null",
	"dynrootuser":  "DynamicUser=yes|User=rustysd-named|RootDirectory=@ROOT@|ProtectHome=no: make:/tmp/x make:/etc/x list:/home",
	"dynrootbind":  "DynamicUser=yes|RootDirectory=@ROOT@|BindPaths=/usr/share:/usr|CacheDirectory=rustysd-dynroot3: open:/usr/doc make:/var/cache/rustysd-dynroot3/x make:/usr/x",
	"dynreadwrite": "DynamicUser=yes|ReadWritePaths=/run|ExecStart=/bin/sh -c 'touch /run/dynrw': ",
}

// TestDynamicLikeSystemd compares services with DynamicUser=.
func TestDynamicLikeSystemd(t *testing.T) {
	if testing.Short() {
		t.Skip("short: boots systemd")
	}
	theirs, mine := oracleBoth(t, func(t *testing.T) string { return probesFolder(t, dynamicUnits) })
	for name := range dynamicUnits {
		if theirs[name] != mine[name] || theirs[name] == "" {
			t.Errorf("%s: systemd's said\n%sand ours\n%s", name, theirs[name], mine[name])
		}
	}
}
