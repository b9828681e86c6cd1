package storage

// Bounds of retention classes and profiles, with their reasons.
const (
	// classesMax rounds in a store's life, erased ones included: a round a day for eleven
	// years. The file of their keys is then 1 MB, written again for each new one.
	classesMax = 4096
	// classesLast of them are for the round `default`, which takes what comes when there is
	// room for no other; each time that one is erased it needs another.
	classesLast = 16
	classLast   = "default"

	// classNameBytesMax is the longest name of a round.
	classNameBytesMax = 32

	// roundsFileBytesMax of classesMax lines with room to spare.
	roundsFileBytesMax = classesMax*roundsLineBytesMax + 4096
	roundsLineBytesMax = 256

	// profileBlockPeople of consecutive ordinals share a value: at 60 to 90 bytes each it is
	// 5 KB, which costs one seal, one key and one log record for all of them, and 2 µs to
	// open for the sake of one. At 16 a dense update costs twice as much, and one in no order
	// no less.
	profileBlockPeople = 64

	// profileQueueBytesMax of taken batches wait to be stored; then Take waits. Half a
	// second of a roster at full rate.
	profileQueueBytesMax = 64 << 20

	// profileRunBytes of taken batches, 200,000 people, are opened, sorted and stored
	// together: the more, the more of them share a block. A roster in no order of a million
	// people costs 3 times as much at 4 MB. A run takes one batch more than that.
	profileRunBytes = 16 << 20

	// profileBatchBytes of blocks go into one commit.
	profileBatchBytes = 1 << 20

	// profileFreeBatches of at most profileRetainedBytes each are kept for reuse.
	profileFreeBatches   = 16
	profileRetainedBytes = 1 << 20

	// profileFieldsMax of one person; a profile has six.
	profileFieldsMax = 16
)

// A block's count of people stands in one byte.
const _ = uint(255 - profileBlockPeople)
