package storage

// Every bound of the package, with its reason.
const (
	// JournalPayloadBytesMax bounds one group. A group ends at 1 MiB; the rest is room for
	// one outsized request, the largest body there may be. Beyond memTableBytes/2 Pebble
	// takes the buffer away and flushes it as a table of its own: slower, rare, as durable.
	JournalPayloadBytesMax = 72 << 20

	// journalRetainedBytes is the largest append buffer that is kept.
	journalRetainedBytes = memTableBytes / 2

	// PageBytesMax is a page of 64 KiB and room for a page's own header.
	PageBytesMax = 64<<10 + 4<<10

	// MetaBytesMax bounds what a snapshot says of itself: 100,000 areas with their names,
	// the most of it, are 8 MB.
	MetaBytesMax = 32 << 20

	// coldEntriesPerPage of the directory of cold pages fit one page of a snapshot.
	coldEntriesPerPage = 5000

	// FeedBlockEntries in a block: at 3 to 6 bytes each it makes values of some 30 KB,
	// large enough for Pebble to be indifferent to their number, small enough to decode
	// for one reader (0.1 ms).
	FeedBlockEntries = 8192

	// feedQueueBlocks that wait to be written; then Append waits. 64 × 330 KB = 21 MB,
	// half a second of changes at full rate.
	feedQueueBlocks = 64

	// feedFreeBlocks kept for reuse; a steady feed needs two or three.
	feedFreeBlocks = 8

	// feedRunBytes of blocks are written by one commit.
	feedRunBytes = 1 << 20

	// A read ahead is at most aheadChunks of aheadChunkBytes (the last record of each may
	// exceed it) or of aheadChunkItems records.
	aheadChunks     = 8
	aheadChunkBytes = 1 << 20
	aheadChunkItems = 1024
	// aheadRetainedBytes is the largest chunk that is used again: eight that each met the
	// largest record would hold half a gigabyte.
	aheadRetainedBytes = 4 << 20

	// snapshotFileBytes of one sstable of pages: larger ones would be split by the next
	// compaction, smaller ones cost a manifest entry and an open file each.
	snapshotFileBytes = 64 << 20

	// memTableBytes × memTablesMax is the most that unflushed values take. The arenas are
	// Go memory without cgo. 32 MB hold a second of journal at full rate.
	memTableBytes = 32 << 20
	memTablesMax  = 4

	// cacheBytes: journal and pages are read once, in order; only index blocks and the
	// feed's recent blocks are worth keeping.
	cacheBytes = 64 << 20

	// bytesPerSync hands written pages to the disk as it goes, so that the journal's next
	// sync does not wait behind a whole file.
	bytesPerSync    = 1 << 20
	walBytesPerSync = 512 << 10
)

const _ = uint(PageBytesMax - coldEntriesPerPage*coldEntryBytes)
const _ = uint(memTableBytes*(memTablesMax-1) - MetaBytesMax)

// The largest journal value alone must not stop further writes until it is flushed.
const _ = uint(memTableBytes*(memTablesMax-1) - JournalPayloadBytesMax)
