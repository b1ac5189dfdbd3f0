package compiler

import (
	"strings"

	"rustysd/grammar"
)

// viewSettings are those of systemd.exec(5), "SANDBOXING", that are about what
// the service sees of the file system.
type viewSettings struct {
	system        opt[protectSystem]
	home          opt[protectHome]
	controlGroups opt[protectGroups]
	privateMounts opt[bool]
	privateTmp    opt[privateTmp]
	mountFlags    opt[uint64]
	devices       opt[bool]
	proc          opt[protectProc]
	procSubset    opt[procSubset]
	apiVFS        opt[bool]
	logSockets    opt[bool]
	root          opt[string]
	// paths has the lists of paths by what becomes of each.
	paths [viewExec + 1][]item[viewPath]
	binds []item[bindMount]
	empty []item[temporaryFS]
}

// bindMount is a word of BindPaths= or BindReadOnlyPaths=.
type bindMount struct {
	source, path   string
	may            bool // the prefix "-"
	readOnly, flat bool // flat: without what is mounted below
}

// temporaryFS is a word of TemporaryFileSystem=.
type temporaryFS struct {
	path, options string
	flags         uint64
}

// viewPath is one path of ReadOnlyPaths= and its kin.
type viewPath struct {
	path   string
	may    bool // the prefix "-"
	inRoot bool // the prefix "+"
}

// protectSystem is a value of ProtectSystem=.
type protectSystem uint8

const (
	systemNo protectSystem = iota
	systemYes
	systemFull
	systemStrict
)

// protectHome is a value of ProtectHome=.
type protectHome uint8

const (
	homeNo protectHome = iota
	homeYes
	homeReadOnly
	homeEmpty
)

// protectProc is a value of ProtectProc=; the constants follow proc(5)'s hidepid=.
type protectProc uint8

const (
	procDefault protectProc = iota
	procNoAccess
	procInvisible
	procPtraceable
)

// privateTmp is a value of PrivateTmp=.
type privateTmp uint8

const (
	tmpNo privateTmp = iota
	tmpYes
	tmpDisconnected // systemd 257
)

// protectGroups is a value of ProtectControlGroups=; the last two are systemd
// 257's.
type protectGroups uint8

const (
	groupsNo protectGroups = iota
	groupsYes
	groupsPrivate
	groupsStrict
)

// userMap is a value of PrivateUsers=, of which self is another word for yes;
// the last two are those of systemd 257 and 258. A call has it as an argument.
type userMap uint8

const (
	usersNo userMap = iota
	usersSelf
	usersIdentity // the first 65536
	usersFull
)

// procSubset is a value of ProcSubset=.
type procSubset uint8

const (
	subsetAll procSubset = iota
	subsetPID
)

// privateTmpValue is PrivateTmp=, of which connected is another word for yes.
func privateTmpValue(x *reading, text string) (privateTmp, *grammar.Error) {
	if text == "connected" {
		return tmpYes, nil
	}
	return boolOr[privateTmp]("disconnected")(x, text)
}

// boolOr reads a boolean or one of some words, which follow no and yes.
func boolOr[T ~uint8](words ...string) parseFunc[T] {
	return func(x *reading, text string) (T, *grammar.Error) {
		if on, err := grammar.ParseBool(text); err == nil {
			if on {
				return 1, nil
			}
			return 0, nil
		}
		return oneOf[T](append([]string{"no", "yes"}, words...)...)(x, text)
	}
}

// mountFlags is MountFlags=, a legacy name of PrivateMounts= with more values.
func mountFlags(x *reading, text string) (uint64, *grammar.Error) {
	n, err := oneOf[uint8]("shared", "slave", "private")(x, text)
	if err != nil {
		return 0, err
	}
	return [...]uint64{msSHARED, msSLAVE, msPRIVATE}[n], nil
}

// privateUsers is PrivateUsers=.
func privateUsers(x *reading, text string) (userMap, *grammar.Error) {
	switch text {
	case "self":
		return usersSelf, nil
	case "managed":
		return usersNo, x.unsupportedValue(text, "nobody hands out ranges of users in an image", "write yes or identity")
	}
	return boolOr[userMap]("identity", "full")(x, text)
}

// viewPaths reads a list of paths. Of the prefixes, "-" lets a path be
// missing, and "+" says that it is in the root of RootDirectory=.
func viewPaths(view pathView) decodeFunc {
	return func(x *reading) {
		list := &x.u.exec().view.paths[view]
		if x.text == "" {
			*list = nil
			return
		}
		for _, w := range x.words() {
			text, ok := x.expandPath(w.Text)
			if !ok {
				continue
			}
			text, may := strings.CutPrefix(text, "-")
			text, inRoot := strings.CutPrefix(text, "+")
			path, err := absolutePath(w.Text, text)
			if err != nil {
				x.bad(err, w.Offset)
				continue
			}
			*list = append(*list, item[viewPath]{viewPath{path, may, inRoot}, x.set.value.PosAt(w.Offset)})
		}
	}
}
