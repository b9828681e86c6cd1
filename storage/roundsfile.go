package storage

import (
	"bytes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// roundsSuffix makes the name of the file of class keys out of the key file's.
const roundsSuffix = ".rounds"

// roundsDraft is added to it while the file is written.
const roundsDraft = ".new"

// roundsHead is the first line of the file; FORMAT.md draws the others.
const roundsHead = "poolwise rounds 1"

// roundsFile is the file of class keys: text, a line a class, and a last line that
// authenticates all before it under a key derived from the key file's. It is written
// anew for each change, beside its name, and renamed over it: a power cut leaves the old
// one or the new one.
type roundsFile struct {
	fs   vfs.FS
	path string
	wrap cipher.AEAD // under the key file's key
	mac  []byte
}

// wrappedKeyBytes: nonce, key, tag.
const wrappedKeyBytes = nonceBytes + keyBytes + tagBytes

// keyAAD binds a wrapped key to its class.
func keyAAD(c *class) []byte {
	aad := binary.LittleEndian.AppendUint32([]byte("poolwise round key "), c.number)
	return append(aad, c.name...)
}

func (f *roundsFile) wrapKey(c *class, key []byte) []byte {
	w := make([]byte, nonceBytes, wrappedKeyBytes)
	rand.Read(w) // never fails
	return f.wrap.Seal(w, w[:nonceBytes], key, keyAAD(c))
}

// read returns the classes by number, none if there is no file.
func (f *roundsFile) read() ([]*class, error) {
	text, err := f.load()
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the file of round keys %s: %w", f.path, err)
	}
	all, err := f.parse(text)
	if err != nil {
		return nil, fmt.Errorf("cannot use the file of round keys %s: %w", f.path, err)
	}
	return all, nil
}

func (f *roundsFile) load() ([]byte, error) {
	file, err := f.fs.Open(f.path)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(file, roundsFileBytesMax+1))
	return text, errors.Join(err, file.Close())
}

var errRoundsEdited = fmt.Errorf("it was cut or changed, or belongs to another key file; restore it as it was: %w", ErrRounds)

func (f *roundsFile) parse(text []byte) ([]*class, error) {
	if len(text) > roundsFileBytesMax {
		return nil, fmt.Errorf("got more than %d bytes: %w", roundsFileBytesMax, ErrRounds)
	}
	body, last, ok := cutLastLine(text)
	sum, err := hex.DecodeString(strings.TrimPrefix(last, "mac "))
	if !ok || err != nil || !strings.HasPrefix(last, "mac ") || !hmac.Equal(sum, f.sum(body)) {
		return nil, errRoundsEdited
	}
	lines := strings.Split(strings.TrimSuffix(string(body), "\n"), "\n")
	if lines[0] != roundsHead {
		return nil, fmt.Errorf("it begins with %q; want %q: %w", lines[0], roundsHead, ErrFormat)
	}
	if len(lines)-1 > classesMax {
		return nil, fmt.Errorf("got %d rounds; want at most %d: %w", len(lines)-1, classesMax, ErrRounds)
	}
	all := make([]*class, 0, len(lines)) // room for one more
	live := map[string]bool{}
	for i, line := range lines[1:] {
		c, err := f.parseLine(line)
		if err == nil && c.number != uint32(i)+1 {
			err = fmt.Errorf("got number %d", c.number)
		}
		if err == nil && !c.isErased() && live[c.name] {
			err = errors.New("a second live round of its name")
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w: %w", i+2, err, ErrRounds)
		}
		live[c.name] = live[c.name] || !c.isErased()
		all = append(all, c)
	}
	return all, nil
}

// cutLastLine splits text that ends with a newline into all but the last line and that.
func cutLastLine(text []byte) (body []byte, last string, ok bool) {
	whole, ok := bytes.CutSuffix(text, []byte("\n"))
	at := bytes.LastIndexByte(whole, '\n') + 1
	return text[:at], string(whole[at:]), ok && at > 0
}

func (f *roundsFile) sum(body []byte) []byte {
	h := hmac.New(sha256.New, f.mac)
	h.Write(body)
	return h.Sum(nil)
}

// parseLine reads "number state name created erased key"; what is not is "-".
func (f *roundsFile) parseLine(line string) (*class, error) {
	w := strings.Split(line, " ")
	if len(w) != 6 {
		return nil, fmt.Errorf("got %d words; want 6", len(w))
	}
	number, err := strconv.ParseUint(w[0], 10, 32)
	if err != nil || !isClassName(w[2]) {
		return nil, errors.New("no number or no name")
	}
	c := &class{number: uint32(number), name: w[2]}
	if c.created, err = time.Parse(time.RFC3339, w[3]); err != nil {
		return nil, errors.New("no time of making")
	}
	switch w[1] {
	case "erased":
		if c.erased, err = time.Parse(time.RFC3339, w[4]); err != nil || c.erased.IsZero() || w[5] != "-" {
			return nil, errors.New("no time of erasure, or a key in spite of it")
		}
		return c, nil
	case "live":
		return c, f.unwrapKey(c, w[4], w[5])
	}
	return nil, errors.New("no state")
}

func (f *roundsFile) unwrapKey(c *class, erased, text string) (err error) {
	if c.wrapped, err = hex.DecodeString(text); err != nil || len(c.wrapped) != wrappedKeyBytes || erased != "-" {
		return errors.New("no key")
	}
	key, err := f.wrap.Open(nil, c.wrapped[:nonceBytes], c.wrapped[nonceBytes:], keyAAD(c))
	if err != nil {
		return errors.New("a key that does not open")
	}
	c.aead = newAEAD(key)
	clear(key)
	return nil
}

func (f *roundsFile) text(all []*class) []byte {
	b := append([]byte(roundsHead), '\n')
	for _, c := range all {
		state, erased, key := "live", "-", hex.EncodeToString(c.wrapped)
		if c.isErased() {
			state, erased, key = "erased", c.erased.Format(time.RFC3339), "-"
		}
		b = fmt.Appendf(b, "%d %s %s %s %s %s\n", c.number, state, c.name, c.created.Format(time.RFC3339), erased, key)
	}
	return fmt.Appendf(b, "mac %x\n", f.sum(b))
}

// write replaces the file and returns once that is durable.
func (f *roundsFile) write(all []*class) error {
	draft := f.path + roundsDraft
	if err := f.scrub(draft); err != nil {
		return err
	}
	file, err := keyFile{fs: f.fs}.createPrivate(draft)
	if err != nil {
		return err
	}
	if err := writeSynced(file, f.text(all)); err != nil {
		return err
	}
	if err := f.fs.Rename(draft, f.path); err != nil {
		return err
	}
	return syncDir(f.fs, f.fs.PathDir(f.path))
}

// overwrite replaces the file as write does, and then puts zeros over the bytes of the
// old one, which has no name any more. A power cut in between leaves them to the disk,
// and so may a file system or a drive that never writes in place: the keys in them are
// wrapped, and the best that can be done besides is to destroy the key file.
func (f *roundsFile) overwrite(all []*class) error {
	old, err := f.fs.OpenReadWrite(f.path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	if err := f.write(all); err != nil {
		return errors.Join(err, old.Close()) // it is the only one
	}
	return errors.Join(zero(old), old.Close())
}

// scrub removes a file that a power cut has left, and its bytes as far as that goes.
func (f *roundsFile) scrub(path string) error {
	if _, err := f.fs.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	old, err := f.fs.OpenReadWrite(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	return errors.Join(zero(old), old.Close(), f.fs.Remove(path))
}

func zero(file vfs.File) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if _, err := file.WriteAt(make([]byte, info.Size()), 0); err != nil {
		return err
	}
	return file.Sync()
}
