package storage

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/objstorage/objstorageprovider"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"

	"poolwise/engine"
)

// pageClearBytes: column and page number, authenticated, not sealed.
const pageClearBytes = 1 + 4

// manifest names the one snapshot that counts; id 0 is none. All but meta stand in the
// clear part of its value.
type manifest struct {
	id    uint64
	at    engine.Position
	pages uint32
	// The feed when it was committed: blocks stored without a hole, and the last cursor.
	feedBlocks uint64
	feedEnd    engine.Cursor
}

const manifestClearBytes = 8 + 8 + 4 + 8 + 8

func (m manifest) put(v []byte) {
	c := v[envelopeBytes:]
	binary.BigEndian.PutUint64(c, m.id)
	binary.BigEndian.PutUint64(c[8:], uint64(m.at))
	binary.BigEndian.PutUint32(c[16:], m.pages)
	binary.BigEndian.PutUint64(c[20:], m.feedBlocks)
	binary.BigEndian.PutUint64(c[28:], uint64(m.feedEnd))
}

func getManifest(v []byte) manifest {
	c := v[envelopeBytes:]
	return manifest{
		id:         binary.BigEndian.Uint64(c),
		at:         engine.Position(binary.BigEndian.Uint64(c[8:])),
		pages:      binary.BigEndian.Uint32(c[16:]),
		feedBlocks: binary.BigEndian.Uint64(c[20:]),
		feedEnd:    engine.Cursor(binary.BigEndian.Uint64(c[28:])),
	}
}

// SnapshotWriter writes one snapshot.
//
// Pages are sealed into sorted table files beside the database, under keys that no other
// snapshot has; they pass neither log nor memtable. Commit ingests the files (a hard link
// each) and then sets the manifest, synced, in one batch with the removal of the older
// snapshot. A crash before that leaves the older one in force and, of the new one, files
// or keys that the next Open removes.
//
// Cold pages are not the snapshot's alone: those of snapshots before it stay in force
// until they are written again. See coldDirectory.
//
// REQUIRES: one goroutine.
type SnapshotWriter struct {
	s    *Store
	m    manifest
	key  []byte
	buf  []byte
	sc   sealScratch
	done bool

	pages, cold pageTable
	coldPages   []coldPage
	paths       []string
}

// pageTable is a stream of pages in ascending order of keys, in files of some size.
type pageTable struct {
	table *sstable.Writer
	bytes int
}

// NewSnapshot begins a snapshot of the state at a position.
func (s *Store) NewSnapshot(at engine.Position) (*SnapshotWriter, error) {
	if err := s.alive("write a snapshot"); err != nil {
		return nil, err
	}
	s.snapshotMu.Lock()
	defer s.snapshotMu.Unlock()
	if s.writing != nil {
		return nil, fmt.Errorf("cannot write a snapshot at %d: the one at %d is not done: %w", at, s.writing.m.at, ErrSnapshotBusy)
	}
	if at > s.Last() {
		return nil, fmt.Errorf("cannot write a snapshot at %d: the journal ends at %d: %w", at, s.Last(), ErrJournalGap)
	}
	s.snapshotID++
	s.writing = &SnapshotWriter{s: s, m: manifest{id: s.snapshotID, at: at}}
	return s.writing, nil
}

// Page adds a page; data stays the caller's.
func (w *SnapshotWriter) Page(column uint8, page uint32, data []byte) error {
	if column == directoryColumn {
		panic("storage: BUG: a page of the directory's column")
	}
	if err := w.mayWrite(column, page, data); err != nil {
		return err
	}
	defer w.s.guard("write a snapshot")
	w.page(column, page, data)
	return nil
}

// Cold adds a page to the cold store, which Fetch finds there once the snapshot is
// committed, and which no later snapshot needs to hold; data stays the caller's.
//
// REQUIRES: ascending columns, and within one ascending pages.
func (w *SnapshotWriter) Cold(column uint8, page uint32, data []byte) error {
	if err := w.mayWrite(column, page, data); err != nil {
		return err
	}
	if n := len(w.coldPages); n > 0 && !w.coldPages[n-1].before(column, page) {
		panic("storage: BUG: cold pages out of order")
	}
	defer w.s.guard("write a snapshot")
	w.coldPages = append(w.coldPages, coldPage{column, page})
	w.key = append(w.key[:0], coldKey(w.m.id, column, page)...)
	v := w.value(0, len(data))
	w.s.seal.seal(v, w.key, 0, data, &w.sc)
	w.set(&w.cold, v)
	return nil
}

func (w *SnapshotWriter) mayWrite(column uint8, page uint32, data []byte) error {
	if w.done {
		return ErrSnapshotDone
	}
	if len(data) > PageBytesMax {
		return fmt.Errorf("cannot write page %d of column %d: got %d bytes; want at most %d: %w",
			page, column, len(data), PageBytesMax, ErrTooLarge)
	}
	if w.m.pages == math.MaxUint32 {
		return fmt.Errorf("cannot write page %d of column %d: %d pages before it: %w", page, column, w.m.pages, ErrTooLarge)
	}
	return w.s.alive("write a snapshot")
}

func (w *SnapshotWriter) page(column uint8, page uint32, data []byte) {
	w.m.pages++
	w.key = append(w.key[:0], pageKey(w.m.id, w.m.pages)...)
	v := w.value(pageClearBytes, len(data))
	v[envelopeBytes] = column
	binary.BigEndian.PutUint32(v[envelopeBytes+1:], page)
	w.s.seal.seal(v, w.key, pageClearBytes, data, &w.sc)
	w.set(&w.pages, v)
}

// value is memory for a sealed value, good until the next one.
func (w *SnapshotWriter) value(clear, plain int) []byte {
	size := sealedBytes(clear, plain)
	if cap(w.buf) < size {
		w.buf = make([]byte, sealedBytes(pageClearBytes, PageBytesMax))
	}
	return w.buf[:size]
}

func (w *SnapshotWriter) set(t *pageTable, v []byte) {
	if t.table == nil {
		w.newTable(t)
	}
	if err := t.table.Set(w.key, v); err != nil {
		w.s.die("write a snapshot", err)
	}
	if t.bytes += len(v); t.bytes >= snapshotFileBytes {
		w.closeTable(t)
	}
}

func (w *SnapshotWriter) newTable(t *pageTable) {
	s := w.s
	path := s.fs.PathJoin(s.pagesDir(), fmt.Sprintf("%d-%d.sst", w.m.id, len(w.paths)))
	f, err := s.fs.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		s.die("write a snapshot", err)
	}
	w.paths = append(w.paths, path)
	f = vfs.NewSyncingFile(f, vfs.SyncingFileOptions{BytesPerSync: bytesPerSync, NoSyncOnClose: true})
	o := s.po.MakeWriterOptions(6, pebbleFormat.MaxTableFormat())
	t.table, t.bytes = sstable.NewWriter(objstorageprovider.NewFileWritable(f), o), 0
}

// closeTable returns once the file is synced.
func (w *SnapshotWriter) closeTable(t *pageTable) {
	if t.table == nil {
		return
	}
	table := t.table
	t.table = nil
	if err := table.Close(); err != nil {
		w.s.die("write a snapshot", err)
	}
}

// Commit makes it the snapshot, or changes nothing. It waits until all is durable.
//
// ENSURES: ErrFeedBehind, and the snapshot may be committed again later, if the feed has
// not been told of all positions up to the snapshot's.
func (w *SnapshotWriter) Commit(meta []byte) error {
	s := w.s
	if w.done {
		return ErrSnapshotDone
	}
	if len(meta) > MetaBytesMax {
		return fmt.Errorf("cannot commit the snapshot at %d: got %d bytes of meta; want at most %d: %w", w.m.at, len(meta), MetaBytesMax, ErrTooLarge)
	}
	if err := s.alive("commit a snapshot"); err != nil {
		return err
	}
	defer s.guard("commit a snapshot")
	if err := s.profiles.flush(); err != nil {
		return fmt.Errorf("cannot commit the snapshot at %d: %w", w.m.at, err)
	}
	blocks, end, complete := s.feed.flush()
	if complete < w.m.at {
		return fmt.Errorf("cannot commit the snapshot at %d: the feed is complete up to %d: %w", w.m.at, complete, ErrFeedBehind)
	}
	w.m.feedBlocks, w.m.feedEnd = blocks, end
	superseded := w.writeDirectory()
	w.closeTable(&w.pages)
	w.closeTable(&w.cold)
	if len(w.paths) > 0 {
		if err := s.db.Ingest(context.Background(), w.paths); err != nil {
			s.die("commit a snapshot", err)
		}
	}
	s.cold.put(w.m.id, w.coldPages) // before older versions go: whoever misses one looks again
	v := make([]byte, sealedBytes(manifestClearBytes, len(meta)))
	w.m.put(v)
	s.seal.seal(v, keyManifest, manifestClearBytes, meta, &w.sc)
	b := s.db.NewBatch()
	defer b.Close()
	set(b, keyManifest, v)
	if err := b.DeleteRange([]byte{prefixPage}, pageKey(w.m.id, 0), nil); err != nil {
		s.die("commit a snapshot", err)
	}
	for _, key := range superseded {
		if err := b.Delete(key, nil); err != nil {
			s.die("commit a snapshot", err)
		}
	}
	// The sync also makes durable the feed's blocks and the profiles', which came before it
	// in the same log.
	if err := s.db.Apply(b, pebble.Sync); err != nil {
		s.die("commit a snapshot", err)
	}
	s.snapshotMu.Lock()
	s.manifest = w.m
	s.snapshotMu.Unlock()
	w.finish()
	return nil
}

// Abort gives the snapshot up. After Commit it does nothing.
func (w *SnapshotWriter) Abort() {
	if w.done {
		return
	}
	for _, t := range []*pageTable{&w.pages, &w.cold} {
		if t.table == nil {
			continue
		}
		// Close rather than drop: the writer owns buffers and a file.
		if err := t.table.Close(); err != nil {
			w.s.o.Logf("storage: cannot close an aborted snapshot file: %v", err)
		}
		t.table = nil
	}
	for _, p := range w.paths {
		if err := w.s.fs.Remove(p); err != nil {
			w.s.o.Logf("storage: cannot remove an aborted snapshot file: %v", err)
		}
	}
	w.finish()
}

func (w *SnapshotWriter) finish() {
	w.done = true
	w.s.snapshotMu.Lock()
	w.s.writing = nil
	w.s.snapshotMu.Unlock()
}

func (s *Store) pagesDir() string { return s.fs.PathJoin(s.dir, "pages") }

// openSnapshots reads the manifest and removes what snapshots left that never counted.
func (s *Store) openSnapshots() error {
	if err := s.fs.RemoveAll(s.pagesDir()); err != nil {
		return err
	}
	if err := s.fs.MkdirAll(s.pagesDir(), 0o755); err != nil {
		return err
	}
	m, _, err := s.readManifest()
	if err != nil {
		return err
	}
	s.manifest, s.snapshotID = m, m.id
	for prefix, first := range map[byte][]byte{prefixPage: pageKey(m.id+1, 0), prefixCold: coldKey(m.id+1, 0, 0)} {
		last, err := lastKey(s.db, prefix)
		if err != nil {
			return err
		}
		if last == nil || numberOf(last) <= m.id {
			continue
		}
		s.o.Logf("storage: removing the pages of a snapshot that was not committed")
		s.snapshotID = max(s.snapshotID, numberOf(last))
		if err := s.db.DeleteRange(first, after(prefix), pebble.NoSync); err != nil {
			return err
		}
	}
	return s.openCold()
}

func (s *Store) readManifest() (manifest, []byte, error) {
	v, err := getCopy(s.db, keyManifest)
	if errors.Is(err, pebble.ErrNotFound) {
		return manifest{}, nil, nil
	}
	if err != nil {
		return manifest{}, nil, err
	}
	var sc sealScratch
	meta, err := s.seal.open(nil, keyManifest, v, manifestClearBytes, &sc)
	if err != nil {
		return manifest{}, nil, fmt.Errorf("cannot read the snapshot's manifest: %w", err)
	}
	return getManifest(v), meta, nil
}

// LoadSnapshot calls meta and then page for every page of the snapshot, in the order in
// which they were written, all on this goroutine; data is valid during the call. It
// returns the snapshot's position; 0 and no call when there is none.
//
// ENSURES: after a nil error the caller has seen every page, unaltered; after an error
// it must forget those it saw.
func (s *Store) LoadSnapshot(meta func(at engine.Position, meta []byte) error, page func(column uint8, page uint32, data []byte) error) (engine.Position, error) {
	m, text, err := s.readManifest()
	if err != nil || m.id == 0 {
		return 0, err
	}
	if err := meta(m.at, text); err != nil {
		return 0, err
	}
	var sc sealScratch
	var seq uint32
	read := func(key, v []byte, c *chunk) error {
		if seq++; string(key) != string(pageKey(m.id, seq)) {
			return fmt.Errorf("got key %x; want page %d of %d: %w", key, seq, m.pages, ErrSnapshot)
		}
		from := len(c.buf)
		buf, err := s.seal.open(c.buf, key, v, pageClearBytes, &sc)
		if err != nil {
			return fmt.Errorf("page %d of %d: %w: %w", seq, m.pages, ErrSnapshot, err)
		}
		c.buf = buf
		c.items = append(c.items, item{
			number: uint64(binary.BigEndian.Uint32(v[envelopeBytes+1:])), column: v[envelopeBytes],
			from: from, to: len(c.buf),
		})
		return nil
	}
	err = s.readAhead(pageKey(m.id, 0), pageKey(m.id+1, 0), read, func(c *chunk, it *item) error {
		if it.column == directoryColumn {
			return nil // Open has read it
		}
		return page(it.column, uint32(it.number), c.buf[it.from:it.to])
	})
	if err == nil && seq != m.pages {
		err = fmt.Errorf("got %d pages; want %d: %w", seq, m.pages, ErrSnapshot)
	}
	if err != nil {
		return 0, fmt.Errorf("cannot load the snapshot at %d: %w", m.at, err)
	}
	return m.at, nil
}
