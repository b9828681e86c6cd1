package storage

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"github.com/cockroachdb/pebble/v2"
)

// coldDirectory knows, of every page in the cold store, which snapshot wrote its newest
// committed version. Keys of the cold store begin with the snapshot, so that a new one
// is written behind all others and ingested without moving any of them; with column and
// page first, every compaction would rewrite what it meets. 8 bytes a page in memory.
//
// Every snapshot holds the whole directory in pages of its own, 13 bytes an entry: 130 KB
// for each day of a city of 26 million. So it is as old as the snapshot, whichever a crash
// leaves in force; and versions are deleted in the very batch that puts a snapshot in
// force which has newer ones.
type coldDirectory struct {
	mu      sync.RWMutex
	columns [directoryColumn][]uint64 // by page: snapshot; 0: the page is not in the cold store
}

// directoryColumn is the column of the directory's pages in a snapshot. It is on disk.
const directoryColumn = 255

const coldEntryBytes = 1 + 4 + 8 // column, page, snapshot

type coldPage struct {
	column uint8
	page   uint32
}

func (p coldPage) before(column uint8, page uint32) bool {
	return p.column < column || p.column == column && p.page < page
}

// of is the snapshot that wrote a page, 0 for none.
func (d *coldDirectory) of(column uint8, page uint32) uint64 {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if c := d.columns[column]; int(page) < len(c) {
		return c[page]
	}
	return 0
}

func (d *coldDirectory) put(snapshot uint64, pages []coldPage) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, p := range pages {
		c := &d.columns[p.column]
		if n := int(p.page) + 1 - len(*c); n > 0 {
			*c = append(*c, make([]uint64, n)...)
		}
		(*c)[p.page] = snapshot
	}
}

// writeDirectory adds the directory as it will be to the snapshot, and returns the keys
// of versions that are no longer needed once the snapshot is in force.
func (w *SnapshotWriter) writeDirectory() (superseded [][]byte) {
	d := &w.s.cold
	chunk := make([]byte, 0, coldEntriesPerPage*coldEntryBytes)
	chunks := uint32(0)
	add := func(column uint8, page uint32, snapshot uint64) {
		chunk = append(chunk, column)
		chunk = binary.BigEndian.AppendUint32(chunk, page)
		if chunk = binary.BigEndian.AppendUint64(chunk, snapshot); len(chunk) == cap(chunk) {
			w.page(directoryColumn, chunks, chunk)
			chunk, chunks = chunk[:0], chunks+1
		}
	}
	next := w.coldPages
	for column := range d.columns {
		for page, snapshot := range d.columns[column] { // nobody else changes it
			for len(next) > 0 && next[0].before(uint8(column), uint32(page)) {
				add(next[0].column, next[0].page, w.m.id)
				next = next[1:]
			}
			again := len(next) > 0 && next[0] == coldPage{uint8(column), uint32(page)}
			if again {
				next = next[1:]
				if snapshot != 0 {
					superseded = append(superseded, coldKey(snapshot, uint8(column), uint32(page)))
				}
				snapshot = w.m.id
			}
			if snapshot != 0 {
				add(uint8(column), uint32(page), snapshot)
			}
		}
	}
	for _, p := range next {
		add(p.column, p.page, w.m.id)
	}
	if len(chunk) > 0 {
		w.page(directoryColumn, chunks, chunk)
	}
	return superseded
}

// openCold reads the directory, which stands at the end of the snapshot in force.
func (s *Store) openCold() (err error) {
	m := s.manifest
	if m.id == 0 {
		return nil
	}
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: pageKey(m.id, 0), UpperBound: pageKey(m.id+1, 0)})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, it.Error(), it.Close()) }()
	var sc sealScratch
	var plain []byte
	for ok := it.Last(); ok; ok = it.Prev() {
		v, err := it.ValueAndErr()
		if err != nil {
			return err
		}
		if len(v) < sealedBytes(pageClearBytes, 0) || v[envelopeBytes] != directoryColumn {
			break
		}
		if plain, err = s.seal.open(plain[:0], it.Key(), v, pageClearBytes, &sc); err != nil || len(plain)%coldEntryBytes != 0 {
			return fmt.Errorf("cannot read the directory of cold pages: %w: %w", ErrSnapshot, err)
		}
		for e := plain; len(e) > 0; e = e[coldEntryBytes:] {
			p := coldPage{e[0], binary.BigEndian.Uint32(e[1:])}
			if p.column == directoryColumn {
				return fmt.Errorf("cannot read the directory of cold pages: got column %d: %w", p.column, ErrSnapshot)
			}
			s.cold.put(binary.BigEndian.Uint64(e[5:]), []coldPage{p})
		}
	}
	return nil
}

var sealScratches = sync.Pool{New: func() any { return new(sealScratch) }}

// Fetch fills into with a page of the cold store, as the newest committed snapshot that
// wrote it left it. Any goroutine. A page that cannot be read ends the process, for state
// is lost; the error says that it was never there.
func (s *Store) Fetch(column uint8, page uint32, into []byte) error {
	sc := sealScratches.Get().(*sealScratch)
	defer sealScratches.Put(sc)
	for {
		if column == directoryColumn {
			return fmt.Errorf("cannot fetch page %d of column %d: %w", page, column, ErrColdMissing)
		}
		snapshot := s.cold.of(column, page)
		if snapshot == 0 {
			return fmt.Errorf("cannot fetch page %d of column %d: %w", page, column, ErrColdMissing)
		}
		key := coldKey(snapshot, column, page)
		v, closer, err := s.db.Get(key)
		if errors.Is(err, pebble.ErrNotFound) && s.cold.of(column, page) != snapshot {
			continue // a newer version came between
		}
		if err != nil {
			s.die(fmt.Sprintf("fetch page %d of column %d", page, column), err)
		}
		plain, err := s.seal.open(into[:0], key, v, 0, sc)
		if err == nil && len(plain) != len(into) {
			err = fmt.Errorf("got %d bytes; want %d: %w", len(plain), len(into), ErrFormat)
		}
		if err = errors.Join(err, closer.Close()); err != nil {
			s.die(fmt.Sprintf("fetch page %d of column %d", page, column), err)
		}
		return nil
	}
}
