package storage

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"poolwise/engine"
)

func nameOf(v string) map[engine.Field]string { return map[engine.Field]string{engine.FieldName: v} }

// storeToErase has people 1 to 100 under R1 and 51 to 150 under R2, later; and a reject of
// each.
func storeToErase(t testing.TB, fs vfs.FS) *Store {
	t.Helper()
	s := mustOpen(t, fs)
	for _, r := range []struct {
		class    string
		from, to int
	}{{"R1", 1, 100}, {"R2", 51, 150}} {
		for from := r.from; from <= r.to; from += 25 {
			var rows []said
			for i := from; i < from+25 && i <= r.to; i++ {
				rows = append(rows, said{engine.PersonOrdinal(i), r.class, nameOf(fmt.Sprint("测试", i))})
			}
			journalBatch(t, s, batchOf(t, s, rows))
		}
		must(t, s.Rejects().Add("", []Reject{{Class: r.class, Key: []byte(r.class), Record: []byte("测试甲")}}))
	}
	return s
}

func rejectsKept(t testing.TB, s *Store) (n int) {
	t.Helper()
	_, _, err := s.Rejects().List(0, 100, func(uint64, uint32, []byte) bool {
		n++
		return true
	})
	must(t, err)
	return n
}

func TestEraseRound(t *testing.T) {
	// Ensure that an erasure makes unreadable what came in under its round and nothing else;
	// that it is counted, proved, and can be done again; and that the same round begun anew
	// gets another key.
	s := storeToErase(t, vfs.NewMem())
	var old [][]byte
	must(t, s.Replay(0, func(_ engine.Position, payload []byte, _ HashCheck) error {
		var b engine.Batch
		_, err := engine.DecodeBatch(payload, &b)
		old = append(old, append([]byte(nil), b.Private...))
		return err
	}))
	r, err := s.EraseRound("R1")
	must(t, err)
	if len(r.Classes) != 1 || r.Classes[0].Number != 1 || r.Classes[0].Erased.Before(r.Classes[0].Created) || r.Profiles != 50 || r.Rejects != 1 {
		t.Fatalf("got %+v", r)
	}
	if r.Journal.Positions != 4 || r.Journal.Pieces != 4 || r.Journal.Bytes < 4*25*10 {
		t.Fatalf("got %+v", r.Journal)
	}
	check := func() {
		t.Helper()
		got := profilesOf(t, s, everybody(150))
		if len(got) != 100 || got[50] != nil || got[51] == nil || s.Profiles().Stats().Kept != 100 || rejectsKept(t, s) != 1 {
			t.Fatalf("got %d profiles, %d rejects", len(got), rejectsKept(t, s))
		}
		for i, private := range old {
			_, err := s.openClass(nil, batchAAD, private[2:]) // a length of two bytes
			if want := map[bool]error{true: ErrErased}[i < 4]; !errors.Is(err, want) {
				t.Fatalf("batch %d: got %v; want %v", i, err, want)
			}
		}
	}
	check()
	s = reopen(t, s)
	check()
	must(t, s.CheckErased(r))
	replayProfiles(t, s, 0) // the journal's own pieces are noise
	check()
	again, err := s.EraseRound("R1")
	must(t, err)
	if again.Profiles+again.Rejects != 0 || !reflect.DeepEqual(again.Classes, r.Classes) || again.Journal != r.Journal {
		t.Fatalf("again: got %+v; want %+v", again, r)
	}

	journalBatch(t, s, batchOf(t, s, []said{{1, "R1", nameOf("测试己")}}))
	if got := profilesOf(t, s, []engine.PersonOrdinal{1}); got[1][engine.FieldName] != "测试己" {
		t.Fatalf("after the erasure: got %v", got)
	}
	if n := s.classes.table.Load().live["R1"].number; n != 3 {
		t.Fatalf("got class %d; want a new one, 3", n)
	}
	must(t, s.CheckErased(r)) // what came in after it is not its matter
	r, err = s.EraseRound("R1")
	must(t, err)
	if len(r.Classes) != 2 || r.Profiles != 1 || r.Journal.Pieces != 5 {
		t.Fatalf("both: got %+v", r)
	}
	none, err := s.EraseRound("R7")
	must(t, err)
	if !reflect.DeepEqual(none, EraseReport{Round: "R7"}) {
		t.Fatalf("a round that never was: got %+v", none)
	}
	if _, err := s.EraseRound("R 7"); !errors.Is(err, ErrClassName) {
		t.Fatalf("got %v", err)
	}
	mustClose(t, s)
}

func TestErasedBytesGo(t *testing.T) {
	// Ensure that an erasure leaves not even the sealed bytes of profiles and rejects in the
	// directory, once the store was opened again.
	dir := filepath.Join(t.TempDir(), "store")
	s := mustOpenDir(t, vfs.Default, dir)
	journalBatch(t, s, batchOf(t, s, []said{{1, "R1", nameOf("测试甲")}, {2, "R2", nameOf("测试乙")}}))
	must(t, s.Rejects().Add("", []Reject{{Class: "R1", Key: []byte("k"), Record: []byte("测试甲")}}))
	must(t, s.Profiles().flush())
	must(t, s.db.Flush())
	forms := map[string][]byte{}
	for _, key := range [][]byte{profileKey(0), rejectKey(1)} {
		v, err := getCopy(s.db, key)
		must(t, err)
		at := bytes.Index(v, []byte{1, 0, 0, 0}) // class 1, nonce
		forms[fmt.Sprintf("%x", key)] = v[at : at+classHeadBytes]
	}
	if n := len(search(t, forms, dir)); n < 2 {
		t.Fatalf("found %d of 2 before the erasure", n)
	}
	_, err := s.EraseRound("R1")
	must(t, err)
	mustClose(t, s)
	for _, line := range search(t, forms, dir) {
		if strings.Contains(line, ".sst") { // logs that Pebble keeps to use again go with the next Open
			t.Error(line)
		}
	}
	mustClose(t, mustOpenDir(t, vfs.Default, dir))
	for _, line := range search(t, forms, dir) {
		t.Error(line)
	}
}

func TestCheckErasedFindsWhatIsLeft(t *testing.T) {
	// Ensure that the proof of an erasure fails where one is not whole.
	s := storeToErase(t, vfs.NewMem())
	block, err := getCopy(s.db, profileKey(0))
	if err != nil {
		must(t, s.Profiles().flush())
		block, err = getCopy(s.db, profileKey(0))
	}
	must(t, err)
	r, err := s.EraseRound("R1")
	must(t, err)
	must(t, s.CheckErased(r))
	for what, spoil := range map[string]func(r EraseReport) EraseReport{
		"a live class":        func(r EraseReport) EraseReport { r.Round, r.Classes = "R2", []ErasedClass{{Number: 2}}; return r },
		"another's class":     func(r EraseReport) EraseReport { r.Round = "R9"; return r },
		"no such class":       func(r EraseReport) EraseReport { r.Classes = []ErasedClass{{Number: 9}}; return r },
		"a piece unaccounted": func(r EraseReport) EraseReport { r.Journal.Pieces++; return r },
		"a block come back": func(r EraseReport) EraseReport {
			must(t, s.db.Set(profileKey(0), block, pebble.Sync))
			return r
		},
	} {
		if err := s.CheckErased(spoil(r)); err == nil {
			t.Errorf("%s: proved", what)
		}
	}
	must(t, s.Close())
}

func TestErasePowerLoss(t *testing.T) {
	// Ensure that a power cut at any write operation of an erasure leaves the round whole or
	// its key destroyed; that then the next Open deletes the rest, and that a second run ends
	// as an undisturbed one does.
	whole, gone := 0, 0
	for n := 1; ; n++ {
		c := newCutter(n)
		s := storeToErase(t, c.fs())
		commit(t, writeSnapshot(t, s, s.Last(), 2))
		c.arm()
		want, err := s.EraseRound("R1")
		must(t, err)
		mustClose(t, s)
		clone := c.taken()
		if clone == nil {
			t.Logf("%d cuts, %d before the key was gone", n-1, whole)
			if whole == 0 || gone == 0 {
				t.Fatalf("got %d cuts before and %d after; want both", whole, gone)
			}
			return
		}
		s = mustOpen(t, clone)
		got := profilesOf(t, s, everybody(150))
		live := s.classes.table.Load().live["R1"] != nil
		switch {
		case live && (len(got) != 150 || rejectsKept(t, s) != 2):
			t.Fatalf("cut %d: the key is there; got %d profiles", n, len(got))
		case !live && (len(got) != 100 || rejectsKept(t, s) != 1 || envelopesOf(t, s, 1) != 0):
			t.Fatalf("cut %d: the key is gone; got %d profiles, %d envelopes", n, len(got), envelopesOf(t, s, 1))
		}
		if live {
			whole++
		} else {
			gone++
		}
		again, err := s.EraseRound("R1")
		must(t, err)
		if again.Journal != want.Journal || len(profilesOf(t, s, everybody(150))) != 100 {
			t.Fatalf("cut %d: got %+v; want %+v", n, again, want)
		}
		must(t, s.CheckErased(again))
		mustClose(t, s)
	}
}

// envelopesOf counts what is stored under a class.
func envelopesOf(t testing.TB, s *Store, class uint32) (n int) {
	t.Helper()
	it, err := s.profileIter()
	must(t, err)
	for ok := it.First(); ok; ok = it.Next() {
		for v := it.Value(); len(v) > 0; {
			_, sealed, rest, err := nextEnvelope(v)
			must(t, err)
			if number, _ := s.classOf(sealed); number == class {
				n++
			}
			v = rest
		}
	}
	must(t, it.Close())
	return n
}

func TestOlderCopiesStayErased(t *testing.T) {
	// Ensure that an older file of rounds, put back after an erasure, has its erased keys
	// destroyed again; and that an older data directory, opened with the present file, is
	// read without what was erased, and loses it.
	fs := vfs.NewMem()
	s := storeToErase(t, fs)
	mustClose(t, s)
	rounds := readText(t, fs, "db.key.rounds")
	copyDir(t, fs, "db", "copy")
	s = mustOpen(t, fs)
	_, err := s.EraseRound("R1")
	must(t, err)
	mustClose(t, s)
	erased := readText(t, fs, "db.key.rounds")

	writeFile(t, fs, "db.key.rounds", rounds)
	s = mustOpen(t, fs)
	if s.classes.table.Load().live["R1"] != nil || len(strings.Fields(readText(t, fs, "db.key.rounds"))) != len(strings.Fields(erased)) {
		t.Fatal("a destroyed key is back")
	}
	if !strings.Contains(readText(t, fs, "db.key.rounds"), "1 erased R1") {
		t.Fatal("the file still has the key")
	}
	mustClose(t, s)

	writeFile(t, fs, "db.key.rounds", erased)
	s, err = Open(fs, "copy", Options{KeyFile: "db.key", RulesVersion: testRules, Fatal: func(err error) { panic(err) }})
	must(t, err)
	if got := profilesOf(t, s, everybody(150)); len(got) != 100 || got[1] != nil {
		t.Fatalf("got %d profiles of the copy", len(got))
	}
	if n := envelopesOf(t, s, 1); n != 0 || rejectsKept(t, s) != 1 {
		t.Fatalf("got %d envelopes of an erased round in the copy", n)
	}
	mustClose(t, s)
}

func copyDir(t testing.TB, fs vfs.FS, from, to string) {
	t.Helper()
	if ok, err := vfs.Clone(fs, fs, from, to, vfs.CloneSync); err != nil || !ok {
		t.Fatalf("cannot copy %s: %v, %v", from, ok, err)
	}
}

func TestReportsAreSigned(t *testing.T) {
	// Ensure that a signature is that of the key file, and of these bytes.
	fs := vfs.NewMem()
	s := mustOpen(t, fs)
	public, signature := s.Sign([]byte("report"))
	mustClose(t, s)
	key, err := ReportKey(fs, "db.key")
	must(t, err)
	if !key.Equal(public) || !ed25519.Verify(key, []byte("report"), signature) || ed25519.Verify(key, []byte("Report"), signature) {
		t.Fatal("the signature is not the key file's")
	}
	mustClose(t, mustOpenDir(t, fs, "other"))
	if other, err := ReportKey(fs, "other.key"); err != nil || other.Equal(public) {
		t.Fatalf("two stores sign alike: %v", err)
	}
}

func TestStoreOfFormat2(t *testing.T) {
	// Ensure that a store of the format before is opened, written as this one, and keeps what
	// it had.
	s := mustOpen(t, vfs.NewMem())
	appendRecords(t, s, 5)
	must(t, s.db.Set(keyFormat, []byte(storeFormatBefore), pebble.Sync))
	must(t, s.db.Delete(keyProfiles, pebble.Sync))
	s = reopen(t, s)
	v, err := getCopy(s.db, keyFormat)
	must(t, err)
	if string(v) != storeFormat {
		t.Fatalf("got format %q; want %q", v, storeFormat)
	}
	replayAll(t, s, 0)
	must(t, s.db.Set(keyFormat, []byte(storeFormatBefore), pebble.Sync))
	good := readText(t, s.fs, "db.key")
	mustClose(t, s)
	writeFile(t, s.fs, "db.key", strings.Repeat("ab", keyBytes))
	if err := openErr(t, s.fs); !errors.Is(err, ErrWrongKey) {
		t.Fatalf("got %v", err)
	}
	writeFile(t, s.fs, "db.key", good)
	mustClose(t, mustOpen(t, s.fs))
}
