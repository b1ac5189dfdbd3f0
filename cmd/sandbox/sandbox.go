package sandbox

import (
	"encoding/json"
	"os"
	"os/exec"
	"syscall"
)

// Options say how an init is booted.
type Options struct {
	// Init is the executable, and Args what it gets beside its own name.
	Init string
	Args []string
	// Env is the init's environment.
	Env []string
	// Root is a folder that becomes the root of the file system, with a /dev,
	// /proc, /run and /tmp of its own; "" is the host's. Keep, ReadOnly and
	// Bind have no meaning with it.
	Root string
	// User makes a user namespace although the caller is root.
	User bool
	// Cgroup is the init's own tree of cgroups; nil: it sees none.
	Cgroup *Cgroup `json:"-"`
	// CgroupDir is set from Cgroup.
	CgroupDir string
	// Net makes a network namespace, with its loopback device up.
	Net bool
	// Keep are folders that stay visible although they lie below /run or /tmp.
	Keep []string
	// ReadOnly mounts everything but Keep, /run and /tmp for reading only.
	ReadOnly bool
	// Bind puts the folder on the right over the one on the left.
	Bind [][2]string
}

// stageName is what the executable is called as to become the stage.
const stageName = "rustysd-sandbox-stage"

// Command is the init, not yet started, with no streams, in a session of its own,
// as in a container. The caller may set the streams; it must start it on a locked
// thread, since the init is killed when that thread ends.
func Command(o Options) (*exec.Cmd, error) {
	if o.Cgroup != nil {
		o.CgroupDir = o.Cgroup.dir
	}
	config, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command("/proc/self/exe", string(config))
	cmd.Args[0] = stageName
	cmd.Env = o.Env
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS | syscall.CLONE_NEWIPC | syscall.CLONE_NEWUTS,
		Setsid:     true,
		Pdeathsig:  syscall.SIGKILL,
	}
	if o.Net {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWNET
	}
	if o.User || os.Geteuid() != 0 {
		mapToRoot(cmd.SysProcAttr)
	}
	return cmd, nil
}

// mapToRoot makes the caller root of a new user namespace: the one identity
// that may be mapped without privilege (user_namespaces(7)).
func mapToRoot(attr *syscall.SysProcAttr) {
	attr.Cloneflags |= syscall.CLONE_NEWUSER
	attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}}
	attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}}
}
