package engine

// notes are what is said of a person beside tests: discharges, calls, excuses, merges.
// Few people have any, so a person's list hangs on a column of heads that is grown only
// when somebody has one.
type notes struct {
	heads *column[uint32] // by ordinal: latest note, 0: none
	list  *column[note]
	count uint32
	hash  uint64 // part of StateHash
}

// note is one record of a person's list, latest first: 16 bytes.
type note struct {
	next uint32
	at   Seconds
	arg  uint32 // hash of the reason; merge, unmerge: the other identity
	kind uint32 // noteKind in the low 8 bits; excuse: RoundID above
}

type noteKind uint8

const (
	noteDischarge noteKind = 1 + iota
	noteAcknowledged
	noteUnreachable
	noteExcuse
	noteMerge    // this identity into arg
	noteUnmerge  // likewise
	noteMerged   // arg into this identity
	noteUnmerged // likewise
	noteMoved    // until at (receipt) the rostered area was arg
	noteNoRoster // until at (receipt) nobody had rostered the person; arg is the area scans had named
)

func newNotes(alloc Allocator) *notes {
	return &notes{heads: newColumn[uint32](colNoteHeads, alloc), list: newColumn[note](colNotes, alloc)}
}

func (n *note) is() noteKind   { return noteKind(n.kind) }
func (n *note) round() RoundID { return RoundID(n.kind >> 8) }

// excuseKind is the kind field of an excuse.
func excuseKind(r RoundID) uint32 { return uint32(noteExcuse) | uint32(r)<<8 }

// of calls do for each note of a person, latest told first; any goroutine under the lock.
func (n *notes) of(who PersonOrdinal, do func(*note)) {
	if int(who) >= n.heads.capacity() {
		return
	}
	for i := *n.heads.at(uint32(who)); i != 0; {
		x := n.list.at(i)
		i = x.next
		do(x)
	}
}

// has tells whether the person has an equal note already.
func (n *notes) has(who PersonOrdinal, x note) (found bool) {
	n.of(who, func(o *note) {
		found = found || o.at == x.at && o.arg == x.arg && o.kind == x.kind
	})
	return found
}

func (n *notes) add(who PersonOrdinal, x note) {
	n.heads.grow(uint32(who))
	n.count++
	n.list.grow(n.count)
	head := n.heads.mut(uint32(who))
	x.next = *head
	*n.list.mut(n.count) = x
	*head = n.count
	n.hash += mixNote(who, &x)
}

func mixNote(who PersonOrdinal, x *note) uint64 {
	return mix(uint64(who)*mixA ^ mix(uint64(x.at)<<32|uint64(x.arg)) ^ mix(uint64(x.kind)+3))
}

func (n *notes) bytes() uint64 { return n.heads.bytes() + n.list.bytes() }
