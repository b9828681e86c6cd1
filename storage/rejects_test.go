package storage

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// rejectsOf is a list of rejects by their keys; the record of each follows from its key.
func rejectsOf(class string, keys ...string) (list []Reject) {
	for _, k := range keys {
		list = append(list, Reject{Class: class, Key: []byte(k), Record: recordOf(k)})
	}
	return list
}

func recordOf(key string) []byte { return []byte("what was refused: " + key) }

type listed struct {
	times  uint32
	record string
}

// listAll lists in pages of some.
func listAll(t testing.TB, r *Rejects, page int) map[uint64]listed {
	t.Helper()
	got := map[uint64]listed{}
	for after := uint64(0); ; {
		n, before := 0, after
		last, more, err := r.List(after, page, func(number uint64, times uint32, record []byte) bool {
			if number <= after {
				t.Fatalf("got number %d after %d", number, after)
			}
			after, n = number, n+1
			got[number] = listed{times, string(record)}
			return true
		})
		must(t, err)
		if last != after || n > page || more && n < page || n == 0 && last != before {
			t.Fatalf("got %d of %d, last %d, more %v", n, page, last, more)
		}
		if !more {
			return got
		}
	}
}

// numbersOf is the number of each record.
func numbersOf(t testing.TB, r *Rejects) map[string]uint64 {
	t.Helper()
	got := map[string]uint64{}
	for number, l := range listAll(t, r, 1000) {
		if got[l.record] != 0 {
			t.Fatalf("%s is there twice", l.record)
		}
		got[l.record] = number
	}
	return got
}

// rejectModel is rejects as a map would keep them.
type rejectModel map[uint64]rejectModeled

type rejectModeled struct {
	listed
	key string
}

func (m rejectModel) add(credential, k string, last uint64) uint64 {
	key := credential + "/" + k
	for n, w := range m {
		if w.key == key {
			w.times++
			m[n] = w
			return last
		}
	}
	m[last+1] = rejectModeled{listed{1, string(recordOf(k))}, key}
	return last + 1
}

func TestRejectsEqualModel(t *testing.T) {
	// Ensure that any order of adding, adding again, replacing, removing and reopening leaves
	// what a map would, that numbers only rise and that none comes twice.
	seeds(t, 15, func(t *testing.T, seed uint64) {
		rng := rand.New(rand.NewPCG(seed, 11))
		s := mustOpen(t, vfs.NewMem())
		want, last := rejectModel{}, uint64(0)
		for range 400 {
			switch rng.IntN(10) {
			default:
				credential := []string{"", "station 7", "x"}[rng.IntN(3)]
				var list []Reject
				for range 1 + rng.IntN(6) {
					k := fmt.Sprint("k", rng.IntN(60))
					list = append(list, rejectsOf([]string{"R1", "R2"}[rng.IntN(2)], k)...)
					last = want.add(credential, k, last)
				}
				must(t, s.Rejects().Add(credential, list))
			case 6, 7:
				var numbers []uint64
				removed := 0
				for range 1 + rng.IntN(8) {
					n := rng.Uint64N(last + 3)
					numbers = append(numbers, n)
					if _, ok := want[n]; ok {
						removed++
						delete(want, n)
					}
				}
				got, err := s.Rejects().Remove(numbers)
				must(t, err)
				if got != removed {
					t.Fatalf("removed %d; want %d", got, removed)
				}
			case 8:
				n := rng.Uint64N(last + 2)
				text := fmt.Sprint("said anew ", rng.IntN(1000))
				must(t, s.Rejects().Replace([]uint64{n, n}, []Reject{{Key: []byte(text), Record: []byte(text)}, {Key: []byte("y"), Record: []byte("y")}}))
				if w, ok := want[n]; ok {
					want[n] = rejectModeled{listed{w.times, text}, "\x00" + text}
				}
			case 9:
				s = reopen(t, s)
			}
			got := listAll(t, s.Rejects(), 1+rng.IntN(50))
			plain := map[uint64]listed{}
			for n, w := range want {
				plain[n] = w.listed
			}
			if !maps.Equal(got, plain) {
				t.Fatalf("got %v; want %v", got, plain)
			}
			if kept, size, dropped := s.Rejects().Counts(); kept != len(want) || (size > 0) != (kept > 0) || dropped != 0 {
				t.Fatalf("counts: got %d, %d, %d; want %d", kept, size, dropped, len(want))
			}
		}
		before, size, _ := s.Rejects().Counts()
		s = reopen(t, s)
		if after, sizeAfter, _ := s.Rejects().Counts(); after != before || sizeAfter != size {
			t.Fatalf("counts after a restart: got %d, %d; want %d, %d", after, sizeAfter, before, size)
		}
		mustClose(t, s)
	})
}

func TestRejectNumbersOnlyRise(t *testing.T) {
	// Ensure that a number is not given again, also when its record was removed and the store
	// opened anew, nor one whose record found no room.
	s := mustOpen(t, vfs.NewMem())
	must(t, s.Rejects().Add("", rejectsOf("R1", "a", "b", "c")))
	if n, err := s.Rejects().Remove([]uint64{1, 2, 3, 3, 9}); n != 3 || err != nil {
		t.Fatalf("removed %d, %v; want 3", n, err)
	}
	s = reopen(t, s)
	must(t, s.Rejects().Add("", rejectsOf("R1", "d")))
	if got := listAll(t, s.Rejects(), 10); len(got) != 1 || got[4].record != string(recordOf("d")) {
		t.Fatalf("got %v; want d at 4", got)
	}
	mustClose(t, s)
}

func TestRejectsRoom(t *testing.T) {
	// Ensure that a credential has 100 MiB, past which rejects are counted only, and repeats
	// still to their records; that removing makes room, also for a store opened anew; and that
	// another credential has its own.
	s := mustOpen(t, vfs.NewMem())
	add := func(credential string, from, to int) {
		t.Helper()
		for i := from; i < to; i++ {
			record := bytes.Repeat([]byte{byte(i)}, rejectRecordBytesMax)
			must(t, s.Rejects().Add(credential, []Reject{{Class: "R1", Key: fmt.Append(nil, i), Record: record}}))
		}
	}
	want := func(kept int, dropped uint64) {
		t.Helper()
		if k, bytes, d := s.Rejects().Counts(); k != kept || d != dropped || bytes > 2*rejectBytesMax {
			t.Fatalf("got %d kept, %d bytes, %d dropped; want %d, %d", k, bytes, d, kept, dropped)
		}
	}
	fit := rejectBytesMax / int(rejectSize(rejectCredentialBytes+classSealedBytes+16+rejectRecordBytesMax))
	add("", 0, 900)
	want(fit, uint64(900-fit))
	add("", 0, 10)
	want(fit, uint64(900-fit))
	if got := listAll(t, s.Rejects(), 100)[1].times; got != 2 {
		t.Fatalf("got %d times; want 2", got)
	}
	add("another", 0, 10)
	want(fit+10, uint64(900-fit))
	s = reopen(t, s)
	want(fit+10, 0)
	add("", 900, 901)
	want(fit+10, 1)
	if n, err := s.Rejects().Remove([]uint64{5, 6}); n != 2 || err != nil {
		t.Fatal(n, err)
	}
	add("", 901, 904)
	want(fit+10, 2)
	if err := s.Rejects().Add("", []Reject{{Class: "R1", Record: make([]byte, rejectRecordBytesMax+1)}}); !errors.Is(err, ErrTooLarge) {
		t.Fatalf("got %v; want %v", err, ErrTooLarge)
	}
	mustClose(t, s)
}

func TestRejectsDamage(t *testing.T) {
	// Ensure that a record or a count that was altered, cut, moved or is of no form stops the
	// start and a list with its own error, before anybody sees it.
	for _, c := range []struct {
		name   string
		want   error
		damage func(t *testing.T, s *Store)
	}{
		{"record", ErrSeal, func(t *testing.T, s *Store) { edit(t, s, rejectKey(2), flipped(-1)) }},
		{"credential", ErrSeal, func(t *testing.T, s *Store) { edit(t, s, rejectKey(2), flipped(3)) }},
		{"class", ErrSeal, func(t *testing.T, s *Store) { edit(t, s, rejectKey(2), flipped(4)) }},
		{"cut", ErrSeal, func(t *testing.T, s *Store) {
			edit(t, s, rejectKey(2), func(v []byte) []byte { return v[:len(v)-1] })
		}},
		{"cut to the bone", ErrFormat, func(t *testing.T, s *Store) { edit(t, s, rejectKey(2), func(v []byte) []byte { return v[:9] }) }},
		{"cut to nothing", ErrFormat, func(t *testing.T, s *Store) { edit(t, s, rejectKey(2), func(v []byte) []byte { return v[:0] }) }},
		{"moved", ErrSeal, func(t *testing.T, s *Store) {
			v, err := getCopy(s.db, rejectKey(3))
			must(t, err)
			edit(t, s, rejectKey(2), func([]byte) []byte { return v })
		}},
		{"count", ErrSeal, func(t *testing.T, s *Store) { edit(t, s, rejectCountKey(2), flipped(15)) }},
		{"count without a record", ErrFormat, func(t *testing.T, s *Store) {
			edit(t, s, rejectKey(2), func([]byte) []byte { return nil })
		}},
	} {
		for _, restart := range []bool{false, true} {
			t.Run(fmt.Sprint(c.name, "/", restart), func(t *testing.T) {
				s := mustOpen(t, vfs.NewMem())
				must(t, s.Rejects().Add("", rejectsOf("R1", "a", "b", "c", "b")))
				c.damage(t, s)
				var err error
				seen := 0
				if restart {
					mustClose(t, s)
					_, err = Open(s.fs, "db", Options{RulesVersion: testRules, Fatal: func(err error) { panic(err) }})
				} else {
					_, _, err = s.Rejects().List(0, 10, func(uint64, uint32, []byte) bool { seen++; return true })
					mustClose(t, s)
				}
				if !errors.Is(err, c.want) || seen > 1 {
					t.Fatalf("got %v after %d; want %v", err, seen, c.want)
				}
				t.Log(err)
			})
		}
	}
	for _, c := range []struct {
		name string
		key  []byte
		edit func([]byte) []byte
	}{
		{"no highest number", keyRejectHead, func([]byte) []byte { return nil }},
		{"no credential", credentialKey(1), func([]byte) []byte { return nil }},
	} {
		s := mustOpen(t, vfs.NewMem())
		must(t, s.Rejects().Add("someone", rejectsOf("R1", "a")))
		edit(t, s, c.key, c.edit)
		mustClose(t, s)
		if _, err := Open(s.fs, "db", Options{RulesVersion: testRules, Fatal: func(err error) { panic(err) }}); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: got %v; want %v", c.name, err, ErrFormat)
		}
	}
}

func flipped(at int) func([]byte) []byte {
	return func(v []byte) []byte {
		v[(at+len(v))%len(v)] ^= 4
		return v
	}
}

// loseKey makes the class of a name erased, as the destruction of its key does.
func loseKey(s *Store, name string) (number uint32) {
	all := slices.Clone(s.classes.table.Load().all)
	for i, c := range all {
		if c.name == name {
			gone := *c
			gone.erased, gone.aead = time.Unix(1e9, 0), nil
			all[i], number = &gone, c.number
		}
	}
	s.classes.publish(all)
	return number
}

func TestEraseRejects(t *testing.T) {
	// Ensure that with a class its rejects are gone, with their room and their keys, whether
	// the class's key is destroyed before or after, and that those of others stay; that a list
	// passes over what cannot be opened any more, and opening removes it.
	for _, keyFirst := range []bool{true, false} {
		s := mustOpen(t, vfs.NewMem())
		var old []string
		for i := range 500 {
			old = append(old, fmt.Sprint("old", i))
		}
		must(t, s.Rejects().Add("", rejectsOf("R1", old...)))
		must(t, s.Rejects().Add("", rejectsOf("R1", old[:100]...)))
		must(t, s.Rejects().Add("", rejectsOf("R2", "new")))
		number := uint32(1)
		if keyFirst {
			number = loseKey(s, "R1")
			if got := listAll(t, s.Rejects(), 10); len(got) != 1 || got[501].record != string(recordOf("new")) {
				t.Fatalf("got %d; want just the new one", len(got))
			}
			if n, err := s.Rejects().Remove([]uint64{3}); n != 0 || err != nil {
				t.Fatal(n, err)
			}
		}
		n, err := s.eraseRejects(number)
		must(t, err)
		if n != 500 || countKeys(t, s, prefixReject) != 1 {
			t.Fatalf("erased %d, left %d; want 500, 1", n, countKeys(t, s, prefixReject))
		}
		kept, size, _ := s.Rejects().Counts()
		if kept != 1 || size != int64(rejectSize(rejectCredentialBytes+classSealedBytes+16+len(recordOf("new")))) || len(s.Rejects().index) != 1 {
			t.Fatalf("got %d, %d bytes, %d in the index", kept, size, len(s.Rejects().index))
		}
		if n, err := s.eraseRejects(number); n != 0 || err != nil {
			t.Fatal(n, err)
		}
		must(t, s.Rejects().Add("", rejectsOf("R2", old[0])))
		if got := numbersOf(t, s.Rejects()); got[string(recordOf(old[0]))] != 502 {
			t.Fatalf("got %v; want it at 502", got)
		}
		mustClose(t, s)
	}
	s := mustOpen(t, vfs.NewMem())
	must(t, s.Rejects().Add("", rejectsOf("R1", "a", "b", "a")))
	must(t, s.Rejects().Add("", rejectsOf("R2", "c")))
	loseKey(s, "R1")
	must(t, s.openRejects()) // as Open does
	if kept, _, _ := s.Rejects().Counts(); kept != 1 || countKeys(t, s, prefixReject) != 1 {
		t.Fatalf("got %d kept, %d keys; want one", kept, countKeys(t, s, prefixReject))
	}
	mustClose(t, s)
}

func TestRejectsAtOnce(t *testing.T) {
	// Ensure that callers at once, adding the same and other rejects while others list and
	// remove, lose none and keep each once.
	s := mustOpen(t, vfs.NewMem())
	r := s.Rejects()
	var callers sync.WaitGroup
	for c := range 8 {
		callers.Go(func() {
			for i := range 60 {
				if err := r.Add("", rejectsOf("R1", fmt.Sprint("shared", i), fmt.Sprint(c, "own", i))); err != nil {
					panic(err)
				}
				if c == 0 {
					var some []uint64
					_, _, err := r.List(0, 20, func(n uint64, _ uint32, record []byte) bool {
						if bytes.HasPrefix(record, recordOf("0own")) {
							some = append(some, n)
						}
						return true
					})
					if err != nil {
						panic(err)
					}
					if n, err := r.Remove(some); n != len(some) || err != nil {
						panic(fmt.Sprint(n, err))
					}
				}
			}
		})
	}
	callers.Wait()
	counts := map[string]uint32{}
	for _, l := range listAll(t, r, 100) {
		counts[l.record] += l.times
	}
	for i := range 60 {
		if got := counts[string(recordOf(fmt.Sprint("shared", i)))]; got != 8 {
			t.Fatalf("shared %d: got %d; want 8", i, got)
		}
		for c := 1; c < 8; c++ {
			if got := counts[string(recordOf(fmt.Sprint(c, "own", i)))]; got != 1 {
				t.Fatalf("%d own %d: got %d; want 1", c, i, got)
			}
		}
	}
	mustClose(t, s)
}
