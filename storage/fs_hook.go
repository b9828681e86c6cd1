package storage

import (
	"io"
	"os"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// FSOp is what is being done to a file, as SyncDelay and FaultFS see it.
type FSOp uint8

const (
	OpCreate FSOp = iota // also OpenReadWrite
	OpReuse              // of a log file
	OpOpen               // for reading, and directories
	OpRead
	OpWrite
	OpSync // Sync, SyncData, SyncTo, of files and directories
	OpLink
	OpRename
	OpRemove
	OpMkdir
)

// hookFS calls before ahead of each operation, and fails it with before's error, and
// failed after an operation that failed. Either may be nil. Unlike Pebble's errorfs it
// also wraps the files of ReuseForWrite, so a reused log file does not slip through.
type hookFS struct {
	vfs.FS
	before func(op FSOp, name string) error
	failed func(op FSOp, name string, err error)
}

type hookFile struct {
	vfs.File
	h    *hookFS
	name string
}

func (h *hookFS) enter(op FSOp, name string) error {
	if h.before == nil {
		return nil
	}
	return h.before(op, name)
}

func (h *hookFS) leave(op FSOp, name string, err error) error {
	if err != nil && h.failed != nil {
		h.failed(op, name, err)
	}
	return err
}

func (h *hookFS) Unwrap() vfs.FS { return h.FS }

func (h *hookFS) wrap(op FSOp, name string, open func() (vfs.File, error)) (vfs.File, error) {
	if err := h.enter(op, name); err != nil {
		return nil, err
	}
	f, err := open()
	if err != nil {
		return nil, h.leave(op, name, err)
	}
	return &hookFile{File: f, name: name, h: h}, nil
}

func (h *hookFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return h.wrap(OpCreate, name, func() (vfs.File, error) { return h.FS.Create(name, c) })
}

func (h *hookFS) Open(name string, opts ...vfs.OpenOption) (vfs.File, error) {
	return h.wrap(OpOpen, name, func() (vfs.File, error) { return h.FS.Open(name, opts...) })
}

func (h *hookFS) OpenReadWrite(name string, c vfs.DiskWriteCategory, opts ...vfs.OpenOption) (vfs.File, error) {
	return h.wrap(OpCreate, name, func() (vfs.File, error) { return h.FS.OpenReadWrite(name, c, opts...) })
}

func (h *hookFS) OpenDir(name string) (vfs.File, error) {
	return h.wrap(OpOpen, name, func() (vfs.File, error) { return h.FS.OpenDir(name) })
}

func (h *hookFS) ReuseForWrite(from, to string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return h.wrap(OpReuse, to, func() (vfs.File, error) { return h.FS.ReuseForWrite(from, to, c) })
}

func (h *hookFS) Link(from, to string) error {
	if err := h.enter(OpLink, to); err != nil {
		return err
	}
	return h.leave(OpLink, to, h.FS.Link(from, to))
}

func (h *hookFS) Rename(from, to string) error {
	if err := h.enter(OpRename, to); err != nil {
		return err
	}
	return h.leave(OpRename, to, h.FS.Rename(from, to))
}

func (h *hookFS) Remove(name string) error {
	if err := h.enter(OpRemove, name); err != nil {
		return err
	}
	return h.leave(OpRemove, name, h.FS.Remove(name))
}

func (h *hookFS) RemoveAll(name string) error {
	if err := h.enter(OpRemove, name); err != nil {
		return err
	}
	return h.leave(OpRemove, name, h.FS.RemoveAll(name))
}

func (h *hookFS) MkdirAll(dir string, perm os.FileMode) error {
	if err := h.enter(OpMkdir, dir); err != nil {
		return err
	}
	return h.leave(OpMkdir, dir, h.FS.MkdirAll(dir, perm))
}

func (h *hookFS) Lock(name string) (io.Closer, error) { return h.FS.Lock(name) }

func (f *hookFile) Read(p []byte) (int, error) {
	if err := f.h.enter(OpRead, f.name); err != nil {
		return 0, err
	}
	return f.File.Read(p)
}

func (f *hookFile) ReadAt(p []byte, off int64) (int, error) {
	if err := f.h.enter(OpRead, f.name); err != nil {
		return 0, err
	}
	return f.File.ReadAt(p, off)
}

func (f *hookFile) Write(p []byte) (int, error) {
	if err := f.h.enter(OpWrite, f.name); err != nil {
		return 0, err
	}
	n, err := f.File.Write(p)
	return n, f.h.leave(OpWrite, f.name, err)
}

func (f *hookFile) WriteAt(p []byte, off int64) (int, error) {
	if err := f.h.enter(OpWrite, f.name); err != nil {
		return 0, err
	}
	n, err := f.File.WriteAt(p, off)
	return n, f.h.leave(OpWrite, f.name, err)
}

func (f *hookFile) Sync() error {
	if err := f.h.enter(OpSync, f.name); err != nil {
		return err
	}
	return f.h.leave(OpSync, f.name, f.File.Sync())
}

func (f *hookFile) SyncData() error {
	if err := f.h.enter(OpSync, f.name); err != nil {
		return err
	}
	return f.h.leave(OpSync, f.name, f.File.SyncData())
}

func (f *hookFile) SyncTo(length int64) (bool, error) {
	if err := f.h.enter(OpSync, f.name); err != nil {
		return false, err
	}
	full, err := f.File.SyncTo(length)
	return full, f.h.leave(OpSync, f.name, err)
}

// namedFirst syncs the directory before a marker that names another file is made in
// it. Pebble makes the manifest and its marker and syncs once for both: a power cut
// in between could keep the marker alone, and a new store would not open again.
type namedFirst struct{ vfs.FS }

func (n namedFirst) Unwrap() vfs.FS { return n.FS }

func (n namedFirst) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if strings.HasPrefix(n.PathBase(name), "marker.") {
		if err := syncDir(n.FS, n.PathDir(name)); err != nil {
			return nil, err
		}
	}
	return n.FS.Create(name, c)
}
