package testscripts

import (
	"testing"

	"rustysd/cmd/sandbox"
	"rustysd/internal/means"
)

// localeFiles are scripts that write what an init finds about its locale.
var localeFiles = map[string]string{
	"none":     "rm -f /etc/default/locale",
	"debian":   `echo LANG=fr_FR.UTF-8 >/etc/default/locale`,
	"both":     `echo LANG=fr_FR.UTF-8 >/etc/default/locale; echo LC_TIME=it_IT >/etc/locale.conf`,
	"empty":    `echo LANG=fr_FR.UTF-8 >/etc/default/locale; echo >/etc/locale.conf`,
	"all":      `printf 'LANG="de_DE.UTF-8"\nLC_TIME=de_DE.UTF-8\nLC_PAPER=en_US.UTF-8\nLANGUAGE=de:en\nLC_ALL=C\nLC_NAME="a b"\nFOO=bar\n' >/etc/locale.conf`,
	"nothing":  `printf 'LANG=\nLC_TIME=\n' >/etc/locale.conf`,
	"one":      `printf 'LC_TIME=C\nLANG=\n' >/etc/locale.conf`,
	"odd":      `printf 'LANG=../x\nLC_NAME=.x\nLC_TIME=a~b\n' >/etc/locale.conf`,
	"twice":    `printf 'LANG=a\nLANG=b\n' >/etc/locale.conf`,
	"comments": `printf '# x\n;y\nLANG=fr_FR.UTF-8 # x\nexport LC_TIME=it\n  LC_PAPER = it\nLC_NAME="x\n' >/etc/locale.conf`,
	"kernel":   `echo locale.LANG=es_ES >/run/cmdline; mount --bind /run/cmdline /proc/cmdline`, // it is not a container's
}

// TestLocaleLikeSystemd compares what services get as their locale.
func TestLocaleLikeSystemd(t *testing.T) {
	if testing.Short() {
		t.Skip("short: boots systemd")
	}
	means.Root(t)
	means.Files(t, systemdPath)
	units := map[string]string{"locale": "ExecStart=/bin/sh -c 'env >@PROBE@.env; sort -o @PROBE@.env @PROBE@.env; grep -e ^LANG -e ^LC_ @PROBE@.env'|ExecStart=/bin/true: "}
	for name, write := range localeFiles {
		dir := probesFolder(t, units)
		theirs := systemdRun(t, dir, overlay(dir)+write+"\n", "", nil)["locale"]
		ours := probesFolder(t, units)
		compileUnits(t, ours)
		mine := oracleRun(t, ours, sandbox.Options{Init: "/bin/sh", Args: []string{"-c", overlay(ours) + write + "\nexec " + ours + "/init"}, Env: []string{oraclePath}})["locale"]
		if theirs != mine {
			t.Errorf("%s: systemd's said\n%sand ours\n%s", name, theirs, mine)
		}
	}
}
