package runtime

import (
	goruntime "runtime"
	"syscall"

	"rustysd/runtime/machine"
	"rustysd/runtime/plan"
)

// Utmp is the feature of units that stand in the list of who is logged in
// (systemd.exec(5), "UtmpIdentifier="): who(1) would otherwise show for ever
// whoever has used a login prompt.
func Utmp(i *Init) {
	i.began = (*Init).loginBegan
	i.ended = (*Init).loginEnded
}

// The files of utmp(5): who is there now, and who was.
const (
	utmpFile = "/run/utmp"
	wtmpFile = "/var/log/wtmp"
)

// utmpWide says that times have eight bytes: on amd64 they have the four that
// they had with 32 bits.
const utmpWide = goruntime.GOARCH != "amd64"

// Where the parts of a struct utmp are, and how long it is.
const (
	utmpType, utmpPID, utmpLine, utmpID = 0, 4, 8, 40
	utmpUser, utmpHost, utmpExit        = 44, 76, 332
	utmpSession                         = 336

	narrowTime, narrowSize = 340, 384
	wideTime, wideSize     = 344, 400
)

// The types of a record.
const (
	utmpInitProcess = 5
	utmpUserProcess = 7
	utmpDeadProcess = 8
)

// utmpRecord is a struct utmp; amd64 uses the first part of it.
type utmpRecord [wideSize]byte

func (u *utmpRecord) bytes() []byte {
	if utmpWide {
		return u[:]
	}
	return u[:narrowSize]
}

// number writes a little-endian number, as all that images are made for have.
func (u *utmpRecord) number(at, size int, n int64) {
	for k := range size {
		u[at+k] = byte(n >> (8 * k))
	}
}

func (u *utmpRecord) pid() int32 {
	return int32(u[utmpPID]) | int32(u[utmpPID+1])<<8 | int32(u[utmpPID+2])<<16 | int32(u[utmpPID+3])<<24
}

// stamp gives the record its type and the present time.
func (u *utmpRecord) stamp(kind int64) {
	u.number(utmpType, 2, kind)
	t := now()
	if utmpWide {
		u.number(wideTime, 8, t/1e6)
		u.number(wideTime+8, 8, t%1e6)
	} else {
		u.number(narrowTime, 4, t/1e6)
		u.number(narrowTime+4, 4, t%1e6)
	}
}

// loginBegan enters a program: as a process of init, and then as a login
// prompt, or as a user, if the unit says so. One that has entered itself
// already, as getty(8) does, is left alone.
func (i *Init) loginBegan(r *spawnRequest) {
	x := &r.exec.Utmp
	if x.ID == "" {
		return
	}
	fd := openUtmp()
	if fd < 0 {
		return
	}
	var u utmpRecord
	at, found := findUtmp(fd, x.ID, &u)
	if found && u.pid() == r.pid {
		closeFD(fd)
		return
	}
	u = utmpRecord{}
	u.number(utmpPID, 4, int64(r.pid))
	copy(u[utmpID:utmpUser], x.ID)
	copy(u[utmpLine:utmpID], x.Line)
	if utmpWide {
		u.number(utmpSession, 8, int64(r.pid))
	} else {
		u.number(utmpSession, 4, int64(r.pid))
	}
	for kind := int64(utmpInitProcess); kind <= utmpInitProcess+int64(x.Mode); kind++ {
		if kind == utmpUserProcess {
			copy(u[utmpUser:utmpHost], x.User)
		}
		u.stamp(kind)
		pwrite(fd, u.bytes(), at)
		appendWtmp(&u)
	}
	closeFD(fd)
}

// loginEnded says that a program is gone, and whoever had logged in through it.
func (i *Init) loginEnded(unit plan.UnitID, x earlyExit) {
	exec := contextOf(&i.plan.Units[unit])
	if exec == nil || exec.Utmp.ID == "" {
		return
	}
	fd := openUtmp()
	if fd < 0 {
		return
	}
	var u utmpRecord
	if at, found := findUtmp(fd, exec.Utmp.ID, &u); found && u.pid() == x.pid {
		clear(u[utmpUser:utmpSession])
		if x.code == machine.Exited {
			u.number(utmpExit+2, 2, int64(x.status))
		} else {
			u.number(utmpExit, 2, int64(x.status))
		}
		u.stamp(utmpDeadProcess)
		pwrite(fd, u.bytes(), at)
		appendWtmp(&u)
	}
	closeFD(fd)
}

// openUtmp opens the list of who is there, which a boot begins without.
func openUtmp() int32 {
	const flags = syscall.O_RDWR | syscall.O_CLOEXEC | syscall.O_NOFOLLOW
	fd, e := open(utmpFile, flags, 0)
	if e == syscall.ENOENT {
		if fd, e = open(utmpFile, flags|syscall.O_CREAT|syscall.O_EXCL, 0o664); e == 0 {
			chmod(utmpFile, 0o664)
			if gid, e := groupID("utmp"); e == 0 {
				chown(utmpFile, 0, gid)
			}
		}
	}
	if e != 0 {
		return noFD
	}
	return fd
}

// maxUtmp bounds the records that are looked at.
const maxUtmp = 4096

// findUtmp looks for the record of an identifier of a process, as
// pututxline(3) does; without one it gives the place at the end.
func findUtmp(fd int32, id string, u *utmpRecord) (at int64, found bool) {
	size := int64(len(u.bytes()))
	var want [utmpUser - utmpID]byte
	copy(want[:], id)
	for ; at < maxUtmp*size; at += size {
		if n, e := pread(fd, u.bytes(), at); e != 0 || n < len(u.bytes()) {
			return at, false
		}
		if kind := u[utmpType]; kind >= utmpInitProcess && kind <= utmpDeadProcess && [utmpUser - utmpID]byte(u[utmpID:utmpUser]) == want {
			return at, true
		}
	}
	return at, false
}

// appendWtmp adds a record to those of the past, if the image keeps them.
func appendWtmp(u *utmpRecord) {
	if fd, e := open(wtmpFile, syscall.O_WRONLY|syscall.O_APPEND|syscall.O_CLOEXEC, 0); e == 0 {
		write(fd, u.bytes())
		closeFD(fd)
	}
}
