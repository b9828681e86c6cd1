package ingest

// Bounds of the pipeline. Each says what it costs and why it is no larger.
const (
	// InflightBytesDefault bounds the bodies that are admitted and not yet answered.
	// Decoded columns and journal bytes add less than the body once more, so this
	// is half a gigabyte at the worst; a city's peak of 64 connections with batches
	// of 10,000 scans needs 77 MB.
	InflightBytesDefault = 256 << 20

	// queueRequestsMax bounds the decoded requests that wait for the gatherer. One a
	// connection can wait, so it is above the connections a site has; 128 KiB of pointers.
	queueRequestsMax = 16 << 10

	// groupBytesMax ends a group. At 20 bytes a scan that is 50,000 scans, a sync of
	// 0.3 ms and an apply of 10 ms: larger groups only add latency. The request that
	// crosses it still belongs to the group.
	groupBytesMax = 1 << 20

	// JournalRequestBytesMax bounds what one request may take in the journal. 100,000
	// scans take 2 MB, but results with many targets nearly as much as their body, never
	// more: every batch of 64 MiB fits. With a group before it, it is JournalGroupBytesMax,
	// which the journal has to take in one record.
	JournalRequestBytesMax = 66 << 20
	JournalGroupBytesMax   = groupBytesMax + JournalRequestBytesMax

	// groupsInFlight: one being journalled, one being applied. More would only queue
	// in front of the writer what can wait in front of the gatherer, and grow there.
	groupsInFlight = 2

	// retainedBytesMax is the largest body or journal buffer that a pooled request
	// keeps: batches of 10,000 scans (1.2 MB) never allocate, a 64 MiB one does not stay.
	retainedBytesMax = 4 << 20

	// retainedItemsMax is the same for the columns: 32 B an item.
	retainedItemsMax = 32 << 10

	// HashEveryDefault is how often the engine's state hash goes into the journal.
	HashEveryDefault = 1000

	// SnapshotTestsDefault and SnapshotBytesDefault bound what a restart replays:
	// 6 M scans and their results are up to 4 s of replay, 128 MiB of journal as much. With
	// 8 M a restart in the middle of a day took 5 s; a snapshot costs 0.1 µs a scan.
	SnapshotTestsDefault = 6_000_000
	SnapshotBytesDefault = 128 << 20

	// replayAhead is how many decoded groups wait for the applying goroutine of a replay.
	replayAhead = 4

	// fetchGoroutines read cold pages side by side: a disk answers several as fast as one.
	fetchGoroutines = 4

	// loadGoroutines rebuild the indexes of a snapshot.
	loadGoroutines = 2
)

// One group is journalled while another is applied; with fewer the order of a commit is lost.
const _ = uint(groupsInFlight - 2)
