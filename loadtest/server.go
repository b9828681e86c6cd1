package loadtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Server is a server process that the load test starts on a fresh directory,
// measures, kills and starts again.
type Server struct {
	Addr string

	path    string
	flags   []string
	dir     string
	process *exec.Cmd
	exited  chan struct{}
	mu      sync.Mutex
	spent   time.Duration // CPU of the processes before the present one
	peak    int64         // largest resident memory seen at the end of a process
}

// ticksPerSecond is the unit of /proc/PID/stat: USER_HZ, 100 on every Linux.
const ticksPerSecond = 100

// StartServer starts the program at path on a fresh directory and waits until it is ready.
func StartServer(ctx context.Context, path string, flags []string) (*Server, error) {
	dir, err := os.MkdirTemp("", "loadtest-")
	if err != nil {
		return nil, fmt.Errorf("cannot make a directory for the server: %w", err)
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("cannot find a free port: %w", err)
	}
	s := &Server{Addr: free.Addr().String(), path: path, flags: flags, dir: dir}
	free.Close()
	if _, err := s.Start(ctx); err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	return s, nil
}

// Start starts the process on the data that is there, and tells how long it took
// until it was ready.
func (s *Server) Start(ctx context.Context) (time.Duration, error) {
	logs, err := os.OpenFile(filepath.Join(s.dir, "server.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, fmt.Errorf("cannot open the server's log: %w", err)
	}
	defer logs.Close()
	arguments := append([]string{"serve", "--data", filepath.Join(s.dir, "data"), "--addr", s.Addr}, s.flags...)
	process := exec.Command(s.path, arguments...)
	process.Stdout, process.Stderr = logs, logs
	process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	began := time.Now()
	if err := process.Start(); err != nil {
		return 0, fmt.Errorf("cannot start the server: %w", err)
	}
	exited := make(chan struct{})
	go func() {
		process.Wait()
		close(exited)
	}()
	s.mu.Lock()
	s.process, s.exited = process, exited
	s.mu.Unlock()
	if err := waitReady(ctx, s.Addr, exited); err != nil {
		s.end(syscall.SIGKILL)
		return 0, fmt.Errorf("%w; its last words: %s", err, s.lastWords())
	}
	return time.Since(began), nil
}

var errServerGone = errors.New("cannot wait for the server: got the end of its process; want /readyz to answer 200")

// waitReady asks /readyz until it answers 200; exited may be nil.
func waitReady(ctx context.Context, addr string, exited <-chan struct{}) error {
	client := newClient(addr)
	defer client.close()
	for {
		if a, err := client.get("/readyz"); err == nil && a.status == 200 {
			return nil
		}
		select {
		case <-exited:
			return errServerGone
		default:
		}
		if err := pauseFor(ctx, readyPoll); err != nil {
			return fmt.Errorf("cannot wait for the server: %w", err)
		}
	}
}

// lastWords is the end of the server's log.
func (s *Server) lastWords() string {
	b, _ := os.ReadFile(filepath.Join(s.dir, "server.log"))
	if len(b) > 2000 {
		b = b[len(b)-2000:]
	}
	return string(bytes.TrimSpace(b))
}

// end sends a signal and waits for the process, remembering what it used.
func (s *Server) end(signal syscall.Signal) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process == nil {
		return nil
	}
	if rss, err := s.residentLocked(); err == nil {
		s.peak = max(s.peak, rss)
	}
	if err := s.process.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("cannot signal the server: %w", err)
	}
	late := time.NewTimer(stopTimeout)
	defer late.Stop()
	var err error
	select {
	case <-s.exited:
	case <-late.C:
		err = fmt.Errorf("cannot stop the server: got no end within %v of %v", stopTimeout, signal)
		s.process.Process.Kill()
		<-s.exited
	}
	state := s.process.ProcessState
	s.spent += state.UserTime() + state.SystemTime()
	if err == nil && signal == syscall.SIGTERM && !state.Success() {
		err = fmt.Errorf("cannot stop the server cleanly: got %v; its last words: %s", state, s.lastWords())
	}
	s.process = nil
	return err
}

// Kill ends the process with SIGKILL, as a power cut would.
func (s *Server) Kill() error { return s.end(syscall.SIGKILL) }

// Stop ends the process with SIGTERM and removes its data.
func (s *Server) Stop() error {
	err := s.end(syscall.SIGTERM)
	return errors.Join(err, os.RemoveAll(s.dir))
}

// CPU is the user and system time of all processes of this server so far.
func (s *Server) CPU() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process == nil {
		return s.spent
	}
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.process.Process.Pid))
	if err != nil {
		return s.spent
	}
	// The second field, the program's name, may hold spaces; fields 14 and 15 are the times.
	fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	if len(fields) < 13 {
		return s.spent
	}
	user, _ := strconv.ParseInt(fields[11], 10, 64)
	system, _ := strconv.ParseInt(fields[12], 10, 64)
	return s.spent + time.Duration(user+system)*time.Second/ticksPerSecond
}

// Resident is the process's resident memory now, bytes.
func (s *Server) Resident() (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.residentLocked()
}

func (s *Server) residentLocked() (int64, error) {
	if s.process == nil {
		return 0, errServerGone
	}
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.process.Process.Pid))
	if err != nil {
		return 0, fmt.Errorf("cannot read the server's memory: %w", err)
	}
	for line := range strings.Lines(string(b)) {
		if kib, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			n, err := strconv.ParseInt(strings.Fields(kib)[0], 10, 64)
			return n << 10, err
		}
	}
	return 0, errors.New("cannot read the server's memory: got no VmRSS")
}

// ownCPU is the user and system time of the load test itself.
func ownCPU() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
