package storage

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

func writeFile(t *testing.T, fs vfs.FS, name, text string) {
	t.Helper()
	f, err := fs.Create(name, vfs.WriteCategoryUnspecified)
	must(t, err)
	must(t, writeSynced(f, []byte(text)))
}

func TestKeyFileIsNeverReplaced(t *testing.T) {
	// Ensure that a store without its key, with another's or with a damaged one is
	// refused, and that the file is left as it was.
	fs := vfs.NewMem()
	s := mustOpen(t, fs)
	appendRecords(t, s, 3)
	mustClose(t, s)
	good, err := keyFile{fs: fs, path: "db.key"}.read()
	must(t, err)

	must(t, fs.Remove("db.key"))
	if _, err := Open(fs, "db", Options{}); !errors.Is(err, ErrKeyMissing) {
		t.Fatalf("missing: got %v", err)
	}
	if _, err := fs.Stat("db.key"); err == nil {
		t.Fatal("a new key was made for an old store")
	}
	other := strings.Repeat("ab", keyBytes)
	for _, text := range []string{"", "\n", other[1:], other + "00", strings.Repeat("x", 64), other} {
		writeFile(t, fs, "db.key", text)
		_, err := Open(fs, "db", Options{})
		if !errors.Is(err, ErrWrongKey) {
			t.Fatalf("key %q: got %v", text, err)
		}
		if text != "" && strings.Contains(err.Error(), other[:8]) {
			t.Fatalf("the error tells the key: %v", err)
		}
	}
	must(t, fs.Remove("db.key"))
	must(t, keyFile{fs: fs, path: "db.key"}.write(append([]byte(hexOf(good)), '\n')))
	s = mustOpen(t, fs)
	replayAll(t, s, 0)
	mustClose(t, s)
}

func hexOf(b []byte) string {
	const digits = "0123456789abcdef"
	var sb strings.Builder
	for _, c := range b {
		sb.WriteByte(digits[c>>4])
		sb.WriteByte(digits[c&15])
	}
	return sb.String()
}

func TestKeyFileOnDisk(t *testing.T) {
	// Ensure that the real file is made with mode 0600, beside a directory that did not
	// exist, and that nothing on disk shows what was appended.
	dir := filepath.Join(t.TempDir(), "a", "b", "store")
	s, err := Open(vfs.Default, dir, Options{})
	must(t, err)
	secret := strings.Repeat("11010519491231002X", 40)
	_, err = s.Append([]byte(secret), HashCheck{})
	must(t, err)
	must(t, s.db.Flush())
	mustClose(t, s)
	info, err := os.Stat(dir + ".key")
	must(t, err)
	if info.Mode().Perm() != 0o600 || info.Size() != 2*keyBytes+1 {
		t.Fatalf("key file: mode %v, %d bytes", info.Mode(), info.Size())
	}
	must(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if strings.Contains(string(text), "110105194912") {
			t.Errorf("%s shows what was appended", path)
		}
		return err
	}))
}

func TestUnknownFormatIsRefused(t *testing.T) {
	// Ensure that a store of another format, and a Pebble that is no store, is refused.
	s := mustOpen(t, vfs.NewMem())
	appendRecords(t, s, 1)
	must(t, s.db.Set(keyFormat, []byte("poolwise storage 4\n"), pebble.Sync))
	mustClose(t, s)
	if _, err := Open(s.fs, "db", Options{}); !errors.Is(err, ErrFormat) {
		t.Fatalf("got %v", err)
	}
	s = mustOpen(t, vfs.NewMem())
	must(t, s.db.Delete(keyFormat, pebble.Sync))
	mustClose(t, s)
	if _, err := Open(s.fs, "db", Options{}); !errors.Is(err, ErrFormat) {
		t.Fatalf("got %v", err)
	}
}

func TestPowerLossWhileOpening(t *testing.T) {
	// Ensure that a power cut during the first Open, after each single write operation,
	// leaves something that opens.
	for n := 1; ; n++ {
		c := newCutter(n)
		c.arm()
		s := mustOpen(t, c.fs())
		mustClose(t, s)
		clone := c.taken()
		if clone == nil {
			t.Logf("%d cuts", n-1)
			return
		}
		s = mustOpen(t, clone)
		appendRecords(t, s, 2)
		mustClose(t, s)
	}
}

func TestOneProcessAtATime(t *testing.T) {
	// Ensure that an open store cannot be opened again.
	s := mustOpen(t, vfs.NewMem())
	if _, err := Open(s.fs, "db", Options{}); err == nil {
		t.Fatal("opened twice")
	}
	mustClose(t, s)
	if err := s.Close(); !errors.Is(err, ErrClosed) {
		t.Fatalf("closed twice: got %v", err)
	}
}
