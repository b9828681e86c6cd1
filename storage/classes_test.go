package storage

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

var testAAD = []byte("test")

func seal(t testing.TB, s *Store, class, text string) []byte {
	t.Helper()
	v, err := s.sealClass(nil, class, testAAD, []byte(text))
	must(t, err)
	return v
}

// opensAs checks that a sealed value opens to a text, or, with want, fails with that error.
func opensAs(t testing.TB, s *Store, sealed []byte, text string, want error) {
	t.Helper()
	got, err := s.openClass([]byte("before "), testAAD, sealed)
	if !errors.Is(err, want) || want == nil && (err != nil || string(got) != "before "+text) {
		t.Fatalf("got %q, %v; want %q, %v", got, err, text, want)
	}
}

func readText(t testing.TB, fs vfs.FS, name string) string {
	t.Helper()
	f := roundsFile{fs: fs, path: name}
	text, err := f.load()
	must(t, err)
	return string(text)
}

func openErr(t *testing.T, fs vfs.FS) error {
	t.Helper()
	s, err := Open(fs, "db", Options{RulesVersion: testRules})
	if err == nil {
		mustClose(t, s)
	}
	return err
}

func TestClassKeys(t *testing.T) {
	// Ensure that what was sealed under a class opens, over restarts, only with its additional
	// data and unaltered; that classes are numbered from 1 and names must be those of rounds.
	s := mustOpen(t, vfs.NewMem())
	a, b := seal(t, s, "R1", "甲"), seal(t, s, "R2", "乙")
	again := seal(t, s, "R1", "甲")
	if bytes.Equal(a, again) {
		t.Fatal("the same nonce twice")
	}
	for i, v := range [][]byte{a, b, again} {
		if n, ok := s.classOf(v); !ok || n != []uint32{1, 2, 1}[i] {
			t.Fatalf("value %d: got class %d, %v", i, n, ok)
		}
	}
	s = reopen(t, s)
	opensAs(t, s, a, "甲", nil)
	opensAs(t, s, b, "乙", nil)
	if _, err := s.openClass(nil, []byte("another"), a); !errors.Is(err, ErrSeal) {
		t.Fatalf("other additional data: got %v", err)
	}
	for i := range a {
		bad := bytes.Clone(a)
		bad[i] ^= 1
		opensAs(t, s, bad, "", ErrSeal)
	}
	opensAs(t, s, a[:classSealedBytes-1], "", ErrFormat)
	for _, name := range []string{"", strings.Repeat("x", classNameBytesMax+1), "a b", "a\n", "一", "a/b"} {
		if _, err := s.sealClass(nil, name, nil, nil); !errors.Is(err, ErrClassName) {
			t.Fatalf("name %q: got %v", name, err)
		}
	}
	seal(t, s, strings.Repeat("x", classNameBytesMax), "")
	mustClose(t, s)
	if _, err := s.sealClass(nil, "R9", nil, nil); !errors.Is(err, ErrClosed) {
		t.Fatalf("after Close: got %v", err)
	}
}

func TestClassKeysAtOnce(t *testing.T) {
	// Ensure that many who first use the same rounds at once get one key a round, whole.
	s := mustOpen(t, vfs.NewMem())
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for k := range 10 {
				text := fmt.Sprint(i, k)
				opensAs(t, s, seal(t, s, fmt.Sprint("R", k), text), text, nil)
			}
		})
	}
	all.Wait()
	if n := len(s.classes.table.Load().all); n != 10 {
		t.Fatalf("got %d classes; want 10", n)
	}
	s = reopen(t, s)
	mustClose(t, s)
}

func TestClassesAreBounded(t *testing.T) {
	// Ensure that past the bound of rounds everything is sealed under the one of all others,
	// nothing refused, and that a file so large is read again.
	s := mustOpen(t, vfs.NewMem())
	seal(t, s, "R", "")
	all := s.classes.table.Load().all
	for len(all) < classesMax-classesLast-1 {
		c := &class{number: uint32(len(all)) + 1, name: fmt.Sprintf("%032d", len(all)), created: all[0].created}
		c.wrapped = s.classes.file.wrapKey(c, noise(keyBytes))
		all = append(all, c)
	}
	must(t, s.classes.file.write(all))
	s = reopen(t, s)
	seal(t, s, "last", "")
	if _, err := s.sealClass(nil, "one more", nil, nil); !errors.Is(err, ErrClassName) {
		t.Fatalf("got %v", err)
	}
	for _, name := range []string{"one-more", "default", "and-another", "R"} {
		sealed := seal(t, s, name, "words")
		number, _ := s.classOf(sealed)
		want := uint32(classesMax - classesLast + 1)
		if name == "R" {
			want = 1
		}
		if number != want {
			t.Errorf("%s: got class %d; want %d", name, number, want)
		}
		if plain, err := s.openClass(nil, testAAD, sealed); err != nil || string(plain) != "words" {
			t.Errorf("%s: got %q, %v", name, plain, err)
		}
	}
	s = reopen(t, s)
	mustClose(t, s)
}

func TestRoundsFileIsRefused(t *testing.T) {
	// Ensure that a file of rounds that is missing, cut, edited, of another key or older than
	// the store is refused with a sentence, and left as it was; and that the keys in it open
	// with the key file only.
	fs := vfs.NewMem()
	s := mustOpen(t, fs)
	a := seal(t, s, "R1", "甲")
	one := readText(t, fs, "db.key.rounds")
	b := seal(t, s, "R2", "乙")
	mustClose(t, s)
	good := readText(t, fs, "db.key.rounds")
	bad := map[string]string{
		"older": one, "empty": "", "cut": good[:len(good)-1], "no mac": good[:strings.Index(good, "mac")],
		"renamed": strings.Replace(good, " R1 ", " R3 ", 1), "a line less": strings.Join(append(strings.Split(good, "\n")[:1], strings.Split(good, "\n")[2:]...), "\n"),
		"erased by hand": strings.Replace(good, "1 live", "1 erased", 1), "twice": good + good, "spaces": " " + good,
	}
	for what, text := range bad {
		writeFile(t, fs, "db.key.rounds", text)
		if err := openErr(t, fs); !errors.Is(err, ErrRounds) {
			t.Fatalf("%s: got %v", what, err)
		}
		if readText(t, fs, "db.key.rounds") != text {
			t.Fatalf("%s: the file was written", what)
		}
	}
	must(t, fs.Remove("db.key.rounds"))
	if err := openErr(t, fs); !errors.Is(err, ErrRounds) {
		t.Fatalf("missing: got %v", err)
	}
	other := mustOpenDir(t, fs, "other")
	seal(t, other, "R1", "")
	seal(t, other, "R2", "")
	mustClose(t, other)
	writeFile(t, fs, "db.key.rounds", readText(t, fs, "other.key.rounds"))
	if err := openErr(t, fs); !errors.Is(err, ErrRounds) {
		t.Fatalf("another store's: got %v", err)
	}
	writeFile(t, fs, "db.key.rounds", good)
	writeFile(t, fs, "db.key.rounds.new", "half of it")
	s = mustOpen(t, fs)
	opensAs(t, s, a, "甲", nil)
	opensAs(t, s, b, "乙", nil)
	if _, err := fs.Stat("db.key.rounds.new"); err == nil {
		t.Fatal("a draft was left")
	}
	mustClose(t, s)
}

func TestRoundsFileLines(t *testing.T) {
	// Ensure that lines which no version writes are refused even where the file's
	// authentication fits.
	s := mustOpen(t, vfs.NewMem())
	seal(t, s, "R1", "")
	f := &s.classes.file
	line := strings.Split(readText(t, s.fs, f.path), "\n")[1]
	key := line[strings.LastIndexByte(line, ' ')+1:]
	for _, body := range []string{
		roundsHead + "\n" + line + "\n" + line, roundsHead + "\n2" + line[1:], "poolwise rounds 2\n" + line,
		roundsHead + "\n" + line + " x", roundsHead + "\n" + strings.Replace(line, "R1", "R2", 1), roundsHead + "\n" + strings.Replace(line, "live", "dead", 1),
		roundsHead + "\n1 erased R1 2026-01-01T00:00:00Z - -", roundsHead + "\n1 erased R1 2026-01-01T00:00:00Z 2026-01-02T00:00:00Z " + key,
		roundsHead + "\n1 live R1 2026-01-01T00:00:00Z - " + key[2:], roundsHead + "\n1 live R1 yesterday - " + key, roundsHead + "\n",
	} {
		text := []byte(body + "\n")
		text = fmt.Appendf(text, "mac %x\n", f.sum(text))
		if all, err := f.parse(text); !errors.Is(err, ErrRounds) && !errors.Is(err, ErrFormat) {
			t.Errorf("got %d classes and %v of %q", len(all), err, body)
		}
	}
	mustClose(t, s)
}

func TestRoundsFileOnDisk(t *testing.T) {
	// Ensure that the real file is beside the key file, of mode 0600, and holds no key in the
	// clear; that none is in the data directory; and that its old bytes are overwritten when a
	// key is destroyed.
	dir := filepath.Join(t.TempDir(), "store")
	s := mustOpenDir(t, vfs.Default, dir)
	seal(t, s, "R1", "甲")
	old, err := os.OpenFile(dir+".key.rounds", os.O_RDONLY, 0)
	must(t, err)
	defer old.Close()
	info, err := old.Stat()
	must(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Fatalf("got mode %v", info.Mode())
	}
	wrapped := fmt.Appendf(nil, "%x", s.classes.of(1).wrapped)
	if !strings.Contains(readText(t, s.fs, dir+".key.rounds"), string(wrapped)) {
		t.Fatal("the wrapped key is not there: the search below proves nothing")
	}
	_, err = s.EraseRound("R1")
	must(t, err)
	bytesOfOld := make([]byte, info.Size())
	_, err = old.ReadAt(bytesOfOld, 0)
	must(t, err)
	if len(bytes.Trim(bytesOfOld, "\x00")) != 0 {
		t.Fatal("the old file's bytes are still there")
	}
	mustClose(t, s)
	for _, name := range filesUnder(t, filepath.Dir(dir)) {
		text, err := os.ReadFile(name)
		must(t, err)
		if bytes.Contains(text, wrapped) {
			t.Fatalf("%s has the destroyed key", name)
		}
	}
}

func filesUnder(t testing.TB, dir string) (names []string) {
	t.Helper()
	must(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, path)
		}
		return err
	}))
	return names
}

func TestClassKeysPowerLoss(t *testing.T) {
	// Ensure that after a power cut at any write operation, what had been sealed and was
	// durable opens: a key is on disk before its first use.
	for n := 1; ; n++ {
		c := newCutter(n)
		s := mustOpen(t, c.fs())
		c.arm()
		for i := range 4 {
			v := seal(t, s, fmt.Sprint("R", i), fmt.Sprint(i))
			must(t, s.db.Set(fmt.Appendf(nil, "z%d", i), v, pebble.Sync))
		}
		mustClose(t, s)
		clone := c.taken()
		if clone == nil {
			t.Logf("%d cuts", n-1)
			return
		}
		s = mustOpen(t, clone)
		for i := range 4 {
			if v, err := getCopy(s.db, fmt.Appendf(nil, "z%d", i)); err == nil {
				opensAs(t, s, v, fmt.Sprint(i), nil)
			}
		}
		seal(t, s, "R9", "")
		mustClose(t, s)
	}
}

func TestFailedRoundsFileIsFatal(t *testing.T) {
	// Ensure that a key which cannot be stored ends the process, and seals nothing.
	for _, op := range []FSOp{OpCreate, OpWrite, OpSync, OpRename} {
		fs := NewFaultFS(vfs.NewMem())
		told := errors.New("fatal")
		s, err := Open(fs, "db", Options{RulesVersion: testRules, Fatal: func(error) { panic(told) }})
		must(t, err)
		fs.Fail(1, false, errors.New("disk full"), func(got FSOp, name string) bool {
			return got == op && strings.Contains(name, roundsSuffix)
		})
		func() {
			defer func() {
				if r := recover(); r == nil {
					t.Errorf("operation %d: not fatal", op)
				}
			}()
			_, err := s.sealClass(nil, "R1", nil, nil)
			t.Errorf("operation %d: got %v", op, err)
		}()
		fs.Heal()
	}
}
