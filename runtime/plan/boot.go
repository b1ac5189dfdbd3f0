package plan

// BootStep is something that the init does to a file once, before the first
// unit: one line of tmpfiles.d(5), with names resolved.
type BootStep struct {
	Kind  BootKind
	Flags BootFlags
	// Path is absolute; with BootGlob a glob(7) pattern.
	Path string
	// Data is what a file holds, where a link leads, what is copied, the name of a
	// credential, or an extended attribute, "name=value".
	Data string
	// Mode are permission bits, KeepMode for none that are asked for: then what is
	// made has 0755 if it is a folder, else 0644.
	Mode uint32
	// UID and GID own it, KeepID for none that is asked for.
	UID, GID uint32
	// Number is the device of BootChar and BootBlock, as mknod(2) takes it, and for
	// BootAttributes those to set and, shifted by 32, those that may change.
	Number uint64
	// Origin is the "file:line" of the line.
	Origin string
}

// KeepID leaves an owner as it is.
const KeepID = 1<<32 - 1

// KeepMode is a [BootStep.Mode] that leaves the mode as it is.
const KeepMode = 1<<32 - 1

// BootKind is what a [BootStep] does.
type BootKind uint8

// The kinds, with the letters that tmpfiles.d(5) has for them.
const (
	BootFolder       BootKind = iota // d, D, v, q, Q: made, or given its mode and owner
	BootFile                         // f: made with its contents, if it is not there
	BootTruncate                     // f+, F: made, or emptied, with its contents
	BootWrite                        // w: written to, if it is there
	BootAppend                       // w+
	BootLink                         // L: made, if nothing is there
	BootForceLink                    // L+: what is there is replaced
	BootFIFO                         // p
	BootAdjust                       // z: mode and owner of what is there
	BootAdjustFolder                 // e: the same, of folders alone
	BootCopy                         // C: a copy of a file or a tree, if nothing is there
	BootChar                         // c
	BootBlock                        // b
	BootXattr                        // t: an extended attribute of what is there
	BootAttributes                   // h: what chattr(1) sets
	BootACL                          // a: entries of acl(5) in Data, 8 bytes each as in an extended attribute
	BootRemove                       // r: a file, or a folder that is empty
	BootRemoveTree                   // R
	BootEmpty                        // D, before it is made: all that is in it goes
)

// BootFlags say how a step is done.
type BootFlags uint16

// The flags, with how tmpfiles.d(5) writes them.
const (
	BootGlob       BootFlags = 1 << iota // Path is a pattern
	BootTree                             // Z, T, H: and all that is below
	BootForce                            // p+, c+, b+: replaces what is of another type; C+, a+: adds to what is there
	BootReplace                          // "=": what is of another type goes first
	BootIfThere                          // L?: a link only to what is there
	BootMask                             // "~" before a mode: masked with what is there
	BootModeNew                          // ":" before a mode: only of what is made
	BootUIDNew                           // ":" before a user
	BootGIDNew                           // ":" before a group
	BootCredential                       // "^": Data is the name of a credential; without it nothing is done
	BootDefaultACL                       // the entries are for what is made in a folder
	BootMarked                           // Path and Data hold BootMarks
)
