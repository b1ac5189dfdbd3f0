package plan

// BootStep is a file or folder that the init makes once, before the first
// unit: one line of tmpfiles.d(5), with names resolved.
type BootStep struct {
	Kind BootKind
	Path string // absolute
	// Data is what a file holds, or where a link leads.
	Data string
	// Mode are permission bits; BootLink has none.
	Mode uint32
	// UID and GID own it; KeepID leaves what is there.
	UID, GID uint32
	// Origin is the "file:line" of the line.
	Origin string
}

// KeepID leaves an owner as it is.
const KeepID = 1<<32 - 1

// KeepMode is a [BootStep.Mode] that leaves the mode as it is.
const KeepMode = 1<<32 - 1

// BootKind is what a [BootStep] makes.
type BootKind uint8

// The kinds, with the letters that tmpfiles.d(5) has for them.
const (
	BootFolder    BootKind = iota // d, D, v, q, Q: made, or given its mode and owner
	BootFile                      // f: made with its contents, if it is not there
	BootTruncate                  // f+, F: made, or emptied, with its contents
	BootWrite                     // w: written to, if it is there
	BootAppend                    // w+
	BootLink                      // L: made, if nothing is there
	BootForceLink                 // L+: what is there is replaced
	BootFIFO                      // p
	BootAdjust                    // z: mode and owner of what is there
)
