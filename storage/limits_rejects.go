package storage

// Bounds of rejects, with their reasons.
const (
	// rejectBytesMax is the contract's room of one credential; past it rejects are counted only.
	// Counted are keys and values as stored, and rejectCountBytes for each record.
	rejectBytesMax = 100 << 20

	// rejectRecordBytesMax of one record: the longest item there is, 64 KiB, and what is said
	// of it.
	rejectRecordBytesMax = 128 << 10

	// rejectCommitBytes is about how much one commit writes, so that a journal sync in between
	// waits for no more.
	rejectCommitBytes = 4 << 20

	// rejectRemovalsMax records are removed by one commit, 130 KB of log.
	rejectRemovalsMax = 10_000

	// rejectCredentialsMax have rejects, in a store's life. The room of all of them would be
	// more than a disk; a city has a credential a station, some thousands.
	rejectCredentialsMax = 10_000
)

// The longest record fits a commit many times over.
const _ = uint(rejectCommitBytes - 8*rejectRecordBytesMax)
