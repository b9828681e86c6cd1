package storage

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"sync"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// rejectLog is what callers were told, for a look at what a crash left.
type rejectLog struct {
	mu      sync.Mutex
	tried   map[string]bool
	kept    map[string]int // times that Add returned
	removed map[string]bool
}

func (l *rejectLog) copy() *rejectLog {
	l.mu.Lock()
	defer l.mu.Unlock()
	return &rejectLog{tried: maps.Clone(l.tried), kept: maps.Clone(l.kept), removed: maps.Clone(l.removed)}
}

func TestRejectsSurvivePowerLoss(t *testing.T) {
	// Ensure that after a power cut at any moment every reject that a caller was told of is
	// there with its count, everything whose removal was confirmed is gone, and nothing is
	// there that nobody sent; with callers at once, also after cuts of what came back.
	n := 12
	if testing.Short() {
		n = 4
	}
	seeds(t, n, func(t *testing.T, seed uint64) {
		rng := rand.New(rand.NewPCG(seed, 3))
		fs := NewCrashFS()
		log := &rejectLog{tried: map[string]bool{}, kept: map[string]int{}, removed: map[string]bool{}}
		highest := uint64(0)
		for round := range 4 {
			s := mustOpen(t, fs)
			if s.Rejects().last < highest {
				t.Fatalf("numbers begin after %d; %d was given out", s.Rejects().last, highest)
			}
			stop, reached := make(chan struct{}), make(chan struct{})
			var callers sync.WaitGroup
			var once sync.Once
			cut, steps := 20+rng.IntN(200), 0
			for c := range 4 {
				crng := rand.New(rand.NewPCG(seed, uint64(round*10+c)))
				callers.Go(func() {
					for i := 0; ; i++ {
						select {
						case <-stop:
							return
						default:
						}
						rejectStep(s.Rejects(), log, crng, fmt.Sprintf("%d/%d/%d", round, c, i))
						log.mu.Lock()
						if steps++; steps >= cut {
							once.Do(func() { close(reached) })
						}
						log.mu.Unlock()
					}
				})
			}
			<-reached
			sure := log.copy()
			highest = 0
			for number := range listAll(t, s.Rejects(), 1000) {
				highest = max(highest, number) // shown, so never to be given to another
			}
			fs2 := fs.CrashClone(rng.IntN(101), rng.Uint64())
			close(stop)
			callers.Wait()
			most := log.copy()
			mustClose(t, s)
			s = mustOpen(t, fs2)
			checkRejects(t, s.Rejects(), sure, most, log)
			mustClose(t, s)
			fs = fs2
		}
	})
}

// checkRejects holds what a cut left to what callers knew then and a little later, and makes
// the log say what is there.
func checkRejects(t *testing.T, r *Rejects, sure, most, log *rejectLog) {
	t.Helper()
	got := map[string]uint32{}
	for _, l := range listAll(t, r, 1000) {
		key := l.record[len(recordOf("")):]
		got[key] = l.times
		if !most.tried[key] {
			t.Fatalf("%s is there, and was never sent", key)
		}
		if sure.removed[key] {
			t.Fatalf("%s is there, and was removed", key)
		}
	}
	for key, times := range sure.kept {
		if int(got[key]) < times && !most.removed[key] {
			t.Fatalf("%s: came %d times; confirmed %d", key, got[key], times)
		}
	}
	for key := range most.kept { // what the crash took back was confirmed after it
		if _, ok := got[key]; !ok {
			delete(log.kept, key)
		} else {
			log.kept[key] = int(got[key])
		}
	}
	log.removed = map[string]bool{}
}

// rejectStep adds one or some, some of them twice, and removes one in a while.
func rejectStep(r *Rejects, log *rejectLog, rng *rand.Rand, name string) {
	keys := []string{name}
	for i := range rng.IntN(4) {
		keys = append(keys, fmt.Sprint(name, "+", i))
	}
	log.mu.Lock()
	for _, k := range keys {
		log.tried[k] = true
	}
	log.mu.Unlock()
	for range 1 + rng.IntN(2) {
		if err := r.Add("", rejectsOf("R1", keys...)); err != nil {
			panic(err)
		}
		log.mu.Lock()
		for _, k := range keys {
			log.kept[k]++
		}
		log.mu.Unlock()
	}
	if rng.IntN(3) > 0 {
		return
	}
	var number uint64
	_, _, err := r.List(0, 1<<20, func(n uint64, _ uint32, record []byte) bool {
		if bytes.Equal(record, recordOf(keys[0])) {
			number = n
		}
		return number == 0
	})
	if err != nil {
		panic(err)
	}
	log.mu.Lock()
	delete(log.kept, keys[0]) // from here on it may be there or not
	log.mu.Unlock()
	if n, err := r.Remove([]uint64{number}); n != 1 || err != nil {
		panic(fmt.Sprint("removed ", n, err))
	}
	log.mu.Lock()
	log.removed[keys[0]] = true
	log.mu.Unlock()
}

func TestRejectsCutAtEveryWrite(t *testing.T) {
	// Ensure that a power cut at operations on the disk, every one first and then further
	// apart, leaves of one list of two commits a beginning, and numbers without a second meaning.
	big := bytes.Repeat([]byte{'x'}, rejectRecordBytesMax-10)
	var list []Reject
	for i := range 40 {
		list = append(list, Reject{Class: "R1", Key: fmt.Append(nil, i), Record: fmt.Append(nil, i, "|", string(big))[:rejectRecordBytesMax-10]})
	}
	for n, done := 1, false; !done; n += 1 + n/2 {
		c := newCutter(n)
		s := mustOpen(t, c.fs())
		must(t, s.Rejects().Add("", rejectsOf("R1", "first")))
		c.arm()
		must(t, s.Rejects().Add("", list))
		cut := c.taken()
		done = cut == nil
		mustClose(t, s)
		if done {
			break
		}
		s = mustOpen(t, cut)
		got := listAll(t, s.Rejects(), 30)
		for i := range uint64(len(got)) {
			want := string(recordOf("first"))
			if i > 0 {
				want = string(list[i-1].Record)
			}
			if got[i+1].record != want {
				t.Fatalf("cut %d: record %d of %d is another", n, i+1, len(got))
			}
		}
		if len(got) == 0 {
			t.Fatalf("cut %d: the first is lost", n)
		}
		must(t, s.Rejects().Add("", list))
		if kept, _, _ := s.Rejects().Counts(); kept != len(list)+1 {
			t.Fatalf("cut %d: sent again, got %d; want %d", n, kept, len(list)+1)
		}
		mustClose(t, s)
	}
}

func TestRejectsHideWhatIsNotDurable(t *testing.T) {
	// Ensure that no list shows a record before its commit is synced: a crash could take it
	// back, and its number would be another's.
	fs := NewFaultFS(vfs.NewMem())
	s := mustOpen(t, fs)
	must(t, s.Rejects().Add("", rejectsOf("R1", "a")))
	b := s.db.NewBatch()
	s.rejects.mu.Lock()
	last, err := s.rejects.fill(b, "", rejectsOf("R1", "b"))
	must(t, err)
	s.rejects.apply(b)
	s.rejects.mu.Unlock()
	if got := listAll(t, s.Rejects(), 10); len(got) != 1 {
		t.Fatalf("got %v; want one", got)
	}
	if n, err := s.Rejects().Remove([]uint64{2}); n != 0 || err != nil {
		t.Fatalf("removed %d, %v; want none", n, err)
	}
	s.rejects.settle(b, last)
	must(t, b.Close())
	if got := listAll(t, s.Rejects(), 10); len(got) != 2 {
		t.Fatalf("got %v; want two", got)
	}
	mustClose(t, s)
}

func TestFailedRejectIsFatal(t *testing.T) {
	// Ensure that a failing sync or write of the log ends the process before Add, Replace or
	// Remove returns.
	for _, op := range []FSOp{OpSync, OpWrite} {
		for name, call := range map[string]func(r *Rejects) error{
			"add":     func(r *Rejects) error { return r.Add("", rejectsOf("R1", "b")) },
			"count":   func(r *Rejects) error { return r.Add("", rejectsOf("R1", "a")) },
			"remove":  func(r *Rejects) error { _, err := r.Remove([]uint64{1}); return err },
			"replace": func(r *Rejects) error { return r.Replace([]uint64{1}, rejectsOf("", "c")) },
		} {
			fs := NewFaultFS(NewCrashFS())
			s, died := dying(t, fs)
			must(t, s.Rejects().Add("", rejectsOf("R1", "a")))
			fs.Fail(1, false, syscall.EIO, func(o FSOp, name string) bool { return o == op && isLog(name) })
			go func() {
				_ = call(s.Rejects())
				died <- nil
			}()
			if err := <-died; !errors.Is(err, syscall.EIO) {
				t.Errorf("%s, %v: got %v; want %v", name, op, err, syscall.EIO)
			}
		}
	}
}
