package api

// Bounds of compressed bodies. What comes out of them is bounded by ingest.MaxBodyBytes.
const (
	// zstdWindowBytesMax is what RFC 9659 lets a sender ask for. Each of the decoders, one a
	// core, keeps up to twice as much.
	zstdWindowBytesMax = 8 << 20
	// foretoldRatioMax is how far a body is believed that says how large it becomes: room for
	// it is taken in one piece. Scans shrink to a tenth, and one that lies is to cost the
	// server no more than 32 times what it cost its sender.
	foretoldRatioMax = 32
	// packedRetainedBytes is the largest memory for a body as sent that is used again: the
	// compressed form of the largest body that ingest keeps memory for.
	packedRetainedBytes = 1 << 20
	// hugeBodyBytes is what a compressed body may become before it has to take the one turn for
	// huge bodies. What it becomes beyond this counts to nobody's room, for the turn bounds it:
	// 384 MiB. So one huge body leaves half of the room for all others, and what it holds when
	// it has been answered is given back to the system. 100,000 of the widest honest items are
	// 60 MiB.
	hugeBodyBytes = 128 << 20
	// hugeBodies is how many of them there may be at once.
	hugeBodies = 1
)

// A status that is sent compressed is as small as any other.
const _ = uint(batchBodyBytesMax - statusBodyBytesMax)
