package storage

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/cockroachdb/pebble/v2/vfs"
)

const keyBytes = 32

// keyFile reads and makes the key file: 32 random bytes in hex on one line, mode 0600.
// It stands beside the directory, not in it, so that a copy of the directory alone
// names nobody.
type keyFile struct {
	fs   vfs.FS
	path string
}

// read returns the key, ErrKeyMissing, or ErrWrongKey for a file of another shape.
func (k keyFile) read() ([]byte, error) {
	f, err := k.fs.Open(k.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("cannot read key file %s: %w", k.path, ErrKeyMissing)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read key file %s: %w", k.path, err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, 4096))
	if err != nil {
		return nil, fmt.Errorf("cannot read key file %s: %w", k.path, err)
	}
	key, err := hex.DecodeString(string(bytes.TrimSpace(text)))
	if err != nil || len(key) != keyBytes {
		return nil, fmt.Errorf("cannot read key file %s: got %d bytes of text; want one line of %d hex digits: %w",
			k.path, len(text), 2*keyBytes, ErrWrongKey)
	}
	return key, nil
}

// create makes a new key and returns once it is durable.
func (k keyFile) create() ([]byte, error) {
	key := make([]byte, keyBytes)
	rand.Read(key) // never fails
	if err := k.write(append(hex.AppendEncode(nil, key), '\n')); err != nil {
		return nil, fmt.Errorf("cannot create key file %s: %w", k.path, err)
	}
	return key, nil
}

// write makes the whole file under another name first, so that a power cut leaves none
// rather than half a key, and links it to its name, which fails if there is one: two
// processes that begin at once agree on one key.
func (k keyFile) write(line []byte) error {
	parent := k.fs.PathDir(k.path)
	if err := mkdirSynced(k.fs, parent); err != nil {
		return err
	}
	draft := k.path + ".new"
	if err := k.fs.Remove(draft); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := k.createPrivate(draft)
	if err != nil {
		return err
	}
	if err := writeSynced(f, line); err != nil {
		return err
	}
	return errors.Join(k.fs.Link(draft, k.path), k.fs.Remove(draft), syncDir(k.fs, parent))
}

type syncedFile interface {
	io.WriteCloser
	Sync() error
}

func (k keyFile) createPrivate(name string) (syncedFile, error) {
	if _, inMemory := rootFS(k.fs).(*vfs.MemFS); inMemory {
		return k.fs.Create(name, vfs.WriteCategoryUnspecified)
	}
	// Through the real system: vfs would create it readable by all.
	return os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
}

func writeSynced(f syncedFile, data []byte) error {
	_, err := f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func syncDir(fsys vfs.FS, dir string) error {
	d, err := fsys.OpenDir(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// mkdirSynced makes dir and its missing parents, and syncs the directory that holds
// each new entry.
func mkdirSynced(fsys vfs.FS, dir string) error {
	if _, err := fsys.Stat(dir); err == nil {
		return nil
	}
	parent := fsys.PathDir(dir)
	if parent == dir {
		return nil
	}
	if err := mkdirSynced(fsys, parent); err != nil {
		return err
	}
	if err := fsys.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return syncDir(fsys, parent)
}

// rootFS is the file system under all wrappers.
func rootFS(fsys vfs.FS) vfs.FS {
	for {
		inner := fsys.Unwrap()
		if inner == nil {
			return fsys
		}
		fsys = inner
	}
}
