package storage

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"poolwise/engine"
)

func TestJournalRoundTrip(t *testing.T) {
	// Ensure that records come back in order, with their hash checks, over restarts, and
	// from any position on.
	s := mustOpen(t, vfs.NewMem())
	for range 4 {
		appendRecords(t, s, 57)
		replayAll(t, s, 0)
		s = reopen(t, s)
	}
	for after := engine.Position(0); after <= s.Last(); after += 19 {
		if n := replayAll(t, s, after); n != int(s.Last()-after) {
			t.Fatalf("replayed %d records after %d", n, after)
		}
	}
	if err := s.Replay(s.Last()+1, nil); !errors.Is(err, ErrJournalGap) {
		t.Fatalf("replay after the end: got %v", err)
	}
	if _, err := s.Append(make([]byte, JournalPayloadBytesMax+1), HashCheck{}); !errors.Is(err, ErrTooLarge) {
		t.Fatalf("too large a record: got %v", err)
	}
	mustClose(t, s)
	if _, err := s.Append(nil, HashCheck{}); !errors.Is(err, ErrClosed) {
		t.Fatalf("append after close: got %v", err)
	}
}

func TestLargestRecordsAreSynced(t *testing.T) {
	// Ensure that records which Pebble takes as tables of their own, up to the largest,
	// are there after the power failed at the moment of their Append; so are small ones
	// between them.
	c := NewCrashFS()
	s, err := Open(c, "db", Options{RulesVersion: testRules, Fatal: func(err error) { panic(err) }})
	must(t, err)
	payload := make([]byte, JournalPayloadBytesMax)
	sizes := []int{JournalPayloadBytesMax, 10, memTableBytes / 2, 1 << 20, JournalPayloadBytesMax}
	for k, size := range sizes {
		copy(payload, []byte{byte(k + 1), 2, 3})
		payload[size-1] = byte(k + 1)
		_, err := s.Append(payload[:size], HashCheck{})
		must(t, err)
		if k != 0 && k != len(sizes)-1 {
			continue // a clone is a copy of everything
		}
		clone, err := Open(c.CrashClone(0, uint64(k)), "db", Options{RulesVersion: testRules, Fatal: func(err error) { panic(err) }})
		must(t, err)
		n := 0
		must(t, clone.Replay(0, func(_ engine.Position, got []byte, _ HashCheck) error {
			if len(got) != sizes[n] || got[0] != byte(n+1) || got[len(got)-1] != byte(n+1) {
				t.Errorf("record %d: got %d bytes, first %d; want %d", n+1, len(got), got[0], sizes[n])
			}
			n++
			return nil
		}))
		if n != k+1 {
			t.Errorf("got %d records after the cut; want %d", n, k+1)
		}
		mustClose(t, clone)
	}
	if kept := s.journal.batch.Len(); kept > journalRetainedBytes {
		t.Errorf("the append buffer keeps %d bytes", kept)
	}
	mustClose(t, s)
}

func TestReplayStopsWithTheCallersError(t *testing.T) {
	// Ensure that an error of the callback ends a replay that is far ahead.
	s := mustOpen(t, vfs.NewMem())
	defer mustClose(t, s)
	big := make([]byte, 700_000)
	for range 40 {
		_, err := s.Append(big, HashCheck{})
		must(t, err)
	}
	want := errors.New("enough")
	n := 0
	err := s.Replay(0, func(engine.Position, []byte, HashCheck) error {
		if n++; n == 3 {
			return want
		}
		return nil
	})
	if !errors.Is(err, want) || n != 3 {
		t.Fatalf("got %v after %d records", err, n)
	}
}

func TestJournalSurvivesPowerLoss(t *testing.T) {
	// Ensure that after a power cut at any moment every acknowledged record is there, in
	// order and unaltered, and nothing that was never appended; also after cuts of what
	// came back from cuts.
	n := 25
	if testing.Short() {
		n = 5
	}
	seeds(t, n, func(t *testing.T, seed uint64) {
		rng := rand.New(rand.NewPCG(seed, 2))
		fs := NewCrashFS()
		for range 5 {
			s := mustOpen(t, fs)
			before := s.Last()
			var acked atomic.Uint64
			acked.Store(uint64(before))
			cut := before + engine.Position(1+rng.IntN(60))
			tried := make(chan engine.Position, 1)
			stop := make(chan struct{})
			reached := make(chan struct{})
			go func() {
				for {
					select {
					case <-stop:
						tried <- s.Last()
						return
					default:
					}
					next := s.Last() + 1
					pos, err := s.Append(record(next), checkOf(next))
					if err != nil {
						panic(err)
					}
					acked.Store(uint64(pos))
					if pos == cut {
						close(reached)
					}
				}
			}()
			<-reached
			sure := engine.Position(acked.Load())
			fs2 := fs.CrashClone(rng.IntN(101), rng.Uint64())
			close(stop)
			most := <-tried + 1
			mustClose(t, s)
			s = mustOpen(t, fs2)
			if s.Last() < sure || s.Last() > most {
				t.Fatalf("journal ends at %d; acknowledged %d, appended %d", s.Last(), sure, most)
			}
			replayAll(t, s, 0)
			mustClose(t, s)
			fs = fs2
		}
	})
}

// dying opens a store on fs whose Fatal records its errors and stops the goroutine.
func dying(t *testing.T, fs vfs.FS) (*Store, chan error) {
	t.Helper()
	died := make(chan error, 64)
	s, err := Open(fs, "db", Options{RulesVersion: testRules, memTable: 1 << 20, Fatal: func(err error) {
		died <- err
		select {} // as a process that has ended: nothing after it runs
	}})
	must(t, err)
	return s, died
}

func isLog(name string) bool { return len(name) > 4 && name[len(name)-4:] == ".log" }

var logFaults = []struct {
	name    string
	op      FSOp
	err     error
	size    int
	rotates bool
}{
	{"sync", OpSync, syscall.EIO, 100, false},
	{"write", OpWrite, syscall.EIO, 100, false},
	{"full disk", OpWrite, syscall.ENOSPC, 100_000, false},
	{"full disk at rotation", OpCreate, syscall.ENOSPC, 200_000, true},
	{"sync of a reused log", OpSync, syscall.EIO, 200_000, true},
}

func TestFailedLogIsFatal(t *testing.T) {
	// Ensure that a failing sync, write or creation of the log, also of a log file that
	// is reused, ends the process, and that no position is acknowledged after it, nor any
	// write tried again.
	for _, c := range logFaults {
		t.Run(c.name, func(t *testing.T) {
			crash := NewCrashFS()
			fs := NewFaultFS(crash)
			s, died := dying(t, fs)
			appendRecords(t, s, 5)
			if c.rotates && c.op == OpSync {
				fs.Fail(1, false, nil, func(op FSOp, _ string) bool { return op == OpReuse }) // counts
				for range 30 {                                                                // past several memtables, so that logs are reused
					_, err := s.Append(make([]byte, c.size), HashCheck{})
					must(t, err)
				}
			}
			if c.rotates && c.op == OpSync && fs.Fired() == 0 {
				t.Fatal("no log was reused")
			}
			sure := s.Last()
			fs.Fail(1, false, c.err, func(op FSOp, name string) bool {
				return (op == c.op || c.op == OpCreate && op == OpReuse) && isLog(name)
			})
			var acked atomic.Int64
			appending := func() {
				for range 40 {
					if _, err := s.Append(make([]byte, c.size), HashCheck{}); err != nil {
						panic(err)
					}
					acked.Add(1)
				}
				died <- nil
			}
			go appending()
			err := <-died
			if err == nil || !errors.Is(err, c.err) && !errors.Is(err, errEarlier) {
				t.Fatalf("got %v; want %v", err, c.err)
			}
			count := acked.Load()
			fired := fs.Fired()
			if fired == 0 {
				t.Fatal("the fault was not reached")
			}
			fs.Heal()
			go appending()
			if err := <-died; err == nil {
				t.Fatal("appended after a failed write")
			}
			if acked.Load() != count {
				t.Fatal("acknowledged after a failed write")
			}
			s2 := mustOpen(t, crash.CrashClone(0, 1))
			if s2.Last() < sure+engine.Position(count) {
				t.Fatalf("journal ends at %d; acknowledged %d", s2.Last(), sure+engine.Position(count))
			}
			mustClose(t, s2)
		})
	}
}

func TestDefaultFatal(t *testing.T) {
	// Ensure that without Options.Fatal a failed sync ends the process with status 1 and
	// a sentence.
	if os.Getenv("POOLWISE_TEST_FATAL") != "" {
		fs := NewFaultFS(vfs.NewMem())
		s, err := Open(fs, "db", Options{})
		must(t, err)
		fs.Fail(1, false, syscall.EIO, func(op FSOp, name string) bool { return op == OpSync })
		_, err = s.Append([]byte("x"), HashCheck{})
		t.Fatalf("went on with %v", err)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestDefaultFatal$")
	cmd.Env = append(os.Environ(), "POOLWISE_TEST_FATAL=1")
	out, err := cmd.CombinedOutput()
	want := "poolwise: FATAL: cannot write 000002.log: input/output error; the process ends"
	if cmd.ProcessState.ExitCode() != 1 || !strings.HasPrefix(string(out), want) {
		t.Fatalf("got %v, %s; want %s", err, out, want)
	}
}

func TestEveryFailingOperation(t *testing.T) {
	// Ensure that whichever write operation fails, n-th by n-th, a store stops without
	// having lost what it acknowledged, and opens again once the disk is well.
	writes := func(op FSOp, _ string) bool { return op != OpRead && op != OpOpen }
	for n := 1; ; n++ {
		crash := NewCrashFS()
		fs := NewFaultFS(crash)
		fs.Fail(n, true, syscall.EIO, writes)
		var acked atomic.Uint64
		done := make(chan struct{})
		var once sync.Once
		end := func() { once.Do(func() { close(done) }) }
		go func() {
			defer end()
			s, err := Open(fs, "db", Options{RulesVersion: testRules, memTable: 1 << 20, Fatal: func(error) { end(); select {} }})
			if err != nil {
				return
			}
			for pos := engine.Position(1); pos <= 3; pos++ {
				if _, err := s.Append(record(pos), checkOf(pos)); err != nil {
					return
				}
				acked.Store(uint64(pos))
				s.Feed().Append(pos, changesOf(pos, 10))
			}
			w, err := s.NewSnapshot(3)
			if err != nil {
				panic(err)
			}
			if err := w.Page(1, 2, []byte("page")); err != nil {
				panic(err)
			}
			if err := w.Commit([]byte("meta")); err != nil {
				panic(err)
			}
			_ = s.db.Flush()
			_ = s.Close()
		}()
		<-done
		clone := crash.CrashClone(50, uint64(n))
		s, err := Open(clone, "db", Options{RulesVersion: testRules})
		if err != nil {
			t.Fatalf("operation %d failed, and then: %v", n, err)
		}
		if uint64(s.Last()) < acked.Load() {
			t.Fatalf("operation %d: journal ends at %d; acknowledged %d", n, s.Last(), acked.Load())
		}
		replayAll(t, s, 0)
		mustClose(t, s)
		if fs.Fired() == 0 {
			t.Logf("%d operations failed in turn", n-1)
			return
		}
	}
}

// edit changes the stored value of a key, behind the store's back; nil deletes it.
func edit(t *testing.T, s *Store, key []byte, change func(v []byte) []byte) {
	t.Helper()
	v, err := getCopy(s.db, key)
	must(t, err)
	if v = change(v); v == nil {
		must(t, s.db.Delete(key, pebble.Sync))
		return
	}
	must(t, s.db.Set(key, v, pebble.Sync))
}

func TestReplayFindsDamage(t *testing.T) {
	// Ensure that a record altered, cut, moved, missing or made under other circumstances
	// stops the replay with its own error, after the records before it.
	flip := func(at int) func([]byte) []byte {
		return func(v []byte) []byte {
			v[(at+len(v))%len(v)] ^= 4
			return v
		}
	}
	cases := []struct {
		name   string
		want   error
		damage func(t *testing.T, s *Store)
	}{
		{"version", ErrFormat, func(t *testing.T, s *Store) { edit(t, s, journalKey(5), flip(0)) }},
		{"data key", ErrSeal, func(t *testing.T, s *Store) { edit(t, s, journalKey(5), flip(2)) }},
		{"nonce", ErrSeal, func(t *testing.T, s *Store) { edit(t, s, journalKey(5), flip(12)) }},
		{"rules version", ErrSeal, func(t *testing.T, s *Store) { edit(t, s, journalKey(5), flip(14)) }},
		{"chain", ErrSeal, func(t *testing.T, s *Store) { edit(t, s, journalKey(5), flip(17)) }},
		{"payload", ErrSeal, func(t *testing.T, s *Store) { edit(t, s, journalKey(5), flip(50)) }},
		{"tag", ErrSeal, func(t *testing.T, s *Store) { edit(t, s, journalKey(5), flip(-1)) }},
		{"cut", ErrSeal, func(t *testing.T, s *Store) {
			edit(t, s, journalKey(5), func(v []byte) []byte { return v[:len(v)-1] })
		}},
		{"cut to the bone", ErrFormat, func(t *testing.T, s *Store) {
			edit(t, s, journalKey(5), func(v []byte) []byte { return v[:20] })
		}},
		{"swapped", ErrSeal, func(t *testing.T, s *Store) {
			v5, err := getCopy(s.db, journalKey(5))
			must(t, err)
			v6, err := getCopy(s.db, journalKey(6))
			must(t, err)
			edit(t, s, journalKey(5), func([]byte) []byte { return v6 })
			edit(t, s, journalKey(6), func([]byte) []byte { return v5 })
		}},
		{"missing", ErrJournalGap, func(t *testing.T, s *Store) {
			edit(t, s, journalKey(5), func([]byte) []byte { return nil })
		}},
		{"rewritten", ErrChain, func(t *testing.T, s *Store) { forge(t, s, 5, testRules, [tagBytes]byte{1}) }},
		{"other rules", ErrRulesVersion, func(t *testing.T, s *Store) { forge(t, s, 5, testRules+1, tagOf(t, s, 4)) }},
	}
	for _, c := range cases {
		for _, restart := range []bool{false, true} {
			t.Run(fmt.Sprint(c.name, "/", restart), func(t *testing.T) {
				s := mustOpen(t, vfs.NewMem())
				appendRecords(t, s, 9)
				c.damage(t, s)
				if restart {
					s = reopen(t, s)
				}
				seen := engine.Position(0)
				err := s.Replay(0, func(pos engine.Position, _ []byte, _ HashCheck) error { seen = pos; return nil })
				if !errors.Is(err, c.want) || seen != 4 {
					t.Fatalf("got %v after %d; want %v after 4", err, seen, c.want)
				}
				t.Log(err)
				mustClose(t, s)
			})
		}
	}
}

func tagOf(t *testing.T, s *Store, pos engine.Position) [tagBytes]byte {
	v, err := getCopy(s.db, journalKey(pos))
	must(t, err)
	return [tagBytes]byte(v[len(v)-tagBytes:])
}

// forge seals another record at a position, as an older run of the same store could.
func forge(t *testing.T, s *Store, pos engine.Position, rules uint16, previous [tagBytes]byte) {
	var sc sealScratch
	v := make([]byte, sealedBytes(journalClearBytes, 3))
	putJournalClear(v, rules, &previous, HashCheck{})
	s.seal.seal(v, journalKey(pos), journalClearBytes, []byte("abc"), &sc)
	must(t, s.db.Set(journalKey(pos), v, pebble.Sync))
}

func TestLostRecordBeforeTheTail(t *testing.T) {
	// Ensure that a replay from a position whose own record is gone is refused, and that
	// a damaged end is refused at Open.
	s := mustOpen(t, vfs.NewMem())
	appendRecords(t, s, 9)
	edit(t, s, journalKey(4), func([]byte) []byte { return nil })
	if err := s.Replay(4, nil); !errors.Is(err, ErrJournalGap) {
		t.Fatalf("got %v", err)
	}
	edit(t, s, journalKey(9), func(v []byte) []byte { return v[:len(v)-3] })
	mustClose(t, s)
	if _, err := Open(s.fs, "db", Options{RulesVersion: testRules}); !errors.Is(err, ErrSeal) {
		t.Fatalf("got %v", err)
	}
}

func TestAppendDoesNotAllocate(t *testing.T) {
	// Ensure that a steady journal allocates nothing of its own.
	s, err := Open(vfs.Default, t.TempDir()+"/db", Options{})
	must(t, err)
	defer mustClose(t, s)
	payload := make([]byte, 64<<10)
	allocs := testing.AllocsPerRun(100, func() {
		if _, err := s.Append(payload, HashCheck{}); err != nil {
			t.Fatal(err)
		}
	})
	if allocs > 3 {
		t.Fatalf("%v allocations an append; Pebble itself makes up to 3", allocs)
	}
	t.Logf("%v allocations an append", allocs)
}
