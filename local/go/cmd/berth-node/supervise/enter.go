package supervise

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// enter makes the new namespaces usable: /proc and /sys show them, mounts made inside do
// not reach the machine but do reach containers, and the loopback device is up.
func enter(n Namespaces) error {
	if n.Mount {
		if err := mount("", "/", "", unix.MS_REC|unix.MS_SLAVE); err != nil {
			return err
		}
		if n.PID {
			if err := mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC); err != nil {
				return err
			}
		}
		if n.Net {
			if err := remountSys(); err != nil {
				return err
			}
		}
		if err := mount("", "/", "", unix.MS_REC|unix.MS_SHARED); err != nil {
			return err
		}
	}
	if n.Net {
		loopback, err := netlink.LinkByName("lo")
		if err != nil {
			return fmt.Errorf("finding the loopback device: %w", err)
		}
		if err := netlink.LinkSetUp(loopback); err != nil {
			return fmt.Errorf("switching the loopback device on: %w", err)
		}
	}
	return nil
}

// remountSys puts a /sys that shows the new network namespace over the machine's and keeps the
// control groups in it.
func remountSys() error {
	const groups = "/sys/fs/cgroup"
	kept, err := os.MkdirTemp("", "berth-cgroup-")
	if err != nil {
		return err
	}
	defer os.Remove(kept)
	if err := mount(groups, kept, "", unix.MS_BIND|unix.MS_REC); err != nil {
		return err
	}
	if err := mount("sysfs", "/sys", "sysfs", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC); err != nil {
		return err
	}
	if err := mount(kept, groups, "", unix.MS_BIND|unix.MS_REC); err != nil {
		return err
	}
	if err := unix.Unmount(kept, unix.MNT_DETACH); err != nil {
		return fmt.Errorf("unmounting %s: %w", kept, err)
	}
	return nil
}

func mount(source, target, kind string, flags uintptr) error {
	if err := unix.Mount(source, target, kind, flags, ""); err != nil {
		return fmt.Errorf("mounting %s on %s: %w", strings.TrimSpace(kind+" "+source), target, err)
	}
	return nil
}

// hostPIDs returns a function that tells the process id outside the namespaces of a child of
// this process, which is self outside. It must be called while /proc is still the machine's.
func hostPIDs(self int) (func(pid int) int, error) {
	machine, err := os.OpenRoot("/proc")
	if err != nil {
		return nil, err
	}
	return func(pid int) int {
		folder, err := machine.Open(".")
		if err != nil {
			return 0
		}
		defer folder.Close()
		names, err := folder.Readdirnames(-1)
		if err != nil {
			return 0
		}
		for _, name := range names {
			candidate, err := strconv.Atoi(name)
			if err != nil {
				continue
			}
			// A process may end between the listing and the reading.
			if text, err := machine.ReadFile(name + "/status"); err == nil && isChild(string(text), self, pid) {
				return candidate
			}
		}
		return 0
	}, nil
}

// isChild tells from a /proc/PID/status whether it is of a child of parent with the given
// process id in its innermost namespace.
func isChild(status string, parent, inner int) bool {
	var parentMatches, innerMatches bool
	for line := range strings.Lines(status) {
		fields := strings.Fields(line)
		switch {
		case len(fields) == 2 && fields[0] == "PPid:":
			parentMatches = fields[1] == strconv.Itoa(parent)
		case len(fields) > 1 && fields[0] == "NSpid:":
			innerMatches = fields[len(fields)-1] == strconv.Itoa(inner)
		}
	}
	return parentMatches && innerMatches
}
