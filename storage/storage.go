package storage

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// storeFormat is the value of the plain record "format": the first thing read, before
// anything is unsealed.
const storeFormat = "poolwise storage 3\n"

// storeFormatBefore lacks what 3 adds: rounds, profiles, rejects. Such a store is opened,
// and is of this format from then on.
const storeFormatBefore = "poolwise storage 2\n"

var errEarlier = errors.New("an earlier write failed")

// Options of Open; the zero value is fit for use but for RulesVersion.
type Options struct {
	// KeyFile; "" is the directory's name with ".key". Made with the first store, mode
	// 0600. A store whose key file is missing or wrong is refused, never given a new one.
	// Keys of rounds stand beside it, in its name with ".rounds".
	KeyFile string
	// RulesVersion goes into every journal value; Replay refuses another one.
	RulesVersion uint16
	// Logf is the operator's log; nil discards.
	Logf func(format string, args ...any)
	// Fatal is told of every failed write or sync and of damaged files. It must not
	// return. nil prints a sentence to stderr and exits with status 1. Any goroutine may
	// call it, holding locks: it must not call the store.
	Fatal func(error)

	memTable uint64 // bytes, for tests that flush and compact; 0 is memTableBytes
}

// Store is one directory of journal, snapshot, feed, profiles and rejects. One process at a
// time.
//
// Append has one caller; NewSnapshot and its writer have one; Feed says its own. Close
// comes after all of them.
type Store struct {
	db   *pebble.DB
	po   *pebble.Options
	fs   vfs.FS
	dir  string
	o    Options
	seal *sealer

	journal journal
	feed    *Feed

	// snapshotMu guards the three below it; nothing else is locked while it is held.
	snapshotMu sync.Mutex
	manifest   manifest
	snapshotID uint64 // last one given out
	writing    *SnapshotWriter

	cold coldDirectory

	classes  classes
	profiles *Profiles
	rejects  *Rejects

	opened atomic.Bool
	dead   atomic.Bool
	closed atomic.Bool
}

// Open opens or makes the store in dir.
func Open(fs FS, dir string, o Options) (*Store, error) {
	if o.KeyFile == "" {
		o.KeyFile = dir + ".key"
	}
	if o.Logf == nil {
		o.Logf = func(string, ...any) {}
	}
	if o.Fatal == nil {
		o.Fatal = exitWithSentence
	}
	if o.memTable == 0 {
		o.memTable = memTableBytes
	}
	s := &Store{dir: dir, o: o}
	s.fs = namedFirst{&hookFS{FS: fs, failed: s.writeFailed}}
	if err := s.open(); err != nil {
		if s.profiles != nil {
			s.profiles.close()
		}
		if s.feed != nil {
			s.feed.close()
		}
		if s.db != nil {
			err = errors.Join(err, s.db.Close())
		}
		return nil, fmt.Errorf("cannot open store %s: %w", dir, err)
	}
	s.opened.Store(true)
	return s, nil
}

func exitWithSentence(err error) {
	fmt.Fprintf(os.Stderr, "poolwise: FATAL: %v; the process ends so that nothing is confirmed that is not on disk\n", err)
	os.Exit(1)
}

func (s *Store) open() (err error) {
	// Pebble's Open panics where a directory cannot be synced.
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("write failed: %v", r)
		}
	}()
	if err := mkdirSynced(s.fs, s.dir); err != nil {
		return err
	}
	key, err := s.readKey()
	if err != nil {
		return err
	}
	s.po = s.pebbleOptions()
	s.db, err = pebble.Open(s.dir, s.po)
	s.po.Cache.Unref() // the database holds its own reference
	if errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EWOULDBLOCK) {
		return fmt.Errorf("another process has it open: %w", err)
	}
	if err != nil {
		return err
	}
	format, err := s.checkFormat()
	if err != nil {
		return err
	}
	if s.seal, err = newSealer(s.db, key, format == ""); err != nil {
		return err
	}
	if format == storeFormatBefore {
		if err := s.db.Set(keyFormat, []byte(storeFormat), pebble.Sync); err != nil {
			return err
		}
	}
	if err := s.openClasses(key); err != nil {
		return err
	}
	if err := s.openJournal(); err != nil {
		return err
	}
	if err := s.openSnapshots(); err != nil {
		return err
	}
	if err := s.openRejects(); err != nil {
		return err
	}
	if err := s.openFeed(); err != nil {
		return err
	}
	if err := s.openProfiles(); err != nil {
		return err
	}
	return s.finishErasures()
}

// readKey returns the key, and makes one only where there is no store yet. The key is
// durable before the store exists.
func (s *Store) readKey() ([]byte, error) {
	desc, err := pebble.Peek(s.dir, s.fs)
	if err != nil {
		return nil, err
	}
	file := keyFile{fs: s.fs, path: s.o.KeyFile}
	key, err := file.read()
	if errors.Is(err, ErrKeyMissing) && !desc.Exists {
		return file.create()
	}
	return key, err
}

// checkFormat returns the store's format, "" if it is empty: new, or its making was cut
// short.
func (s *Store) checkFormat() (format string, err error) {
	v, err := getCopy(s.db, keyFormat)
	if errors.Is(err, pebble.ErrNotFound) {
		it, err := s.db.NewIter(nil)
		if err != nil {
			return "", err
		}
		empty := !it.First()
		if err := it.Close(); err != nil {
			return "", err
		}
		if !empty {
			return "", fmt.Errorf("no format record: %w", ErrFormat)
		}
		return "", nil
	}
	if err != nil {
		return "", err
	}
	if format = string(v); format != storeFormat && format != storeFormatBefore {
		return "", fmt.Errorf("got format %q; want %q: %w", v, storeFormat, ErrFormat)
	}
	return format, nil
}

// Close stores what is left of profiles and feed, and closes the store. REQUIRES: no call is
// under way but Feed.Wait, which it ends.
func (s *Store) Close() error {
	if s.closed.Swap(true) {
		return ErrClosed
	}
	if s.writing != nil {
		s.writing.Abort()
	}
	s.profiles.close()
	s.feed.close()
	if err := s.db.Close(); err != nil {
		return fmt.Errorf("cannot close store %s: %w", s.dir, err)
	}
	return nil
}

// die ends the process after a failed write. It does not return.
func (s *Store) die(what string, err error) {
	s.dead.Store(true)
	s.o.Fatal(fmt.Errorf("cannot %s: %w", what, err))
	panic("storage: BUG: Options.Fatal returned")
}

// writeFailed hears of failed operations on files before Pebble does, which in places
// answers them with a panic over locked mutexes, or by trying again at once. While the
// store opens there is nothing to lose yet, and Open returns the error.
func (s *Store) writeFailed(op FSOp, name string, err error) {
	if s.opened.Load() && (op == OpCreate || op == OpReuse || op == OpWrite || op == OpSync) {
		s.die("write "+s.fs.PathBase(name), err)
	}
}

// guard turns a panic of Pebble into Fatal's sentence. Defer it around writes.
func (s *Store) guard(what string) {
	if r := recover(); r != nil {
		s.die(what, fmt.Errorf("%v", r))
	}
}

// alive ends the process again if a write has failed before: nothing is tried twice.
func (s *Store) alive(what string) error {
	if s.closed.Load() {
		return fmt.Errorf("cannot %s: %w", what, ErrClosed)
	}
	if s.dead.Load() {
		s.die(what, errEarlier)
	}
	return nil
}

func getCopy(db *pebble.DB, key []byte) ([]byte, error) {
	v, closer, err := db.Get(key)
	if err != nil {
		return nil, err
	}
	return append([]byte(nil), v...), closer.Close()
}

// lastKey is the greatest key of a prefix, nil for none.
func lastKey(db *pebble.DB, prefix byte) ([]byte, error) {
	it, err := db.NewIter(&pebble.IterOptions{LowerBound: []byte{prefix}, UpperBound: after(prefix)})
	if err != nil {
		return nil, err
	}
	var key []byte
	if it.Last() {
		key = append(key, it.Key()...)
	}
	return key, errors.Join(it.Error(), it.Close())
}
