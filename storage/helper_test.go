package storage

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"poolwise/engine"
)

const testRules = 7

// mustOpen opens a store whose Fatal ends the test run.
func mustOpen(t testing.TB, fs vfs.FS) *Store {
	t.Helper()
	return mustOpenDir(t, fs, "db")
}

func mustOpenDir(t testing.TB, fs vfs.FS, dir string) *Store {
	t.Helper()
	s, err := Open(fs, dir, Options{RulesVersion: testRules, memTable: 1 << 20, Fatal: func(err error) { panic(err) }})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func mustClose(t testing.TB, s *Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func reopen(t testing.TB, s *Store) *Store {
	t.Helper()
	mustClose(t, s)
	return mustOpen(t, s.fs)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// record is the payload of a position: of any length, and different for each.
func record(pos engine.Position) []byte {
	rng := rand.New(rand.NewPCG(uint64(pos), 5))
	size := rng.IntN(200)
	if rng.IntN(10) == 0 {
		size = rng.IntN(40_000)
	}
	p := binary.BigEndian.AppendUint64(nil, uint64(pos))
	for range size {
		p = append(p, byte(rng.Uint32()))
	}
	return p
}

func checkOf(pos engine.Position) HashCheck {
	if pos%10 != 0 {
		return HashCheck{}
	}
	return HashCheck{At: pos - 3, Hash: uint64(pos) * 0x9e3779b97f4a7c15}
}

func appendRecords(t testing.TB, s *Store, n int) {
	t.Helper()
	for range n {
		want := s.Last() + 1
		got, err := s.Append(record(want), checkOf(want))
		must(t, err)
		if got != want {
			t.Fatalf("appended at %d; want %d", got, want)
		}
	}
}

// replayAll checks that the journal after a position is records as appended, and
// returns how many.
func replayAll(t testing.TB, s *Store, after engine.Position) int {
	t.Helper()
	next, n := after+1, 0
	err := s.Replay(after, func(pos engine.Position, payload []byte, check HashCheck) error {
		if pos != next {
			return fmt.Errorf("got position %d; want %d", pos, next)
		}
		if !bytes.Equal(payload, record(pos)) {
			return fmt.Errorf("position %d: another payload", pos)
		}
		if check != checkOf(pos) {
			return fmt.Errorf("position %d: got check %v; want %v", pos, check, checkOf(pos))
		}
		next++
		n++
		return nil
	})
	must(t, err)
	if next != s.Last()+1 {
		t.Fatalf("replay ended before %d; the journal ends at %d", next, s.Last())
	}
	return n
}

// seeds to run: one by POOLWISE_SEED, else n from 1.
func seeds(t *testing.T, n int, run func(t *testing.T, seed uint64)) {
	first, last := uint64(1), uint64(n)
	if v := os.Getenv("POOLWISE_SEED"); v != "" {
		one, err := strconv.ParseUint(v, 10, 64)
		must(t, err)
		first, last = one, one
	}
	for seed := first; seed <= last; seed++ {
		t.Run(fmt.Sprint("seed", seed), func(t *testing.T) {
			t.Cleanup(func() {
				if t.Failed() {
					t.Logf("again: POOLWISE_SEED=%d go test ./storage -run '%s'", seed, t.Name())
				}
			})
			run(t, seed)
		})
	}
}

// cutter takes a crash clone at the n-th write operation after it was armed.
type cutter struct {
	crash *CrashFS
	mu    sync.Mutex
	n     int
	armed bool
	clone *CrashFS
}

func newCutter(n int) *cutter { return &cutter{crash: NewCrashFS(), n: n} }

func (c *cutter) fs() vfs.FS {
	n := c.n
	return &hookFS{FS: c.crash, before: func(op FSOp, _ string) error {
		c.mu.Lock()
		defer c.mu.Unlock()
		if !c.armed || c.clone != nil || op == OpRead || op == OpOpen {
			return nil
		}
		if c.n--; c.n == 0 {
			c.clone = c.crash.CrashClone(n*37%101, uint64(n))
		}
		return nil
	}}
}

func (c *cutter) arm() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.armed = true
}

func (c *cutter) taken() *CrashFS {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.clone
}
