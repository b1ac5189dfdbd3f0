// Package sandbox boots an init in namespaces of its own: as process 1, with
// its own mounts, a fresh /proc and an empty /run and /tmp, on the file system
// of the host.
//
// It needs no root: without it, a user namespace maps the caller to root. Start
// runs the executable once more as the [Stage], which, in the new namespaces,
// does the mounts and then becomes the init; so whoever calls [Start] calls
// Stage first in its main. Look first at [Options].
//
// It is for trying an image out and for tests. It is no jail: the services see
// the host's files.
package sandbox
