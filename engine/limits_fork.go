package engine

// Bounds of dry runs.
const (
	// forkPagesMax is 512 MiB: pages that one dry run may copy, some 100 ms. 100,000 scans or
	// results at random touch about 1,000 in a city of a million and 6,000 in one of 26
	// million; in site order a tenth of that. Who needs more is told to send fewer items.
	forkPagesMax = 8192

	// forkPagesKept is 32 MiB: memory of copied pages that waits for the next dry run. It is of
	// the Go heap, so what is more than this goes back to it.
	forkPagesKept = 512

	// forkTables are the tables of what a fork adds to an index: a request names at most
	// 200,000 new people or tubes, and these hold two million.
	forkTables = 1 << 8
)

const _ = uint(indexTableEntries*forkTables - 1_000_000)
