package engine

// Limits of one engine. What may fail for want of room is refused before the journal
// (Room), because Apply must be total.
const (
	// MaxPeople and MaxTubes: an index holds 16,384 tables of at most 8,400 entries, 137
	// million; filled by hash they differ by a few hundred, so at 120 million the fullest
	// is far from its end. A country is several engines, by hash.
	MaxPeople = 120_000_000
	MaxTubes  = 120_000_000
	// MaxTests: member slots have 32-bit numbers.
	MaxTests = 4_000_000_000
	// MaxSites and MaxLabs: names are kept for ever, 100 bytes each; a site has 18 bits in a
	// tube's header, a lab in a result's record. A country had 20,000 sites a city and 13,100
	// laboratories. No request is refused for them: see limits_master.go.
	MaxSites = 1<<18 - 1
	MaxLabs  = 1<<18 - 1
)

// roomSlack is more than what can be on its way past Room when the last place goes:
// requests hold at most 100,000 items, and far fewer than 100 wait.
const roomSlack = 10_000_000

const _ = uint(indexTableEntries*personTables - MaxPeople - roomSlack)
const _ = uint(indexTableEntries*tubeTables - MaxTubes - roomSlack)

// Room tells whether a request that brings new people and tubes may be journalled.
func (e *Engine) Room() bool {
	c := e.Counts()
	return c.People < MaxPeople && c.Tubes < MaxTubes && c.Tests < MaxTests
}
