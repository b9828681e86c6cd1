package engine

// Position of a group in the journal, from 1; 0 is before the first. It is the
// `as_of` of the wire.
type Position uint64

// Cursor of the feed: the journal position in the upper 40 bits, the entry's number
// within that group (from 1) in the lower 24. A replay computes the same cursors.
type Cursor uint64

// MakeCursor joins a position and a number within it.
func MakeCursor(p Position, n int) Cursor { return Cursor(uint64(p)<<24 | uint64(n)) }

// Position of the group that made the entry.
func (c Cursor) Position() Position { return Position(c >> 24) }

// Change is one entry of the feed: one per person and applied event that changed
// state, causes, order or last negative.
type Change struct {
	Cursor   Cursor
	Person   PersonOrdinal
	State    State
	Previous State
	// Since: see Status.Since. NegativeSwab: when the last negative was swabbed, 0 for none.
	Since        Seconds
	NegativeSwab Seconds
	// Order: number of the open re-collection order, 0 for none.
	Order uint32
	// Tubes of the open causes (for sampled the pending tube, for negative the negative's):
	// Changes.Tubes[TubesOff : TubesOff+TubesLen].
	TubesOff, TubesLen uint32
}

// Changes are the feed entries of one group, in order.
type Changes struct {
	List  []Change
	Tubes []TubeIndex
}

// Reset empties it and keeps its memory.
func (c *Changes) Reset() { c.List, c.Tubes = c.List[:0], c.Tubes[:0] }

// TubesOf are the tubes of one entry; the slice is the Changes' own.
func (c *Changes) TubesOf(i int) []TubeIndex {
	e := &c.List[i]
	return c.Tubes[e.TubesOff : e.TubesOff+e.TubesLen]
}

// coalesce leaves one entry a person among those from an index on, all of one event:
// the last, with the state before the first; none of whom nothing has changed.
func (c *Changes) coalesce(pos Position, from int, unchanged func(PersonOrdinal) bool) {
	kept := from
	for i := from; i < len(c.List); i++ {
		entry := c.List[i]
		for k := from; k < kept; k++ {
			if c.List[k].Person == entry.Person {
				entry.Previous = c.List[k].Previous
				copy(c.List[k:kept-1], c.List[k+1:kept])
				kept--
				break
			}
		}
		c.List[kept] = entry
		kept++
	}
	c.List, kept = c.List[:kept], from
	for _, entry := range c.List[from:] {
		if !unchanged(entry.Person) {
			c.List[kept] = entry
			kept++
		}
	}
	c.List = c.List[:kept]
	for i := from; i < kept; i++ {
		c.List[i].Cursor = MakeCursor(pos, i+1)
	}
}
