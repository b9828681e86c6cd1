package engine

import "cmp"

// What a history is made of.

// HistoryKind is what an entry of a history is about. In one second they come in this order.
type HistoryKind uint8

const (
	HistoryTest HistoryKind = 1 + iota
	HistoryExcuse
	HistoryDischarge
	HistoryMerge
	HistoryUnmerge
	HistoryOrder
)

// HistoryCut is a place in a history. Entries are told by time (of the swab, of the event,
// or since when an order is open), then by kind, then by number. A number never changes
// and a time hardly ever does, so a cut is the same place however much comes meanwhile;
// what gets an earlier time between two pages, or is only heard of then, may be missed by
// the second. The zero value is before everything.
type HistoryCut struct {
	At    Seconds
	Kind  HistoryKind
	Index uint32 // test, note or order
}

func (c HistoryCut) compare(d HistoryCut) int {
	return cmp.Or(cmp.Compare(c.At, d.At), cmp.Compare(c.Kind, d.Kind), cmp.Compare(c.Index, d.Index))
}

// HistoryEntry is one line of a history.
type HistoryEntry struct {
	HistoryCut
	Person PersonOrdinal // the identity that it is about
	Test   TestView      // of a test
	Round  string        // of an excuse
	With   PersonOrdinal // of a merge or unmerge: the other identity
	Order  OrderView     // of an order
}

// MemberOutcome is what a tube says of one of its members.
type MemberOutcome uint8

const (
	MemberNone MemberOutcome = iota // nothing yet, or not of him
	MemberNegative
	MemberMustResample
	MemberInconclusive
	MemberPositive
)

var memberOutcomes = []string{"none", "negative", "must_resample", "inconclusive", "positive"}

func (o MemberOutcome) String() string { return name(memberOutcomes, o) }

// TestView is one place of a person in a tube, and what came of it.
type TestView struct {
	Tube    TubeIndex
	Code    string
	Round   string // that the test counts in; empty without a swab
	Site    string
	Swabbed Seconds // 0: no scan is known
	Bound   bool    // he is in the tube now
	Mode    Mode
	Purpose Purpose
	Members int          // bound to the tube
	Results []ResultView // at most historyResults, see Omitted
	Omitted int          // results that are not among them
	Verdict Verdict      // of the tube
	Stage   Stage        // of the result that gives it; nothing without a verdict
	// Outcome is what the tube means for this member, and Reported since when; the tube's
	// report where it means nothing for him.
	Outcome  MemberOutcome
	Reported Seconds
	Cause    HistoryCause
}

// HistoryCause is what a test opened: a cause, or the wait for an outcome.
type HistoryCause struct {
	Known       bool // it opened something
	Kind        CauseKind
	Pending     bool // no cause: a swab without an outcome
	Since       Seconds
	Open        bool
	Preliminary bool
	Discharged  bool      // a discharge removed it
	ClosedBy    TubeIndex // of the earliest later swab that closes it; 0: none does
	ClosedCode  string
}
