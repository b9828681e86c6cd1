package ingest

import "math"

// Every bound of the decoder, with its reason. Bounds of the wire are part of the
// contract with the senders: raising one is harmless, lowering one is not.
const (
	// MaxBodyBytes is the largest decompressed body. Offsets into a body are 32 bits.
	MaxBodyBytes = 512 << 20
	// MaxItems is the largest number of items in one request.
	MaxItems = 100_000
	// MaxItemErrors is how many refused items are detailed; all are counted.
	MaxItemErrors = 1_000
	// MaxItemBytes is the longest line, or element of an array. The longest honest
	// scan, all fields full, is about 3 KiB.
	MaxItemBytes = 64 << 10
	// MaxDepth is how deep an item may nest, itself included; honest ones reach 3.
	MaxDepth = 16
	// MaxKeys is how many keys one object may have. Finding a key given twice costs
	// their square, so it is bounded.
	MaxKeys = 256

	// MaxTextBytes bounds every free text (reason, run, plate, name, phone …).
	MaxTextBytes = 256
	// MaxIDChars bounds the sender's own id of an event, in characters.
	MaxIDChars = 64
	// MaxNameChars bounds a person's name, in characters.
	MaxNameChars = 50
	// MaxNameBytes bounds site, station, round and lab.
	MaxNameBytes = 32
	// MaxTubeBytes bounds a tube code.
	MaxTubeBytes = 32
	// MaxTimeBytes bounds a time: date, time, offset and a generous fraction.
	MaxTimeBytes = 64
	// MaxTargets and MaxGeneBytes bound the genes of a result; kits in use have 2 to 4.
	MaxTargets   = 16
	MaxGeneBytes = 32

	// MaxCapacity is the most people one tube can be opened for.
	MaxCapacity = 30
	// MaxMembers is the largest count that a tube.close may state.
	MaxMembers = 10_000

	// MaxGroups bounds the groups of a person and of a round.
	MaxGroups = 16
	// MaxRoundAreas bounds the areas that a round names; a city names itself.
	MaxRoundAreas = 1_000
	// MaxDurationSeconds bounds the durations of a round: a month is longer than any rule.
	MaxDurationSeconds = 31 * 24 * 60 * 60
	// MaxCircle is the outermost of the circles that a city is drawn in.
	MaxCircle = 6

	// MaxAheadSeconds is how far a time may lie ahead of the server's clock.
	MaxAheadSeconds = 600
	// MinBirthYear is the earliest year of birth in a resident ID.
	MinBirthYear = 1850

	// tubeCacheSlots and contextCacheSlots are powers of two: 64 KiB and 8 KiB a decoder.
	tubeCacheSlots    = 8192
	contextCacheSlots = 1024
)

// Offsets into a body and into Batch.Bytes are 32 bits: an item keeps at most what
// its text held and the names of its fields, never twice the body.
const _ = uint(math.MaxUint32 - 2*MaxBodyBytes)

// A canonical document fits the length of an engine.DocumentRef (under 256 bytes):
// the longest is "none:", an area of 20 digits, a colon and 32 more.
const _ = uint(255 - (5 + 20 + 1 + 32))
