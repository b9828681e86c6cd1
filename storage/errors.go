package storage

import "errors"

// The errors to tell apart; all others are the disk failing.
var (
	// ErrKeyMissing: a store without its key file. It is never given a new one.
	ErrKeyMissing = errors.New("key file missing")
	// ErrWrongKey: the key file does not open this store, or is no key file.
	ErrWrongKey = errors.New("wrong key")
	// ErrFormat: a store, a value or a block in a form this version does not read.
	ErrFormat = errors.New("unknown format")
	// ErrSeal: a value that was altered, cut short, or stands at another's key.
	ErrSeal = errors.New("seal broken")
	// ErrJournalGap: a position is not there.
	ErrJournalGap = errors.New("journal has a gap")
	// ErrChain: a record does not continue the one before it.
	ErrChain = errors.New("journal chain broken")
	// ErrRulesVersion: a record was made under other rules.
	ErrRulesVersion = errors.New("journal of another rules version")
	// ErrSnapshot: the stored snapshot is not whole.
	ErrSnapshot = errors.New("snapshot damaged")
	// ErrColdMissing: a page that no committed snapshot gave to the cold store.
	ErrColdMissing = errors.New("page is not in the cold store")
	// ErrSnapshotBusy: another snapshot is being written.
	ErrSnapshotBusy = errors.New("another snapshot is being written")
	// ErrSnapshotDone: the snapshot was committed or aborted before.
	ErrSnapshotDone = errors.New("snapshot already committed or aborted")
	// ErrFeedBehind: the feed does not reach the snapshot's position.
	ErrFeedBehind = errors.New("feed is behind")
	// ErrFeedAhead: the stored feed tells of positions the journal does not have.
	ErrFeedAhead = errors.New("feed is ahead of the journal")
	// ErrCursorAhead: a cursor this store never gave out.
	ErrCursorAhead = errors.New("cursor is ahead")
	// ErrTooLarge: a value past its limit.
	ErrTooLarge = errors.New("too large")
	// ErrClosed: the store was closed.
	ErrClosed = errors.New("store is closed")
)
