// Package real boots unaltered unit files of Debian's packages and asks each
// daemon its own client: "active" is not "serves".
//
// The daemons run as children of the compiled init, process 1 of its own
// process, mount and network namespaces on the machine's file system, whose
// /run and /tmp are empty there and whose /dev, /etc, /var/log and state folders
// are replaced, so that nothing of a run is left behind. Look first at the table
// of images in images_test.go; install.sh installs what they need.
package real
