package engine

import (
	"encoding/binary"
	"fmt"
)

// Effects are what the tube half tells the people half, one row a test: the whole
// truth about that test now, so that telling it twice changes nothing. They are
// values only; the halves could be two machines with a log between them.
type Effects struct {
	Person  []PersonOrdinal
	Test    []TestIndex
	Swabbed []Seconds // S; 0 when no scan is known (an unscan came first)
	Facts   []TestFacts
	// Notes, in the order of the rows whose facts say that they have one: the few.
	Notes []EffectNote

	next int // note to be taken
}

// EffectNote is what the few have beside: whoever is called back, or whose specimen was
// retained.
type EffectNote struct {
	Tube TubeIndex
	Link TubeIndex // the tube that the specimen was retained of, 0: none
	Due  Seconds   // reported_at and the round's SLA of a re-collection
}

// TestFacts pack what a test says of its person:
//
//	0..31   reported_at of the tube's outcome, 0 while there is none
//	32..34  TestOutcome
//	35      releasing: negative of a single tube with exactly one member
//	36      unbound: the person is not in the tube (any more)
//	37      preliminary
//	38      retained: the tube's individual specimens are kept, nobody is recalled
//	39      first: the people half has not heard of this test before
//	40      renewed: the outcome stands, but its report or the tube's mode is another
//	41      recheck: releasing, of a recheck tube, by a cdc laboratory
//	42      noted: has a row in Notes
//	43      whole: a hold of a round that releases only whole tubes
//	44      ready: then, each member has a negative of his own
//	45      asked: some member's round does so, and waits for this one
type TestFacts uint64

// TestOutcome is a member's outcome, by what it does to the person.
type TestOutcome uint8

const (
	OutcomeNone TestOutcome = iota
	OutcomeNegative
	OutcomeMust
	OutcomeHold
	OutcomeSuspect
	OutcomeConfirmed
)

const (
	factReleasing TestFacts = 1 << (35 + iota)
	factUnbound
	factPreliminary
	factRetained
	factFirst
	factRenewed
	factRecheck
	factNoted
	factWhole
	factReady
	factAsked
)

func (f TestFacts) reported() Seconds    { return Seconds(f) }
func (f TestFacts) outcome() TestOutcome { return TestOutcome(f >> 32 & 7) }
func (f TestFacts) has(b TestFacts) bool { return f&b != 0 }

func (o TestOutcome) cause() CauseKind {
	switch o {
	case OutcomeMust:
		return CauseMust
	case OutcomeHold:
		return CauseHold
	case OutcomeSuspect:
		return CauseSuspect
	case OutcomeConfirmed:
		return CauseConfirmed
	}
	return CauseNone
}

func (f *Effects) reset() {
	f.Person, f.Test, f.Swabbed, f.Facts = f.Person[:0], f.Test[:0], f.Swabbed[:0], f.Facts[:0]
	f.Notes, f.next = f.Notes[:0], 0
}

func (f *Effects) add(p PersonOrdinal, t TestIndex, s Seconds, facts TestFacts) {
	f.Person = append(f.Person, p)
	f.Test = append(f.Test, t)
	f.Swabbed = append(f.Swabbed, s)
	f.Facts = append(f.Facts, facts)
}

// note of the row with those facts; rows are taken in order.
func (f *Effects) note(facts TestFacts) (n EffectNote) {
	if facts.has(factNoted) {
		n = f.Notes[f.next]
		f.next++
	}
	return n
}

// effectBytes is the size of an encoded effect: person 4, test 4, swab 4, facts 8; its
// note follows: tube 4, link 4, due 4.
const (
	effectBytes = 20
	noteBytes   = 12
)

// AppendEffects encodes the columns row by row, little endian.
func AppendEffects(dst []byte, f *Effects) []byte {
	n := 0
	for i := range f.Person {
		dst = binary.LittleEndian.AppendUint32(dst, uint32(f.Person[i]))
		dst = binary.LittleEndian.AppendUint32(dst, uint32(f.Test[i]))
		dst = binary.LittleEndian.AppendUint32(dst, uint32(f.Swabbed[i]))
		dst = binary.LittleEndian.AppendUint64(dst, uint64(f.Facts[i]))
		if f.Facts[i].has(factNoted) {
			x := &f.Notes[n]
			n++
			dst = binary.LittleEndian.AppendUint32(dst, uint32(x.Tube))
			dst = binary.LittleEndian.AppendUint32(dst, uint32(x.Link))
			dst = binary.LittleEndian.AppendUint32(dst, uint32(x.Due))
		}
	}
	return dst
}

// DecodeEffects is the inverse of AppendEffects.
func DecodeEffects(src []byte, f *Effects) error {
	f.reset()
	for len(src) > 0 {
		if len(src) < effectBytes {
			return fmt.Errorf("cannot decode effects: got %d bytes; want at least %d", len(src), effectBytes)
		}
		facts := TestFacts(binary.LittleEndian.Uint64(src[12:]))
		f.add(PersonOrdinal(binary.LittleEndian.Uint32(src)), TestIndex(binary.LittleEndian.Uint32(src[4:])),
			Seconds(binary.LittleEndian.Uint32(src[8:])), facts)
		src = src[effectBytes:]
		if !facts.has(factNoted) {
			continue
		}
		if len(src) < noteBytes {
			return fmt.Errorf("cannot decode effects: got %d bytes of a note; want %d", len(src), noteBytes)
		}
		f.Notes = append(f.Notes, EffectNote{TubeIndex(binary.LittleEndian.Uint32(src)), TubeIndex(binary.LittleEndian.Uint32(src[4:])),
			Seconds(binary.LittleEndian.Uint32(src[8:]))})
		src = src[noteBytes:]
	}
	return nil
}
