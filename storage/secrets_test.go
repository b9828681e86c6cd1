package storage

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"unicode/utf16"

	"github.com/cockroachdb/pebble/v2/vfs"
	"golang.org/x/text/encoding/simplifiedchinese"

	"poolwise/engine"
)

// What names the people of TestNothingNamesAnybody; one of each has to be found nowhere.
var (
	secretNames  = []string{"测试甲", "测试乙之子"}
	secretOthers = []string{"13900001234", "USA:560018371", "990101199003070023", "测试路8号室", "测试联络丙"}
)

// secretBytes is every form in which a disk could show them.
func secretBytes(t testing.TB) map[string][]byte {
	t.Helper()
	forms := map[string][]byte{}
	for _, text := range append(append([]string{}, secretNames...), secretOthers...) {
		forms[text+" in UTF-8"] = []byte(text)
		gb, err := simplifiedchinese.GB18030.NewEncoder().String(text)
		must(t, err)
		forms[text+" in GB18030"] = []byte(gb)
		var little, big []byte
		for _, u := range utf16.Encode([]rune(text)) {
			little, big = binary.LittleEndian.AppendUint16(little, u), binary.BigEndian.AppendUint16(big, u)
		}
		forms[text+" in UTF-16 little-endian"], forms[text+" in UTF-16 big-endian"] = little, big
		escaped := strconv.QuoteToASCII(text)
		forms[text+" as JSON escapes it"] = []byte(escaped[1 : len(escaped)-1])
	}
	// As the engine keeps an ID: its first 17 digits as a number.
	id := uint64(99010119900307002)
	forms["the ID as a number, little-endian"] = binary.LittleEndian.AppendUint64(nil, id)[:7]
	forms["the ID as a number, big-endian"] = binary.BigEndian.AppendUint64(nil, id)[1:]
	return forms
}

// search tells which files show one of the forms.
func search(t testing.TB, forms map[string][]byte, dir string) (found []string) {
	t.Helper()
	for _, path := range filesUnder(t, dir) {
		text, err := os.ReadFile(path)
		must(t, err)
		for what, form := range forms {
			if bytes.Contains(text, form) {
				found = append(found, fmt.Sprintf("%s shows %s", path, what))
			}
		}
	}
	return found
}

// secretStore has what names people everywhere that a server puts it.
func secretStore(t *testing.T, dir string) *Store {
	t.Helper()
	s := mustOpenDir(t, vfs.Default, dir)
	everything := []byte(fmt.Sprint(secretNames, secretOthers))
	for _, form := range secretBytes(t) {
		everything = append(everything, form...)
	}
	fields := map[engine.Field]string{engine.FieldName: secretNames[0], engine.FieldPhone: secretOthers[0], engine.FieldHousehold: secretOthers[3], engine.FieldLiaison: secretOthers[4]}
	for i := range 400 {
		var rows []said
		for k := range 20 {
			rows = append(rows, said{engine.PersonOrdinal(1 + (i*20+k)%5000), fmt.Sprint("R", 1+i%2), fields})
		}
		b := batchOf(t, s, rows)
		b.Put(everything)
		pos := journalBatch(t, s, b)
		s.Feed().Append(pos, changesOf(pos, 20))
		must(t, s.Rejects().Add("", []Reject{{Class: fmt.Sprint("R", 1+i%2), Key: fmt.Append(nil, i, secretNames), Record: everything}}))
		if i%100 == 99 {
			w, err := s.NewSnapshot(s.Last())
			must(t, err)
			must(t, w.Page(1, uint32(i), everything))
			must(t, w.Cold(2, uint32(i), everything))
			must(t, w.Commit(everything))
			must(t, s.db.Flush())
		}
	}
	return s
}

func TestNothingNamesAnybody(t *testing.T) {
	// Ensure that no byte of a store shows a name, a phone, an ID or a passport in any
	// encoding, before and after an erasure; and that a copy of the directory from before it
	// tells no more names with the key files there are after it.
	root := t.TempDir()
	dir, old := filepath.Join(root, "store"), filepath.Join(root, "copy")
	s := secretStore(t, dir)
	mustClose(t, s)
	must(t, os.CopyFS(old, os.DirFS(dir)))
	forms := secretBytes(t)
	for _, line := range search(t, forms, root) {
		t.Error(line)
	}
	size := 0
	for _, path := range filesUnder(t, root) {
		info, err := os.Stat(path)
		must(t, err)
		size += int(info.Size())
	}
	t.Logf("searched %d bytes for %d forms", size, len(forms))

	s = mustOpenDir(t, vfs.Default, dir)
	if got := profilesOf(t, s, []engine.PersonOrdinal{1})[1][engine.FieldName]; got != secretNames[0] || rejectsKept(t, s) != 100 {
		t.Fatalf("the store has nothing to hide: got %q, %d rejects", got, rejectsKept(t, s))
	}
	var r EraseReport
	for _, round := range []string{"R1", "R2"} {
		var err error
		r, err = s.EraseRound(round)
		must(t, err)
	}
	mustClose(t, s)
	for _, line := range search(t, forms, root) {
		t.Errorf("after the erasure: %s", line)
	}

	s, err := Open(vfs.Default, old, Options{KeyFile: dir + ".key", RulesVersion: testRules, Fatal: func(err error) { panic(err) }})
	must(t, err)
	if got := profilesOf(t, s, everybody(5000)); len(got) != 0 || rejectsKept(t, s) != 0 {
		t.Fatalf("the copy tells %d profiles and %d rejects", len(got), rejectsKept(t, s))
	}
	must(t, s.CheckErased(r)) // its journal's pieces too
	mustClose(t, s)

	for what, form := range forms { // the search does find
		if len(form) < 5 {
			t.Fatalf("%s: a form of %d bytes is found anywhere", what, len(form))
		}
		must(t, os.WriteFile(filepath.Join(dir, "planted"), append([]byte("x"), form...), 0o600))
		if len(search(t, map[string][]byte{what: form}, dir)) == 0 {
			t.Fatalf("%s is not found where it is", what)
		}
	}
}
