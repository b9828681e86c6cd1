package api

// Bounds of rejects. Each says what it costs and why it is no larger.
const (
	// rejectsMax is how many ids one request may name.
	rejectsMax = 10_000
	// rejectsBodyBytesMax holds as many of the longest ids.
	rejectsBodyBytesMax = 1 << 20
	// rejectItemBytesMax is how much of an item is kept: one byte more than the longest that
	// can be taken, so that it stays too long.
	rejectItemBytesMax = 64<<10 + 1
	// rejectsAddBytes of records are built before they are kept: one commit's worth.
	rejectsAddBytes = 4 << 20
	// rejectsPageBytes is where a page of rejects ends, whatever its limit: a full credential
	// of the longest items would else be one answer of 100 MiB.
	rejectsPageBytes = 16 << 20
	// resubmitBytes of items are carried through at a time.
	resubmitBytes = 8 << 20
)
