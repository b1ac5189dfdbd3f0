package sandbox

import "os"

// Tidy takes the link away that an init leaves in the host's /dev, which is its
// own without a Root, when it has ended: it leads to a socket in the init's /run.
func Tidy() {
	const link = "/dev/log"
	if to, err := os.Readlink(link); err != nil || to != "/run/systemd/journal/dev-log" {
		return
	}
	if _, err := os.Stat(link); os.IsNotExist(err) { // the host has no journal
		_ = os.Remove(link)
	}
}
